"""The same clusterer on other rows: fresh copies, pairs of overlapping resamples, and how alike they come out.

A density clusterer needs one thing more. On a part of the rows every neighbourhood is thinner, so the same `eps` would call
more rows noise. So eps is widened until the same share of rows is dense as in the whole table.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from bmcore.cluster.kdistance import k_distances
from bmcore.cluster.partitions import ari, groups
from bmcore.cluster.silhouette import Bounded
from bmcore.errors import ParameterError

ROWS = 10_000  # rows of a resample at most
PAIRS = 10
_CLOUDS, _CLOUDS_OF_FEW, _FEW = 5, 12, 100  # data sets without groups; few rows make them differ, and each costs little
MOST_SEED = 2**32 - 1
SHARE = 0.8  # of the rows, in each resample of a pair
_STARTS = 3  # of K-Means on a resample at least: stability is about the rows, not about the luck of a start
_ASKED = 2000  # rows whose k-distance is taken to set eps


def labels_of(clusterer: Any, X: np.ndarray, seed: int, **changed: Any) -> np.ndarray:
    """Groups a fresh copy of `clusterer` finds in X: (n,) int. `changed` replaces parameters."""
    params = clusterer.get_params()
    if "random_state" in params:
        params["random_state"] = int(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct rows than groups: the figures tell
        return np.asarray(type(clusterer)(**{**params, **changed}).fit(X).labels_)


def thinner(clusterer: Any, X: np.ndarray, rows: int, seed: int) -> dict[str, float]:
    """Parameters to change so that `rows` of X are clustered as the whole of it: a wider eps, or nothing.

    Notes
    -----
    Up to 2,000 rows are measured against X and against a sample of `rows` rows: O(2000 n d) at worst, memory linear in n.
    """
    params = clusterer.get_params()
    if "eps" not in params or rows >= len(X):
        return {}
    draw = np.random.default_rng(seed)
    how = {"metric": params.get("metric", "euclidean"), "p": params.get("p"), "metric_params": params.get("metric_params")}
    asked = draw.choice(len(X), min(_ASKED, len(X)), replace=False)
    dense = float((k_distances(X, params["min_samples"], rows=asked, **how) <= params["eps"]).mean())
    part = X[draw.choice(len(X), rows, replace=False)]
    reach = k_distances(part, params["min_samples"], rows=np.arange(min(_ASKED, rows)), **how)
    reach = reach[np.isfinite(reach)]
    return {"eps": max(params["eps"], float(np.quantile(reach, dense)))} if len(reach) else {}


def agreements(clusterer: Any, X: np.ndarray, pairs: int, seed: int, changed: dict, done: Callable[[], None]) -> np.ndarray:
    """ARI on the shared rows of `pairs` pairs of 80 % resamples: (pairs,). A resample with a single group
    gives 0, since "all in one group" is not a grouping that could be confirmed. `done()` after every clustering.

    Whether the groups are large enough to count is asked of the whole table alone (`splits`): in a resample a group just large
    enough there is often just too small.
    """
    draw = np.random.default_rng(seed)
    starts, found = starts_of(clusterer), []
    for _ in range(pairs):
        sides = []
        pool = draw.permutation(len(X))[: math.ceil(min(len(X), ROWS / SHARE))]
        for _side in range(2):
            rows = np.sort(draw.permutation(pool)[: resample_rows(len(X))])
            sides.append((rows, labels_of(clusterer, X[rows], int(draw.integers(2**31)), **changed, **starts)))
            done()
        found.append(_shared_ari(*sides))
    return np.array(found)


def starts_of(clusterer: Any) -> dict[str, int]:
    """`n_init` to change: data without groups and resamples get three starts at least, so that a bad one does not blur the comparison."""
    asked = clusterer.get_params().get("n_init", _STARTS)
    return {"n_init": _STARTS} if asked == "auto" or asked < _STARTS else {}


def resample_rows(n: int) -> int:
    """Rows of a resample of n rows."""
    return int(min(SHARE * n, ROWS))


def _shared_ari(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> float:
    if min(groups(first[1]), groups(second[1])) < 2:
        return 0.0
    _, ours, theirs = np.intersect1d(first[0], second[0], assume_unique=True, return_indices=True)
    return ari(first[1][ours], second[1][theirs])


def mean_of_few(values: np.ndarray) -> Bounded:
    """Mean of a few independent figures from -1 to 1 with Student's 95 % interval.

    Examples
    --------
    >>> mean_of_few(np.array([0.5, 0.5, 0.5])).to_dict()
    {'value': 0.5, 'low': 0.5, 'high': 0.5}
    """
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(values))
    spread = student(len(values) - 1) * error
    return Bounded(mean, max(-1.0, mean - spread), min(1.0, mean + spread))


def clouds_of(n: int) -> int:
    """Number of data sets without groups to compare n rows with."""
    return _CLOUDS if n >= _FEW else _CLOUDS_OF_FEW


def checked_seed(seed: Any) -> int:
    """The seed as an int.

    Raises
    ------
    ParameterError
        If it is not a whole number from 0 to 4294967295.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed <= MOST_SEED:
        raise ParameterError("seed is {given!r}; it must be a whole number from 0 to {most}. The same seed gives the same answer.",
                             given=str(seed)[:40], most=MOST_SEED)
    return int(seed)


def student(freedom: int) -> float:
    """0.975 quantile of Student's t."""
    from scipy.stats import t

    return float(t.ppf(0.975, freedom))

"""One fit of KMeans: as many starts as asked for, of which the best is kept."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from bmcore.cluster import seeding
from bmcore.cluster.inputs import check_finite
from bmcore.cluster.kernels_kmeans_seed import BLOCK
from bmcore.cluster.lloyd import Lloyd, Result
from bmcore.cluster.specs import generator_of
from bmcore.compute.threads import sharing
from bmcore.errors import DataError, ParameterError

RANDOM_STARTS = 10  # of n_init="auto", where the first centres are left to chance


def fit(params: dict[str, Any], X: np.ndarray, weight: np.ndarray | None, report: Callable[..., Any]) -> Result:
    """The best of the starts, by inertia; an earlier one wins a tie.

    Raises
    ------
    DataError
        Fewer rows than groups.
    ParameterError
        First centres of the wrong shape.
    """
    n, k = len(X), int(params["n_clusters"])
    if n < k:
        raise DataError(
            "There are n_samples={n} rows but n_clusters={k}. Ask for at most {n} groups, or give more rows.", n=n, k=k
        )
    starts = starts_of(params)
    random = generator_of(params["random_state"])
    best = None
    with sharing(n, BLOCK) as shares:
        engine = Lloyd(X, weight, shares)
        for start in range(starts):
            told = report if starts == 1 else numbered(report, start, starts)
            found = engine.run(first_centres(params, engine, k, random, told), float(params["tol"]), int(params["max_iter"]), told)
            if best is None or found.inertia < best.inertia:
                best = found
    report(starts * int(params["max_iter"]), starts * int(params["max_iter"]), phase="train", inertia=best.inertia)
    warn_if_fewer(best, k)
    return best


def starts_of(params: dict[str, Any]) -> int:
    """How many fits "auto" stands for, or the number itself; given centres leave no choice."""
    init, asked = params["init"], params["n_init"]
    given = not isinstance(init, str) and not callable(init)
    if asked == "auto":
        return 1 if given or init == "k-means++" else RANDOM_STARTS
    if given and asked != 1:
        warnings.warn(f"The first centres are given, so there is one start instead of n_init={asked}.", RuntimeWarning, stacklevel=4)
        return 1
    return int(asked)


def first_centres(params: dict[str, Any], engine: Lloyd, k: int, random: Any, report: Callable[..., Any]) -> np.ndarray:
    """(k, d) float64 about the frame's origin."""
    X, weight, origin, init = engine.X, engine.weight, engine.frame.origin, params["init"]
    if isinstance(init, str):
        light = weight.astype(np.float32) if not len(weight) else (weight / weight.max()).astype(np.float32)
        if init == "random":
            rows = seeding.at_random(len(X), weight, k, random)
        else:
            rows = seeding.plus_plus(engine.image, light, k, random, engine.shares, report)
        return X[rows].astype(np.float64) - origin
    centres = init(X, k, random_state=random) if callable(init) else init
    return checked(centres, k, X.shape[1], X.dtype) - origin


def checked(centres: Any, k: int, d: int, dtype: np.dtype) -> np.ndarray:
    try:
        centres = np.asarray(centres).astype(dtype).astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError("The first centres in init are not numbers. Give an array of {k} rows and {d} columns.", k=k, d=d) from None
    if centres.shape != (k, d):
        raise ParameterError(
            "The shape of the initial centers {shape} does not match: there are {k} groups and {d} columns. Give an array of {k} rows "
            "and {d} columns as init.",
            shape=str(centres.shape), k=k, d=d,
        )
    check_finite(centres)
    return centres


def numbered(report: Callable[..., Any], start: int, starts: int) -> Callable[..., Any]:
    """Steps of one start as steps of all of them."""

    def told(step: int, total: int, **metrics: Any) -> None:
        report(start * total + step, starts * total, **metrics)

    return told


def warn_if_fewer(found: Result, k: int) -> None:
    distinct = int(np.count_nonzero(np.bincount(found.labels, minlength=k)))
    if distinct < k:
        kind = getattr(sys.modules.get("sklearn.exceptions"), "ConvergenceWarning", UserWarning)
        warnings.warn(
            f"Number of distinct clusters ({distinct}) found smaller than n_clusters ({k}). Some rows may be duplicates.",
            kind, stacklevel=4,
        )

"""The whole evaluation of a clustering: how far apart, how stable, against the same algorithm where there is nothing to find.

    evaluation = evaluate(KMeans(n_clusters=4).fit(X), X)

A clusterer is anything with `get_params`, `fit` and `labels_`, as in scikit-learn. The result is plain JSON: what a page draws
and what `evaluation.json` holds.

Two nulls stand beside every clustering (`bmcore.cluster.nulls`). `shuffled_columns` asks whether the columns together say more
than each alone. It cannot decide: two correlated columns beat it without having groups. So the verdict rests on `one_cloud`,
which has the same spread, skew and correlations but a single peak. With a single column there is nothing to shuffle, and
`one_cloud` is the only baseline.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from bmcore.cluster.nulls import OneCloud, shuffled_columns
from bmcore.cluster.partitions import ari, counting, filled, groups, splits
from bmcore.cluster.resample import (
    PAIRS,
    ROWS,
    agreements,
    checked_seed,
    clouds_of,
    labels_of,
    mean_of_few,
    resample_rows,
    starts_of,
    student,
    thinner,
)
from bmcore.cluster.silhouette import MOST_GROUPS, Bounded, mean_silhouette
from bmcore.cluster.table import distinct_rows, numbers
from bmcore.errors import DataError
from bmcore.evaluate.agreement import agreement
from bmcore.evaluate.structure import Found, judge, nothing_to_compare

__all__ = ["agreement", "evaluate"]

_OWN = 0.8  # ARI of labels and predictions, below which a clusterer was fitted on other rows


def evaluate(clusterer: Any, X: Any, *, names: list[str] | None = None, seed: int = 0, report: Callable | None = None) -> dict:
    """Measure a clustering, and the same algorithm on data without groups.

    Use it when a clustering is made and you want to know whether its groups exist.

    Parameters
    ----------
    clusterer : object with `get_params()`, `fit(X)` and `labels_`
        Its `labels_` are judged. One that is not fitted, or on another number of rows, is fitted on X first, as a copy; so is one with
        `predict` whose prediction for X is not what `labels_` say (ARI below 0.8). Without `predict` nothing tells that labels of as
        many rows belong to others.
    X : array of shape (n, d)
        What it was fitted on: finite numbers.
    names : list of str, optional
        Names of the columns.
    seed : int
        From 0 to 4294967295. The same seed gives the same result.
    report : callable, optional
        `report(step, total, phase="evaluate")`; may raise `Cancelled`.

    Returns
    -------
    dict
        JSON: n, n_features, k, noise (rows), columns, model, baselines, difference, verdict, sizes, seconds. `silhouette` is that of the
        rows in groups with a bootstrap interval; `stability` the mean ARI of ten pairs of overlapping 80 % resamples with Student's
        interval. Those of a baseline are means over five data sets (12 where X has under 100
        rows), with the range in which 95 % of such data sets fall for the silhouette. A baseline without
        two groups that count, or with a silhouette below 0, counts 0. `difference` is ours minus the
        baseline's; its interval holds our bootstrap and the baseline's spread from data set to data set. Where there is nothing to
        compare (one group, only noise, under 10 rows) silhouette, stability and difference are None, baselines is empty and the
        verdict's sentence says why.

    Raises
    ------
    DataError
        If X is no table of finite numbers, or the clusterer was given distances instead of rows.
    ParameterError
        If the seed is not a whole number from 0 to 4294967295.

    Notes
    -----
    Resamples and baselines take at most 10,000 rows, so beside the clusterer's own first fit the time hardly grows with n: about
    50 fits. 20,000 x 16 with 8 K-Means groups take 5 to 15 s on two cores. A single shape that
    is bent (a banana, a ring, a curve) and cut in pieces may be called weak structure, since it leaves parts of one cloud empty. It is
    not called structure: for that, every border between two groups has to hold at most a quarter of the rows of their centres.
    """
    X, seed = _checked(X, clusterer), checked_seed(seed)
    steps = _Steps(report, 2 + 2 * PAIRS + 2 * 3 * clouds_of(len(X)))
    clock = _Clock()
    labels = _labels(clusterer, X, seed)
    steps.done()
    result = _described(clusterer, X, labels, names)
    reason = nothing_to_compare(len(X), result["k"], distinct_rows(X), type(clusterer).__name__)
    if reason is None and result["k"] > MOST_GROUPS:
        raise DataError("{name} made {k:,} groups; at most {most:,} can be evaluated. Ask for fewer groups, or use a larger eps.",
                        name=type(clusterer).__name__, k=result["k"], most=MOST_GROUPS)
    if reason is not None:
        steps.end()
        return {**result, "verdict": {"kind": "none", "message": reason.to_dict()}, "seconds": clock.seconds}
    return {**result, **_compared(clusterer, X, labels, seed, steps, clock), "seconds": clock.seconds}


class _Clock:
    def __init__(self):
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def stop(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name], self._since = round(now - self._since, 3), now


class _Steps:
    """Counts clusterings, each a chance to stop."""

    def __init__(self, report: Callable | None, total: int):
        self._report, self._step, self._total = report, 0, total

    def done(self) -> None:
        self._step = min(self._step + 1, self._total - 1)
        self.again()

    def again(self, *_: int) -> None:
        if self._report:
            self._report(self._step, self._total, phase="evaluate")

    def end(self) -> None:
        self._step = self._total
        self.again()


def _checked(X: Any, clusterer: Any) -> np.ndarray:
    if clusterer.get_params().get("metric") == "precomputed":
        raise DataError("This clusterer was given distances. Evaluation needs the rows themselves: fit it on a table of numbers.")
    return numbers(X)


def _labels(clusterer: Any, X: np.ndarray, seed: int) -> np.ndarray:
    labels = getattr(clusterer, "labels_", None)
    if labels is not None and len(labels) == len(X) and _is_own(clusterer, X, np.asarray(labels)):
        return np.asarray(labels)
    params = clusterer.get_params()
    if len(X) < params.get("n_clusters", 1):
        return np.zeros(len(X), dtype=int)
    return labels_of(clusterer, X, seed)


def _is_own(clusterer: Any, X: np.ndarray, labels: np.ndarray) -> bool:
    if not hasattr(clusterer, "predict"):
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it was fitted on a table with names
        try:
            return ari(np.asarray(clusterer.predict(X)), labels) >= _OWN
        except ValueError:  # other columns
            return False


def _described(clusterer: Any, X: np.ndarray, labels: np.ndarray, names: list[str] | None) -> dict:
    found, counts = np.unique(labels, return_counts=True)
    sizes = [{"cluster": int(one), "n": int(count), "share": float(count / len(X))} for one, count in zip(found, counts, strict=True)]
    sizes.sort(key=lambda size: size["cluster"] < 0)
    return {
        "task": "clustering", "metric": "silhouette", "n": len(X), "n_features": X.shape[1], "k": groups(labels),
        "noise": int((labels < 0).sum()), "columns": list(names or []),
        "model": {"name": type(clusterer).__name__, "silhouette": None, "stability": None}, "baselines": [], "difference": None,
        "verdict": None, "sizes": sizes,
    }


def _compared(clusterer: Any, X: np.ndarray, labels: np.ndarray, seed: int, steps: _Steps, clock: _Clock) -> dict:
    ours = mean_silhouette(X, labels, seed=seed, report=steps.again)
    steps.done()
    clock.stop("silhouette")
    changed = thinner(clusterer, X, resample_rows(len(X)), seed)
    stability = mean_of_few(agreements(clusterer, X, PAIRS, seed, changed, steps.done))
    clock.stop("stability")
    baselines = [_baseline(name, clusterer, X, ours, seed, steps) for name in ("shuffled_columns", "one_cloud")[X.shape[1] == 1 :]]
    clock.stop("baseline")
    border = filled(X, labels, seed=seed)
    kind, message = judge(_found(labels, clusterer, ours, stability, baselines, border))
    steps.end()
    return {
        "model": {"name": type(clusterer).__name__, "silhouette": ours.to_dict(), "stability": stability.to_dict()},
        "baselines": baselines,
        "difference": {"against": baselines[0]["name"], "metric": "silhouette", **baselines[0]["difference"]},
        "verdict": {"kind": kind, "message": message.to_dict()},
    }


def _baseline(name: str, clusterer: Any, X: np.ndarray, ours: Bounded, seed: int, steps: _Steps) -> dict:
    """The same algorithm on data sets without groups."""
    draw = np.random.default_rng([seed, len(name)])
    rows, draws = min(len(X), ROWS), clouds_of(len(X))
    cloud = OneCloud(X, draw) if name == "one_cloud" else None
    whole, parts = thinner(clusterer, X, rows, seed), thinner(clusterer, X, resample_rows(rows), seed)
    silhouettes, stabilities = [], []
    for _ in range(draws):
        part = X[draw.choice(len(X), rows, replace=False)] if rows < len(X) else X
        empty = shuffled_columns(part, draw) if cloud is None else cloud.rows(rows, draw).astype(X.dtype)
        labels = labels_of(clusterer, empty, int(draw.integers(2**31)), **whole, **starts_of(clusterer))
        steps.done()
        silhouettes.append(_credit(empty, labels, seed, steps))
        agreed = agreements(clusterer, empty, 1, int(draw.integers(2**31)), parts, steps.done)
        stabilities += list(agreed if _counts(labels) else 0 * agreed)
    spread = student(draws - 1) * float(np.std(silhouettes, ddof=1)) * np.sqrt(1 + 1 / draws)
    theirs = _around(float(np.mean(silhouettes)), spread, spread, 1.0)
    return {"name": name, "silhouette": theirs.to_dict(), "stability": mean_of_few(np.array(stabilities)).to_dict(),
            "difference": _difference(ours, theirs.value, spread).to_dict()}


def _credit(X: np.ndarray, labels: np.ndarray, seed: int, steps: _Steps) -> float:
    """Silhouette; 0 where no grouping was found or a worse one than none."""
    if not _counts(labels):
        return 0.0
    found = mean_silhouette(X, labels, resamples=0, seed=seed, report=steps.again)
    return max(0.0, found.value) if found else 0.0


def _counts(labels: np.ndarray) -> bool:
    """`splits` for data without groups: of a small table, smaller groups count, or half of its clouds would be worth 0."""
    made = max(groups(labels), 1)
    return splits(labels, least=max(2, min(5, len(labels) // (4 * made))))


def _difference(ours: Bounded, theirs: float, spread: float) -> Bounded:
    """Under "no groups" ours is one more such data set, so the spread is that of a single data set, not of the mean."""
    below, above = np.hypot([ours.value - ours.low, ours.high - ours.value], spread).tolist()
    return _around(ours.value - theirs, below, above, 2.0)


def _around(value: float, below: float, above: float, limit: float) -> Bounded:
    return Bounded(value, max(-limit, value - below), min(limit, value + above))


def _found(labels: np.ndarray, clusterer: Any, ours: Bounded, stability: Bounded, baselines: list[dict], border: float) -> Found:
    by_name = {one["name"]: one for one in baselines}
    cloud, shuffled = by_name["one_cloud"], by_name.get("shuffled_columns")
    return Found(
        n=len(labels), groups=groups(labels), noise=float((labels < 0).mean()),
        splits=splits(labels), counting=counting(labels), border=border,
        largest=float(np.bincount(labels[labels >= 0]).max() / (labels >= 0).sum()), silhouette=ours, stability=stability,
        cloud=Bounded(**cloud["silhouette"]), difference=Bounded(**cloud["difference"]), cloud_stability=Bounded(**cloud["stability"]),
        shuffled=Bounded(**shuffled["silhouette"]) if shuffled else None,
        shuffled_difference=Bounded(**shuffled["difference"]) if shuffled else None,
        by_density="eps" in clusterer.get_params())

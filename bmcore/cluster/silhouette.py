"""How clearly groups are apart, on a sample, with an interval that knows the distances are a sample too.

A row's silhouette is (b - a) / max(a, b): a is its mean distance to the other rows of its group, b to those of the nearest
other group. It is 1 for tight groups far apart, 0 on the border, negative in the wrong group.

Source: Rousseeuw, Silhouettes (J. Comput. Appl. Math. 20, 1987). Bootstrap with sample sizes reduced by one a stratum:
Rao and Wu, Resampling inference with complex survey data (JASA 83, 1988).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bmcore.cluster.partitions import unit_scale

SAMPLE = 4000  # rows whose silhouette is taken
RESAMPLES = 200
MOST_GROUPS = 10_000
_LEAST_A_GROUP = 20  # rows, so that a small group is seen at all
_BLOCK = 256  # rows whose distances are held at once


@dataclass(frozen=True)
class Bounded:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """As JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


def mean_silhouette(X: np.ndarray, labels: np.ndarray, *, seed: int = 0, resamples: int = RESAMPLES, sample: int = SAMPLE,
                    report: Callable[[int, int], None] | None = None) -> Bounded | None:
    """Mean silhouette (Euclidean) of the rows in groups, with a 95 % interval.

    Use it when you ask how clearly the groups of a clustering are apart, whatever found them.

    The interval is for the same groups on endless rows from the same source: rows are drawn again, both as rows that have a
    silhouette and as rows that others are measured against, and so are the groups' shares. That the groups themselves would
    come out differently is not in it; that is what stability measures.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    labels : ndarray of shape (n,), int
        Group of each row; negative is noise and left out.
    seed : int
    resamples : int
        0 takes the value alone (low and high equal it).
    sample : int
        Rows used, at least 20 of each group where it has them; all rows of a smaller table, and then the value is exact.
    report : callable, optional
        `report(step, total)` after every block of rows; may raise `Cancelled`.

    Returns
    -------
    Bounded or None
        None where there are fewer than two groups, or more than 10,000.

    Notes
    -----
    Time O(sample^2 (d + resamples)), about 1 s for 4,000 rows of 16 columns and 200 resamples; 0.1 s without.
    Memory O(sample (d + resamples)), never sample x sample.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> round(mean_silhouette(X, np.array([0, 0, 1, 1])).value, 3)
    0.9
    """
    kept = np.flatnonzero(np.asarray(labels) >= 0)
    codes, sizes = _codes(np.asarray(labels)[kept])
    if not 2 <= len(sizes) <= MOST_GROUPS:
        return None
    draw = np.random.default_rng(seed)
    rows, took = _stratified(codes, sizes, sample, draw)
    points = _Points(X[kept[rows]])
    return _bounded(points.distances, took, sizes, resamples, draw, report)


class SameRows:
    """Distances among rows, measured once, for the silhouettes of many clusterings of these rows.

    Use it when clusterings of one table are compared, such as one for each number of groups.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    sample : int
        Rows used at most, drawn by chance: the same ones for every clustering.
    seed : int

    Notes
    -----
    Time O(sample^2 d) once and O(sample^2 (k + resamples)) a clustering. Memory 4 sample^2 bytes: 16 MB for 2,000 rows.

    Examples
    --------
    >>> same = SameRows(np.array([[0.0], [1.0], [10.0], [11.0]]))
    >>> round(same.silhouette(np.array([0, 0, 1, 1])).value, 3), round(same.silhouette(np.array([0, 1, 1, 1])).value, 3)
    (0.9, 0.026)
    """

    def __init__(self, X: np.ndarray, *, sample: int = SAMPLE, seed: int = 0):
        n = len(X)
        self._rows = np.sort(np.random.default_rng(seed).choice(n, sample, replace=False)) if n > sample else np.arange(n)
        points, few = _Points(X[self._rows]), len(self._rows)
        self._apart = np.empty((few, few), np.float32)
        for at in range(0, few, _BLOCK):
            self._apart[at : at + _BLOCK] = points.distances(np.arange(at, min(at + _BLOCK, few)))

    def silhouette(self, labels: np.ndarray, *, seed: int = 0, resamples: int = 0) -> Bounded | None:
        """As `mean_silhouette` of these rows; `labels` are those of all n rows, none of them noise."""
        labels = np.asarray(labels)
        present, codes, took = np.unique(labels[self._rows], return_inverse=True, return_counts=True)
        if not 2 <= len(took) <= MOST_GROUPS:
            return None
        # groups weigh what they have in the whole table, so that the luck of the draw between them is out
        sizes = np.bincount(labels, minlength=present[-1] + 1)[present]
        if not resamples:
            value = self._value(codes, took, sizes / sizes.sum())
            return Bounded(value, value, value)
        order, draw = np.argsort(codes, kind="stable"), np.random.default_rng(seed)
        return _bounded(lambda rows: self._apart[np.ix_(order[rows], order)], took, sizes, resamples, draw, None)

    def _value(self, codes: np.ndarray, took: np.ndarray, shares: np.ndarray) -> float:
        member = np.zeros((len(codes), len(took)), np.float32)
        every = np.arange(len(codes))
        member[every, codes] = 1
        summed = self._apart @ member
        inside = summed[every, codes] / np.maximum(took[codes] - 1, 1)
        summed /= took
        summed[every, codes] = np.inf
        near = summed.min(axis=1)
        largest = np.maximum(near, inside)
        scores = np.divide(near - inside, largest, out=np.zeros_like(near), where=largest > 0)
        scores[took[codes] == 1] = 0  # a row alone in its group: neither near nor far
        return float((np.bincount(codes, scores) / took) @ shares)


def _bounded(distances: Callable, took: np.ndarray, sizes: np.ndarray, resamples: int, draw: Any, report: Callable | None) -> Bounded:
    weights, shares = _weights(took, sizes, resamples, draw)
    means = _means(distances, took, weights, shares, report)
    value = float(means[0])
    spread = 1.96 * float(means[1:].std(ddof=1)) if resamples else 0.0
    return Bounded(value, max(-1.0, value - spread), min(1.0, value + spread))


def _codes(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    _, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    return codes, sizes


def _stratified(codes: np.ndarray, sizes: np.ndarray, sample: int, draw) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the sample ordered by group, and how many of each group."""
    order = np.argsort(codes, kind="stable")
    if len(codes) <= sample:
        return order, sizes
    least = max(2, min(_LEAST_A_GROUP, sample // (2 * len(sizes))))
    took = np.minimum(sizes, np.maximum(least, np.floor(sample * sizes / len(codes)).astype(int)))
    ends = np.cumsum(sizes)
    return np.concatenate([order[end - size + draw.choice(size, take, replace=False)]
                           for end, size, take in zip(ends, sizes, took, strict=True)]), took


def _weights(took: np.ndarray, sizes: np.ndarray, resamples: int, draw) -> tuple[np.ndarray, np.ndarray]:
    """How often each row is drawn (rows, 1 + resamples) and each group's share (groups, 1 + resamples); column 0 is as it is."""
    if len(took) > 100:
        resamples //= 2
    parts = []
    for take in took:
        again = draw.multinomial(max(take - 1, 1), np.full(take, 1 / take), size=resamples).T if resamples else np.zeros((take, 0))
        parts.append(np.concatenate([np.ones((take, 1)), again], axis=1))
    share = sizes / sizes.sum()
    shares = draw.multinomial(sizes.sum(), share, size=resamples).T / sizes.sum() if resamples else np.zeros((len(sizes), 0))
    return np.concatenate(parts).astype(np.float32), np.concatenate([share[:, None], shares], axis=1)


def _means(distances, took, weights, shares, report) -> np.ndarray:
    """Weighted mean silhouette for each column of `weights`; `distances(rows)` of rows ordered by group."""
    ends = np.cumsum(took)
    starts = ends - took
    totals = np.add.reduceat(weights, starts, axis=0)  # (groups, columns)
    sums = np.zeros_like(shares)
    own = np.repeat(np.arange(len(took)), took)
    queries = _queries(len(own), took)
    for at in range(0, len(queries), _BLOCK):
        rows = queries[at : at + _BLOCK]
        scores = _scores(distances(rows), rows, own[rows], starts, ends, weights, totals)
        np.add.at(sums, own[rows], scores * weights[rows])
        if report:
            report(min(at + _BLOCK, len(queries)), len(queries))
    asked = np.zeros_like(sums)
    np.add.at(asked, own[queries], weights[queries])
    means = np.divide(sums, asked, out=np.zeros_like(sums), where=asked > 0)
    present = shares * (asked > 0)  # a group none of whose rows was drawn tells nothing in that resample
    return (means * present).sum(axis=0) / present.sum(axis=0)


def _queries(n: int, took: np.ndarray) -> np.ndarray:
    """Rows that are asked: all, but of thousands of groups the first row or two of each."""
    if n <= 2 * SAMPLE:
        return np.arange(n)
    rank = np.arange(n) - np.repeat(np.cumsum(took) - took, took)
    return np.flatnonzero(rank < max(1, 2 * SAMPLE // len(took)))


class _Points:
    """Rows about their mean, ready to be measured against each other; in a unit of their own, which no silhouette depends on."""

    def __init__(self, rows: np.ndarray):
        points = unit_scale(rows)
        self._points = unit_scale(points - points.mean(axis=0))
        self._squares = np.einsum("ij,ij->i", self._points, self._points)

    def distances(self, rows: np.ndarray) -> np.ndarray:
        """Distances of these to all: (len(rows), n) float32."""
        found = self._points[rows] @ self._points.T
        found *= -2
        found += self._squares
        found += self._squares[rows, None]
        np.maximum(found, 0, out=found)
        np.sqrt(found, out=found)
        found[np.arange(len(rows)), rows] = 0
        return found.astype(np.float32)


def _scores(distances, rows, own, starts, ends, weights, totals) -> np.ndarray:
    """Silhouettes (rows, columns). A row never counts as its own neighbour, however often it is drawn."""
    shape = (len(rows), weights.shape[1])
    near, inside = np.full(shape, np.inf, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    alone = np.zeros(shape, dtype=bool)
    for group, (start, end) in enumerate(zip(starts, ends, strict=True)):
        summed = distances[:, start:end] @ weights[start:end]
        mine = own == group
        if mine.any():
            others = totals[group] - weights[rows[mine]]
            alone[mine] = others <= 0
            inside[mine] = np.divide(summed[mine], others, out=np.zeros_like(others), where=others > 0)
        if not mine.all():
            far = summed / totals[group]
            far[mine] = np.inf
            np.minimum(near, far, out=near)
    largest = np.maximum(near, inside)
    scores = np.divide(near - inside, largest, out=np.zeros(shape, dtype=np.float32), where=largest > 0)
    scores[alone] = 0  # a row alone in its group: neither near nor far
    return scores

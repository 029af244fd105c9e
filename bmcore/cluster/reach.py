"""The distance up to which DBSCAN should call rows neighbours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bmcore.cluster.kdistance import k_distances, k_neighbours
from bmcore.cluster.knee import knee
from bmcore.cluster.table import numbers
from bmcore.errors import ParameterError
from bmcore.messages import Message

ASKED = 5000  # rows whose k-distance is taken
POINTS = 500  # of the curve
_TRIM = 0.98  # the farthest rows would stretch the curve and hide its knee
_TRIED = 24  # values of eps
_LASTING = 0.4  # groups that hold while eps grows by this share, divided by the columns, are no accident of eps
_FEW, _MANY = 5000, 10_000  # rows clustered on trial, with more than four columns and with fewer
_CRUMB = 0.01  # share of the rows under which a group is a crumb


@dataclass(frozen=True)
class ChoiceOfEps:
    """The sorted k-distances, and where to cut them.

    Attributes
    ----------
    share : list of float
        Share of the rows with at most that distance, from 0 to 1; at most 500 points.
    distance : list of float
        Distance to the `min_samples`-th nearest row, the row itself counted.
    min_samples : int
    knee : float or None
        Distance at the curve's knee.
    recommended : float or None
        eps: the knee, or a value around it at which groups hold together.
    noise : float or None
        Share of the rows that belong to no group at this eps.
    rows : int
        Rows whose distance was taken (against all rows).
    reason : Message
    """

    share: list[float]
    distance: list[float]
    min_samples: int
    knee: float | None
    recommended: float | None
    noise: float | None
    rows: int
    reason: Message

    def to_dict(self) -> dict:
        """As JSON."""
        return {"method": "eps", **asdict(self), "reason": self.reason.to_dict()}


def choose_eps(X: Any, min_samples: int = 5, *, seed: int = 0, report: Callable | None = None) -> ChoiceOfEps:
    """Find the `eps` that parts dense rows from thin ones.

    Use it when DBSCAN asks for `eps` and nobody knows.

    The start is the knee of the sorted k-distances by the Kneedle method, with the farthest 2 % of the rows left out. In few columns groups
    crumble there, and in many they may meet before it. So DBSCAN is tried on both sides of the knee, and eps is taken a third into the
    longest range (in ratio) with one number of groups, none of them under 1 % of the rows.

    Parameters
    ----------
    X : array of shape (n, d)
        Finite numbers, scaled as they will be clustered.
    min_samples : int
        As DBSCAN will get it: rows within eps that make a row dense, itself counted.
    seed : int
        Draws the 5,000 rows that are asked of a larger table.
    report : callable, optional
        `report(step, total, phase="choose")`; may raise `Cancelled`.

    Returns
    -------
    ChoiceOfEps

    Raises
    ------
    DataError
        If X is no table of finite numbers.
    ParameterError
        If min_samples is not a whole number of at least 1.

    Notes
    -----
    Distances are exact, those of 5,000 rows to all. Up to 15 columns O(5000 log n) by a tree, above O(5000 n d): some seconds for
    100,000 x 64. DBSCAN is tried 24 times on up to 5,000 rows (10,000 with up to four columns). Memory O(n d). Source:
    Ester, Kriegel, Sander and Xu (1996) for the curve; Satopaa et al., Finding a "kneedle" in a haystack (2011) for its knee.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> choice = choose_eps(np.concatenate([rng.normal(at, 1, (200, 2)) for at in (0, 20)]))
    >>> 0.3 < choice.recommended < 3
    True
    """
    if isinstance(min_samples, bool) or not isinstance(min_samples, int | np.integer) or min_samples < 1:
        raise ParameterError("min_samples is {given!r}; it must be a whole number of at least 1.", given=str(min_samples)[:40])
    X, k = numbers(X), max(2, int(min_samples))  # the row itself is at 0: with min_samples=1 the next one matters
    draw = np.random.default_rng(seed)
    rows = np.sort(draw.choice(len(X), min(len(X), ASKED), replace=False))
    if len(X) <= k:
        return _nothing(min_samples, len(X), Message(
            "No eps can be recommended: {n} rows are too few for min_samples={k}. Use more rows or a smaller min_samples.",
            n=len(X), k=int(min_samples)))
    tell = _teller(report, len(rows))
    distances, _ = k_neighbours(X, k, rows, report=tell)
    curve = np.sort(distances[:, -1])
    at = _start(curve)
    if at is None:
        return _nothing(min_samples, len(rows), Message(
            "No eps can be recommended: distances to the nearest row number {k} are alike or 0, as in a grid or equal rows.", k=k), curve)
    bend = float(curve[at])
    eps, groups = _holding(X, k, bend, curve, draw, lambda step: tell(len(rows) + step, len(rows) + _TRIED))
    noise = _noise(X, k, distances[:, -1], rows, eps)
    return ChoiceOfEps(*_reduced(curve), int(min_samples), bend, eps, noise, len(rows), _reason(eps, bend, noise, k, groups))


def _teller(report: Callable | None, asked: int) -> Callable[[int, int], None]:
    def tell(step: int, _: int) -> None:
        if report:
            report(step, asked + _TRIED, phase="choose")

    return tell


def _nothing(min_samples: int, rows: int, reason: Message, curve: np.ndarray | None = None) -> ChoiceOfEps:
    share, distance = _reduced(curve) if curve is not None else ([], [])
    return ChoiceOfEps(share, distance, int(min_samples), None, None, None, rows, reason)


def _reduced(curve: np.ndarray) -> tuple[list[float], list[float]]:
    at = np.unique(np.linspace(0, len(curve) - 1, min(len(curve), POINTS)).round().astype(int))
    return ((at + 1) / len(curve)).tolist(), curve[at].tolist()


def _start(curve: np.ndarray) -> int | None:
    """The knee, at a distance above 0."""
    kept = max(3, int(_TRIM * len(curve)))
    at = knee(np.arange(kept), curve[:kept])
    if at is None:  # flat but for a few far rows
        at = knee(np.arange(len(curve)), curve)
    if at is not None and curve[at] <= 0:
        at = int(np.searchsorted(curve, 0, side="right"))
    return at if at is not None and at < len(curve) else None


def _holding(X: np.ndarray, k: int, bend: float, curve: np.ndarray, draw, done: Callable[[int], None]) -> tuple[float, int]:
    """The eps at which groups hold together, and how many they are (0: no eps was found, 1: all in one)."""
    part = X[draw.choice(len(X), min(len(X), _FEW if X.shape[1] > 4 else _MANY), replace=False)]
    tried = np.geomspace(_least(bend, curve), max(2 * curve[-1], 1.5 * bend), _TRIED)
    counts = np.ones(_TRIED, dtype=int)  # once all rows are one group they stay one
    for step, eps in enumerate(tried):
        counts[step], all_in_one = _whole_groups(part, eps, k)
        done(step + 1)
        if all_in_one:
            break
    starts = np.flatnonzero(np.diff(counts, prepend=-1))
    ends = np.append(starts[1:], len(counts))
    runs = [(end - start, start, end) for start, end in zip(starts, ends, strict=True)
            if counts[start] > 1 and tried[end - 1] >= (1 + _LASTING / X.shape[1]) * tried[start]]
    if runs:
        _, start, end = max(runs, key=lambda run: (run[0], -run[1]))
        return float(tried[start] ** (2 / 3) * tried[end - 1] ** (1 / 3)), int(counts[start])
    one = np.flatnonzero((counts == 1) & (tried >= bend))
    return (float(tried[one[0]]), 1) if len(one) else (bend, 0)


def _least(bend: float, curve: np.ndarray) -> float:
    """Where half of the rows are dense: with many columns groups may meet before the knee."""
    half = float(curve[len(curve) // 2])
    return min(bend, half) if half > 0 else bend


def _whole_groups(part: np.ndarray, eps: float, k: int) -> tuple[int, bool]:
    """Number of groups (0 if one of them is a crumb or most rows are noise), and whether all rows are in one."""
    from bmcore.cluster.dbscan import DBSCAN

    labels = np.asarray(DBSCAN(eps=float(eps), min_samples=k).fit(part).labels_)
    sizes = np.bincount(labels[labels >= 0])
    whole = len(sizes) and sizes.min() >= max(3 * k, _CRUMB * len(part)) and sizes.sum() >= len(part) / 2
    return len(sizes) if whole else 0, len(sizes) == 1 and sizes[0] == len(part)


def _noise(X: np.ndarray, k: int, reach: np.ndarray, rows: np.ndarray, eps: float) -> float:
    """Share of `rows` that are neither dense nor within eps of a dense row. A thin row has fewer than k rows within eps, so all of
    these are among its k nearest."""
    thin = rows[reach > eps]
    if not len(thin):
        return 0.0
    distances, near = k_neighbours(X, k, thin)
    close = distances <= eps
    beside = np.unique(near[close])
    dense = np.zeros(len(X), dtype=bool)
    dense[beside[k_distances(X, k, rows=beside) <= eps]] = True
    return float((~(close & dense[near]).any(axis=1)).sum() / len(rows))


def _reason(eps: float, bend: float, noise: float, k: int, groups: int) -> Message:
    fields = {"eps": eps, "knee": bend, "noise": noise, "k": k, "groups": groups}
    if groups > 1:
        return Message(
            "Take eps = {eps:.3g}. The distance to the nearest row number {k} bends at {knee:.3g} (Kneedle method); around it, the "
            "longest range of eps with the same number of groups has {groups}. About {noise:.1%} of the rows would be noise.", **fields)
    if groups == 1:
        return Message(
            "Take eps = {eps:.3g} to find unusual rows, not groups. The distance to the nearest row number {k} bends at {knee:.3g} "
            "(Kneedle method); around it no eps parts the rows into lasting groups. "
            "About {noise:.1%} of the rows would be noise.", **fields)
    return Message(
        "Take eps = {eps:.3g}: there the sorted distances to the nearest row number {k} bend (Kneedle method). No eps gave groups "
        "that last. About {noise:.1%} of the rows would be noise.", **fields)

"""How many groups, and how near is near: the two questions K-Means and DBSCAN ask before they start.

Both answer with a curve to look at, one recommended value, and a sentence why; `choose_k` may well say that there is nothing to
find. (`choose_eps` lives in `bmcore.cluster.reach`, and is named here too.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bmcore.cluster.nulls import OneCloud
from bmcore.cluster.partitions import filled, splits, unit_scale
from bmcore.cluster.reach import ChoiceOfEps, choose_eps
from bmcore.cluster.resample import MOST_SEED, agreements, checked_seed, clouds_of, student
from bmcore.cluster.silhouette import SameRows
from bmcore.cluster.table import distinct_rows, numbers
from bmcore.errors import ParameterError
from bmcore.messages import Message

__all__ = ["ChoiceOfEps", "ChoiceOfK", "choose_eps", "choose_k"]

ROWS = 20_000
_PAIRS = 5
_CLOUD_ROWS = 2000
_PAIR_ROWS = 3000
_RESAMPLES = 60
_STARTS = 4  # K-Means is started so often: a bad start must not look like a wrong k
_STABLE = 0.75
_GAP, _FULL = 0.25, 0.45  # rows at a border against rows at centres: a gap up to here; no border at all from there
_FEW = 200  # rows below which a wide interval is put down to the few rows
_EXTREME = 1e100  # numbers whose squares overflow
_FAINT, _CLEAR = 0.02, 0.15  # of the way from one cloud to groups far apart, as in the verdict of an evaluation


@dataclass(frozen=True)
class ChoiceOfK:
    """What K-Means gives for each number of groups, and which to take.

    Attributes
    ----------
    ks : list of int
    inertia : list of float
        Sum of squared distances to the nearest centre, on `rows` rows.
    silhouette : list of float
        On a sample; 1 is far apart.
    one_cloud : list of float
        Silhouette on one cloud of the same spread without groups: what a silhouette has to beat.
    stability : list of float
        Mean ARI of five pairs of overlapping resamples; 1 is always the same groups.
    rows : int
        Rows looked at.
    recommended : int or None
        None where no number of groups is clearer than one cloud, or where the best ones are pieces of one shape.
    reason : Message
    """

    ks: list[int]
    inertia: list[float]
    silhouette: list[float]
    one_cloud: list[float]
    stability: list[float]
    rows: int
    recommended: int | None
    reason: Message

    def to_dict(self) -> dict:
        """As JSON."""
        return {"method": "k", **asdict(self), "reason": self.reason.to_dict()}


def choose_k(X: Any, k_max: int = 12, *, seed: int = 0, report: Callable | None = None) -> ChoiceOfK:
    """Try 2 to `k_max` groups with K-Means and recommend one number, or say that there are no groups.

    Use it when K-Means asks for `n_clusters` and nobody knows.

    Recommended is the k whose silhouette goes farthest from that of one cloud (same spread, skew and correlations, no groups) towards
    1, among those whose groups come out again on other rows (mean ARI 0.75 or more). Its lower 95 % bound must be above one cloud's.
    A ring or a curve cut in pieces does all that as well; so the borders between the groups must be emptier than the groups.

    Parameters
    ----------
    X : array of shape (n, d)
        Finite numbers, scaled as they will be clustered.
    k_max : int
        From 2 to 100. Never more than a quarter of the rows are tried.
    seed : int
        From 0 to 4294967295. The same seed gives the same answer.
    report : callable, optional
        `report(step, total, phase="choose")`; may raise `Cancelled`.

    Returns
    -------
    ChoiceOfK

    Raises
    ------
    DataError
        If X is no table of finite numbers.
    ParameterError
        If k_max is not a whole number from 2 to 100, or the seed none from 0 to 4294967295.

    Notes
    -----
    At most 20,000 rows are looked at, so the time does not grow with n beyond: about 12 s of processor time for 20,000 x 16. Memory O(n d).
    Source of the idea: Tibshirani, Walther and Hastie, the gap statistic (2001), with silhouette instead of inertia.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> choose_k(np.concatenate([rng.normal(at, 1, (50, 2)) for at in (0, 20, 40)]), 5).recommended
    3
    """
    if isinstance(k_max, bool) or not isinstance(k_max, int | np.integer) or not 2 <= k_max <= 100:
        raise ParameterError("k_max is {given!r}; it must be a whole number from 2 to 100.", given=str(k_max)[:40])
    X, seed = numbers(X), checked_seed(seed)
    distinct = distinct_rows(X, most=k_max + 2)
    ks = list(range(2, min(int(k_max), len(X) // 4, distinct - 1) + 1))
    if not ks or len(X) < 10:
        return ChoiceOfK([], [], [], [], [], len(X), None, Message(
            "Too little to choose from: {n} rows with {distinct} different values. "
            "It takes at least 10 rows, and more different ones than groups.",
            n=len(X), distinct=distinct))
    draw = np.random.default_rng(seed)
    part = X[draw.choice(len(X), ROWS, replace=False)] if len(X) > ROWS else X
    return _Trial(part, ks, seed, report).choice()


class _Trial:
    """K-Means for each k: on the rows, on resamples of them, on clouds."""

    def __init__(self, X: np.ndarray, ks: list[int], seed: int, report: Callable | None):
        self._unit = _unit(X)
        X = unit_scale(X) if self._unit != 1 else X
        self._X, self._ks, self._seed, self._report = X, ks, seed, report
        self._draws = clouds_of(len(X))
        self._step, self._total = 0, len(ks) * (1 + 2 * _PAIRS + self._draws)
        draw = np.random.default_rng([seed, 1])
        few = min(len(X), _PAIR_ROWS)
        self._few = X[draw.choice(len(X), few, replace=False)]
        self._cloud, self._draw = OneCloud(X, draw), draw
        self._same = SameRows(X, sample=_CLOUD_ROWS, seed=seed)

    def choice(self) -> ChoiceOfK:
        clouds, tried = self._clouds(), [self._try(k) for k in self._ks]
        inertia, ours, stability, borders, counts = zip(*tried, strict=True)
        theirs = clouds.mean(axis=1)
        spread = student(self._draws - 1) * clouds.std(axis=1, ddof=1) * np.sqrt(1 + 1 / self._draws)
        way = (np.array([one.value for one in ours]) - theirs) / (1 - theirs)
        sure = way - np.hypot([one.value - one.low for one in ours], spread) / (1 - theirs)
        stable = np.array(stability) >= _STABLE
        best = int(np.argmax(np.where(stable, way, -np.inf))) if stable.any() else int(np.argmax(way))
        clear = bool(stable[best]) and sure[best] > _FAINT and borders[best] <= _FULL
        fields = {"k": self._ks[best], "most": self._ks[-1], "ours": ours[best].value, "cloud": float(theirs[best]),
                  "stability": stability[best], "border": borders[best], "n": len(self._X)}
        why = "far" if sure[best] > _CLEAR and borders[best] <= _GAP else "faint"
        if not clear:
            why = self._why_not(best, way, sure, bool(stable[best]), counts[best])
        return ChoiceOfK(
            self._ks, [float(one) for one in inertia], [one.value for one in ours], theirs.tolist(), list(stability), len(self._X),
            self._ks[best] if clear else None, _reason(why, fields))

    def _why_not(self, best: int, way: np.ndarray, sure: np.ndarray, stable: bool, counts: bool) -> str:
        if not counts and way[best] > _FAINT:
            return "small groups"
        if sure[best] > _FAINT and stable:
            return "one shape"
        if way[best] >= _CLEAR and len(self._X) < _FEW and not (sure > _FAINT).any():
            return "few rows"
        return "unstable" if (sure > _FAINT).any() else "nothing"

    def _clouds(self) -> np.ndarray:
        """Silhouette of each cloud cut into each number of pieces: (ks, clouds). One cloud at a time is held."""
        found = np.empty((len(self._ks), self._draws))
        for at in range(self._draws):
            rows = self._cloud.rows(min(len(self._X), _CLOUD_ROWS), self._draw).astype(self._X.dtype)
            same = SameRows(rows, sample=_CLOUD_ROWS)
            for place, k in enumerate(self._ks):
                pieces = same.silhouette(np.asarray(_kmeans(k, (self._seed + at) % MOST_SEED).fit(rows).labels_))
                found[place, at] = pieces.value if pieces else 0.0
                self._done()
        return found

    def _try(self, k: int) -> tuple:
        """Inertia, silhouette with its interval, stability, how full the fullest border is, whether two groups count."""
        model = _kmeans(k, self._seed).fit(self._X)
        self._done()
        labels = np.asarray(model.labels_)
        ours = self._same.silhouette(labels, seed=self._seed, resamples=_RESAMPLES)
        agreed = agreements(_kmeans(k, 0), self._few, _PAIRS, self._seed + k, {}, self._done)
        inertia = min(float(model.inertia_) * self._unit * self._unit, float(np.finfo(float).max))
        counts = splits(labels)
        return inertia, ours, float(np.mean(agreed)) if counts else 0.0, filled(self._X, labels, seed=self._seed), counts

    def _done(self) -> None:
        self._step += 1
        if self._report:
            self._report(self._step, self._total, phase="choose")


def _kmeans(k: int, seed: int) -> Any:
    from bmcore.cluster.kmeans import KMeans

    return KMeans(n_clusters=k, n_init=_STARTS, random_state=seed)


def _unit(X: np.ndarray) -> float:
    """What one unit of the rows as they are clustered is: 1, but for numbers so large or small that their squares are lost."""
    largest = float(np.abs(X).max())
    if largest == 0 or 1 / _EXTREME < largest < _EXTREME:
        return 1.0
    return float(np.ldexp(1.0, int(np.frexp(largest)[1])))


def _reason(why: str, fields: dict) -> Message:
    if why == "unstable":
        return Message(
            "No number of groups from 2 to {most} can be recommended: some look clearer than one cloud cut in pieces, "
            "but other groups come out on other parts of the rows.", **fields)
    if why == "nothing":
        return Message(
            "No cluster structure found: with 2 to {most} groups, none is clearer than what one cloud without groups gives "
            "(at {k} groups, separation {ours:.2f} against {cloud:.2f}; 1 is far apart).", **fields)
    if why == "small groups":
        return Message(
            "No number of groups from 2 to {most} can be recommended: at {k} groups, which stand out most, fewer than two have rows enough "
            "to count beside the largest. These are a few unusual rows, or {n:,} rows are too few.", **fields)
    if why == "few rows":
        return Message(
            "Too few rows to tell: of 2 to {most} groups, {k} stand out most (separation {ours:.2f} against {cloud:.2f} for one cloud "
            "without groups; 1 is far apart), but with {n} rows that may be chance. Come back with more rows.", **fields)
    if why == "one shape":
        return Message(
            "No number of groups from 2 to {most} can be recommended: {k} stand out most, but they run into each other. At one border "
            "rows lie {border:.0%} as dense as at the centres, as where one shape is cut in pieces.", **fields)
    if why == "far":
        return Message(
            "Take {k} groups: of 2 to {most} they stand out most (separation {ours:.2f} against {cloud:.2f} for one cloud without groups; "
            "1 is far apart), and they come out again on other parts of the rows (agreement {stability:.2f}).", **fields)
    return Message(
        "Take {k} groups, with care: of 2 to {most} they stand out most, but faintly "
        "(separation {ours:.2f} against {cloud:.2f} for one cloud "
        "without groups; 1 is far apart; agreement on other rows {stability:.2f}).", **fields)

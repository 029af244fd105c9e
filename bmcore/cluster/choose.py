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
from bmcore.cluster.reach import ChoiceOfEps, choose_eps
from bmcore.cluster.resample import agreements, student
from bmcore.cluster.silhouette import mean_silhouette
from bmcore.cluster.table import distinct_rows, numbers
from bmcore.errors import ParameterError
from bmcore.messages import Message

__all__ = ["ChoiceOfEps", "ChoiceOfK", "choose_eps", "choose_k"]

ROWS = 20_000
CLOUDS = 5
_PAIRS = 5
_CLOUD_ROWS = 2000
_PAIR_ROWS = 3000
_STARTS = 4  # K-Means is started so often: a bad start must not look like a wrong k
_STABLE = 0.75
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
        None where no number of groups is clearer than one cloud.
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

    Parameters
    ----------
    X : array of shape (n, d)
        Finite numbers, scaled as they will be clustered.
    k_max : int
        From 2 to 100. Never more than a quarter of the rows are tried.
    seed : int
        The same seed gives the same answer.
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
        If k_max is not a whole number from 2 to 100.

    Notes
    -----
    At most 20,000 rows are looked at, so the time does not grow with n beyond: about 10 s for 20,000 x 16 on two cores. Memory O(n d).
    Source of the idea: Tibshirani, Walther and Hastie, the gap statistic (2001), with silhouette instead of inertia.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> choose_k(np.concatenate([rng.normal(at, 1, (50, 2)) for at in (0, 20, 40)]), 5).recommended
    3
    """
    if isinstance(k_max, bool) or not isinstance(k_max, int | np.integer) or not 2 <= k_max <= 100:
        raise ParameterError("k_max is {given!r}; it must be a whole number from 2 to 100.", given=str(k_max)[:40])
    X = numbers(X)
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
        self._X, self._ks, self._seed, self._report = X, ks, seed, report
        self._step, self._total = 0, len(ks) * (1 + 2 * _PAIRS + CLOUDS)
        draw = np.random.default_rng([seed, 1])
        few = min(len(X), _PAIR_ROWS)
        self._few = X[draw.choice(len(X), few, replace=False)]
        cloud = OneCloud(X, draw)
        self._clouds = [cloud.rows(min(len(X), _CLOUD_ROWS), draw).astype(X.dtype) for _ in range(CLOUDS)]

    def choice(self) -> ChoiceOfK:
        tried = [self._try(k) for k in self._ks]
        inertia, ours, clouds, stability = zip(*tried, strict=True)
        theirs = np.array([np.mean(values) for values in clouds])
        spread = np.array([student(CLOUDS - 1) * np.std(values, ddof=1) * np.sqrt(1 + 1 / CLOUDS) for values in clouds])
        way = (np.array([one.value for one in ours]) - theirs) / (1 - theirs)
        sure = way - np.hypot([one.value - one.low for one in ours], spread) / (1 - theirs)
        stable = np.array(stability) >= _STABLE
        best = int(np.argmax(np.where(stable, way, -np.inf))) if stable.any() else int(np.argmax(way))
        clear = bool(stable[best]) and sure[best] > _FAINT
        fields = {"k": self._ks[best], "most": self._ks[-1], "ours": ours[best].value, "cloud": float(theirs[best]),
                  "stability": stability[best]}
        return ChoiceOfK(
            self._ks, [float(one) for one in inertia], [one.value for one in ours], theirs.tolist(), list(stability), len(self._X),
            self._ks[best] if clear else None, _reason(clear, bool(sure[best] > _CLEAR), bool((sure > _FAINT).any()), fields))

    def _try(self, k: int) -> tuple:
        """Inertia, silhouette with its interval, silhouettes of the clouds, stability."""
        model = _kmeans(k, self._seed).fit(self._X)
        self._done()
        ours = mean_silhouette(self._X, np.asarray(model.labels_), seed=self._seed, sample=_CLOUD_ROWS, resamples=60, report=self._again)
        clouds = []
        for at, cloud in enumerate(self._clouds):
            labels = np.asarray(_kmeans(k, self._seed + at).fit(cloud).labels_)
            clouds.append(mean_silhouette(cloud, labels, resamples=0).value)
            self._done()
        agreed = agreements(_kmeans(k, 0), self._few, _PAIRS, self._seed + k, {}, self._done)
        return model.inertia_, ours, clouds, float(np.mean(agreed))

    def _done(self) -> None:
        self._step += 1
        self._again()

    def _again(self, *_: int) -> None:
        if self._report:
            self._report(self._step, self._total, phase="choose")


def _kmeans(k: int, seed: int) -> Any:
    from bmcore.cluster.kmeans import KMeans

    return KMeans(n_clusters=k, n_init=_STARTS, random_state=seed)


def _reason(clear: bool, far: bool, faint_somewhere: bool, fields: dict) -> Message:
    if not clear and faint_somewhere:
        return Message(
            "No number of groups from 2 to {most} can be recommended: some look clearer than one cloud cut in pieces, "
            "but other groups come out on other parts of the rows.", **fields)
    if not clear:
        return Message(
            "No cluster structure found: with 2 to {most} groups, none is clearer than what one cloud without groups gives "
            "(at {k} groups, separation {ours:.2f} against {cloud:.2f}; 1 is far apart).", **fields)
    if far:
        return Message(
            "Take {k} groups: of 2 to {most} they stand out most (separation {ours:.2f} against {cloud:.2f} for one cloud without groups; "
            "1 is far apart), and they come out again on other parts of the rows (agreement {stability:.2f}).", **fields)
    return Message(
        "Take {k} groups, with care: of 2 to {most} they stand out most, but faintly "
            "(separation {ours:.2f} against {cloud:.2f} for one cloud "
        "without groups; 1 is far apart; agreement on other rows {stability:.2f}).", **fields)

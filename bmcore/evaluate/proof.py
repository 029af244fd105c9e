"""Do generated pictures of a rare class help? Three classifiers on the same held-out real pictures, several seeds, paired.

    found = prove(generator, train, test, rare="3", per_class_goal=None)

"Without" learns from the real pictures as they are, "repeated" from them with the rare class repeated until it is as frequent as the
others, "with" from them and as many generated ones of the rare class as were repeated. All three see every picture shifted, turned and
zoomed anew each time and train for the same number of updates, so what differs is the new pictures alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.evaluate.judge import Judge
from bmcore.evaluate.picture_checks import provable
from bmcore.evaluate.picture_progress import Steps
from bmcore.evaluate.picture_wanted import as_shape, sampled
from bmcore.messages import Message

if TYPE_CHECKING:
    from bmcore.data.pictures import Pictures

WAYS = ("without", "repeated", "with")
METRICS = ("recall", "precision", "f1", "balanced_accuracy")
SEEDS, UPDATES, RESAMPLES = 4, 300, 1000
LEAST = 20  # held-out pictures of the rare class: with fewer, one picture more or less is 5 points of recall
MOST_TEST = 5000


def prove(
    generator: Any, train: Pictures, test: Pictures, *, rare: Any, per_class_goal: int | None = None, seed: int = 0,
    report: Callable | None = None, seeds: int = SEEDS, updates: int = UPDATES,
) -> dict:
    """Compare classifiers with and without generated pictures of a rare class, on real pictures none of them has seen.

    Use it when somebody wants to add generated pictures to a training set.

    Parameters
    ----------
    generator : Generator
        Fitted on `train` and nothing else.
    train, test : Pictures
        With classes; in `train` the rare class has as few pictures as were really known.
    rare : a class
    per_class_goal : int, optional
        Pictures of the rare class after it was filled up; default the median of the other classes.
    seed : int
    report : callable, optional
        `report(step, 1000, phase="prove")`; may raise `Cancelled`.
    seeds, updates : int
        Repetitions of each way, and updates of each classifier.

    Returns
    -------
    dict
        JSON: class, n_real, n_generated, n_test, n_test_class, goal, seeds, without, repeated, with, difference ("with" minus "repeated",
        balanced accuracy), verdict ("better", "not_proven", "worse"). Intervals are of 95 % over test pictures and seeds, resampled
        together.

    Raises
    ------
    DataError
        If there are no classes, the rare one has no pictures on one of the two sides, or it is not rare.

    Notes
    -----
    12 small networks, one after the other and each in one thread: 97 s for 3,850 digits of 28 x 28 on a busy machine, below 750 MB.
    """
    label, need, goal = provable(train, test, rare, per_class_goal)
    test = test.take(_some(test.labels, label, seed))
    steps = Steps(report, "prove", {"generate": 100, "classifiers": 880})
    shape = tuple(getattr(generator, "image_shape_", train.pixels.shape[1:]))
    real, held = as_shape(train.pixels, shape), as_shape(test.pixels, shape)
    with steps.part("generate", 1) as tick:
        made = sampled(generator, need, np.full(need, label), seed, tick)
    mine = np.flatnonzero(train.labels == label)
    sets = {
        "without": (real, train.labels),
        "repeated": (np.concatenate([real, real[np.resize(mine, need)]]), np.concatenate([train.labels, np.full(need, label)])),
        "with": (np.concatenate([real, made]), np.concatenate([train.labels, np.full(need, label)])),
    }
    with steps.part("classifiers", 1) as tick:
        answers = _answers(sets, held, seed, seeds, updates, tick)
    truth = test.labels
    scores = _Resampled(truth, answers, label, seed)
    difference = scores.difference("with", "repeated")
    n_class = int((truth == label).sum())
    kind, message = verdict(difference, n_class, len(truth), str(label), scores.value("with"), scores.value("repeated"), len(mine), need)
    steps.end()
    return {
        "class": str(label), "n_real": len(mine), "n_generated": need, "n_test": len(truth), "n_test_class": n_class, "goal": goal,
        "seeds": seeds, **{way: scores.intervals(way) for way in WAYS},
        "difference": {"against": "repeated", "metric": "balanced_accuracy", **difference},
        "verdict": {"kind": kind, "message": message.to_dict()},
    }


def _some(labels: np.ndarray, rare: Any, seed: int) -> np.ndarray:
    """Rows of about `MOST_TEST` held-out pictures, drawn from each class in its share; of the rare one as many as a verdict needs."""
    if len(labels) <= MOST_TEST:
        return np.arange(len(labels))
    order = np.random.default_rng(seed).permutation(len(labels))
    rows = []
    for one, count in zip(*np.unique(labels, return_counts=True), strict=True):
        share = round(MOST_TEST * count / len(labels))
        rows.append(order[labels[order] == one][: max(share, LEAST if one == rare else 1)])
    return np.sort(np.concatenate(rows))


def _answers(sets: dict, held: np.ndarray, seed: int, seeds: int, updates: int, tick: Callable) -> dict[str, np.ndarray]:
    """What each way's classifiers say: (seeds, n test) labels. One seed means one start of the network and one order for all ways."""
    found: dict[str, list] = {way: [] for way in WAYS}
    whole, done = seeds * len(WAYS) * updates, 0
    for number in range(seeds):
        for way in WAYS:
            def told(step: int, _: int, before: int = done) -> None:
                tick(before + step, whole)

            images, labels = sets[way]
            reader = Judge().fit(images, labels, seed=seed + number, steps=updates, even=False, report=told)
            found[way].append(reader.predict(held))
            done += updates
    return {way: np.stack(each) for way, each in found.items()}


class _Resampled:
    """Scores of every way on the same resamples of test pictures (class by class) and of seeds."""

    def __init__(self, truth: np.ndarray, answers: dict[str, np.ndarray], label: Any, seed: int):
        draw = np.random.default_rng(seed)
        self._classes, codes = np.unique(truth, return_inverse=True)
        rows = [np.flatnonzero(codes == code) for code in range(len(self._classes))]
        self._place = int(np.flatnonzero(self._classes == label)[0])
        known = {way: (each == truth, each == label) for way, each in answers.items()}
        n_seeds = len(next(iter(answers.values())))
        once = np.concatenate(rows)
        self._values = {way: _scores(*known[way], codes, once, np.arange(n_seeds), self._place) for way in WAYS}
        drawn: dict[str, list] = {way: [] for way in WAYS}
        for _ in range(RESAMPLES):
            some = np.concatenate([draw.choice(each, len(each)) for each in rows])
            which = draw.integers(0, n_seeds, n_seeds)
            for way in WAYS:
                drawn[way].append(_scores(*known[way], codes, some, which, self._place))
        self._drawn = {way: np.array(each) for way, each in drawn.items()}  # (resamples, metrics)

    def value(self, way: str) -> float:
        return float(self._values[way][-1])

    def intervals(self, way: str) -> dict[str, dict[str, float]]:
        low, high = np.quantile(self._drawn[way], [0.025, 0.975], axis=0)
        value = self._values[way]
        return {
            metric: {"value": float(value[i]), "low": float(min(low[i], value[i])), "high": float(max(high[i], value[i]))}
            for i, metric in enumerate(METRICS)}

    def difference(self, way: str, other: str) -> dict[str, float]:
        low, high = np.quantile((self._drawn[way] - self._drawn[other])[:, -1], [0.025, 0.975])
        return {"value": self.value(way) - self.value(other), "low": float(low), "high": float(high)}


def _scores(right: np.ndarray, named: np.ndarray, codes: np.ndarray, rows: np.ndarray, which: np.ndarray, place: int) -> np.ndarray:
    """Recall, precision and F1 of one class and balanced accuracy, means over seeds: (4,)."""
    right, named, codes = right[np.ix_(which, rows)], named[np.ix_(which, rows)], codes[rows]
    support = np.bincount(codes)
    mine = codes == place
    hits = (right & mine).sum(axis=1)
    recall, precision = hits / support[place], hits / np.maximum(named.sum(axis=1), 1)
    f1 = 2 * recall * precision / np.maximum(recall + precision, 1e-12)
    by_class = np.stack([np.bincount(codes, weights=each, minlength=len(support)) / support for each in right])
    return np.array([recall.mean(), precision.mean(), f1.mean(), by_class.mean()])


def verdict(
    difference: dict[str, float], n_class: int, n_test: int, label: str, ours: float, theirs: float, n_real: int, n_generated: int,
) -> tuple[str, Message]:
    """"better" if the whole interval is above 0 with 20 held-out pictures of the class, "worse" if it is below, else "not_proven"."""
    fields = {"label": label, "ours": ours, "theirs": theirs, "n_class": n_class, "n": n_test, "real": n_real, "made": n_generated,
              "low": difference["low"], "high": difference["high"]}
    if n_class < LEAST:
        return "not_proven", Message(
            "Not proven: only {n_class:,} held-out pictures show {label}, and with fewer than {least} luck decides. Balanced accuracy is "
            "{ours:.3f} with {made:,} generated pictures against {theirs:.3f} with the {real:,} real ones repeated.", least=LEAST, **fields)
    if difference["low"] > 0:
        return "better", Message(
            "Better: on {n:,} held-out real pictures ({n_class:,} of {label}) a classifier that also learned from {made:,} generated "
            "pictures has a balanced accuracy of {ours:.3f}, against {theirs:.3f} with the {real:,} real ones repeated. The difference is "
            "almost surely (95 %) between {low:.3f} and {high:.3f}.", **fields)
    if difference["high"] < 0:
        return "worse", Message(
            "Worse: on {n:,} held-out real pictures ({n_class:,} of {label}) a classifier that also learned from {made:,} generated "
            "pictures has a balanced accuracy of {ours:.3f}, against {theirs:.3f} with the {real:,} real ones repeated. Repeat the real "
            "ones.", **fields)
    return "not_proven", Message(
        "Not proven: on {n:,} held-out real pictures ({n_class:,} of {label}) balanced accuracy is {ours:.3f} with {made:,} generated "
        "pictures against {theirs:.3f} with the {real:,} real ones repeated, and the difference may be luck (95 %: {low:.3f} to "
        "{high:.3f}). Collect more real pictures, or repeat those there are.", **fields)

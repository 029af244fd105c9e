"""Would more labelled messages help? Read off the learning curve of the word-count model, which is cheap to draw.

Errors of learners mostly fall as a power of the number of examples, error = a * n^-b, so a line through the logarithms of a
few points says what the next thousand messages would bring. It is the word-count model's curve, and the sentence says so.

Source: Hestness et al., Deep Learning Scaling is Predictable, Empirically (2017).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bmcore.evaluate.verdict import round_up
from bmcore.messages import Message

SHARES = (0.25, 0.5)
LEAST_ROWS = 40
_STEP = 0.05  # the gain of macro-F1 that the hint prices
_FLAT = 0.01  # gain from half to all messages below which nothing can be read off
_FURTHEST = 20  # times the present number: further out a fitted curve says nothing


def subset(codes: np.ndarray, share: float, seed: int = 0) -> np.ndarray:
    """Row numbers of a stratified part of the rows, at least one of each class, sorted."""
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]  # by class, shuffled within
    starts = np.unique(codes[order], return_index=True)[1]
    parts = np.split(order, starts[1:])
    return np.sort(np.concatenate([part[: max(1, round(share * len(part)))] for part in parts]))


def curve(score: Callable[[np.ndarray], float], codes: np.ndarray, full: float, seed: int = 0) -> list[tuple[int, float]]:
    """Points (rows, macro-F1) of the learning curve; the last, `full`, is known already.

    Parameters
    ----------
    score : callable
        Trains on the row numbers it gets and returns macro-F1 on the test rows.
    codes : ndarray of shape (n,), int
        Class codes of all training rows.
    full : float
        Macro-F1 with all of them.

    Returns
    -------
    list of (int, float)
        Empty if there are too few rows to draw a curve.
    """
    if len(codes) < LEAST_ROWS:
        return []
    rows = [subset(codes, share, seed) for share in SHARES]
    return [*((len(part), score(part)) for part in rows), (len(codes), full)]


def hint(points: list[tuple[int, float]]) -> Message | None:
    """What more labelled messages would bring, or None if that cannot be told.

    Examples
    --------
    >>> print(hint([(1000, 0.5), (2000, 0.6), (4000, 0.68)]))
    More labelled messages would help: about 2,800 more would likely raise the score by 0.05. This is an estimate from how \
the simple word-count model improved up to the 4,000 messages used now.
    """
    if len(points) < 3:
        return None
    n, score = points[-1]
    if 1 - score < _STEP / 2:
        return Message("The simple word-count model is almost never wrong here, so more labelled messages can hardly raise its score.")
    fall = _power(points)
    if score - points[-2][1] < _FLAT or fall <= 0:
        return Message(
            "More messages of the same kind are probably not what is missing: with all {n:,} training messages the simple word-count model "
            "scores {score:.2f}, with half of them {half:.2f}. Clearer labels or fewer, better separated classes may help more.",
            n=n, score=float(score), half=float(points[-2][1]))
    times = ((1 - score) / max(1 - score - _STEP, 1e-9)) ** (1 / fall)
    if 1 - score <= _STEP or times > _FURTHEST:
        gain = (1 - score) * (1 - 2**-fall)
        return Message(
            "More labelled messages would help a little: twice as many ({more:,} more) would likely raise the score by about "
            "{gain:.2f}. This is an estimate from how the simple word-count model improved up to the {n:,} messages used now.",
            more=n, gain=float(gain), n=n)
    return Message(
        "More labelled messages would help: about {more:,} more would likely raise the score by {gain:.2f}. This is an estimate from "
        "how the simple word-count model improved up to the {n:,} messages used now.", more=round_up(n * (times - 1)), gain=_STEP, n=n)


def _power(points: list[tuple[int, float]]) -> float:
    """b of error = a * n^-b, by least squares in logarithms."""
    sizes, scores = np.array(points, dtype=float).T
    if len(np.unique(sizes)) < 2:
        return 0.0
    return float(-np.polyfit(np.log(sizes), np.log(np.maximum(1 - scores, 1e-6)), 1)[0])

"""What is measured of texts and of a language model: bits per byte with an interval, variety, repetition, what is copied."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from bmcore.evaluate.copying import Copied

RESAMPLES = 2000
COMPARED = 60  # words of a text that variety and repetition are counted over: the same number of everybody's
_UNITS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+(?:['’][^\W_]+)*")


def resamples(n: int, seed: int) -> np.ndarray:
    """(RESAMPLES, n) float64: how often each document is drawn in each resample."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), RESAMPLES).astype(float)


def span(value: float, drawn: np.ndarray) -> dict[str, float]:
    """A value and its 95 % interval."""
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"value": float(value), "low": float(low), "high": float(high)}


def ratio(above: np.ndarray, below: np.ndarray, draws: np.ndarray) -> tuple[float, np.ndarray]:
    """Sum over sum, of all and of each resample."""
    return float(above.sum() / max(below.sum(), 1e-12)), (draws @ above) / np.maximum(draws @ below, 1e-12)


def words(text: str) -> list[str]:
    """Words in small letters; characters where words are not divided by spaces.

    Examples
    --------
    >>> words("It's red, 很好 2")
    ["it's", 'red', '很', '好', '2']
    """
    return _UNITS.findall(text.lower())


def variety(texts: Sequence[str], seed: int) -> dict[str, dict[str, float]]:
    """distinct_1, distinct_2 (different words and pairs among all) and repetition (4-grams seen before in the same text), with intervals.

    Over the first 60 words of each text, since longer texts repeat themselves more whoever writes them.
    """
    cut = [words(text)[:COMPARED] for text in texts]
    cut = [one for one in cut if one] or [[""]]
    found = {}
    for name, n in (("distinct_1", 1), ("distinct_2", 2)):
        grams = [{tuple(one[i:i + n]) for i in range(len(one) - n + 1)} for one in cut]
        # within each text: pooled, the figure would fall with the number of texts
        rows = np.array([[len(gram), max(0, len(one) - n + 1)] for gram, one in zip(grams, cut, strict=True)], float)
        found[name] = rows
    fours = [[tuple(one[i:i + 4]) for i in range(len(one) - 3)] for one in cut]
    found["repetition"] = np.array([[len(grams) - len(set(grams)), len(grams)] for grams in fours], float)
    draws = resamples(len(cut), seed)
    return {name: span(*ratio(rows[:, 0], rows[:, 1], draws)) for name, rows in found.items()}


def copied(texts: Sequence[str], found: Sequence[Copied], seed: int) -> dict[str, dict[str, float]]:
    """The longest spans that stand in the training texts, the share of characters in spans over 50, and that of texts with such a span."""
    longest = np.array([one.longest for one in found] or [0])
    over, size = np.array([one.over for one in found], float), np.array([max(1, len(text)) for text in texts], float)
    none = {"value": 0.0, "low": 0.0, "high": 0.0}
    draws = resamples(len(size), seed) if len(size) else None
    return {
        "longest": {"value": float(np.median(longest)), "max": int(longest.max())},
        "share_over_50": span(*ratio(over, size, draws)) if len(size) else none,
        "texts_over_50": span(*ratio((over > 0).astype(float), np.ones(len(size)), draws)) if len(size) else none,
    }

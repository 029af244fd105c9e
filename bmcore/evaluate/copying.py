"""How much of a text stands word for word in the texts that were learned from: the longest such span, and the share in long spans."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

SEED = 16  # characters; shorter spans are not told from none
LONG = 50  # characters: a span of more is called copied
MOST = 20_000_000  # characters of training text that are looked at: about 0.8 GB at once
_PLACES = 4  # of each seed that are tried at first, to know how long a span has to be to matter
_MOST_PLACES = 200_000  # of a window that stands at more places, so many are looked at
_BASE = np.uint64(0x9E3779B97F4A7C15)
_BORDER = "\x00"


class Copied(NamedTuple):
    """Of one text: the longest span in characters (0 if under 16), its start, the span as learned, and characters in spans over 50."""

    longest: int
    start: int
    passage: str
    over: int


class Copies:
    """Finds spans of a text in training texts.

    Use it when a generator may have learned its texts by heart.

    Parameters
    ----------
    documents : sequence of str
        The training texts; no span crosses from one to another.

    Attributes
    ----------
    characters_ : int
        Characters that are looked at, at most `MOST`.

    Notes
    -----
    Every window of 16 characters is hashed and sorted: O(n log n), about 40 bytes a character.
    A span no shorter than the best one known holds one of a few windows of the text (anchors), the rarest ones near each other; from
    every place of an anchor the span is made as long as it goes, both ways, by binary search over hashes of prefixes. So the longest
    span is found however often its words stand in the training texts, up to 200,000 times.

    Examples
    --------
    >>> found = Copies(["the quick brown fox jumps over the lazy dog"]).of(["a quick brown fox jumps under it"])[0]
    >>> found.longest, found.passage, found.over
    (23, ' quick brown fox jumps ', 0)
    """

    def __init__(self, documents: Sequence[str]):
        kept, length = [], 0
        for text in documents:
            kept.append(text[:MOST - length])
            length += len(kept[-1]) + 1
            if length >= MOST:
                break
        self.characters_ = sum(map(len, kept))
        self._text = _BORDER.join(kept) + _BORDER
        self._prefix = _prefixes(_codes(self._text))
        windows = _windows(self._prefix, np.arange(max(0, len(self._text) - SEED + 1)), SEED)
        self._order = np.argsort(windows, kind="stable")
        self._sorted = windows[self._order]

    def of(self, texts: Sequence[str]) -> list[Copied]:
        """What of each text is copied."""
        return [self._of(text) for text in texts]

    def _of(self, text: str) -> Copied:
        text = text.replace(_BORDER, " ")
        if len(text) < SEED or not len(self._sorted):
            return Copied(0, 0, "", 0)
        prefix = _prefixes(_codes(text))
        starts = np.arange(len(text) - SEED + 1)
        asked = _windows(prefix, starts, SEED)
        low, high = np.searchsorted(self._sorted, asked), np.searchsorted(self._sorted, asked, "right")
        best = self._first(prefix, low, high)
        if best < SEED:
            return Copied(0, 0, "", 0)
        # of spans no shorter than the best one known, and of all over LONG
        anchors = _anchors(high - low, min(best, LONG + 1) + 1 - SEED)
        spans = [self._spans(prefix, before, anchor, low[anchor], high[anchor]) for before, anchor in pairwise([-1, *anchors])]
        return self._summed(text, *map(np.concatenate, zip(*spans, strict=True)))

    def _spans(self, prefix: np.ndarray, before: int, anchor: int, low: int, high: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(start, place, length) of each span through an anchor that does not go through the anchor before it too."""
        there = self._order[low : high : max(1, -(-(high - low) // _MOST_PLACES))]
        if before >= 0:
            back = anchor - before
            known = _windows(prefix, np.array([before]), back + SEED)
            there = there[(there < back) | (_windows(self._prefix, np.maximum(there - back, 0), back + SEED) != known)]
        here = np.full(len(there), anchor)
        left = self._before(prefix, here, there)
        return here - left, there - left, left + self._length(prefix, here, there)

    def _first(self, prefix: np.ndarray, low: np.ndarray, high: np.ndarray) -> int:
        """A length that some span has, 15 if there is none of 16."""
        best = SEED - 1
        for turn in range(_PLACES):
            here = np.flatnonzero(high - low > turn)
            if not len(here):
                break
            best = max(best, int(self._length(prefix, here, self._order[low[here] + turn]).max()))
        return best

    def _before(self, prefix: np.ndarray, here: np.ndarray, there: np.ndarray) -> np.ndarray:
        """How far both texts agree before these positions."""
        low, high = np.zeros(len(here), np.int64), np.minimum(here, there)
        while (low < high).any():
            middle = (low + high + 1) // 2
            same = _windows(prefix, here - middle, middle) == _windows(self._prefix, there - middle, middle)
            low, high = np.where(same, middle, low), np.where(same, high, middle - 1)
        return low

    def _length(self, prefix: np.ndarray, here: np.ndarray, there: np.ndarray) -> np.ndarray:
        """How far both texts agree from these positions on."""
        low = np.full(len(here), SEED)
        high = np.minimum(len(prefix) - 1 - here, len(self._prefix) - 1 - there)
        while (low < high).any():
            middle = (low + high + 1) // 2
            same = _windows(prefix, here, middle) == _windows(self._prefix, there, middle)
            low, high = np.where(same, middle, low), np.where(same, high, middle - 1)
        return low

    def _summed(self, text: str, starts: np.ndarray, places: np.ndarray, lengths: np.ndarray) -> Copied:
        best = int(np.lexsort((starts, -lengths))[0])
        start, longest, place = int(starts[best]), int(lengths[best]), int(places[best])
        passage = self._text[place:place + longest]
        if text[start:start + longest] != passage:  # two texts with one hash: so improbable that nothing finer is worth it
            return Copied(0, 0, "", 0)
        inside = np.zeros(len(text) + 1, np.int64)
        long = lengths > LONG
        np.add.at(inside, starts[long], 1)
        np.add.at(inside, starts[long] + lengths[long], -1)
        return Copied(longest, start, passage, int((inside.cumsum() > 0).sum()))


def _anchors(counts: np.ndarray, most: int) -> np.ndarray:
    """Positions, the last of the rarest of each stretch, such that any `most` following positions hold one.

    >>> _anchors(np.array([5, 1, 5, 5, 0, 2]), 3).tolist()
    [1, 4]
    """
    found, at = [], -1
    while at + most < len(counts):
        at += most - int(counts[at + 1 : at + 1 + most][::-1].argmin())
        found.append(at)
    return np.array(found, np.int64)


def _codes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


_POWERS = [np.ones(1, np.uint64)]


def _powers(n: int) -> np.ndarray:
    """BASE ** 0 ... n modulo 2 ** 64."""
    if len(_POWERS[0]) <= n:
        steps = np.full(n + 1, _BASE)
        steps[0] = 1
        _POWERS[0] = np.multiply.accumulate(steps)
    return _POWERS[0]


def _prefixes(codes: np.ndarray) -> np.ndarray:
    """(n + 1,) uint64: sums of code * BASE ** place, so a window's sum is comparable once it is shifted."""
    found = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum((codes.astype(np.uint64) + np.uint64(1)) * _powers(len(codes))[:len(codes)], out=found[1:])
    return found


_INVERSE = np.uint64(pow(int(_BASE), -1, 2**64))
_BACK = [np.ones(1, np.uint64)]


def _windows(prefix: np.ndarray, starts: np.ndarray, length: int | np.ndarray) -> np.ndarray:
    """Hashes of the windows of `length` at `starts`: the sums, divided by BASE ** start."""
    if len(_BACK[0]) < len(prefix):
        steps = np.full(len(prefix), _INVERSE)
        steps[0] = 1
        _BACK[0] = np.multiply.accumulate(steps)
    return (prefix[starts + length] - prefix[starts]) * _BACK[0][starts]

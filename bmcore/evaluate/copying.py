"""How much of a text stands word for word in the texts that were learned from: the longest such span, and the share in long spans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SEED = 16  # characters; shorter spans are not told from none
LONG = 50  # characters: a span of more is called copied
MOST = 20_000_000  # characters of training text that are looked at: about 0.8 GB at once
_PLACES = 32  # of a seed that stands at more places, these are tried
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
    Each window of a text that is found is made as long as it goes, by binary search over hashes of prefixes.

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
        lengths, places = np.zeros(len(starts), np.int64), np.zeros(len(starts), np.int64)
        for turn in range(_PLACES):
            here = np.flatnonzero(high - low > turn)
            if not len(here):
                break
            there = self._order[low[here] + turn]
            found = self._length(prefix, here, there)
            better = found > lengths[here]
            lengths[here[better]], places[here[better]] = found[better], there[better]
        return self._summed(text, lengths, places)

    def _length(self, prefix: np.ndarray, here: np.ndarray, there: np.ndarray) -> np.ndarray:
        """How far both texts agree from these positions on."""
        low = np.full(len(here), SEED)
        high = np.minimum(len(prefix) - 1 - here, len(self._prefix) - 1 - there)
        while (low < high).any():
            middle = (low + high + 1) // 2
            same = _windows(prefix, here, middle) == _windows(self._prefix, there, middle)
            low, high = np.where(same, middle, low), np.where(same, high, middle - 1)
        return low

    def _summed(self, text: str, lengths: np.ndarray, places: np.ndarray) -> Copied:
        best = int(lengths.argmax())
        longest, place = int(lengths[best]), int(places[best])
        passage = self._text[place:place + longest]
        if text[best:best + longest] != passage:  # two texts with one hash: so improbable that nothing finer is worth it
            return Copied(0, 0, "", 0)
        inside = np.zeros(len(text) + 1, np.int64)
        long = np.flatnonzero(lengths > LONG)
        np.add.at(inside, long, 1)
        np.add.at(inside, long + lengths[long], -1)
        return Copied(longest, best, passage, int((inside.cumsum() > 0).sum()))


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

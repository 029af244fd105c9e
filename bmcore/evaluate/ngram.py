"""The simple rival of a language model: interpolated modified Kneser-Ney over token ids, order 5.

    KneserNey().fit(arrays, vocabulary).losses(others)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ORDER = 5
_LEAST = 0.05  # a discount: without any, a token that was not seen would be impossible
_USUAL = 0.75  # where a corpus is too small for its counts of counts


class KneserNey:
    """How probable a token is after the four before it, counted.

    Use it when a language model has to beat something that only counts.

    Parameters
    ----------
    order : int
        Tokens of an n-gram; 1 or more.

    Attributes
    ----------
    vocabulary_ : int
        Tokens that may come.
    grams_ : list of int
        Different n-grams of each order.

    Notes
    -----
    Before a document stand `order - 1` borders; its end is not predicted. Fitting sorts the corpus once an order: O(n log n) time.
    The lowest order falls back to all tokens alike, so no token
    has the probability 0.

    References
    ----------
    Chen and Goodman, An Empirical Study of Smoothing Techniques for Language Modeling (1999), section 3: three discounts an order from
    the counts of counts.

    Examples
    --------
    >>> model = KneserNey(2).fit([np.array([0, 1, 0, 1, 0, 1])], 3)
    >>> often, seldom = (model.losses([np.array(pair)])[0].sum() for pair in ([0, 1], [0, 2]))
    >>> bool(often < seldom < np.inf)
    True
    """

    def __init__(self, order: int = ORDER):
        self.order = order

    def fit(self, arrays: Sequence[np.ndarray], vocabulary: int) -> KneserNey:
        """Count. `arrays`: the documents, token ids below `vocabulary` each."""
        self.vocabulary_ = int(vocabulary)
        flat, predicted = self._flat(arrays)
        previous, self._keys, ids = np.zeros(len(flat), np.int64), [], []
        for _ in range(self.order):
            keys = previous * (self.vocabulary_ + 1) + flat
            found, here = np.unique(keys, return_inverse=True)
            self._keys.append(found)
            ids.append(here)
            previous = np.roll(here, 1)  # the history of the next order ends one token earlier; the borders keep documents apart
        self.grams_ = [len(keys) for keys in self._keys]
        self._weigh(ids, predicted)
        return self

    def losses(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Nats of every token of every document: float64 arrays as long as the documents."""
        flat, predicted = self._flat(arrays)
        found = -np.log(self._probabilities(flat)[predicted])
        return np.split(found, np.cumsum([len(one) for one in arrays])[:-1]) if len(arrays) else []

    def _flat(self, arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """All documents behind each other with borders before each; which entries are tokens of a document."""
        border = np.full(self.order, self.vocabulary_, np.int64)
        parts = [part for one in arrays for part in (border, np.asarray(one, np.int64))]
        flat = np.concatenate(parts) if parts else border
        return flat, flat != self.vocabulary_

    def _weigh(self, ids: list[np.ndarray], predicted: np.ndarray) -> None:
        """Per order: what is left of each n-gram's count, and of each history its sum and the weight it leaves to the order below."""
        self._left, self._sums, self._below = [], [], []
        counts = None
        for n in range(self.order, 0, -1):
            here, size = ids[n - 1], self.grams_[n - 1]
            if counts is None:
                counted = np.bincount(here[predicted], minlength=size)
            else:  # below the highest order: how many different tokens stand before it
                first = np.zeros(self.grams_[n], np.int64)
                first[ids[n]] = here
                counted = np.bincount(first[counts > 0], minlength=size)
            counts = counted
            taken = discounts(counts)[np.minimum(counts, 3)]
            history = self._keys[n - 1] // (self.vocabulary_ + 1)
            width = self.grams_[n - 2] if n > 1 else 1
            sums = np.bincount(history, counts, minlength=width)
            self._left.insert(0, counts - taken)
            self._sums.insert(0, sums)
            self._below.insert(0, np.divide(np.bincount(history, taken, minlength=width), sums, out=np.ones(width), where=sums > 0))

    def _probabilities(self, flat: np.ndarray) -> np.ndarray:
        found = np.full(len(flat), 1 / self.vocabulary_)
        previous = np.zeros(len(flat), np.int64)
        for keys, left, sums, below in zip(self._keys, self._left, self._sums, self._below, strict=True):
            asked = np.where(previous < 0, -1, previous * (self.vocabulary_ + 1) + flat)
            place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
            here = np.where(keys[place] == asked, place, -1)
            history = np.maximum(previous, 0)
            known = (previous >= 0) & (sums[history] > 0)
            own = np.where(here >= 0, left[here], 0.0)
            found = np.where(known, own / np.maximum(sums[history], 1) + below[history] * found, found)
            previous = np.roll(here, 1)
        return found


def discounts(counts: np.ndarray) -> np.ndarray:
    """What is taken from a count of 0, 1, 2, and 3 or more: (4,) float64.

    Examples
    --------
    >>> discounts(np.array([1, 1, 1, 1, 2, 2, 3, 4])).round(3).tolist()
    [0.0, 0.5, 1.25, 1.0]
    """
    n = [int((counts == k).sum()) for k in range(1, 5)]
    if not n[0] or not n[1]:
        return np.array([0.0, _USUAL, _USUAL, _USUAL])
    y = n[0] / (n[0] + 2 * n[1])
    taken = [k - (k + 1) * y * n[k] / n[k - 1] if n[k - 1] else _USUAL for k in (1, 2, 3)]
    return np.array([0.0, *np.clip(taken, _LEAST, [1, 2, 3])])

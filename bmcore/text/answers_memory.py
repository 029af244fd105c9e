"""Past questions with their answers, and how the nearest of them are found: by words, by meaning, or by both. numpy only."""

from __future__ import annotations

import numpy as np

from bmcore.text.answers_words import WordIndex, alike

METHODS = ("words", "meaning", "both")
DEEP = 1000  # ranks that the fusion of both looks at
_RANK = 60  # the constant of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)


class Memory:
    """Pairs of a question and an answer, ready to be searched.

    Questions that differ only in case and punctuation are one question with several answers.

    Attributes
    ----------
    place : (n,) int64
        Which different question a pair asks.
    said : (n,) int64
        Which different answer a pair gives.
    first : (m,) int64
        A pair of each different question.
    words : WordIndex
        Of the m different questions.
    vectors : (m, d) float32 or None
        Their meanings, each of length 1; None where only words count.
    """

    def __init__(self, questions: list[str], answers: list[str], vectors: np.ndarray | None = None):
        self.place, self.first = _numbered(questions)
        self.said, _ = _numbered(answers)
        self.distinct = [questions[row] for row in self.first]
        self.words, self.vectors = WordIndex(self.distinct), vectors
        self._rows = np.argsort(self.place, kind="stable")
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(self.place, minlength=len(self.first)))])

    def near(self, method: str, text: str, vector: np.ndarray | None, deep: int) -> tuple[np.ndarray, np.ndarray]:
        """The nearest different questions and their scores, the best first."""
        words = None if method == "meaning" else self.words.scores(text)
        meaning = None if method == "words" else self.vectors @ vector
        return self.top(method, words, meaning, deep)

    def top(
        self, method: str, words: np.ndarray | None, meaning: np.ndarray | None, deep: int, without: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same from scores that are known, (m,) each; `without` leaves one question out."""
        if words is not None:
            words = np.where(words > 0, words, -np.inf)  # no word in common is not near
        if meaning is not None:
            meaning = np.round(meaning, 5)  # texts of unknown words alone mean the same, and the last bits must not order them
        for scores in (words, meaning):
            if scores is not None and without is not None:
                scores[without] = -np.inf
        return fused(words, meaning, deep) if method == "both" else best(words if method == "words" else meaning, deep)

    def pairs(self, found: np.ndarray, scores: np.ndarray, k: int) -> list[tuple[int, float]]:
        """At most k pairs (row, score) of these questions, no answer twice."""
        out, heard = [], set()
        for place, score in zip(found.tolist(), scores.tolist(), strict=True):
            for row in self._rows[self._starts[place]:self._starts[place + 1]].tolist():
                if self.said[row] not in heard:
                    heard.add(self.said[row])
                    out.append((row, score))
                    if len(out) == k:
                        return out
        return out

    def rows_of(self, place: int) -> np.ndarray:
        """The pairs that ask this question."""
        return self._rows[self._starts[place]:self._starts[place + 1]]


def best(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions and values of the k largest finite scores; of equal ones the earlier first."""
    if k < len(scores):
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        kept = np.flatnonzero(scores >= least)  # ties at the edge are all looked at
    else:
        kept = np.arange(len(scores))
    kept = kept[np.isfinite(scores[kept])]
    kept = kept[np.argsort(-scores[kept], kind="stable")][:k]
    return kept, scores[kept]


def fused(words: np.ndarray, meaning: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The best by both: 1 is first by either, and being far down by one of them costs half.

    Examples
    --------
    >>> fused(np.array([3.0, 2.0, 1.0]), np.array([0.9, 0.1, 0.5]), 2)[0].tolist()
    [0, 1]
    """
    halves = []
    for scores in (words, meaning):
        found, values = best(scores, max(DEEP, k))
        ranks = 1 + np.searchsorted(-values, -values, side="left")  # equal scores share the better rank
        halves.append((found, (_RANK + 1) / 2 / (_RANK + ranks)))
    every = np.union1d(halves[0][0], halves[1][0])
    total = np.zeros(len(every))
    for found, half in halves:
        total[np.searchsorted(every, found)] += half
    kept, scores = best(total, k)
    return every[kept], scores


def _numbered(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """(number of each text's kind, first row of each kind), kinds in the order in which they come."""
    known: dict[str, int] = {}
    numbers = np.fromiter((known.setdefault(alike(text), len(known)) for text in texts), np.int64, len(texts))
    return numbers, np.unique(numbers, return_index=True)[1]

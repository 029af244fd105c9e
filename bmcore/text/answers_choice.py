"""How well each way of searching finds an answer that is known to be right, and which way to take for that reason.

A question is asked of all the others. An answer is right if it is one that people gave to this question; it can only be found if it
stands at another question, too. Questions of which that is true can judge, the others cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bmcore.messages import Message
from bmcore.text.answers_memory import Memory

LEAST = 30  # with fewer questions luck decides
MOST = 500  # questions a fit looks at
AT_ONCE = 32  # questions whose meanings are compared in one product
DEEP = 100  # right answers further down count as not found
KNOWS = 0.7  # of a text's words: a model that knows fewer does not know the language
NAMES = {
    "words": Message("shared words (BM25)"),
    "meaning": Message("meaning (MiniLM)"),
    "both": Message("words and meaning together"),
}


@dataclass(frozen=True)
class Found:
    """What the ways of searching found for some questions.

    asked : (a,) int64, the different questions asked
    ranks : way -> (a,) float64, place of the first right answer among different answers, infinite where none is among the first 100
    rows : way -> list of the nearest pairs of each question, at most 5 as (row, score)
    """

    asked: np.ndarray
    ranks: dict[str, np.ndarray]
    rows: dict[str, list[list[tuple[int, float]]]]


def judges(memory: Memory) -> np.ndarray:
    """The different questions that have an answer which another question has, too."""
    pairs = np.unique(np.stack([memory.said, memory.place], axis=1), axis=0)  # (p, 2)
    often = np.bincount(pairs[:, 0])[pairs[:, 0]] > 1
    return np.unique(pairs[often, 1])


def some(places: np.ndarray, most: int, seed: int) -> np.ndarray:
    """At most that many of them, drawn by chance, in order."""
    if len(places) <= most:
        return places
    return np.sort(np.random.default_rng(seed).choice(places, most, replace=False))


def ask(memory: Memory, asked: np.ndarray, ways: tuple[str, ...], report: Callable[..., None]) -> Found:
    """Ask each question of all the others, in every way."""
    ranks: dict[str, list[float]] = {way: [] for way in ways}
    rows: dict[str, list] = {way: [] for way in ways}
    for first in range(0, len(asked), AT_ONCE):
        part = asked[first:first + AT_ONCE]
        meaning = [None] * len(part) if ways == ("words",) else memory.vectors[part] @ memory.vectors.T  # (b, m)
        for place, alike in zip(part.tolist(), meaning, strict=True):
            words = memory.words.scores(memory.distinct[place])
            right = set(memory.said[memory.rows_of(place)].tolist())
            for way in ways:
                found = memory.pairs(*memory.top(way, words, alike, DEEP, without=place), DEEP)
                ranks[way].append(next((i for i, (row, _) in enumerate(found, start=1) if int(memory.said[row]) in right), np.inf))
                rows[way].append(found[:5])
        report(first + len(part), len(asked))
    return Found(asked, {way: np.array(values, dtype=float) for way, values in ranks.items()}, rows)


def choose(ranks: dict[str, np.ndarray], unknown: float) -> tuple[str, Message]:
    """The way to search, and why: what the language suggests, unless another way was clearly better at questions that can tell.

    Clearly is by more than one standard error of the paired difference. Taking simply the best of three that are close chooses by luck:
    on the English sample that made the judged quality worse than any fixed way (mean reciprocal rank .22 against .26).

    Parameters
    ----------
    ranks : dict of str to (a,) float64
        As `ask` gives them, of all three ways.
    unknown : float
        Share of the words that the text model does not know.
    """
    usual = "both" if 1 - unknown >= KNOWS else "words"
    n = len(ranks["words"])
    if n < LEAST:
        return usual, _unmeasured(usual, n, unknown)
    each = {way: 1 / values for way, values in ranks.items()}
    scores = {way: float(values.mean()) for way, values in each.items()}
    way = max(scores, key=scores.get)
    gap = each[way] - each[usual]
    fields = {"way": NAMES[way], "usual": NAMES[usual], "n": n, **scores}
    if way != usual and gap.mean() > gap.std(ddof=1) / n**0.5:
        return way, Message(
            "Searches by {way}: on {n:,} past questions whose right answer is known, it was clearly better than {usual} (mean reciprocal "
            "rank {words:.2f} by words, {meaning:.2f} by meaning, {both:.2f} by both).", **fields,
        )
    if usual == "words":
        return usual, Message(
            "Searches by {usual}: MiniLM does not know {percent} % of the words in these questions, and no other way was clearly better on "
            "{n:,} past questions whose right answer is known (mean reciprocal rank {words:.2f} by words, {meaning:.2f} by meaning, "
            "{both:.2f} by both).", percent=round(100 * unknown), **fields,
        )
    return usual, Message(
        "Searches by {usual}: no other way was clearly better on {n:,} past questions whose right answer is known (mean reciprocal rank "
        "{words:.2f} by words, {meaning:.2f} by meaning, {both:.2f} by both).", **fields,
    )


def _unmeasured(usual: str, n: int, unknown: float) -> Message:
    if usual == "words":
        return Message(
            "Searches by shared words: MiniLM does not know {percent} % of the words in these questions, and only {n:,} of them have "
            "an answer that another question has, too few to measure what finds answers best.", percent=round(100 * unknown), n=n,
        )
    return Message(
        "Searches by words and meaning together: only {n:,} questions have an answer that another question has, too few to measure "
        "what finds answers best.", n=n,
    )

"""What a group of messages is about: its distinguishing words, its most typical messages, its share over time or by a column.

Source: class-based TF-IDF after Grootendorst, BERTopic: Neural topic modeling with a class-based TF-IDF procedure (2022), counting the
messages that hold a word instead of its occurrences. Words are compared with the other groups, so no list of stop words is needed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

_SPACED = r"[^\W\d_]+(?:['’][^\W\d_]+)*"
# scripts that put no space between words: pairs of neighbouring characters stand in for words
_UNSPACED = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f\U00020000-\U0002a6df]+"
_RUNS = re.compile(f"({_UNSPACED})|({_SPACED})")
_BREAK = re.compile(f"(?<={_UNSPACED[:-1]})(?=[a-z])|(?<=[a-z])(?={_UNSPACED[:-1]})")
_CHARACTERS = 2_000  # of a text that are read
_LEAST = 2
_WORDS_HELD = 400_000  # by one group; beyond it, what occurred once is forgotten
_LIFT = 1.3


def distinguishing_words(texts: Sequence[str], labels: np.ndarray, most: int = 8) -> dict[int, list[str]]:
    """The words that set each group apart, the strongest first.

    Use it when messages are grouped and a person asks what each group is about.

    Parameters
    ----------
    texts : sequence of str, n of them
    labels : ndarray of shape (n,), int
    most : int
        Words a group.

    Returns
    -------
    dict of int to list of str
        Also for noise (-1), where there is any.

    Notes
    -----
    About 60 us a message of 60 words; memory is bounded by 400,000 words a group.

    Examples
    --------
    >>> texts = ["the dress is blue", "the dress is long", "the shoe is small", "the shoe is red"]
    >>> distinguishing_words(texts, np.array([0, 0, 1, 1]), most=1)
    {0: ['dress'], 1: ['shoe']}
    """
    labels = np.asarray(labels)
    groups = [int(label) for label in np.unique(labels)]
    sizes = {group: int((labels == group).sum()) for group in groups}
    counts = {group: _count(texts, np.flatnonzero(labels == group)) for group in groups}
    overall: Counter[str] = Counter()
    for found in counts.values():
        overall.update(found)
    mean = sum(overall.values()) / max(len(groups), 1)
    return {group: _best(counts[group], sizes[group], overall, len(labels), mean, most) for group in groups}


def _count(texts: Sequence[str], rows: np.ndarray) -> Counter[str]:
    """In how many of these texts each word is."""
    found: Counter[str] = Counter()
    for row in rows.tolist():
        found.update(words(texts[row]))
        if len(found) > _WORDS_HELD:
            found = Counter({word: n for word, n in found.items() if n > 1})
    return found


def words(text: str) -> set[str]:
    """The different words of a text, folded; pairs of characters in scripts without spaces.

    Examples
    --------
    >>> sorted(words("It's GREAT, 5 stars")), sorted(words("手机很好"))
    (['great', "it's", 'stars'], ['很好', '手机', '机很'])
    """
    found: set[str] = set()
    text = str(text)[:_CHARACTERS].lower()
    if text.isascii():
        return {word for word in re.findall(r"[a-z]+(?:'[a-z]+)*", text) if len(word) > 1}
    for unspaced, spaced in _RUNS.findall(_BREAK.sub(" ", text)):
        if spaced and len(spaced) > 1:
            found.add(spaced.replace("’", "'"))
        found.update(unspaced[i : i + 2] for i in range(len(unspaced) - 1))
    return found


def _best(own: Counter[str], size: int, overall: Counter[str], n: int, mean: float, most: int) -> list[str]:
    """Words by count in the group times log(1 + mean / count in all), those first that are clearly more frequent here than elsewhere."""
    if not own:
        return []
    names = [word for word, count in own.items() if count >= min(_LEAST, size)] or list(own)
    here = np.array([own[word] for word in names], np.float64)
    everywhere = np.array([overall[word] for word in names], np.float64)
    score = here * np.log1p(mean / everywhere)
    elsewhere = (everywhere - here + 1) / (n - size + 1)
    usual = (here / size < _LIFT * elsewhere) if n > size else np.zeros(len(names), bool)
    # a word of nearly every message says nothing about one of them, unless only this group has it
    order = sorted(
        range(len(names)), key=lambda place: (bool(usual[place]), -score[place] * _gain(here[place] / size, elsewhere[place]), names[place])
    )
    return [names[place] for place in order[:most]]


def _gain(here: float, elsewhere: float) -> float:
    return max(np.log(here / elsewhere), 1e-3) if elsewhere > 0 else 1.0


def nearest(X: np.ndarray, labels: np.ndarray, centres: np.ndarray | None, texts: Sequence[str], most: int = 5) -> dict[int, list[str]]:
    """The most typical messages of each group: those nearest to its centre, each text once, cut after 500 characters.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    labels : ndarray of shape (n,), int
        Noise (-1) has no centre and is left out.
    centres : ndarray of shape (k, d), or None
        Row c is the centre of group c; None: the mean of each group.
    texts : sequence of str, n of them
    most : int

    Examples
    --------
    >>> nearest(np.array([[0.0], [1.0], [5.0]]), np.array([0, 0, 0]), np.array([[0.9]]), ["far", "near", "farthest"], most=2)
    {0: ['near', 'far']}
    """
    labels = np.asarray(labels)
    found = {}
    for group in (int(one) for one in np.unique(labels) if one >= 0):
        rows = np.flatnonzero(labels == group)
        own = np.asarray(X[rows], np.float32)
        centre = own.mean(axis=0, dtype=np.float64) if centres is None else np.asarray(centres)[group]
        away = ((own - centre.astype(np.float32)) ** 2).sum(axis=1)
        chosen: dict[str, str] = {}
        for place in np.argsort(away, kind="stable").tolist():
            text = " ".join(str(texts[rows[place]]).split())
            chosen.setdefault(text.casefold(), text[:500])
            if len(chosen) == most:
                break
        found[group] = list(chosen.values())
    return found


def over_time(times: np.ndarray, labels: np.ndarray, most: int = 60) -> list[dict[str, Any]]:
    """The share of each group in each period; hours to years, so that there are at most `most` periods.

    Parameters
    ----------
    times : ndarray of shape (n,), datetime64
        NaT where it is not known; such rows are left out.
    labels : ndarray of shape (n,), int

    Returns
    -------
    list of dict
        "period" (ISO text such as "2024-05"), "n", "shares": one number for each group from 0 on; noise counts in n only.

    Examples
    --------
    >>> times = np.array(["2024-01-05", "2024-01-06", "2024-02-01"], "M8[s]")
    >>> over_time(times, np.array([0, 1, 1]), most=2)
    [{'period': '2024-01', 'n': 2, 'shares': [0.5, 0.5]}, {'period': '2024-02', 'n': 1, 'shares': [0.0, 1.0]}]
    """
    labels, times = np.asarray(labels), np.asarray(times).astype("M8[s]")
    known = ~np.isnat(times)
    if not known.any():
        return []
    periods = _periods(times[known], most)
    return [{"period": name, **row} for name, row in _shares(periods, labels[known], labels.max(initial=-1) + 1).items()]


def _periods(times: np.ndarray, most: int) -> np.ndarray:
    """The finest names of periods of which there are at most `most` between the first and the last."""
    ends = np.array([times.min(), times.max()])
    for unit, step in (("h", 1), ("D", 1), ("W", 7), ("M", 1), ("Q", 3)):
        first, last = _floor(ends, unit).astype(np.int64)
        if (last - first) // step < most:
            return _floor(times, unit).astype(str)
    return times.astype("M8[Y]").astype(str)


def _floor(times: np.ndarray, unit: str) -> np.ndarray:
    """The period each time lies in, named by its first hour, day or month; weeks begin on Monday."""
    if unit == "W":
        return (times.astype("M8[D]") + 3).astype("M8[W]").astype("M8[D]") - 3  # numpy's weeks begin on Thursday
    if unit == "Q":
        return (times.astype("M8[M]").astype(np.int64) // 3 * 3).astype("M8[M]")
    return times.astype(f"M8[{unit}]")


def by_column(values: Sequence[Any], labels: np.ndarray, most: int = 12) -> list[dict[str, Any]]:
    """The share of each group for each of the most frequent values of a column.

    Returns
    -------
    list of dict
        "value", "n", "shares" as in `over_time`, the most frequent value first. Rows without a value are left out.

    Examples
    --------
    >>> by_column(["a", "a", "b", None], np.array([0, 1, 1, 1]))
    [{'value': 'a', 'n': 2, 'shares': [0.5, 0.5]}, {'value': 'b', 'n': 1, 'shares': [0.0, 1.0]}]
    """
    import pandas as pd

    labels = np.asarray(labels)
    column = pd.Series(values).astype(object)
    names = column.where(column.notna(), "").astype(str).str.strip().str[:100].to_numpy(dtype=object)
    known = names != ""
    rows = _shares(names[known].astype(str), labels[known], labels.max(initial=-1) + 1)
    ordered = sorted(rows.items(), key=lambda entry: (-entry[1]["n"], entry[0]))
    return [{"value": name, **row} for name, row in ordered[:most]]


def _shares(names: np.ndarray, labels: np.ndarray, k: int) -> dict[str, dict[str, Any]]:
    """Name -> n and share of each of the k groups, in order of the names."""
    kinds, places = np.unique(names, return_inverse=True)
    counts = np.zeros((len(kinds), k + 1), np.int64)
    np.add.at(counts, (places, labels), 1)  # noise, -1, lands in the last column
    totals = counts.sum(axis=1)
    return {str(name): {"n": int(n), "shares": (row[:k] / n).tolist()} for name, n, row in zip(kinds, totals, counts, strict=True)}

"""What a group of messages is about: its most typical messages, its share over time or by a column. Its words: `wording`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bmcore.cluster.wording import distinguishing_words, words

__all__ = ["by_column", "distinguishing_words", "nearest", "over_time", "words"]

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

"""What makes each group of a clustering different, in sentences: customers by recency, frequency and money, other tables by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.cluster import segments
from bmcore.messages import Message

if TYPE_CHECKING:
    from bmcore.data.prepared import Prepared

_FAR = 0.5  # medians that differ by less than half a spread are not worth a sentence
_MOST = 4


def profiles(prepared: Prepared, labels: np.ndarray) -> list[dict[str, Any]]:
    """One dict a group, as `evaluation["clusters"]` keeps it; the most valuable or largest first, noise (-1) last.

    Use it when a clustering is done and a person asks who is in each group.

    Parameters
    ----------
    prepared : Prepared
        What was clustered. With the columns "recency_days" and "frequency", groups are customer segments.
    labels : ndarray of shape (n,), int
        Group of each row; -1 is noise.

    Returns
    -------
    list of dict
        "cluster", "n", "share" (0 to 1), "name" and "profile" (a Message dict and a list of them), "features" (name -> median, mean, low
        and high quartile, overall median), "advice" (a Message dict or None), for purchases "money_share".

    Notes
    -----
    Time O(n d log n): about 3 s for a million rows of 10 columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmcore.data.prepared import Prepared
    >>> table = pd.DataFrame({"age": [20, 21, 22, 60, 61, 62]})
    >>> found = profiles(Prepared(table.to_numpy("float32"), ["age"], table), np.array([0, 0, 0, 1, 1, 1]))
    >>> [str(Message.from_dict(one)) for one in found[1]["profile"]]
    ['Rows: 3, 50 % of all', 'age: usually 61; everybody: 41']
    """
    labels = np.asarray(labels)
    names = _columns(prepared)
    values = {name: prepared.table[name].to_numpy(np.float64) for name in names}
    groups = [_group(int(label), labels == label, values) for label in np.unique(labels)]
    if segments.fits(names):
        segments.describe(groups, values, labels)
    else:
        _describe(groups, values, labels)
    return sorted(groups, key=lambda group: (group["cluster"] == -1, -group.get("money_share", 0.0), -group["n"], group["cluster"]))


def _columns(prepared: Prepared) -> list[str]:
    """Columns to describe: those that were clustered, and what a purchase summary has besides."""
    table = prepared.table
    more = (
        ["recency_days", "frequency", "money"] if segments.fits(list(table.columns)) and segments.fits(prepared.names, any_of=True) else []
    )
    return [name for name in dict.fromkeys([*prepared.names, *more]) if name in table.columns and table[name].dtype.kind in "iuf"]


def _group(label: int, mask: np.ndarray, values: dict[str, np.ndarray]) -> dict[str, Any]:
    """Counts and quartiles of one group."""
    features = {}
    for name, column in values.items():
        own = column[mask]
        own = own[~np.isnan(own)]
        if not len(own):
            continue
        low, median, high = np.quantile(own, [0.25, 0.5, 0.75])
        overall = float(np.nanmedian(column))
        features[name] = {
            "median": float(median),
            "mean": float(own.mean()),
            "low": float(low),
            "high": float(high),
            "overall_median": overall,
        }
    n = int(mask.sum())
    return {"cluster": label, "n": n, "share": n / max(len(mask), 1), "name": None, "profile": [], "advice": None, "features": features}


def _describe(groups: list[dict[str, Any]], values: dict[str, np.ndarray], labels: np.ndarray) -> None:
    """Sentences on the columns in which a group is far from everybody, in units of the column's spread."""
    taken: set[str] = set()
    for group in sorted(groups, key=lambda group: -group["n"]):
        told = [Message("Rows: {n:,}, {share} % of all", n=group["n"], share=percent(group["share"]))]
        far = _far(group, values, labels)
        told += [sentence for _, _, sentence in far]
        if not far and values:
            told.append(Message("Close to everybody in every column"))
        group["profile"] = [one.to_dict() for one in told]
        if values:
            group["name"] = _distinct(_name(group["cluster"], far), group["cluster"], taken).to_dict()


def _far(group: dict[str, Any], values: dict[str, np.ndarray], labels: np.ndarray) -> list[tuple[float, str, Message]]:
    """(signed distance, column, sentence), the farthest first."""
    found = []
    for name, own in group["features"].items():
        column = values[name]
        column = column[~np.isnan(column)]
        low, middle, high = np.quantile(column, [0.25, 0.5, 0.75])
        if high > low:
            away = (own["median"] - middle) / ((high - low) / 1.349)  # 1.349: quartiles of a normal curve of spread 1
            sentence = Message("{column}: usually {value:,}; everybody: {all:,}", column=name, value=tidy(own["median"]), all=tidy(middle))
        else:  # half of all rows or more hold one value, so medians say nothing
            spread = float(column.std())
            away = (own["mean"] - column.mean()) / spread if spread else 0.0
            sentence = Message(
                "{column}: on average {value:,}; everybody: {all:,}", column=name, value=tidy(own["mean"]), all=tidy(column.mean())
            )
        if abs(away) >= _FAR:
            found.append((float(away), name, sentence))
    return sorted(found, key=lambda one: -abs(one[0]))[:_MOST]


def _name(label: int, far: list[tuple[float, str, Message]]) -> Message:
    if label == -1:
        return Message("Unlike any group")
    parts = [Message("high {column}", column=name) if away > 0 else Message("low {column}", column=name) for away, name, _ in far[:2]]
    if not parts:
        return Message("Close to average")
    return parts[0] if len(parts) == 1 else Message("{first}, {second}", first=parts[0], second=parts[1])


def _distinct(name: Message, label: int, taken: set[str]) -> Message:
    """A name that no other group has."""
    if str(name) in taken:
        name = Message("{name} (group {number})", name=name, number=label + 1)
    taken.add(str(name))
    return name


def percent(share: float) -> int | float:
    """A share as a percentage to print: whole from 10 up, one decimal below.

    Examples
    --------
    >>> percent(0.4138), percent(0.0567), percent(0.00001)
    (41, 5.7, 0.0)
    """
    return round(share * 100) if share >= 0.1 else round(share * 100, 1)


def tidy(value: float) -> int | float:
    """About three digits, without a needless ".0".

    Examples
    --------
    >>> tidy(8123.4), tidy(12.345), tidy(0.0123456), tidy(-3.0)
    (8123, 12.3, 0.0123, -3)
    """
    value = float(value)
    if abs(value) >= 1000 or value == round(value):
        return round(value)
    return float(f"{value:.3g}")

"""The weights of an interaction log: amounts or ratings, returns, and what a weight cannot hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.data import amounts
from bmcore.data.findings import _some
from bmcore.errors import DataError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd

_MOST_BAD = 0.2
_LARGEST_RATING, _LARGEST_SCORE = 10, 100
_LARGEST = float(np.finfo(np.float32).max)  # of a weight
_RATING = re.compile(r"rating|(?<![a-z])(rate|rated|stars?)(?![a-z])|评分|打分|星级", re.IGNORECASE)
_SCORE = re.compile(r"(?<![a-z])(scores?|grades?|marks?)(?![a-z])|得分|成绩|分数", re.IGNORECASE)  # of schools: points out of 100, too


def places(mask: np.ndarray) -> dict[str, Any]:
    """How many rows, and the first of them as a spreadsheet numbers them."""
    found = np.flatnonzero(mask)
    return {"n": len(found), "rows": _some(tuple((found[:6] + 2).tolist()))}


def weights(frame: pd.DataFrame, name: str | None, keep: np.ndarray, notes: list[Message]) -> tuple[np.ndarray, bool]:
    """A number a row, and whether they are ratings. Takes rows without one out of `keep`."""
    if not name:
        return np.ones(len(frame)), False
    column = frame[name]
    if column.dtype.kind in "mM":
        raise DataError("Column {column!r} holds dates, not amounts. Choose a column of numbers, or none.", column=name)
    found = amounts.read(column, name)
    if found.bad.sum() > _MOST_BAD * len(column):
        row = int(found.bad.argmax())
        raise DataError(
            "Column {column!r} holds words, not amounts (row {row}: {example}). Choose a column of numbers, or none.",
            column=name, row=row + 2, example=str(column.iloc[row])[:40],
        )
    values, missing = found.values, np.isnan(found.values)
    if missing.all():
        raise DataError("Column {column!r} is empty in all {n:,} rows. Choose another column, or none.", column=name, n=len(column))
    notes += found.notes
    _refuse_large(values, name)
    if (missing & keep).any():
        notes.append(
            Message("Column {column!r} holds no number in {n:,} rows ({rows}); they are left out.", column=name, **places(missing & keep))
        )
    keep &= ~missing
    low, high = np.nanmin(values), np.nanmax(values)
    largest = _LARGEST_SCORE if _SCORE.search(name) else _LARGEST_RATING if _RATING.search(name) else 0
    rated = low >= 0 and 0 < high <= largest
    if rated:  # a weight is above 0
        values = np.where(values == 0, values[values > 0].min(), values)
    _signs(values, keep, name, notes)
    if rated:
        notes.append(Message(
            "Column {column!r} holds ratings from {low:g} to {high:g}. Each of them, also a low one, counts as interest: somebody chose "
            "that item.", column=name, low=float(low), high=float(high),
        ))
    return values, rated


def _refuse_large(values: np.ndarray, name: str) -> None:
    """Raise DataError for a number that a weight, of single precision, cannot hold."""
    wrong = np.abs(values) > _LARGEST
    if wrong.any():
        raise DataError(
            "Column {column!r} holds numbers that are infinite or too large to use (row {rows}). Correct those cells or empty them.",
            column=name, rows=places(wrong)["rows"],
        )


def refuse_large_sums(users: np.ndarray, items: np.ndarray, bought: np.ndarray, rated: bool, names: tuple) -> None:
    """Raise DataError where the amounts of a pair add up to more than a weight can hold, returns or not: a part may lack those."""
    if rated or bought.sum() <= _LARGEST:
        return
    key = users.astype(np.int64) * (int(items.max()) + 1) + items
    pair = np.unique(key, return_inverse=True)[1]
    total = np.bincount(pair, weights=bought)
    if total.max() > _LARGEST:
        mine = (pair == total.argmax()) & (bought > 0)
        row, (column, user_ids, item_ids) = int(mine.argmax()), names
        raise DataError(
            "Column {column!r} adds up to {total:.3g} for customer {user} and item {item} (rows {rows}), which is too large to use. "
            "Correct those cells or empty them.",
            column=column, total=float(total.max()), user=str(user_ids[users[row]])[:60], item=str(item_ids[items[row]])[:60],
            rows=places(mine)["rows"],
        )


def _signs(values: np.ndarray, keep: np.ndarray, name: str, notes: list[Message]) -> None:
    """Notes on returns; rows of nothing (0) leave `keep`."""
    zero, negative = keep & (values == 0), keep & (values < 0)
    if keep.any() and not (keep & (values > 0)).any():
        raise DataError(
            "Column {column!r} has no number above 0, so nothing was bought or liked. Turn the signs around, or choose no column for it.",
            column=name,
        )
    if zero.any():
        notes.append(Message("Column {column!r} is 0 in {n:,} rows ({rows}); they are left out.", column=name, **places(zero)))
        keep &= ~zero
    if negative.any():
        notes.append(Message(
            "Column {column!r} is negative in {n:,} rows ({rows}): they are taken as things given back, and cancel what was bought.",
            column=name, **places(negative),
        ))

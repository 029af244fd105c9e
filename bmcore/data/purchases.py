"""Reading a purchase log: which lines can be used, and what was given back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bmcore.data import amounts, dates
from bmcore.data.findings import _some, filled, rows_of
from bmcore.data.prepared import named, need_columns
from bmcore.errors import DataError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd

_MOST_BAD = 0.2


@dataclass
class Log:
    """The usable lines of a purchase log.

    Attributes
    ----------
    who : ndarray of shape (n,), int
        Customer of each line, as a position in `customers`.
    customers : ndarray of shape (c,)
    day : ndarray of shape (n,), datetime64[D]
    money : ndarray of shape (n,), float64, or None
        What the line brought; below 0 for something given back.
    items : ndarray of shape (n,), float64, or None
    returned : ndarray of shape (n,), bool
    """

    who: np.ndarray
    customers: np.ndarray
    day: np.ndarray
    money: np.ndarray | None
    items: np.ndarray | None
    returned: np.ndarray
    notes: list[Message] = field(default_factory=list)

    def part(self, mask: np.ndarray) -> Log:
        """The lines where `mask` is true, of the same customers."""
        money, items = (None if one is None else one[mask] for one in (self.money, self.items))
        return Log(self.who[mask], self.customers, self.day[mask], money, items, self.returned[mask])


def read(frame: pd.DataFrame, customer: str, date: str, money: str | None, quantity: str | None, now: str | None = None) -> Log:
    """The usable lines of a purchase log, and notes on the others.

    Raises
    ------
    DataError
        If a column is missing or cannot be read as what it should be.
    """
    import pandas as pd

    frame = named(frame)
    need_columns(frame, [name for name in (customer, date, money, quantity) if name])
    notes: list[Message] = [Message.from_dict(note) for note in frame.attrs.get("notes", [])]
    who = filled(frame[customer]).to_numpy(bool)
    if not who.any():
        raise DataError("Column {column!r} is empty in all {n:,} rows, so no customer is known.", column=customer, n=len(frame))
    found = dates.read(frame[date], date)
    notes += [*found.notes, *_empty(~who, customer), *_empty(np.isnat(found.values) & ~found.bad, date), *dates.left_out(found.bad, date)]
    ahead = _ahead(found.values, date, now, notes)
    keep = who & ~np.isnat(found.values) & ~ahead
    paid, items = (_numbers(frame, name, keep, notes) for name in (money, quantity))
    for numbers in (paid, items):
        keep &= True if numbers is None else ~np.isnan(numbers)
    if not keep.any():
        raise DataError(
            "No row has a customer, a date and an amount at once. Check that columns {names} belong together.",
            names=", ".join(str(name) for name in (customer, date, money, quantity) if name),
        )
    column = frame[customer][keep]
    codes, customers = pd.factorize(column.str.strip() if column.dtype.kind not in "iufb" and _all_text(column) else column)
    log = _signed(
        codes, np.asarray(customers), found.values[keep].astype("M8[D]"), *(None if n is None else n[keep] for n in (paid, items))
    )
    log.notes = notes + _returns(log) + _copies(frame)
    return log


def _all_text(column: pd.Series) -> bool:
    return str(column.dtype) in ("str", "string") or all(isinstance(one, str) for one in column.head(1000))


def _empty(mask: np.ndarray, name: str) -> list[Message]:
    rows = _rows(mask)
    if not rows:
        return []
    return [Message("Column {column!r} is empty in {n:,} rows ({rows}); they are left out.", column=name, n=len(rows), rows=_some(rows))]


def _ahead(values: np.ndarray, name: str, now: str | None, notes: list[Message]) -> np.ndarray:
    """Rows dated after tomorrow: left out as mistakes, unless they are so many that the clock is the likelier one to be wrong."""
    limit = np.datetime64(now or "now", "s") + np.timedelta64(1, "D")
    with np.errstate(invalid="ignore"):
        ahead = values > limit
    rows = _rows(ahead)
    if not rows:
        return ahead
    example = str(values[rows[0] - 2].astype("M8[D]"))
    if len(rows) > 0.5 * (~np.isnat(values)).sum():
        notes.append(
            Message(
                "Most dates of column {column!r} lie in the future, such as {example} in row {row}. They are used as they are.",
                column=name,
                example=example,
                row=rows[0],
            )
        )
        return np.zeros(len(values), bool)
    notes.append(
        Message(
            "Column {column!r} has dates in the future in {n:,} rows ({rows}), such as {example}; they are left out.",
            column=name,
            n=len(rows),
            rows=_some(rows),
            example=example,
        )
    )
    return ahead


def _numbers(frame: pd.DataFrame, name: str | None, keep: np.ndarray, notes: list[Message]) -> np.ndarray | None:
    """An optional column of numbers; rows without one are left out."""
    if not name:
        return None
    column = frame[name]
    if not filled(column).any():
        raise DataError("Column {column!r} is empty in all {n:,} rows. Choose another column, or none.", column=name, n=len(frame))
    if column.dtype.kind in "mM":
        raise DataError("Column {column!r} holds dates, not amounts. Choose a column of numbers, or none.", column=name)
    found = amounts.read(column, name)
    rows = _rows(found.bad)
    if len(rows) > _MOST_BAD * len(column) or np.isnan(found.values).all():
        raise DataError(
            "Column {column!r} holds words, not amounts (row {row}: {example}). Choose a column of numbers, or none.",
            column=name,
            row=rows[0] if rows else 2,
            example=str(column.iloc[rows[0] - 2 if rows else 0])[:40],
        )
    missing = np.isnan(found.values) & keep
    notes += [*found.notes]
    if missing.any():
        rows = _rows(missing)
        notes.append(
            Message(
                "Column {column!r} holds no amount in {n:,} rows ({rows}); they are left out.", column=name, n=len(rows), rows=_some(rows)
            )
        )
    return found.values


def _signed(who: np.ndarray, customers: np.ndarray, day: np.ndarray, money: np.ndarray | None, items: np.ndarray | None) -> Log:
    """Something given back is negative in money and in items, whichever of the two says so."""
    returned = np.zeros(len(who), bool)
    for numbers in (money, items):
        if numbers is not None:
            returned |= numbers < 0
    money, items = (None if one is None else np.where(returned, -np.abs(one), one) for one in (money, items))
    return Log(who, customers, day, money, items, returned)


def _returns(log: Log) -> list[Message]:
    if not log.returned.any():
        return []
    if log.returned.all():
        raise DataError("Every amount is negative, so nothing was bought. Turn the signs around: money that came in is positive.")
    return [
        Message(
            "{n:,} rows are negative: they are taken as things given back, lower the customer's money and count as no purchase.",
            n=int(log.returned.sum()),
        )
    ]


def _copies(frame: pd.DataFrame) -> list[Message]:
    try:
        again = frame.duplicated().to_numpy(bool)
    except TypeError:  # cells that are lists
        return []
    rows = _rows(again)
    if not rows:
        return []
    return [
        Message(
            "{n:,} rows are exact copies of an earlier row ({rows}). They are counted, since one order can hold two equal lines; delete "
            "them if they are mistakes.",
            n=len(rows),
            rows=_some(rows),
        )
    ]


def _rows(mask: np.ndarray) -> tuple[int, ...]:
    import pandas as pd

    return rows_of(pd.Series(mask))

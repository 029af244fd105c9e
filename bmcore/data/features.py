"""Preparing a table of numbers: which columns count, how each is read, empty cells, one scale for all."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.data import amounts
from bmcore.data.findings import _some, filled, rows_of
from bmcore.data.prepared import Preparation, Prepared, named, need_columns
from bmcore.data.scaling import Scaling
from bmcore.errors import DataError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd

# after "CustomerID" became "customer id"
_ID = re.compile(
    r"(^|[^a-z])((cust|customer|client|user|member|account|order|invoice|transaction|session|product|item|employee|device|record|row)?id"
    r"|uuid|guid|no|nr|(tele|cell|mobile ?)?phone([^a-z]*(no|nr|number))?)$|编号|序号|电话|手机"
)
_COUNT = re.compile(r"(^|[^a-z])(index|key|row|number)$|^unnamed")  # may also be a measure: a price index, the number of a floor
_MOSTLY = 0.9
_MOST_BAD = 0.05


class Numeric(Preparation):
    """Numbers of a table, scaled so that every column counts alike.

    Use it when rows are customers, transactions, machines or anything else described by numbers.

    Parameters
    ----------
    columns : dict
        "features": list of names, or None for every column of numbers; "key": the column that names a row, or None; "label": a
        column that is carried along and never used, or None.

    Attributes
    ----------
    scaling_ : Scaling
    decimals_ : dict of str to str
        Decimal mark by column, as it was found.

    Notes
    -----
    Under 1 s for a million rows of 10 columns; memory: two copies of the chosen columns.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"name": ["a", "b", "c", "d"], "age": [20, 30, 40, 50], "paid": ["$1.50", "$2.50", "$0.50", ""]})
    >>> found = Numeric({"features": None, "key": "name"}).fit(table)
    >>> found.names, found.X.shape, found.table.columns.to_list()
    (['age', 'paid'], (4, 2), ['name', 'age', 'paid'])
    """

    kind = "numeric"
    roles = ("features", "key", "label")

    def fit(self, frame: pd.DataFrame, report: Callable | None = None) -> Prepared:
        key, label = self.columns.get("key") or None, self.columns.get("label") or None
        asked, frame = self.columns.get("features"), named(frame)
        others = [name for name in (key, label) if name]
        need_columns(frame, [*others, *(asked or [])])
        if len(frame) < 2:
            raise DataError("The table has {n} row below its header; groups need many. Add rows.", n=len(frame))
        notes: list[Message] = [Message.from_dict(note) for note in frame.attrs.get("notes", [])]
        read = _chosen(frame, asked, notes) if asked is not None else _found(frame, others, notes)
        values = {name: found.values for name, found in read.items()}
        self.scaling_ = Scaling()
        X, done = self.scaling_.fit(values)
        self.decimals_ = {name: read[name].decimal for name in self.scaling_.names}
        table = _table(frame, key, label, {name: values[name] for name in self.scaling_.names})
        return Prepared(X, self.scaling_.names, table, key, np.arange(len(frame)), notes + done)

    def transform(self, records: list[dict], report: Callable | None = None) -> np.ndarray:
        return self.scaling_.apply(columns_of(records, self.scaling_.names, self.decimals_))

    def example(self) -> list:
        return [{scale.name: round(scale.fill, 4) for scale in self.scaling_.scales}]

    def _state(self) -> dict[str, Any]:
        return {"scales": self.scaling_.state(), "decimals": self.decimals_}

    def _restore(self, state: dict[str, Any]) -> None:
        self.scaling_, self.decimals_ = Scaling.restore(state["scales"]), dict(state["decimals"])


def columns_of(records: list[dict], names: list[str], decimals: dict[str, str] | None = None) -> dict[str, np.ndarray]:
    """Records as one array of numbers a name; what a record lacks is NaN.

    Raises
    ------
    DataError
        If a record is not an object, has none of the names, or holds something else than a number.
    """
    import pandas as pd

    for place, record in enumerate(records, start=1):
        if not isinstance(record, dict) or not any(name in record for name in names):
            raise DataError(
                "Record {place} gives none of the values that are needed. Give an object with: {names}.",
                place=place,
                names=", ".join(names),
            )
    found = {}
    for name in names:
        column = pd.Series([record.get(name) for record in records], dtype=object)
        numbers = pd.to_numeric(column, errors="coerce") if not any(isinstance(one, str) for one in column) else column
        one = amounts.read(numbers, name, (decimals or {}).get(name, "."))
        wrong = one.bad | (filled(column).to_numpy(bool) & np.isnan(one.values) & ~np.array([isinstance(v, str) for v in column]))
        if wrong.any():
            place = int(wrong.argmax())
            raise DataError(
                "{name!r} of record {place} is {value}, not a number. Give a number, or leave it out.",
                name=name,
                place=place + 1,
                value=repr(column.iloc[place])[:60],
            )
        found[name] = one.values
    return found


def _chosen(frame: pd.DataFrame, names: list[str], notes: list[Message]) -> dict[str, amounts.Amounts]:
    """The columns a person chose, each of numbers or refused."""
    if not names:
        raise DataError("No column is chosen. Choose at least one column of numbers.")
    found = {}
    for name in names:
        if not filled(frame[name]).any():
            raise DataError("Column {column!r} is empty in all {n:,} rows. Fill it or choose another column.", column=name, n=len(frame))
        found[name] = _readable(frame, name, notes)
    return found


def _readable(frame: pd.DataFrame, name: str, notes: list[Message], found: amounts.Amounts | None = None) -> amounts.Amounts:
    column = frame[name]
    if column.dtype.kind in "mM":
        raise DataError(
            "Column {column!r} holds dates, not numbers. Choose a column of numbers, or prepare the table as purchases.", column=name
        )
    found = found or amounts.read(column, name)
    rows = rows_of(_series(found.bad))
    if len(rows) > _MOST_BAD * len(column) and _half(found):
        raise DataError(
            "Column {column!r} holds no number in {n:,} rows, such as row {row}: {example}. Correct those cells, or empty them.",
            column=name,
            n=len(rows),
            row=rows[0],
            example=str(column.iloc[rows[0] - 2])[:40],
        )
    if len(rows) > _MOST_BAD * len(column) or np.isnan(found.values).all():
        raise DataError(
            "Column {column!r} holds words, not numbers (row {row}: {example}). Choose a column of numbers, or replace each word by a "
            "number that means something.",
            column=name,
            row=rows[0] if rows else 2,
            example=str(column.iloc[rows[0] - 2 if rows else 0])[:40],
        )
    if rows:
        notes.append(
            Message(
                "Column {column!r} holds no number in {n:,} rows ({rows}); they count as empty.",
                column=name,
                n=len(rows),
                rows=_some(rows),
            )
        )
    notes.extend(found.notes)
    return found


def _found(frame: pd.DataFrame, others: list[str], notes: list[Message]) -> dict[str, amounts.Amounts]:
    """Every column that holds numbers and is not an identifier."""
    found, empty, ids, doubts = {}, [], [], []
    for name in map(str, frame.columns):
        column = frame[name]
        if name in others or column.dtype.kind in "bmM":
            continue
        if not filled(column).any():
            empty.append(name)
            continue
        told: list[Message] = []
        try:
            one = _numbers(column, name)
            one = _readable(frame, name, told, one) if _half(one) else None
        except DataError as error:
            doubts.append(error)
            continue
        if one is not None and (one.codes or identifies(name, one.values)):
            ids.append(name)
        elif one is not None:
            found[name] = one
            notes.extend(told)
    if not found:
        raise doubts[0] if doubts else _none(frame)
    notes.extend(Message("{reason} It is left out.", reason=error.message) for error in doubts)
    if empty:
        notes.append(Message("Columns that are empty in every row are left out: {names}.", names=", ".join(empty[:10])))
    if ids:
        names = ", ".join(ids[:10])
        notes.append(Message("Columns that number or name the rows are left out: {names}. Choose them by hand if they count.", names=names))
    return found


def _none(frame: pd.DataFrame) -> DataError:
    names = ", ".join(map(str, list(frame.columns)[:20]))
    return DataError(
        "The table has no column of numbers that differ by more than a row's own number. Its columns are: {names}. Add one such as an "
        "amount, a count or an age.",
        names=names,
    )


def _numbers(column: pd.Series, name: str) -> amounts.Amounts | None:
    """The column as numbers; None where a look at some cells shows words."""
    if column.dtype.kind in "iuf":
        return amounts.read(column, name)
    cells = column[filled(column)]
    some = cells.iloc[:: max(1, len(cells) // 200)].astype(str).str.strip()
    some = some[~some.str.lower().isin(amounts._EMPTY)]
    if len(some) and (some.str.contains(r"\d").mean() < 0.4 or some.str.contains(r"[^\W\d_]{4}").mean() > 0.6):
        return None  # cheap: most columns of words end here
    return amounts.read(column, name)


def _half(found: amounts.Amounts | None) -> bool:
    """Whether at least half of the filled cells are numbers."""
    return found is not None and 0 < np.isfinite(found.values).sum() >= found.bad.sum()


def identifies(name: str, values: np.ndarray) -> bool:
    """True for whole numbers that are named or counted like an identifier; empty cells do not matter.

    Examples
    --------
    >>> identifies("customer_id", np.array([17.0, 3.0, 99.0])), identifies("age", np.array([17.0, 3.0, 99.0]))
    (True, False)
    >>> identifies("CustomerID", np.array([17.0, 17.0, np.nan])), identifies("has phone", np.array([1.0, 0.0, 1.0]))
    (True, False)
    """
    places = np.flatnonzero(~np.isnan(values))
    own = values[places]
    if not len(own) or (own != np.round(own)).any() or np.isin(own, (0, 1)).all():
        return False
    if len(own) >= 20 and ((np.diff(own) == 1).all() or (np.diff(own) == np.diff(places)).all()):
        return True
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower().strip()
    return bool(_ID.search(words)) or (bool(_COUNT.search(words)) and len(np.unique(own)) >= _MOSTLY * len(own))


def _table(frame: pd.DataFrame, key: str | None, label: str | None, values: dict[str, np.ndarray]) -> pd.DataFrame:
    """Key, features as numbers, label, in that order."""
    import pandas as pd

    columns: dict[str, Any] = {key: _whole(frame[key])} if key else {}
    for name, one in values.items():
        own = frame[name]
        columns[name] = own.to_numpy() if own.dtype.kind in "iu" and not own.isna().any() else one
    if label:
        columns[label] = _whole(frame[label])
    return pd.DataFrame(columns)


def _whole(column: pd.Series) -> Any:
    """The cells; long numbers among empty cells become text, as float64 would round them."""
    if column.dtype.kind in "iu" and column.isna().any() and (column.abs() >= 2**53).any():
        return column.astype(object).where(column.notna(), None).map(str, na_action="ignore").to_numpy()
    return column.to_numpy()


def _series(mask: np.ndarray) -> pd.Series:
    import pandas as pd

    return pd.Series(mask)

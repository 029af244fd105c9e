"""Columns of text become columns of their kind: numbers where every cell is one, text as it was given everywhere else."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bmcore.errors import DataError
from bmcore.messages import Message

MAX_ROWS = 2_000_000
MAX_COLUMNS = 1_000
MAX_CELL = 10 * 2**20
_NAME_LENGTH = 200
_FLUSH = 20_000

# no leading zero ("007" is an id), no plus sign (a telephone number), at most 18 digits (an order number is not rounded)
_WHOLE = r"^-?(0|[1-9][0-9]{0,17})$"
_NUMBER = r"^-?((0|[1-9][0-9]{0,17})(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$"


def check_size(rows: int, columns: int, name: str) -> None:
    """Raise DataError beyond the caps."""
    if columns > MAX_COLUMNS:
        raise DataError(
            "Row 1 of {name} has {columns} columns; at most {most} are read. Keep the columns you need, such as the text and its label.",
            name=name,
            columns=columns,
            most=MAX_COLUMNS,
        )
    if rows > MAX_ROWS:
        raise DataError(
            "{name} has more than {most} rows. Take a random sample of the rows: a model learns little from more.", name=name, most=MAX_ROWS
        )
    if rows == 0:
        raise DataError("{name} has a header in row 1 but no rows below it. Add at least one row under the header.", name=name)


def header(cells: list[Any], notes: list[Message]) -> list[str]:
    """Column names, trimmed, never empty, each once."""
    taken: dict[str, None] = {}
    for cell in cells:
        distinct(cell, taken, notes)
    return list(taken)


def distinct(cell: Any, taken: dict[str, None], notes: list[Message]) -> str:
    """The next column's name, put into `taken`."""
    text = "".join(c for c in str("" if cell is None else cell) if c.isprintable() or c.isspace())
    place = len(taken) + 1
    base = " ".join(text.split())[:_NAME_LENGTH] or f"column {place}"
    name, again = base, 1
    while name in taken:
        again += 1
        name = f"{base} ({again})"
    if again > 1:
        notes.append(
            Message(
                "Two columns are named {column!r}; the one at place {place} is called {new!r} here.", column=base, place=place, new=name
            )
        )
    taken[name] = None
    return name


def number_or_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as int64 or float64 if every filled cell is a number, else unchanged."""
    filled = column.drop_null()
    if len(filled) == 0 or not _all_match(filled.slice(0, 100), _NUMBER) or not _all_match(filled, _NUMBER):
        return column
    kind = pa.int64() if _all_match(filled, _WHOLE) else pa.float64()
    try:
        numbers = column.cast(kind)
    except pa.ArrowInvalid:
        return column
    if kind == pa.float64() and not pc.all(pc.is_finite(numbers)).as_py():  # 1e400 stays the text it was
        return column
    return numbers


def _all_match(column: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(column, pattern)).as_py())


def check_cells(table: pa.Table, name: str) -> None:
    """Raise DataError for a cell over the cap."""
    for column_name, column in zip(table.column_names, table.columns, strict=True):
        if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
            continue
        lengths = pc.binary_length(column)
        longest = pc.max(lengths).as_py() or 0
        if longest > MAX_CELL:
            row = pc.index(lengths, pa.scalar(longest, lengths.type)).as_py() + 2
            raise DataError(
                "The cell in row {row}, column {column!r} of {name} holds {size} MB; at most {most} MB fit. A quote that is never closed "
                "makes such cells: "
                "check that row, or shorten it.",
                row=row,
                column=column_name,
                name=name,
                size=round(longest / 2**20, 1),
                most=MAX_CELL // 2**20,
            )


def frame(table: pa.Table) -> pd.DataFrame:
    """A DataFrame: text as pandas' str, whole numbers with gaps as Int64 so that they stay whole."""
    text = pd.StringDtype(na_value=np.nan)
    types: dict[pa.DataType, Any] = {pa.string(): text, pa.large_string(): text}
    gaps = {
        name
        for name, column in zip(table.column_names, table.columns, strict=True)
        if column.null_count and pa.types.is_integer(column.type)
    }
    plain = table.drop_columns(list(gaps)).to_pandas(types_mapper=types.get, ignore_metadata=True, split_blocks=True)
    for name in gaps:
        # its array as it is: by way of numpy it would be float64, and two long order numbers one
        kind = table.schema.field(name).type
        whole = pd.UInt64Dtype() if pa.types.is_uint64(kind) else pd.Int64Dtype()
        plain[name] = table.column(name).to_pandas(types_mapper={kind: whole}.get).array
    return plain[table.column_names]


class Rows:
    """Collects rows of Python values as compact text and remembers which columns held only numbers."""

    def __init__(self, name: str):
        self.name = name
        self.count = 0
        self._waiting: dict[str, list[str | None]] = {}
        self._chunks: dict[str, list[pa.Array]] = {}
        self._kinds: dict[str, set[str]] = {}
        self._flushed = 0
        self._held = 0

    def add(self, row: dict[str, Any]) -> None:
        """One more row; a column it does not have is empty there, a new column is empty above."""
        for column, value in row.items():
            if column not in self._waiting:
                self._open(column)
            kind, text = _plain(value)
            if kind:
                self._kinds[column].add(kind)
                self._held += len(text)
                if len(text) > MAX_CELL:
                    raise DataError(
                        "The cell in row {row}, column {column!r} of {name} is longer than {most} MB. Shorten it.",
                        row=self.count + 2,
                        column=column,
                        name=self.name,
                        most=MAX_CELL // 2**20,
                    )
            self._waiting[column].append(text)
        self.count += 1
        for cells in self._waiting.values():
            if len(cells) < self.count - self._flushed:
                cells.append(None)
        if self.count - self._flushed >= _FLUSH or self._held > 2**20:
            self._flush()
        if self.count > MAX_ROWS:
            check_size(self.count, 1, self.name)

    def _open(self, column: str) -> None:
        if len(self._waiting) == MAX_COLUMNS:
            check_size(1, MAX_COLUMNS + 1, self.name)
        self._waiting[column] = [None] * (self.count - self._flushed)
        self._chunks[column] = [pa.nulls(self._flushed, pa.string())] if self._flushed else []
        self._kinds[column] = set()

    def _flush(self) -> None:
        for column, cells in self._waiting.items():
            self._chunks[column].append(pa.array(cells, pa.string()))
            cells.clear()
        self._flushed, self._held = self.count, 0

    def table(self) -> pa.Table:
        """Everything that was added."""
        check_size(self.count, len(self._waiting), self.name)
        self._flush()
        return pa.table({column: self._column(column) for column in list(self._chunks)})

    def _column(self, column: str) -> pa.ChunkedArray:
        cells = pa.chunked_array(self._chunks.pop(column), pa.string())
        if self._kinds[column] <= {"whole"} and self._kinds[column]:
            return cells.cast(pa.int64())
        if self._kinds[column] <= {"whole", "number"} and self._kinds[column]:
            return cells.cast(pa.float64())
        if self._kinds[column] == {"switch"}:
            return pc.equal(cells, "true")
        return cells


def _plain(value: Any) -> tuple[str, str | None]:
    """What kind a value is, and its text; an empty text is an empty cell."""
    if value is None or value == "":
        return "", None
    if isinstance(value, bool):
        return "switch", str(value).lower()
    if isinstance(value, int):
        return ("whole" if abs(value) < 2**63 else "text"), str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return "text", str(value)
        return ("whole", str(int(value))) if value == int(value) and abs(value) < 2**53 else ("number", repr(value))
    if isinstance(value, str):
        return "text", value.encode("utf-8", "replace").decode() if not value.isascii() else value
    if hasattr(value, "isoformat"):
        return "text", value.isoformat()
    return "text", json.dumps(value, ensure_ascii=False, default=str)

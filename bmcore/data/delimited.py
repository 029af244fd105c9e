"""Tables in text: comma, tab, semicolon or bar between the cells, found by looking.

Apache Arrow parses, because a table of Python strings would take five times the file's size.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

import pyarrow as pa
import pyarrow.csv as arrow_csv

from bmcore.data import columns
from bmcore.errors import DataError
from bmcore.messages import Message

SEPARATORS = (",", "\t", ";", "|")
_NONE = "\x1f"  # one column: a separator that no text contains
_SAMPLE_ROWS = 200
_PADDED = 1_000
_BLOCK = 4 * 2**20
_LARGE_BLOCK = 12 * 2**20  # tried when a row is larger than a block


def read(content: bytes, name: str, notes: list[Message]) -> pa.Table:
    """The table in `content` (UTF-8).

    Raises
    ------
    DataError
        If there is no header, no row, or rows that do not fit the header.
    """
    separator, start = _declared(content)
    sample = content[start : start + 2**18].decode("utf-8", "ignore")
    if not sample.strip():
        raise DataError("{name} is empty. Give a table whose first row names its columns.", name=name)
    separator = separator or _separator(sample)
    rows = _peek(sample, separator)
    if not rows or not any(cell.strip() for cell in rows[0]):
        raise DataError("Row 1 of {name} is empty, but it must name the columns. Write the names into row 1.", name=name)
    columns.check_size(1, len(rows[0]), name)
    names = rows[0] + [""] * _trailing(rows)
    misfits = _Misfits(separator, len(names))
    start += _header_bytes(sample, separator)
    table = _parse(memoryview(content)[start:], misfits, name, _BLOCK)
    _refuse_open_quote(content, table, misfits, name)
    table = _named(misfits.mend(table, name, notes), names, notes)
    columns.check_size(table.num_rows, table.num_columns, name)
    columns.check_cells(table, name)
    return pa.table({column: columns.number_or_text(table.column(column)) for column in table.column_names})


def _declared(content: bytes) -> tuple[str | None, int]:
    """Excel's own first line `sep=;`, and where the table begins."""
    found = re.match(rb'"?sep=([,;|\t])"?\r?\n', content[:20])
    return (found[1].decode(), found.end()) if found else (None, 0)


def _separator(sample: str) -> str:
    """The one that gives the header two cells or more and most rows as many."""
    best, best_score = _NONE, (0.0, 0)
    for separator in SEPARATORS:
        rows = _peek(sample, separator)
        widths = Counter(map(len, rows))
        width = len(rows[0]) if rows else 1
        score = (round(widths[width] / max(len(rows), 1), 2), width)
        if width > 1 and (score[0] >= 0.5 or width == widths.most_common(1)[0][0] or best == _NONE) and score > best_score:
            best, best_score = separator, score
    return best


def _peek(sample: str, separator: str) -> list[list[str]]:
    """The first rows; the last one is left out if the sample may have cut it."""
    limit = csv.field_size_limit(columns.MAX_CELL)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=separator):
            if row:
                rows.append(row)
            if len(rows) > _SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    finally:
        csv.field_size_limit(limit)
    return rows[:-1] if len(rows) > 2 and len(sample) >= 2**17 else rows


def _header_bytes(sample: str, separator: str) -> int:
    """Where the first row ends. Its names may be quoted and run over line ends."""
    lines = io.StringIO(sample, newline="").readlines()
    reader = csv.reader(lines, delimiter=separator)
    while not next(reader, ["end"]):
        pass
    return len("".join(lines[: reader.line_num]).encode())


def _trailing(rows: list[list[str]]) -> int:
    """1 where most rows end in a separator that the header lacks."""
    width = len(rows[0])
    longer = [row for row in rows[1:] if len(row) == width + 1]
    return int(2 * len(longer) > len(rows) - 1 and not any(row[-1].strip() for row in longer))


class _Misfits:
    """Rows with more or fewer cells than the header: kept aside, mended where that is safe."""

    def __init__(self, separator: str, width: int):
        self.separator, self.width = separator, width
        self.forget()

    def forget(self) -> None:
        """Begin again."""
        self.rows: list[tuple[int, list[str]]] = []
        self.long: list[tuple[int, int]] = []
        self.last = 0, ""

    def __call__(self, row: arrow_csv.InvalidRow) -> str:
        cells, number = self._cells(row.text), row.number + 1  # the header is row 1
        self.last = number, row.text
        if len(cells) > self.width and any(cell.strip() for cell in cells[self.width :]):
            self.long.append((number, row.actual_columns))
        else:
            self.rows.append((number, (cells + [""] * self.width)[: self.width]))
        return "error" if (len(self.rows) > _PADDED and len(self.rows) * 20 > number) or len(self.long) > _PADDED else "skip"

    def _cells(self, text: str) -> list[str]:
        try:
            return next(csv.reader(io.StringIO(text, newline=""), delimiter=self.separator), [])
        except csv.Error:
            return [text]

    def mend(self, table: pa.Table, name: str, notes: list[Message]) -> pa.Table:
        """The table with short rows filled up in their places; long rows are left out if they are few."""
        total = table.num_rows + len(self.rows) + len(self.long)
        if self.long and len(self.long) * 100 > total:
            self.refuse(name)
        if self.long:
            notes.append(
                Message(
                    "{n} rows with too many cells were left out, the first is row {row}: put texts that contain {separator!r} in quotes "
                    "to keep them.",
                    n=len(self.long),
                    row=self.long[0][0],
                    separator=self.separator,
                )
            )
        short = [(number, cells) for number, cells in self.rows if any(cells)]
        if not short:
            return table
        notes.append(
            Message(
                "{n} rows did not have {width} cells and were filled up or trimmed, the first is row {row}.",
                n=len(short),
                width=self.width,
                row=short[0][0],
            )
        )
        return self._insert(table, short)

    def _insert(self, table: pa.Table, short: list[tuple[int, list[str]]]) -> pa.Table:
        skipped = sorted([number for number, _ in self.rows] + [number for number, _ in self.long])
        pieces, done = [], 0
        for number, cells in short:
            place = number - 2 - sum(1 for other in skipped if other < number)  # rows above that are in the table
            pieces += [
                table.slice(done, place - done),
                pa.table([pa.array([cell or None], pa.string()) for cell in cells], schema=table.schema),
            ]
            done = place
        return pa.concat_tables([*pieces, table.slice(done)])

    def refuse(self, name: str) -> None:
        """Say which row does not fit and what to do."""
        number, cells = self.long[0] if self.long else (self.rows[0][0], 0)
        if not self.long:
            raise DataError(
                "Row {row} of {name} and {others} others do not have {width} cells as the header in row 1 does. Check the separator, "
                "and that every row has as many cells as the header.",
                row=number,
                name=name,
                others=len(self.rows) - 1,
                width=self.width,
            )
        raise DataError(
            "Row {row} of {name} has {cells} cells but the header in row 1 has {width}. Put texts that contain {separator!r} in quotes, "
            "or name every column.",
            row=number,
            name=name,
            cells=cells,
            width=self.width,
            separator=self.separator if self.separator != _NONE else ",",
        )


def _parse(body: memoryview, misfits: _Misfits, name: str, block: int) -> pa.Table:
    names = [str(place) for place in range(misfits.width)]
    if not bytes(body[:4096]).strip() and not bytes(body).strip():
        columns.check_size(0, 1, name)
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(body),
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=block),
            parse_options=arrow_csv.ParseOptions(delimiter=misfits.separator, newlines_in_values=True, invalid_row_handler=misfits),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, quoted_strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowInvalid as error:
        if "straddling" in str(error) and block < _LARGE_BLOCK:
            misfits.forget()
            return _parse(body, misfits, name, _LARGE_BLOCK)
        if misfits.rows or misfits.long:
            misfits.refuse(name)
        if "straddling" in str(error) or "too large" in str(error).lower():
            raise DataError(
                "A cell of {name} holds more than {most} MB, or a quote in some row is never closed. "
                'Look for a lone " and close or remove it.',
                name=name,
                most=columns.MAX_CELL // 2**20,
            ) from error
        raise DataError(
            "{name} cannot be read as a table from row 1 on ({reason}). Save it as CSV UTF-8 and try again.",
            name=name,
            reason=str(error)[:200],
        ) from error


def _refuse_open_quote(content: bytes, table: pa.Table, misfits: _Misfits, name: str) -> None:
    """An odd number of quotes and a last row that runs over line ends: the quote that opened it was never closed."""
    if content.count(b'"') % 2 == 0:
        return
    row = table.num_rows + len(misfits.rows) + len(misfits.long) + 1
    number, text = misfits.last
    cells = [column[-1].as_py() or "" for column in table.columns] if table.num_rows else []
    if any("\n" in cell for cell in cells) or (number == row and text.count('"') % 2):
        raise DataError(
            "A quote that opens in row {row} of {name} is never closed, so the rest of the file became one cell. "
            'Close it, or write "" for a quote inside a text.',
            row=row,
            name=name,
        )


def _named(table: pa.Table, names: list[str], notes: list[Message]) -> pa.Table:
    """Names from the header; nameless columns without any content are dropped."""
    keep = [place for place, cell in enumerate(names) if cell.strip() or table.column(place).null_count < table.num_rows]
    return pa.table([table.column(place) for place in keep], names=columns.header([names[place] for place in keep], notes))

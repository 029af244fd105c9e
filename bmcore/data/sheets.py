"""The first filled sheet of an Excel workbook (.xlsx), its archive checked before anything is unpacked.

openpyxl in its streaming mode reads it. A faster reader lays out the whole grid up to the farthest cell, so a small file with
one cell in the last corner ends the process.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from typing import Any

import pyarrow as pa

from bmcore.data import columns
from bmcore.errors import DataError
from bmcore.messages import Message

MAX_ENTRIES = 1_000
MAX_RATIO = 100
MAX_UNPACKED = 75 * 2**20
_MAX_EMPTY = 10_000  # rows in a row: a stray cell at the far end of a sheet


def read(content: bytes, name: str, notes: list[Message]) -> pa.Table:
    """The table in the workbook's first filled sheet, names in its first filled row.

    Raises
    ------
    DataError
        If the archive is damaged, locked or unpacks to too much, or no sheet has a header and a row.
    """
    check_archive(content, name)
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            return _first_filled(book, name, notes)
    except DataError:
        raise
    except (MemoryError, RecursionError, Exception) as error:
        raise DataError(
            "{name} is not an Excel workbook that can be read ({reason}). Open it in a spreadsheet program and save it as CSV UTF-8.",
            name=name,
            reason=f"{type(error).__name__}: {error}"[:200],
        ) from error


def check_archive(content: bytes, name: str) -> None:
    """Raise DataError for a damaged, encrypted or exploding archive, by what its directory says: zipfile unpacks no part beyond that."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError("{name} is cut or damaged: its end is missing. Save or download it again.", name=name) from error
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(len(content), 2**16):
        raise DataError(
            "{name} unpacks to {size} MB in {entries} parts; at most {most} MB in {parts} parts are read. Keep only the sheet with the "
            "texts, or save it as CSV.",
            name=name,
            size=unpacked // 2**20,
            entries=len(entries),
            most=MAX_UNPACKED // 2**20,
            parts=MAX_ENTRIES,
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise DataError("{name} is locked with a password. Save it without one.", name=name)
    if len({entry.filename for entry in entries}) < len(entries):
        raise DataError("{name} holds two parts of one name, which no spreadsheet program writes. Save it again, or as CSV.", name=name)


def _first_filled(book: Any, name: str, notes: list[Message]) -> pa.Table:
    filled = None
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # what the file says of its own size may be wrong
        rows = _filled_rows(sheet)
        first = next(rows, None)
        if first is None:
            continue
        if filled is not None:
            notes.append(Message("{name} has several sheets; only the first one, {sheet!r}, was read.", name=name, sheet=filled[0]))
            break
        filled = sheet.title, _table(first, rows, name, notes)
    if filled is None:
        raise DataError("{name} has no sheet with anything in it. Write the column names into row 1 and the texts below.", name=name)
    return filled[1]


def _filled_rows(sheet: Any):
    empty = 0
    for row in sheet.iter_rows(values_only=True):
        if any(cell is not None and cell != "" for cell in row):
            empty = 0
            yield row
        else:
            empty += 1
            if empty > _MAX_EMPTY:
                return


def _table(first: tuple, rows: Any, name: str, notes: list[Message]) -> pa.Table:
    width = max(place for place, cell in enumerate(first, 1) if cell is not None and cell != "")
    columns.check_size(1, width, name)
    names = columns.header(list(first[:width]), notes)
    collected = columns.Rows(name)
    for row in rows:
        if any(cell is not None and cell != "" for cell in row[width:]):
            raise DataError(
                "Row {row} of {name} has a cell beyond the last named column, {column!r}. Name that column in row 1 or empty the cell.",
                row=collected.count + 2,
                name=name,
                column=names[-1],
            )
        collected.add(dict(zip(names, tuple(row[:width]) + (None,) * (width - len(row)), strict=True)))
    return collected.table()

"""Read a table that a person has, in whatever their tools wrote: csv, tsv, txt, xlsx, jsonl, json, parquet.

frame = bmcore.read_table("messages.csv")
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from bmcore.errors import DataError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MAX_BYTES = 50 * 2**20
MAX_ROWS = 2_000_000
MAX_COLUMNS = 1_000
ENDINGS = ("csv", "tsv", "txt", "xlsx", "jsonl", "json", "parquet")
_ALIASES = {"ndjson": "jsonl", "tab": "tsv", "pq": "parquet"}

# the first bytes of files that get renamed or taken for a table
_MAGIC = (
    (b"PAR1", "parquet", Message("a Parquet table")),
    (b"\x89PNG", "", Message("a PNG picture")),
    (b"\xff\xd8\xff", "", Message("a JPEG picture")),
    (b"GIF8", "", Message("a GIF picture")),
    (b"%PDF", "", Message("a PDF document")),
    (b"\x1f\x8b", "", Message("a gzip archive")),
    (b"BZh", "", Message("a bzip2 archive")),
    (b"\xfd7zXZ", "", Message("an xz archive")),
    (b"\x28\xb5\x2f\xfd", "", Message("a Zstandard archive")),
    (b"7z\xbc\xaf", "", Message("a 7z archive")),
    (b"Rar!", "", Message("a RAR archive")),
    (b"\xd0\xcf\x11\xe0", "", Message("an old Office file (.xls or .doc) or a locked workbook")),
    (b"SQLite format 3", "", Message("an SQLite database")),
    (b"ARROW1", "", Message("an Arrow or Feather file")),
    (b"\x7fELF", "", Message("a program")),
    (b"{\\rtf", "", Message("a rich-text document")),
)


def read_table(source: str | os.PathLike | bytes | BinaryIO, name: str | None = None) -> pd.DataFrame:
    """Read a table of up to 50 MB, 2,000,000 rows and 1,000 columns; its encoding and separator are found.

    Use it when a person gives a file and you do not know which program wrote it.

    Parameters
    ----------
    source : path, bytes or binary file object
        The table.
    name : str, optional
        The file's name: its ending says what it is and messages use it. By default the path's or the file object's own.

    Returns
    -------
    pandas.DataFrame
        Columns whose every cell is a number are int64, Int64 (with empty cells) or float64; all others are text exactly as
        given: "NA", "None" and "007" stay. Only empty cells are missing. `attrs["notes"]` lists what a person should know,
        as `Message` dicts.

    Raises
    ------
    DataError
        For anything that is not such a table, naming row or column and a remedy.

    Notes
    -----
    About 0.1 s for 10 MB of CSV, 1 s for a megabyte of xlsx; peak memory below three times the cap.

    Examples
    --------
    >>> read_table(b"text;label\\nHello;007\\nNA;008\\n", "a.csv").to_dict("list")
    {'text': ['Hello', 'NA'], 'label': ['007', '008']}
    """
    content, name = _content(source, name)
    ending = _kind(content, ending_of(name), name)
    notes: list[Message] = []
    given = [content]
    del source, content  # the parser lets go of the bytes before the frame is made: that is what keeps memory below three times the cap
    table = _parse(given, ending, name, notes)
    from bmcore.data import columns

    frame = columns.frame(table)
    frame.attrs["notes"] = [note.to_dict() for note in notes]
    return frame


def ending_of(name: str) -> str:
    """The ending without its dot, lower case, aliases resolved; "" if there is none.

    Raises
    ------
    DataError
        If tables do not end so.
    """
    ending = Path(name).suffix.lstrip(".").lower()
    ending = _ALIASES.get(ending, ending)
    if ending and ending not in ENDINGS:
        raise DataError(
            "{name} ends in .{ending}; tables end in {endings}. Save or export the table as CSV UTF-8.",
            name=name,
            ending=ending[:40],
            endings=", ".join(f".{known}" for known in ENDINGS),
        )
    return ending


def _parse(given: list[bytes], ending: str, name: str, notes: list[Message]) -> pa.Table:
    if ending == "parquet":
        from bmcore.data import parquet

        return parquet.read(given.pop(), name, notes)
    if ending == "xlsx":
        from bmcore.data import sheets

        return sheets.read(given.pop(), name, notes)
    return _text(given, ending, name, notes)


def _text(given: list[bytes], ending: str, name: str, notes: list[Message]) -> pa.Table:
    from bmcore.data import delimited, encodings, records

    content, _, found = encodings.to_utf8(given.pop(), name)
    notes += found
    start = bytes(content[:4096]).strip()
    if not start and not content.strip():
        raise DataError("{name} is empty. Give a table whose row 1 names its columns.", name=name)
    if start[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise DataError("{name} is a web page, not a table: a download link often gives one. Download the file itself.", name=name)
    read = {"jsonl": records.read_lines, "json": records.read_list}.get(ending or _guess(start), delimited.read)
    given.append(content)
    del content
    return read(given.pop(), name, notes)


def _guess(content: bytes) -> str:
    """What a text without an ending is."""
    return {b"[": "json", b"{": "jsonl"}.get(content[:1], "csv")


def _kind(content: bytes, ending: str, name: str) -> str:
    """The ending, if the first bytes agree with it."""
    kind, what = _really(content)
    if what is None:
        if ending in ("parquet", "xlsx"):
            raise DataError(
                "{name} ends in .{ending} but is not such a file: it is cut, damaged or renamed. Save or download it again.",
                name=name,
                ending=ending,
            )
        return ending
    if not kind:
        raise DataError("{name} is {what}, not a table. Unpack or export the table in it as CSV UTF-8.", name=name, what=what)
    if ending not in ("", kind):
        raise DataError("{name} is {what}, not what its ending says. Rename it to end in .{kind}.", name=name, what=what, kind=kind)
    return kind


def _really(content: bytes) -> tuple[str, Message | None]:
    if content.startswith(b"PK"):
        if b"xl/workbook" in content or (b"[Content_Types].xml" in content and b"xl/" in content):
            return "xlsx", Message("an Excel workbook")
        return "", Message("a ZIP archive")
    if content[4:12] in (b"ftypheic", b"ftypmp42", b"ftypisom"):
        return "", Message("a picture or film")
    return next(((kind, what) for magic, kind, what in _MAGIC if content.startswith(magic)), ("", None))


def _content(source: Any, name: str | None) -> tuple[bytes, str]:
    """At most one byte over the cap is ever read."""
    if isinstance(source, str | os.PathLike):
        return _file(Path(source), name)
    if isinstance(source, bytes | bytearray | memoryview):
        content, name = bytes(source) if len(source) <= MAX_BYTES else source, name or "table"
    elif hasattr(source, "read"):
        name = name or str(getattr(source, "name", None) or "table")
        content = source.read(MAX_BYTES + 1)
        if isinstance(content, str):
            content = content.encode("utf-8", "replace")
    else:
        raise DataError(
            "A table is read from a path, bytes or a binary file, not from {kind}. Give one of these.", kind=type(source).__name__
        )
    return _checked(content, display_name(name))


def _file(path: Path, name: str | None) -> tuple[bytes, str]:
    shown = display_name(name or path.name)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise DataError("{name} is a folder or a device, not a file. Give the path of a table such as messages.csv.", name=shown)
        if found.st_size > MAX_BYTES:
            _too_large(found.st_size, shown)
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except DataError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DataError(
            "{name} cannot be opened ({reason}). Check the path and that you may read it.",
            name=shown,
            reason=getattr(error, "strerror", None) or str(error)[:100],
        ) from error
    return _checked(content, shown)


def _checked(content: bytes, name: str) -> tuple[bytes, str]:
    if len(content) > MAX_BYTES:
        _too_large(len(content), name)
    if not content:
        raise DataError("{name} is empty (0 bytes). Give a table whose row 1 names its columns.", name=name)
    return content, name


def _too_large(size: int, name: str) -> None:
    raise DataError(
        "{name} is larger than {most} MB. Take a random sample of its rows: 20,000 messages are plenty.",
        name=name,
        size=size,
        most=MAX_BYTES // 2**20,
    )


def display_name(name: str) -> str:
    """A name that is safe to show: its last part, printable, at most 100 characters, ending kept."""
    text = "".join(c if c.isprintable() else " " for c in str(name)).replace("\\", "/")
    text = " ".join(text.rstrip("/").split("/")[-1].split()) or "table"
    if len(text) <= 100:
        return text
    suffix = Path(text).suffix[:12]
    return text[: 99 - len(suffix)] + "…" + suffix

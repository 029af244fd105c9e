"""Texts out of files: their encoding guessed, divided into documents, what is no text left out and said."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from bmcore.data import encodings, picture_archive, picture_names, read, refs, texts_divide
from bmcore.data.texts_store import MAX_BYTES, is_text_file
from bmcore.errors import DataError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd

Item = tuple[str, str | None, int]  # text, name, number of the file or row it comes from
_SMALL, _SAMPLE = 4 * 2**20, 2**20
_HIGH = re.compile(rb"[\x80-\xff]")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b")) + b"\x7f"
_MOST_CONTROLS = 0.01
_EVERY = 2_000  # documents between two reports
_PLAIN = ("utf-8", "utf-8-sig")


def from_file(ref: dict[str, Any], notes: list[Message], report: Callable | None) -> Iterator[Item]:
    """The documents of a stored text file."""
    name = read.display_name(str(ref.get("name")))
    given = [refs.content(ref, MAX_BYTES)]
    content, _, found = utf8(given, name)
    notes += found
    size, done = len(content), 0
    for number, text in enumerate(texts_divide.divide(content)):
        done += len(text)
        if report is not None and number % _EVERY == 0:
            report(min(done, size), size, phase="data")
        yield text, None, 0


def from_archive(ref: dict[str, Any], notes: list[Message], report: Callable | None) -> Iterator[Item]:
    """The documents of the text files in a stored archive."""
    left = _Left()
    with picture_archive.opened(ref) as archive:
        entries = [(entry, picture_names.decoded(entry.filename, bool(entry.flag_bits & 0x800))) for entry in archive.infolist()]
        entries = [(entry, name) for entry, name in entries if not entry.is_dir() and not _hidden(name)]
        wanted = [(entry, name) for entry, name in entries if is_text_file(name)]
        left.other = [name for _, name in entries if not is_text_file(name)]
        if sum(entry.file_size for entry, _ in wanted) > MAX_BYTES:
            raise DataError("{name} unpacks to more than {most} MB of texts. Give fewer files.",
                            name=read.display_name(str(ref.get("name"))), most=MAX_BYTES // 2**20)
        for number, (entry, name) in enumerate(sorted(wanted, key=lambda one: one[1])):
            if report is not None:
                report(number, len(wanted), phase="data")
            content = left.read([picture_archive.content(archive, entry, MAX_BYTES)], name)
            for part, text in enumerate(texts_divide.divide_file(content), 1):
                yield text, picture_names.shown(name) if part == 1 else f"{picture_names.shown(name)} ({part})", number
    notes += left.notes()


def from_table(frame: pd.DataFrame, column: str | None, notes: list[Message]) -> Iterator[Item]:
    """The texts of a column; without a name, of the column with the longest texts.

    Raises
    ------
    DataError
        If there is no such column, or it holds numbers.
    """
    frame.columns = [str(name) for name in frame.columns]
    column = column or longest(frame, notes)
    if column not in frame:
        raise DataError("There is no column {column!r}. The table has: {known}.", column=str(column)[:100],
                        known=", ".join(map(str, frame.columns))[:500])
    if frame[column].dtype.kind in "ifub":
        raise DataError("Column {column!r} holds numbers, not texts. Choose the column with the texts.", column=column)
    for row, text in enumerate(frame[column]):
        if isinstance(text, str):
            yield from ((part, None, row) for part in _cell(text))


def longest(frame: pd.DataFrame, notes: list[Message] | None = None) -> str:
    """The column whose cells have the most characters."""
    head = frame.head(500)
    lengths = {str(name): head[name].dropna().astype(str).str.len().mean() for name in head if head[name].dtype.kind not in "ifub"}
    if not lengths:
        raise DataError("The table has no column with texts, only numbers. Give a table with a column of texts.")
    found = max(lengths, key=lambda name: lengths[name] if lengths[name] == lengths[name] else -1)
    if notes is not None and len(frame.columns) > 1:
        notes.append(Message("Column {column!r} is read: its texts are the longest.", column=found))
    return found


def _cell(text: str) -> Iterable[str]:
    """A cell as it was meant: no NUL, no halves of characters, line feeds only; a very long one divided."""
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    if len(text) > texts_divide.LONGEST:
        return texts_divide.divide(text.encode())
    return [text] if text else []


def utf8(given: list[bytes], name: str) -> tuple[bytes | bytearray, str, list[Message]]:
    """The only element of `given`, which is taken out, as UTF-8 with line feeds; the encoding it was in; notes.

    Raises
    ------
    DataError
        If it is empty or no text.
    """
    content = given.pop()
    _refuse(content, name)
    content, encoding, notes = encodings.to_utf8(content, name) if len(content) <= _SMALL else _large([content], name)
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n")
        content = content.replace(b"\r", b"\n") if b"\r" in content else content
    head = bytes(content[:_SAMPLE])
    if b"\0" in content or len(head) - len(head.translate(None, _CONTROLS)) > _MOST_CONTROLS * len(head):
        raise _no_text(name)
    if not head.strip() and not content.strip():
        raise DataError("{name} is empty. Give a file with texts.", name=name)
    return content, encoding, notes


def _refuse(content: bytes, name: str) -> None:
    if not content:
        raise DataError("{name} is empty (0 bytes). Give a file with texts.", name=name)
    _, what = read._really(content[: 2**16])
    if what is not None:
        raise DataError("{name} is {what}, not a text. Save what is in it as plain text (UTF-8).", name=name, what=what)
    start = content[:100].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise DataError("{name} is a web page, not a text. Save what is in it as plain text (UTF-8).", name=name)
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"))
    if b"\0" in content and not marked and not encodings._unmarked_utf16(content):
        raise _no_text(name)


def _no_text(name: str) -> DataError:
    return DataError("{name} is not a text: it holds bytes that no text has. It may be a program's own file, or damaged. "
                     "Save what is in it as plain text (UTF-8).", name=name)


def _large(given: list[bytes], name: str) -> tuple[bytes | bytearray, str, list[Message]]:
    """The encoding is guessed from the first megabyte with special characters: to look at all of it takes several times its memory."""
    content = given.pop()
    if encodings._is_valid(content, "utf-8"):
        return content[3:] if content.startswith(codecs.BOM_UTF8) else content, "utf-8", []
    first = 0 if b"\0" in content[: 2**16] or content[:2] in (b"\xff\xfe", b"\xfe\xff") else _HIGH.search(content).start()
    _, encoding, notes = encodings.to_utf8(_whole(content[first : first + _SAMPLE]), name)
    plain = "utf-8" if encoding == "utf-8-sig" else encoding
    return encodings._recode(content, plain, name, errors="replace"), encoding, notes


def _whole(sample: bytes) -> bytes:
    """Without the half of a character that its end may be."""
    cuts = [sample[: len(sample) - n] for n in range(4)]
    found = (cut for encoding in ("utf-8", "gb18030") for cut in cuts if encodings._is_valid(cut, encoding))
    return next(found, sample[: len(sample) // 4 * 4])


def _hidden(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or any(part.startswith(".") for part in parts) or parts[-1].lower() in ("thumbs.db", "desktop.ini")


class _Left:
    """What was left out of an archive, and how its files were written."""

    def __init__(self):
        self.other: list[str] = []
        self.bad: list[str] = []
        self.encodings: dict[str, list[str]] = {}

    def read(self, given: list[bytes], name: str) -> bytes | bytearray:
        """A file as UTF-8, empty if it is no text."""
        try:
            content, encoding, _ = utf8(given, picture_names.shown(name))
        except DataError:
            self.bad.append(name)
            return b""
        if encoding not in _PLAIN:
            self.encodings.setdefault(encoding, []).append(name)
        return content

    def notes(self) -> list[Message]:
        notes = [
            Message("{n} files are not in UTF-8 and were read as {encoding}: {names}. If letters look wrong, save them as UTF-8.",
                    n=len(names), encoding=encoding.upper(), names=picture_names.some(names))
            for encoding, names in self.encodings.items()
        ]
        if self.bad:
            notes.append(Message("{n} files are empty or not text, and are left out: {names}.", n=len(self.bad),
                                 names=picture_names.some(self.bad)))
        if self.other:
            notes.append(Message("{n} files do not end in .txt or .md and are left out: {names}.", n=len(self.other),
                                 names=picture_names.some(self.other)))
        return notes

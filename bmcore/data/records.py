"""Tables in JSON: one object a line (.jsonl), or a list of objects (.json), read object by object."""

from __future__ import annotations

import codecs
import io
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from bmcore.data import columns
from bmcore.errors import DataError
from bmcore.messages import Message

_STEP = 1 << 20
_BETWEEN = re.compile(r"[ \t\r\n,]*")


def read_lines(content: bytes, name: str, notes: list[Message]) -> pa.Table:
    """One JSON object a line.

    Raises
    ------
    DataError
        For the first line that is not one.
    """
    rows, add = columns.Rows(name), _Adder(name, notes)
    for number, line in enumerate(io.BytesIO(content), 1):
        if line.strip():
            add(rows, _object(line, number, name), number)
    return _finished(rows, name)


def _object(line: bytes, number: int, name: str) -> Any:
    try:
        return _DECODER.decode(line.decode())
    except (ValueError, RecursionError) as error:
        raise DataError(
            "Line {line} of {name} is not a JSON object ({reason}). Every line must be one, such as {example}.",
            line=number,
            name=name,
            reason=_reason(error),
            example='{"text": "Hello", "label": "greeting"}',
        ) from error


def read_list(content: bytes, name: str, notes: list[Message]) -> pa.Table:
    """A list of JSON objects, or one object with a single list of objects in it.

    Raises
    ------
    DataError
        For anything else, naming the first entry that does not fit.
    """
    start = content[:200].lstrip()[:1]
    if start == b"{":
        return _wrapped(content, name, notes)
    if start != b"[":
        raise DataError(
            "{name} does not begin with a list of objects. {example} is what is read; a table can also be given as CSV.",
            name=name,
            example='[{"text": "Hello", "label": "greeting"}]',
        )
    rows, add = columns.Rows(name), _Adder(name, notes)
    for number, value in enumerate(_stream(content, name), 1):
        add(rows, value, number)
    return _finished(rows, name)


def _wrapped(content: bytes, name: str, notes: list[Message]) -> pa.Table:
    """{"data": [...]}: small files only, since the whole of it becomes Python objects."""
    if len(content) > 10 * 2**20 or b"\n{" in content.strip()[: 2**16]:
        return read_lines(content, name, notes)
    whole = _object(content, 1, name)
    lists = [value for value in whole.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    if len(lists) != 1:
        raise DataError(
            "{name} is an object and not a list of rows. {example} is what is read.",
            name=name,
            example='[{"text": "Hello", "label": "greeting"}]',
        )
    rows, add = columns.Rows(name), _Adder(name, notes)
    for number, value in enumerate(lists[0], 1):
        add(rows, value, number)
    return _finished(rows, name)


def _stream(content: bytes, name: str) -> Iterator[Any]:
    """The list's entries one by one, holding about one step of text at a time."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    text, at, read, number = "", 0, content.index(b"[") + 1, 0
    while True:
        at = _BETWEEN.match(text, at).end()
        whole = read >= len(content)
        try:
            if text.startswith("]", at):
                return
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            if whole or isinstance(error, RecursionError):
                raise _invalid(number + 1, name, error) from error
            end = len(text)
        if end == len(text) and not whole:  # an entry may go on in the next step
            if end - at > columns.MAX_CELL:
                raise DataError(
                    "Entry {number} of {name} holds more than {most} MB, or a quote or bracket in it is never closed. "
                    "Check that entry, shorten it, or give a CSV.",
                    number=number + 1,
                    name=name,
                    most=columns.MAX_CELL // 2**20,
                )
            chunk = content[read : read + max(_STEP, end - at)]
            read += len(chunk)
            text, at = text[at:] + decoder.decode(chunk, read >= len(content)), 0
            continue
        number, at = number + 1, end
        yield value


def _invalid(number: int, name: str, error: BaseException) -> DataError:
    return DataError(
        "Entry {number} of {name} is not valid JSON ({reason}). The file may be cut; write the list again, or give a CSV.",
        number=number,
        name=name,
        reason=_reason(error),
    )


class _Adder:
    """Checks that an entry is an object and gives it this table's column names."""

    def __init__(self, name: str, notes: list[Message]):
        self.name, self.notes = name, notes
        self.names: dict[str, str] = {}
        self.taken: dict[str, None] = {}

    def __call__(self, rows: columns.Rows, value: Any, number: int) -> None:
        if not isinstance(value, dict):
            raise DataError(
                "Entry {number} of {name} is {kind}, not an object with named values such as {example}.",
                number=number,
                name=self.name,
                kind=type(value).__name__,
                example='{"text": "Hello", "label": "greeting"}',
            )
        for key in value:
            if key not in self.names:
                columns.check_size(1, len(self.taken) + 1, self.name)
                self.names[key] = columns.distinct(key, self.taken, self.notes)
        rows.add({self.names[key]: cell for key, cell in value.items()})


def _finished(rows: columns.Rows, name: str) -> pa.Table:
    if rows.count == 0:
        raise DataError(
            "{name} has no rows: add at least one object such as {example}.", name=name, example='{"text": "Hello", "label": "greeting"}'
        )
    table = rows.table()
    if table.num_columns == 0:
        raise DataError("Row 1 of {name} has no columns: its objects are empty. Give objects with named values.", name=name)
    return table


def _number(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def _whole(text: str) -> int | str:
    return int(text) if len(text) < 20 else text


def _reason(error: BaseException) -> str:
    return "too deeply nested" if isinstance(error, RecursionError) else str(error)[:120]


_DECODER = json.JSONDecoder(parse_float=_number, parse_int=_whole, parse_constant=str)

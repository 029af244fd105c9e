"""What commands print: sentences in the terminal's language, tables, one JSON document."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from bmcore import i18n


def _(text: Any, **values: Any) -> str:
    return i18n.translate(text, i18n.from_environment(), **values)


def say(sentence: str) -> None:
    """Progress or a complaint: stderr, so that stdout stays a result."""
    print(plain(sentence), file=sys.stderr, flush=True)


def emit(document: Any) -> None:
    """A result as one JSON document."""
    print(json.dumps(document, ensure_ascii=False, indent=1), flush=True)


def plain(text: Any) -> str:
    """Others' text without the control characters that could steer a terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in str(text))


def table(head: list[str], rows: list[list[Any]]) -> None:
    """Columns aligned to the left."""
    cells = [[plain(cell).replace("\n", " ") for cell in row] for row in [head, *rows]]
    widths = [max(i18n.width(row[at]) for row in cells) for at in range(len(head))]
    for row in cells:
        print("  ".join(cell + " " * (widths[at] - i18n.width(cell)) for at, cell in enumerate(row)).rstrip())


def when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else "-"


def how_long(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count else "-"

"""One long text as several: at lines of = - * #, at two blank lines, else at paragraphs joined to about 2,000 characters.

>>> list(divide(b"First text.\\n---\\nSecond text.\\n"))
['First text.', 'Second text.']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

LENGTH = 2_000  # characters of a document made of paragraphs
LONGEST = 20_000  # a longer one is divided again
_LEAST, _WINDOW = 1_000, 3_000
_RULE = re.compile(rb"^[ \t]*+(?:[=\-*#][ \t]*+){3,}+$", re.MULTILINE)
_GAP = re.compile(rb"\n(?:[ \t]*+\n){2,}+")
_VISIBLE = re.compile(rb"\S")
# where a text without borders is cut, best first: paragraphs, lines, sentences, words
_PLACES = tuple(
    re.compile(place) for place in (r"\n[ \t]*\n", r"\n", r"[.!?…]['\"”’)\]]*\s+|[。！？；][”’」』）]*", r"\s+")
)


def divide(content: bytes | bytearray) -> Iterator[str]:
    """The documents in a text of UTF-8 whose lines end in a line feed, one by one, stripped and never empty.

    Pieces are decoded one at a time: as one `str` a text with a single emoji takes four bytes a character.
    """
    for start, end in _between(content):
        yield from _shortened(content, start, end)


def divide_file(content: bytes | bytearray) -> Iterator[str]:
    """The same for a file of many, which is a document of its own if it is not long."""
    short = len(content) <= 4 * LONGEST and len(_text(content, 0, len(content))) <= LONGEST
    return _shortened(content, 0, len(content)) if short else divide(content)


def _shortened(content: bytes | bytearray, start: int, end: int) -> Iterator[str]:
    """The piece as it is, or divided if it is long."""
    piece = _text(content, start, end) if end - start <= 4 * LONGEST else None
    if piece is None or len(piece) > LONGEST:
        yield from _joined(content, start, end)
    elif piece:
        yield piece


def _text(content: bytes | bytearray, start: int, end: int) -> str:
    return content[start:end].decode("utf-8", "ignore").strip()


def _between(content: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Start and end of what lies between the borders of the first kind that divides the text at all."""
    for border in (_RULE, _GAP):
        if len(list(islice(_pieces(border, content), 2))) == 2:
            yield from _pieces(border, content)
            return
    yield from _joined_spans(content)


def _pieces(border: re.Pattern, content: bytes | bytearray) -> Iterator[tuple[int, int]]:
    start = 0
    for found in border.finditer(content):
        if _VISIBLE.search(content, start, found.start()):
            yield start, found.start()
        start = found.end()
    if _VISIBLE.search(content, start):
        yield start, len(content)


def _joined_spans(content: bytes | bytearray, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Start and end of paragraphs joined to about 2,000 characters."""
    end = len(content) if end is None else end
    while start < end:
        window = content[start : min(end, start + 4 * _WINDOW)].decode("utf-8", "ignore")[:_WINDOW]
        size = len(window.encode())
        if not size:
            return
        if start + size < end or len(window) > LENGTH + _LEAST // 2:
            size = len(window[: _cut(window)].encode())
        yield start, start + size
        start += size


def _joined(content: bytes | bytearray, start: int, end: int) -> Iterator[str]:
    for first, last in _joined_spans(content, start, end):
        piece = _text(content, first, last)
        if piece:
            yield piece


def _cut(window: str) -> int:
    """After how many characters to cut: at the best kind of place there is, the one nearest to 2,000."""
    for place in _PLACES:
        ends = [found.end() for found in place.finditer(window, _LEAST) if found.end() < len(window)]
        if ends:
            return min(ends, key=lambda end: abs(end - LENGTH))
    return min(LENGTH, len(window))

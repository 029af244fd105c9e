"""What the service of a model that writes answers, with nothing in it that could surprise a page. Draws nothing."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from bmcore.ui.words import one_line

BROKEN = "\ufffd"
# what stands for something else than itself: parts of a letter, and the end of a text
_SIGN = re.compile(r"<(\|.*\||[0-9A-F]{2}( [0-9A-F]{2})*|/?s|eos|bos|pad|unk)>")


class Candidate(NamedTuple):
    """A piece that may come next: its text, its probability after the dials, and before."""

    text: str
    probability: float
    raw: float

    @property
    def writable(self) -> bool:
        """Whether a text can be gone on with by it."""
        return bool(self.text) and self.probability > 0 and BROKEN not in self.text and not _SIGN.fullmatch(self.text)


class Piece(NamedTuple):
    """A piece of a text, and by how many bits it surprised the model; None for the first."""

    text: str
    surprise: float | None


def candidates(answer: object) -> list[Candidate]:
    """The likeliest next pieces, the likeliest first."""
    rows = [
        Candidate(entry["token"], float(entry["probability"]), float(entry["raw"] if _number(entry.get("raw")) else entry["probability"]))
        for entry in _entries(answer)
        if isinstance(entry.get("token"), str) and _number(entry.get("probability"))
    ]
    return sorted(rows, key=lambda row: (-row.probability, -row.raw))


def pieces(answer: object) -> list[Piece]:
    """The pieces of a text, in order."""
    return [
        Piece(entry["token"], float(entry["surprise"]) if _number(entry.get("surprise")) else None)
        for entry in _entries(answer)
        if isinstance(entry.get("token"), str)
    ]


def attention(answer: object) -> tuple[list[str], list[list[list[list[float]]]]] | None:
    """(tokens, weights by layer, head, row and column); None where they do not fit together."""
    found = answer.get("attention", answer) if isinstance(answer, dict) else None
    if not isinstance(found, dict) or not isinstance(found.get("tokens"), list) or not isinstance(found.get("weights"), list):
        return None
    tokens = [entry.get("token") if isinstance(entry, dict) else entry for entry in found["tokens"]]
    layers = found["weights"]
    square = all(isinstance(token, str) for token in tokens) and layers and all(
        isinstance(heads, list) and heads and len(heads) == len(layers[0]) and all(_is_square(head, len(tokens)) for head in heads)
        for heads in layers
    )
    return (tokens, layers) if square else None


def _is_square(head: object, n: int) -> bool:
    rows = head if isinstance(head, list) and len(head) == n else []
    return n > 0 and len(rows) == n and all(isinstance(row, list) and len(row) == n and all(map(_number, row)) for row in rows)


def _entries(answer: object) -> list[dict]:
    """The first list in the answer."""
    values = answer.values() if isinstance(answer, dict) else [answer]
    listed = next((value for value in values if isinstance(value, list)), [])
    return [entry for entry in listed if isinstance(entry, dict)]


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def shown(token: str, longest: int = 24) -> str:
    """A piece as a person can see it: spaces and line ends have signs.

    Examples
    --------
    >>> shown(" the"), shown("a\\n"), shown(""), shown("<E6 9D>")
    ('␣the', 'a⏎', '∅', '<E6 9D>')
    """
    if _SIGN.fullmatch(token):
        return one_line(token, longest)
    return one_line(token.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥").replace(BROKEN, "▯"), longest) or "∅"

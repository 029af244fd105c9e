"""Which encoding a text file is in, and the same text as UTF-8, in memory a little over the file's own size.

Tried in order: byte order mark, UTF-16 without a mark (its NUL bytes give it away), UTF-8, GB18030, Windows-1252. Business
files come in these; a statistical guesser is slower and, on short files of names and prices, more often wrong.
"""

from __future__ import annotations

import codecs
import re

from bmcore.errors import DataError
from bmcore.messages import Message

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_STEP = 1 << 20


def to_utf8(content: bytes, name: str) -> tuple[bytes | bytearray, str, list[Message]]:
    """The text as UTF-8 without a mark, the encoding it was in, and what a person should know about it.

    Raises
    ------
    DataError
        If the file holds NUL bytes or begins with a mark that its content contradicts.
    """
    mark = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    if mark == "utf-8-sig":
        content = content[len(codecs.BOM_UTF8) :]
    elif mark or (mark := _unmarked_utf16(content)):
        return _checked(_recode(content, mark, name), name), mark, []
    _refuse_nul(content, name)
    if _is_valid(content, "utf-8"):
        return content, mark or "utf-8", []
    repaired = _nearly_utf8(content, name)
    if repaired:
        return repaired
    if _looks_like_gb18030(content):
        return _recode(content, "gb18030", name), "gb18030", []
    note = Message(
        "{name} is neither UTF-8 nor GB18030; it was read as Western European text. If letters look wrong, save it as UTF-8.", name=name
    )
    return _recode(content, _western(content), name), _western(content), [note]


def _unmarked_utf16(content: bytes) -> str | None:
    """UTF-16 keeps every NUL on one side of its byte pairs, and has one for each comma and line end."""
    sample = content[: 1 << 16]
    if len(content) % 2 or b"\x00" not in sample:
        return None
    even, odd = (2 * sample[side::2].count(0) / len(sample) for side in (0, 1))
    least = 0.005 if not _is_valid(content, "utf-8") else 0.3  # a lone NUL in plain text is damage
    if odd > least and even <= odd / 100 and _is_valid(content, "utf-16-le"):
        return "utf-16-le"
    if even > least and odd <= even / 100 and _is_valid(content, "utf-16-be"):
        return "utf-16-be"
    return None


def _refuse_nul(content: bytes | bytearray, name: str) -> None:
    at = content.find(b"\x00")
    if at >= 0:
        raise DataError(
            "Line {line} of {name} holds a NUL byte, which no text file has: the file is damaged or not text. Save it again as CSV UTF-8 "
            "and try once more.",
            line=content.count(b"\n", 0, at) + 1,
            name=name,
        )


def _checked(content: bytearray, name: str) -> bytearray:
    _refuse_nul(content, name)
    return content


def _is_valid(content: bytes, encoding: str) -> bool:
    if encoding == "utf-8" and content.isascii():
        return True
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(content), _STEP):
            decoder.decode(content[start : start + _STEP], start + _STEP >= len(content))
    except UnicodeDecodeError:
        return False
    return True


def _recode(content: bytes, encoding: str, name: str, errors: str = "strict") -> bytearray:
    """Step by step, because a whole file as `str` can take four bytes a character."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    out = bytearray()
    try:
        for start in range(0, len(content), _STEP):
            out += decoder.decode(content[start : start + _STEP], start + _STEP >= len(content)).encode("utf-8", "replace")
    except UnicodeError as error:
        raise DataError(
            "{name} says it is {encoding} but line {line} is not. The file is cut or damaged: save it again as CSV UTF-8.",
            name=name,
            encoding=encoding.upper(),
            line=out.count(b"\n") + 1,
        ) from error
    return out


def _nearly_utf8(content: bytes, name: str) -> tuple[bytearray, str, list[Message]] | None:
    """UTF-8 with a few broken characters, as a cut or a glued file has."""
    recoded = _recode(content, "utf-8", name, errors="replace")
    sign = "\ufffd".encode()
    broken = recoded.count(sign) - content.count(sign)
    whole = len(re.findall(rb"[\xc2-\xf4][\x80-\xbf]{1,3}", content))
    if broken * 10 > whole:
        return None
    line = recoded.count(b"\n", 0, recoded.find(sign)) + 1
    note = Message("{n} characters of {name} are broken, the first on line {line}; they show as \ufffd.", n=broken, name=name, line=line)
    return recoded, "utf-8", [note]


def _looks_like_gb18030(content: bytes) -> bool:
    """Valid, and its high bytes come in pairs; Western letters stand alone between ASCII ones."""
    if not _is_valid(content, "gb18030"):
        return False
    runs = re.findall(rb"[\x80-\xff]+", content[: 1 << 20])
    high = sum(map(len, runs))
    return sum(len(run) for run in runs if len(run) > 1) > 0.6 * high


def _western(content: bytes) -> str:
    return "cp1252" if _is_valid(content, "cp1252") else "latin-1"

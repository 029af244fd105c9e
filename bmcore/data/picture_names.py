"""Names inside an archive: which are pictures, which lead out of it, which class they mean, how they can be shown."""

from __future__ import annotations

import re
import unicodedata

from bmcore.messages import Message

PICTURES = ("png", "jpg", "jpeg", "jfif", "webp")
METADATA = ("metadata.csv", "metadata.jsonl")
_ARCHIVES = ("zip", "tar", "gz", "tgz", "bz2", "xz", "7z", "rar", "zst", "jar", "iso")
# what programs put beside pictures
_OWN = ("thumbs.db", "desktop.ini", "dataset_infos.json", "dataset_info.json", "readme.md", "readme.txt")
_LONGEST = 1000
MOST_LABEL = 255


def shown(name: str, most: int = 60) -> str:
    """A name as it can be shown: no control or direction characters, one line, not long.

    Examples
    --------
    >>> shown("a\\u202egnp.exe\\n")
    'agnp.exe'
    """
    kept = "".join(letter if letter != "\t" else " " for letter in unicodedata.normalize("NFC", name[:_LONGEST]))
    kept = " ".join("".join(letter for letter in kept if unicodedata.category(letter)[0] != "C").split())
    return kept if len(kept) <= most else kept[: most - 1] + "…"


def some(names: list[str], most: int = 5) -> Message | str:
    """The first few of a list of names."""
    first = ", ".join(shown(name) for name in names[:most])
    return first if len(names) <= most else Message("{names} and {n} more", names=first, n=len(names) - most)


def leads_out(name: str) -> bool:
    """True for a name that is no path inside the archive.

    Examples
    --------
    >>> [leads_out(name) for name in ("a/b.png", "../b.png", "/b.png", "C:\\\\b.png", "a/..")]
    [False, True, True, True, True]
    """
    plain = name.replace("\\", "/")
    return not plain or len(plain) > _LONGEST or "\0" in plain or plain[0] == "/" or plain[1:2] == ":" or ".." in plain.split("/")


def ending(name: str) -> str:
    """What follows the last dot, lower case."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return last.rpartition(".")[2].lower() if "." in last else ""


def is_archive(name: str) -> bool:
    return ending(name) in _ARCHIVES


def is_picture(name: str) -> bool:
    return ending(name) in PICTURES


def is_metadata(name: str) -> bool:
    return name.replace("\\", "/").rsplit("/", 1)[-1].lower() in METADATA


def is_hidden(name: str) -> bool:
    """True for what systems and programs put beside pictures without being asked."""
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or any(part.startswith(".") for part in parts) or parts[-1].lower() in _OWN


def decoded(name: str, utf8: bool) -> str:
    """The name as it was meant: archives that do not say so are written in UTF-8 or, in China, in GB 2312.

    Examples
    --------
    >>> decoded("猫/1.png".encode("gb2312").decode("cp437"), utf8=False)
    '猫/1.png'
    """
    if utf8 or name.isascii():
        return name
    found = [_decoded(name.encode("cp437", "replace"), encoding) for encoding in ("utf-8", "gb2312")]
    # short Chinese names in GB 2312 are UTF-8 too, of Latin or Cyrillic letters; Chinese in UTF-8 is known by its letters
    chinese = [one for one in found if one and any(letter >= "\u3000" for letter in one)]
    return (chinese or [one for one in found if one] or [name])[0]


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def label(name: str) -> str:
    """The name of a class: cleaned, and as long as the name of a folder may be, so that no two become one.

    Examples
    --------
    >>> label("a" * 100) == "a" * 100
    True
    """
    return shown(name, MOST_LABEL)


def folders(name: str) -> tuple[str, ...]:
    """The folders above a file, cleaned."""
    return tuple(label(part) for part in re.split(r"[\\/]+", name)[:-1])

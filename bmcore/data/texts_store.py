"""A person's texts kept in the home folder: a text file, a zip or a folder of text files, or a table.

ref = store_texts("notes.txt")
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from bmcore.data import picture_archive, picture_names, picture_pack, read, refs
from bmcore.errors import DataError

MAX_BYTES = 200 * 2**20
TEXTS = ("txt", "md", "text", "markdown")
_TABLES = tuple(ending for ending in (*read.ENDINGS, "ndjson", "tab", "pq") if ending != "txt")
_MOST_FILES, _MOST_SEEN, _BLOCK = 20_000, 200_000, 2**20
_THEN = (1980, 1, 1, 0, 0, 0)  # the same files give the same archive


def is_text_file(name: str) -> bool:
    """True for a file name that ends as texts do."""
    return picture_names.ending(name) in TEXTS


def store_texts(source: bytes | str | os.PathLike | list[tuple[str, bytes]], name: str | None = None) -> dict[str, Any]:
    """Keep a person's texts in the home folder, named by their content, and give the reference to them.

    Use it when texts come from outside: an upload, or a path on the command line.

    Parameters
    ----------
    source : bytes, path of a file or a folder, or list of (file name, bytes)
        A .txt or .md file, a zip of such, or a table. Of a folder only .txt and .md files are taken, and no links are followed.
    name : str, optional
        Its file name, whose ending says what it is; by default the path's last part.

    Returns
    -------
    dict
        `{"kind": "file", "name", "stored": "<sha256>.<ending>", "sha256", "bytes"}`, and `"holds": "texts"` for a zip.

    Raises
    ------
    DataError
        If it ends otherwise, is empty, over the cap (200 MB, 50 MB for a table, 20,000 files), or a zip that
        `picture_archive.store_archive` would refuse. Nothing is unpacked to find that out.
    StorageError
        If the home folder cannot be written.

    Notes
    -----
    About 0.01 s a megabyte; memory does not grow with a path's size.
    """
    if isinstance(source, list) and len(source) == 1:
        name, source = name or source[0][0], source[0][1]
    if isinstance(source, list):
        return _zipped(lambda file: _pack(iter(source), file), read.display_name(name or "texts.zip"))
    place = Path(source) if isinstance(source, str | os.PathLike) else None
    shown = read.display_name(name or (place.absolute().name if place else "texts.txt"))
    if place is not None and place.is_dir():
        return _zipped(lambda file: _pack(_of_folder(place), file), shown)
    ending = picture_names.ending(shown)
    if ending == "zip":
        return {**picture_archive.store_archive(source, shown), "holds": "texts"}
    if ending in _TABLES:
        return refs.store(source, shown)
    if ending and ending not in TEXTS:
        raise DataError(
            "{name} ends in .{ending}. Texts come as .txt or .md, as a zip of such files, or as a table ({tables}). "
            "Save what is in it as plain text (UTF-8).",
            name=shown, ending=ending[:40], tables=", ".join(f".{one}" for one in _TABLES),
        )
    return _keep_text(source if place is None else place, shown)


def _keep_text(source: bytes | Path, name: str) -> dict[str, Any]:
    try:
        with io.BytesIO(source) if not isinstance(source, Path) else source.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            if size > MAX_BYTES:
                raise DataError("{name} has {size} MB; at most {most} MB of texts are taken. Give a part of it.", name=name,
                                size=size // 2**20, most=MAX_BYTES // 2**20)
            if not size:
                raise DataError("{name} is empty (0 bytes). Give a file with texts.", name=name)
            return picture_pack.keep(lambda target: _copy(file, target), name, ending="txt")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DataError("{name} cannot be opened ({reason}). Check the path and that you may read it.", name=name,
                        reason=getattr(error, "strerror", None) or str(error)[:100]) from error


def _copy(file: BinaryIO, target: BinaryIO) -> None:
    """At most a byte over the cap, even if the file grows meanwhile."""
    left = MAX_BYTES + 1
    while left and (block := file.read(min(_BLOCK, left))):
        target.write(block)
        left -= len(block)


def _zipped(write, name: str) -> dict[str, Any]:
    return {**picture_pack.keep(write, name, picture_archive._checked), "holds": "texts"}


def _pack(given: Iterator[tuple[str, bytes]], target: BinaryIO) -> None:
    used: set[str] = set()
    size = 0
    with zipfile.ZipFile(target, "w") as archive:
        for number, (name, content) in enumerate(given, 1):
            size += len(content)
            if number > _MOST_FILES or size > MAX_BYTES:
                raise DataError("At most {most} files and {size} MB of texts are taken at once. Give fewer.", most=_MOST_FILES,
                                size=MAX_BYTES // 2**20)
            if not is_text_file(name):
                raise DataError("{name} is no .txt or .md file. Several files at once must all be such; a table or a zip comes alone.",
                                name=picture_names.shown(name))
            archive.writestr(zipfile.ZipInfo(picture_pack._free(picture_pack._inside(name), used), _THEN), content)
    if not used:
        raise DataError("There are no .txt or .md files. Give a folder or a zip with such files.")


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    seen = 0
    for parent, names, here in os.walk(folder):
        names[:] = sorted(name for name in names if not name.startswith("."))
        seen += len(names) + len(here)
        if seen > _MOST_SEEN:
            raise DataError("{folder} holds more than {most} files. Give the folder of the texts itself.",
                            folder=picture_names.shown(folder.name), most=_MOST_SEEN)
        for name in sorted(here):
            place = Path(parent, name)
            if is_text_file(name) and not name.startswith(".") and place.is_file() and not place.is_symlink():
                yield str(place.relative_to(folder)), picture_pack._content(place)

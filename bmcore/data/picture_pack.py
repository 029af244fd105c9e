"""Packing files into one archive, and writing it into the home folder under the hash of its content."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from bmcore import files
from bmcore.data import picture_names
from bmcore.errors import DataError, StorageError
from bmcore.home import subfolder

_MOST_FILES, _MOST_BYTES, _MOST_SEEN = 20_000, 500 * 2**20, 200_000
_BLOCK = 2**20
_THEN = (1980, 1, 1, 0, 0, 0)  # the same pictures give the same archive


def keep(write: Callable[[BinaryIO], None], name: str, check: Callable[[BinaryIO, str], Any] | None = None,
         ending: str = "zip") -> dict[str, Any]:
    """Write an archive, or a file of another ending, check it and give the reference to it. A kill leaves nothing that is used.

    Raises
    ------
    StorageError
        If the home folder cannot be written.
    """
    folder = subfolder("data")
    try:
        handle, beside = tempfile.mkstemp(dir=folder, prefix=".keep.")
        try:
            with os.fdopen(handle, "w+b") as file:
                write(file)
                if check is not None:
                    check(file, name)
                file.flush()
                os.fsync(file.fileno())
                size = file.seek(0, os.SEEK_END)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.replace(beside, folder / f"{digest}.{ending}")
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
        files.fsync_folder(folder)
    except OSError as error:
        raise StorageError(
            "The files could not be kept in {folder} ({reason}). Free some disk space, or set BMCORE_HOME to a folder you can write to.",
            folder=str(folder), reason=error.strerror or str(error)[:200],
        ) from error
    return {"kind": "file", "name": name, "stored": f"{digest}.{ending}", "sha256": digest, "bytes": size}


def pack_files(given: list[tuple[str, bytes]], target: BinaryIO) -> None:
    """Uploaded files as an archive."""
    _check(len(given), sum(len(content) for _, content in given))
    used: set[str] = set()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in given:
            archive.writestr(zipfile.ZipInfo(_free(_inside(name), used), _THEN), content)


def pack_folder(folder: Path, target: BinaryIO) -> None:
    """The pictures and metadata files of a folder and all below it as an archive. Links are not followed."""
    used: set[str] = set()
    n = size = 0
    with zipfile.ZipFile(target, "w") as archive:
        for place in _pictures(folder):
            content = _content(place)
            n, size = n + 1, size + len(content)
            _check(n, size)
            archive.writestr(zipfile.ZipInfo(_free(_inside(str(place.relative_to(folder))), used), _THEN), content)
    if n == 0:
        raise DataError("{folder} holds no pictures. Give a folder with png, jpg or webp files.", folder=picture_names.shown(folder.name))


def _pictures(folder: Path) -> Iterator[Path]:
    seen = 0
    for parent, names, here in os.walk(folder):
        names[:] = sorted(name for name in names if not name.startswith("."))
        seen += len(names) + len(here)
        if seen > _MOST_SEEN:
            raise DataError(
                "{folder} holds more than {most} files. Give the folder of the pictures itself.",
                folder=picture_names.shown(folder.name), most=_MOST_SEEN,
            )
        for name in sorted(here):
            place = Path(parent, name)
            wanted = picture_names.is_picture(name) or picture_names.is_metadata(name)
            if wanted and not picture_names.is_hidden(name) and place.is_file() and not place.is_symlink():
                yield place


def _content(place: Path) -> bytes:
    try:
        with place.open("rb") as file:
            return file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise DataError(
            "{name} cannot be opened ({reason}). Check the path and that you may read it.",
            name=picture_names.shown(place.name), reason=error.strerror or str(error)[:100],
        ) from error


def _check(n: int, size: int) -> None:
    if n > _MOST_FILES:
        raise DataError("There are more than {most} pictures. Give fewer.", most=_MOST_FILES)
    if size > _MOST_BYTES:
        raise DataError("The pictures have more than {most} MB together. Give fewer or smaller ones.", most=_MOST_BYTES // 2**20)


def _inside(name: str) -> str:
    """The name as a path inside an archive, whatever it was."""
    parts = [picture_names.shown(part, 120) for part in name.replace("\\", "/").split("/")]
    return "/".join(part for part in parts if part.strip(".")).replace(":", "-") or "picture"


def _free(name: str, used: set[str]) -> str:
    """The name, or with a number before its last part if it is taken."""
    folder, _, last = name.rpartition("/")
    number = 2
    while name in used:
        name = f"{folder}/{number} {last}".lstrip("/")
        number += 1
    used.add(name)
    return name

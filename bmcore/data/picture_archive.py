"""An archive of pictures, looked at before anything of it is unpacked, and kept in the home folder under its content's name.

ref = store_archive("my pictures.zip")
for entry in entries(zipfile.ZipFile(path(ref))): ...
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

from bmcore.data import picture_names, picture_pack, read
from bmcore.errors import DataError
from bmcore.home import subfolder

MAX_FILES, MAX_UNPACKED, MAX_RATIO = 20_000, 500 * 2**20, 100
MAX_DIRECTORY = 6 * 2**20  # the table of contents of 20,000 files with long names is half of this
_SMALL = 2**20  # what unpacks to less than this may have any ratio
_STORED = re.compile(r"[0-9a-f]{64}\.zip")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BLOCK = 2**20


def store_archive(source: bytes | str | os.PathLike | list[tuple[str, bytes]], name: str | None = None) -> dict[str, Any]:
    """Keep a person's pictures in the home folder, named by their content, and give the reference to them.

    Use it when pictures come from outside: an upload, or a path on the command line.

    Parameters
    ----------
    source : bytes, path of a zip or a folder, or list of (file name, bytes)
        What is no zip is packed into one. Of a folder only pictures and metadata files are taken, and no links are followed.
    name : str, optional
        What to show; by default the path's last part.

    Returns
    -------
    dict
        `{"kind": "file", "name", "stored": "<sha256>.zip", "sha256", "bytes"}`.

    Raises
    ------
    DataError
        If it is no zip, over a cap (20,000 files, 500 MB unpacked, ratio 100), or holds another archive, links, encrypted or double
        entries, or names that lead out of it. Nothing is unpacked to find that out.
    StorageError
        If the home folder cannot be written.

    Notes
    -----
    About 0.01 s a megabyte; memory does not grow with a path's size.
    """
    if isinstance(source, list) and len(source) == 1 and source[0][0].lower().endswith(".zip"):
        name, source = name or source[0][0], source[0][1]
    if isinstance(source, list):
        return picture_pack.keep(lambda file: picture_pack.pack_files(source, file), _shown(name, "pictures.zip"), _checked)
    if isinstance(source, str | os.PathLike):
        place = Path(source)
        name = _shown(name or place.absolute().name, "pictures.zip")
        if place.is_dir():
            return picture_pack.keep(lambda file: picture_pack.pack_folder(place, file), name, _checked)
        with _opened(place, name) as file:
            return _keep_zip(file, name)
    return _keep_zip(io.BytesIO(source), _shown(name, "pictures.zip"))


def path(ref: dict[str, Any]) -> Path:
    """Where a stored archive lies. Its name is checked, so a doctored reference never leaves the data folder.

    Raises
    ------
    DataError
        If the reference is not one that `store_archive` made.
    """
    stored, name = ref.get("stored"), _shown(ref.get("name"), "pictures.zip")
    if not isinstance(stored, str) or not _STORED.fullmatch(stored):
        raise DataError("{name} is a table, not pictures. Give a zip or a folder of pictures.", name=name)
    return subfolder("data") / stored


@contextlib.contextmanager
def opened(ref: dict[str, Any]):
    """The stored archive, verified and checked, as a `zipfile.ZipFile`.

    Raises
    ------
    DataError
        If it is gone, has changed or is refused.
    """
    place, name = path(ref), _shown(ref.get("name"), "pictures.zip")
    try:
        file = place.open("rb")
    except OSError as error:
        raise DataError("The file {name} is no longer in the home folder of bmcore. Give it again.", name=name) from error
    with file:
        if hashlib.file_digest(file, "sha256").hexdigest() != place.stem:
            raise DataError("The stored copy of {name} has changed since it was given. Give the file again.", name=name)
        with _checked(file, name) as archive:
            yield archive


def content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of one entry, at most one more than `most` and never more than it says of itself.

    Raises
    ------
    DataError
        If it is damaged.
    """
    try:
        with archive.open(entry) as file:
            return file.read(most + 1)
    except Exception as error:  # zlib, zipfile and struct each have their own
        raise DataError("{name} is damaged in the archive. Make the zip again.", name=picture_names.shown(entry.filename)) from error


def _keep_zip(file: BinaryIO, name: str) -> dict[str, Any]:
    _checked(file, name).close()

    def copy(target: BinaryIO) -> None:
        file.seek(0)
        while block := file.read(_BLOCK):
            target.write(block)

    return picture_pack.keep(copy, name)


def _opened(place: Path, name: str) -> BinaryIO:
    try:
        if not place.is_file():
            raise DataError("{name} is neither a zip nor a folder. Give the path of a zip or of a folder with pictures.", name=name)
        return place.open("rb")
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            "{name} cannot be opened ({reason}). Check the path and that you may read it.",
            name=name, reason=getattr(error, "strerror", None) or str(error)[:100],
        ) from error


class _Fenced:
    """A file of which nobody reads much at once: the table of contents says itself how long it is."""

    def __init__(self, file: BinaryIO):
        self.file, self.most = file, MAX_DIRECTORY

    def read(self, n: int = -1) -> bytes:
        if self.most and n > self.most:
            raise zipfile.BadZipFile("too many")
        return self.file.read(n)

    def __getattr__(self, name: str):
        return getattr(self.file, name)


def _checked(file: BinaryIO, name: str) -> zipfile.ZipFile:
    """The archive, after a look at its table of contents."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size == 0:
        raise DataError("{name} is empty. Give a zip with files in it.", name=name)
    if size > MAX_UNPACKED:
        raise DataError("{name} has {size} MB; at most {most} MB are taken. Give fewer or smaller files.", name=name,
                        size=size // 2**20, most=MAX_UNPACKED // 2**20)
    if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        raise DataError("{name} is no zip. Pack the files into a zip and give that.", name=name)
    fenced = _Fenced(file)
    try:
        archive = zipfile.ZipFile(fenced)
    except Exception as error:
        raise DataError(
            "{name} is a cut or damaged zip, or its table of contents is too long. Make the zip again.", name=name
        ) from error
    fenced.most = 0
    _check_amounts(archive.infolist(), size, name)
    _check_entries(archive.infolist(), name)
    return archive


def _check_amounts(entries: list[zipfile.ZipInfo], size: int, name: str) -> None:
    files = sum(not entry.is_dir() for entry in entries)
    unpacked, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    if files > MAX_FILES or len(entries) > 2 * MAX_FILES:
        raise DataError("{name} holds {n} files; at most {most} are taken. Give fewer files.", name=name, n=files, most=MAX_FILES)
    if unpacked > MAX_UNPACKED:
        raise DataError("{name} unpacks to {size} MB; at most {most} MB are taken. Give fewer or smaller files.", name=name,
                        size=unpacked // 2**20, most=MAX_UNPACKED // 2**20)
    worst = max((entry.file_size / max(entry.compress_size, 1) for entry in entries if entry.file_size > _SMALL), default=0)
    overlapping = packed > size  # entries that share their bytes
    if overlapping or worst > MAX_RATIO or unpacked > max(_SMALL, MAX_RATIO * size):
        raise DataError(
            "{name} unpacks to more than {most} times its size, as no honest files do. Give a zip that holds your own files only.",
            name=name, most=MAX_RATIO,
        )


def _check_entries(entries: list[zipfile.ZipInfo], name: str) -> None:
    seen = set()
    for entry in entries:
        _check_entry(entry, name)
        key = entry.orig_filename.replace("\\", "/")
        if key in seen:
            raise DataError("{name} holds {entry} twice. Make the zip again.", name=name, entry=picture_names.shown(key))
        seen.add(key)


def _check_entry(entry: zipfile.ZipInfo, name: str) -> None:
    given = picture_names.shown(entry.orig_filename)
    if picture_names.leads_out(entry.orig_filename):
        raise DataError(
            "{name} holds {entry}, a name that leads out of the archive. Make the zip from the folder of the files.", name=name, entry=given
        )
    kind = entry.external_attr >> 28  # of a Unix file: 8 a plain file, 4 a folder, 10 a link
    if kind not in (0, 4, 8):
        raise DataError("{name} holds {entry}, a link or a device. Put the file itself into the zip.", name=name, entry=given)
    if entry.flag_bits & 0x41:
        raise DataError("{name} is encrypted. Make the zip without a password.", name=name)
    if entry.compress_type not in _METHODS:
        raise DataError("{name} is packed by an unusual method. Make the zip with the method Deflate.", name=name)
    if picture_names.is_archive(entry.filename):
        raise DataError("{name} holds {entry}, another archive. Unpack that first and zip all files at once.", name=name, entry=given)


def _shown(name: Any, otherwise: str) -> str:
    return read.display_name(str(name or otherwise))

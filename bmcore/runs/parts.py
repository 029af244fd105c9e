"""The finished parts of a run: files and folders that are whole or absent, so that a resumed run skips what is there."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bmcore import files


def document(place: Path, make: Callable[[], Any]) -> Any:
    """The JSON document at `place`; made and written if it is not there. Always as it is read back, so every attempt sees the same."""
    if (found := files.read_json(place)) is None:
        files.write_json(place, finite(make()))
        found = files.read_json(place)
    return found


def finite(value: Any) -> Any:
    """The same with None for what JSON has no word for: NaN and infinity.

    Examples
    --------
    >>> finite({"a": [1.5, float("nan")]})
    {'a': [1.5, None]}
    """
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    number = value.item() if getattr(value, "ndim", None) == 0 else value
    return None if isinstance(number, float) and not math.isfinite(number) else number


def folder(place: Path, fill: Callable[[Path], Any]) -> None:
    """Make the folder `place`, unless it is there: filled beside, on disk to the last byte, then renamed."""
    if place.is_dir():
        return
    beside = place.with_name(f"{place.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    fill(beside)
    _sync(beside)
    os.rename(beside, place)
    files.fsync_folder(place.parent)


def sweep(folder: Path) -> None:
    """Remove what a worker that was killed in the middle of a write left beside its files. Only for whoever holds the run's lock."""
    for path in folder.glob(".*"):
        with contextlib.suppress(OSError):
            path.unlink()


def _sync(folder: Path) -> None:
    """Everything in `folder` on disk before its name says that it is whole."""
    for path in [folder, *folder.rglob("*")]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

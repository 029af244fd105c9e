"""Files that are whole or absent: write beside, fsync, rename, fsync the folder."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


def fsync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` in one step: a reader sees the old content or the new, never a part."""
    path = Path(path)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    fsync_folder(path.parent)


def write_json(path: Path, content: Any) -> None:
    """`write_bytes` of a JSON document; NaN and infinity are refused because JSON has neither."""
    write_bytes(path, json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1, default=plain).encode())


def plain(value: Any) -> Any:
    """A numpy scalar as Python's own, for `json.dumps(default=)`."""
    if getattr(value, "ndim", None) == 0:
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")


def read_json(path: Path, default: Any = None) -> Any:
    """The document, or `default` if the file is absent or not JSON."""
    try:
        return json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        return default

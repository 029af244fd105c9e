"""Where bmcore keeps runs, samples and uploads: `$BMCORE_HOME`, by default `~/.bmcore`."""

from __future__ import annotations

import os
from pathlib import Path

from bmcore.errors import StorageError


def home() -> Path:
    """The home folder, made on first use and readable by its owner only.

    Raises
    ------
    StorageError
        If it cannot be made.
    """
    folder = Path(os.environ.get("BMCORE_HOME") or Path.home() / ".bmcore").expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            "The folder {folder} cannot be made ({reason}). Set BMCORE_HOME to a folder you can write to.",
            folder=str(folder), reason=error.strerror or str(error),
        ) from error
    return folder


def subfolder(name: str) -> Path:
    """`home()/name`, made on first use, mode 0700."""
    folder = home() / name
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StorageError(
            "The folder {folder} cannot be made ({reason}). Free some disk space, or set BMCORE_HOME to a folder you can write to.",
            folder=str(folder), reason=error.strerror or str(error),
        ) from error
    return folder

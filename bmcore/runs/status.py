"""status.json and the words for what can go wrong. Only whoever holds a run's lock writes."""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Iterator
from pathlib import Path

from bmcore import files
from bmcore.errors import BmcoreError, Cancelled, StorageError
from bmcore.home import home
from bmcore.messages import Message
from bmcore.runs import store

# what people read for a state
NAMES = {
    "queued": Message("Waiting"), "running": Message("Running"), "done": Message("Done"), "failed": Message("Failed"),
    "cancelled": Message("Stopped"), "lost": Message("Interrupted"),
}
_STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM)
_NO_SPACE = ("No space left on device", "os error 28", "Disk quota exceeded", "File too large (os error 27)")
_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "Cannot allocate memory", "bad_alloc")
_SMALL = Message("The memory of this machine is too small for this run. Choose smaller settings or a smaller table.")


class Terminated(BaseException):
    """SIGTERM: the machine shuts down, or an administrator ends the process."""


def write_status(
    folder: Path,
    state: str,
    *,
    attempt: int,
    started: float | None = None,
    ended: float | None = None,
    reason: Message | None = None,
    headline: dict | None = None,
) -> None:
    """Replace status.json in one step."""
    files.write_json(
        folder / "status.json",
        {
            "state": state,
            "since": round(time.time(), 3),
            "started": started,
            "ended": ended,
            "reason": reason.to_dict() if reason else None,
            "attempt": attempt,
            "headline": headline,
        },
    )


def storage_error(error: OSError) -> StorageError:
    """What the operating system refused, in words a user can act on."""
    if isinstance(error, StorageError):
        return error
    return StorageError(
        "The folder {folder} cannot be written ({reason}). Free some disk space, or set BMCORE_HOME to a folder you can write to.",
        folder=str(home()),
        reason=error.strerror or type(error).__name__,
    )


@contextlib.contextmanager
def steering(id: str) -> Iterator[None]:
    """Around what changes a run's folder: one that has gone meanwhile, and one that cannot be written, are sentences."""
    try:
        yield
    except FileNotFoundError as error:
        raise store.not_found(id) from error
    except OSError as error:
        raise storage_error(error) from error


def why(error: BaseException, no_memory: Message = _SMALL) -> Message | None:
    """The sentence for a run that `error` ended; None for a run that was asked to stop. `no_memory` is what its task says then."""
    if isinstance(error, Cancelled | KeyboardInterrupt):
        return None
    if isinstance(error, BmcoreError):
        return error.message
    if isinstance(error, Terminated):
        return Message(
            "The process was asked to end from outside, for example by a shutdown. Resume it: it goes on from its last checkpoint."
        )
    if isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY):
        return no_memory
    if isinstance(error, OSError) and error.errno in _STORAGE:
        return storage_error(error).message
    if any(words in str(error) for words in _NO_SPACE):
        return storage_error(OSError(errno.ENOSPC, "No space left on device")).message
    return Message("An unexpected error stopped the run: {kind}. The details are in log.txt of its folder.", kind=type(error).__name__)

"""Steering from outside: cancel and delete. Both may be asked by any face, any number of times."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil

from bmcore.errors import RunError
from bmcore.home import subfolder
from bmcore.runs import locks, slots, store
from bmcore.runs.launch import detached
from bmcore.runs.status import steering
from bmcore.runs.store import Run


def cancel(id: str) -> Run:
    """Ask a run to stop, and return at once. Its checkpoints stay, so `resume` can go on.

    The worker stops at its next step. If it does not react within 10 s a helper process ends it, within 35 s by force.
    Asking again, or asking a run that has ended, changes nothing.

    Raises
    ------
    RunNotFoundError
        If there is none.
    StorageError
        If the folder cannot be written.
    """
    run = store.get(id)
    if run.state not in store.ACTIVE:
        return run
    with steering(id):
        handle = locks.take(run.folder / "cancel")  # the file is the request, its lock is the helper's
        if handle is not None:
            try:
                detached(["-m", "bmcore.runs.stop", str(run.folder), str(handle)], handle)
            finally:
                os.close(handle)
    return run


def delete(id: str) -> None:
    """Remove a run that is not alive, with its model and checkpoints.

    Raises
    ------
    RunNotFoundError
        If there is none.
    RunError
        If it is queued or running.
    StorageError
        If the folder cannot be written.
    """
    run = store.get(id)
    with steering(id):
        lock = locks.take(run.folder / "lock", wait_s=1.0)
        if lock is None:
            raise RunError("Run {id} is still at work. Cancel it first, then delete it.", id=id)
        try:
            # a reader sees the whole run or none, however long the removal takes
            os.rename(run.folder, subfolder("trash") / f"{id}-{secrets.token_hex(4)}")
        finally:
            os.close(lock)
    slots.leave(id)
    _empty_trash()


def _empty_trash() -> None:
    """Also what an earlier delete left when it was killed."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(subfolder("trash"))):
            shutil.rmtree(entry.path, ignore_errors=True)

"""Steering from outside: cancel and delete. Both may be asked by any face, any number of times."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time

from bmcore.errors import RunError
from bmcore.home import subfolder
from bmcore.runs import locks, slots, store
from bmcore.runs.launch import detached
from bmcore.runs.status import steering
from bmcore.runs.store import Run

_FORGOTTEN_S = 7 * 86_400


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
    """Remove a run that is not alive, with its model, its checkpoints, and the file it learned from if no other run has that.

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
    given = _stored(run)
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
    _forget_files(given)
    _empty_trash()


def _stored(run: Run) -> str | None:
    """The name, in the folder of data, of the file that a run learned from."""
    data = run.spec.get("data")
    return str(data["stored"]) if isinstance(data, dict) and data.get("stored") else None


def _forget_files(given: str | None) -> None:
    """Remove a deleted run's file, and files that lie for a week without a run; those that another run has stay."""
    if given is None:
        return
    needed = {_stored(run) for run in store.list_runs()}
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(subfolder("data"))):
            old = time.time() - entry.stat().st_mtime > _FORGOTTEN_S
            if entry.name not in needed and (old or entry.name == given):
                os.unlink(entry.path)


def _empty_trash() -> None:
    """Also what an earlier delete left when it was killed."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(subfolder("trash"))):
            shutil.rmtree(entry.path, ignore_errors=True)

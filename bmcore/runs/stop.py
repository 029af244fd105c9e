"""The helper behind `cancel`: waits for a worker to stop, then ends it with its children.

    python -m bmcore.runs.stop RUN_FOLDER LOCKED_CANCEL_FILE

A process of its own, so that neither a page nor a terminal has to wait, and a stopped or hung worker cannot prevent it.
It ends only the process that signed the run's lock, while that lock is held, and only its own group.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

from bmcore.runs import locks, slots, store
from bmcore.runs.status import write_status

TERM_S = 10.0
KILL_S = 25.0
GIVE_UP_S = 60.0
_POLL_S = 0.2


def main(folder: Path, cancel: int) -> None:
    """Return once the worker is dead or the request is withdrawn by a resume."""
    lock, begin, sent, target = folder / "lock", time.monotonic(), None, None
    while locks.held(lock) and locks.same_file(cancel, folder / "cancel"):
        waited = time.monotonic() - begin
        target = target or locks.holder(lock)  # fixed at the first sight: a later holder is another attempt
        wanted = signal.SIGKILL if waited >= KILL_S else signal.SIGTERM if waited >= TERM_S else None
        if wanted and wanted != sent and target and locks.holder(lock) == target:
            end(target[0], wanted)
            sent = wanted
        if waited >= GIVE_UP_S:
            return
        time.sleep(_POLL_S)
    _record(folder, cancel)


def end(pid: int, wanted: signal.Signals) -> None:
    """Signal a worker and, where it leads its group as every launched worker does, its children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, wanted)
        else:
            os.kill(pid, wanted)


def _record(folder: Path, cancel: int) -> None:
    """Write `cancelled` for a worker that could not do it itself."""
    handle = locks.take(folder / "lock")
    if handle is None:
        return
    try:
        status = store.Run(folder).status
        if locks.same_file(cancel, folder / "cancel") and status["state"] in store.ACTIVE:
            write_status(folder, "cancelled", attempt=status["attempt"], started=status["started"], ended=round(time.time(), 3))
            slots.leave(folder.name)
    finally:
        os.close(handle)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

"""Who serves which run: a lock that lives as long as the process, and a record of its address.

`$BMCORE_HOME/serving/<name>.lock` is flock'ed from before the port is bound until the process ends, however it ends, so "alive"
is the lock and never a pid. `<name>.json` {port, url, pid, started} is written after the port is bound and counts only while the
lock is held. `<name>.stop` asks the process to end; who may write into the home folder may stop it, nobody else.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from pathlib import Path

from bmcore import files
from bmcore.errors import RunNotFoundError, StorageError
from bmcore.home import subfolder

_NAME = re.compile(r"[0-9a-z-]{8,40}")


class Record:
    """The serving files of one run.

    Parameters
    ----------
    name : str
        Run id.

    Raises
    ------
    RunNotFoundError
        If that cannot be a run id.
    """

    def __init__(self, name: str):
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise RunNotFoundError("There is no run {name}. The command `runs` lists all runs.", name=repr(name)[:60])
        self.name = name
        folder = subfolder("serving")
        self.lock, self.file = folder / f"{name}.lock", folder / f"{name}.json"
        self.stop, self.log = folder / f"{name}.stop", folder / f"{name}.log"

    def take(self, wait_s: float = 1.0) -> int | None:
        """Hold the lock for this process: a file descriptor to keep open, or None if another process holds it.

        It tries for a second because `alive` holds the lock for a moment, too.
        """
        until = time.monotonic() + wait_s
        while True:
            handle = _open_locked(self.lock, os.O_CREAT, fcntl.LOCK_EX)
            if handle is not None or time.monotonic() > until:
                return handle
            time.sleep(0.02)

    def alive(self) -> bool:
        """A process holds the lock."""
        if not self.lock.exists():
            return False
        handle = _open_locked(self.lock, 0, fcntl.LOCK_SH)
        if handle is None:
            return self.lock.exists()
        os.close(handle)
        return False

    def read(self) -> dict | None:
        """The address, if a living process has written one."""
        found = files.read_json(self.file)
        return found if isinstance(found, dict) and isinstance(found.get("port"), int) and self.alive() else None

    def write(self, port: int) -> None:
        """Say where this process answers.

        Raises
        ------
        StorageError
            If the disk is full or read-only.
        """
        try:
            files.write_json(self.file, {"port": port, "url": f"http://127.0.0.1:{port}", "pid": os.getpid(), "started": time.time()})
        except OSError as error:
            raise _unwritable(self.file, error) from error

    def clear(self) -> None:
        """Remove what an earlier process left. Only for the holder of the lock."""
        for path in (self.file, self.stop):
            path.unlink(missing_ok=True)

    def release(self, handle: int) -> None:
        """Give the lock back; its file goes first, and `take` notices when it has locked a file that is gone."""
        self.clear()
        self.lock.unlink(missing_ok=True)
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError("The file {path} cannot be written ({reason}). Free some disk space or make its folder writable.",
                        path=str(path), reason=error.strerror or str(error))


def _open_locked(path: Path, flags: int, kind: int) -> int | None:
    """A locked descriptor of the file that has this name now, or None."""
    try:
        handle = os.open(path, os.O_RDWR | flags, 0o600)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unwritable(path, error) from error
    with contextlib.suppress(OSError):
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), os.stat(path)):
            return handle
    os.close(handle)
    return None

"""Who is alive: a lock the kernel frees on any death, never a pid.

A killed child keeps its pid as a zombie and a pid is used again after a while, so both lie. A lock does not.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import time
from pathlib import Path


def take(path: Path, wait_s: float = 0.0) -> int | None:
    """Hold `path` exclusively; the descriptor, or None if somebody else holds it.

    `held` below takes a lock for a few microseconds, so whoever must not be turned away by a reader waits a little.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    end = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            if time.monotonic() >= end:
                os.close(handle)
                return None
            time.sleep(0.02)
        except BaseException:
            os.close(handle)
            raise


def release(handle: int) -> None:
    """Let go, also for children that inherited the descriptor."""
    fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


def held(path: Path) -> bool:
    """Whether somebody holds `path` now."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # shared, so that two readers never take each other for the worker
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(handle)


def same_file(handle: int, path: Path) -> bool:
    """Whether an inherited descriptor really is `path`."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except OSError:
        return False


def started(pid: int) -> str | None:
    """When a process began, as the system tells it; None if there is no such process. Tells a reused pid from the old one."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{text.rpartition(')')[2].split()[19]}"
    except OSError:
        pass
    if Path("/proc/self/stat").exists():
        return None
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def sign(handle: int, pid: int) -> None:
    """Write into a held lock file which process holds it."""
    content = json.dumps({"pid": pid, "started": started(pid)}).encode()
    os.ftruncate(handle, 0)
    os.pwrite(handle, content, 0)


def holder(path: Path) -> tuple[int, str] | None:
    """(pid, start) that signed a lock which is held now, if it is provably still the same process; else None."""
    if not held(path):
        return None
    try:
        signed = json.loads(path.read_bytes())
        pid, since = int(signed["pid"]), str(signed["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (pid, since) if pid > 1 and started(pid) == since else None

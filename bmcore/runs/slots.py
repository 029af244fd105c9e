"""Admission: one training per accelerator, one on a machine without; the others wait in the order they were started.

A slot is a lock in `$BMCORE_HOME/slots/`, so the kernel frees it on any death. A waiting run leaves a ticket in
`slots/waiting/` whose name sorts by time; the ticket of a dead run is thrown away by whoever waits behind it.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from bmcore.errors import RunError
from bmcore.home import home, subfolder
from bmcore.runs import locks

MAX_WAITING = 40
POLL_S = 0.2
_TICKET = re.compile(r"\d{20}-([0-9a-z-]{8,40})")


def devices() -> list[str | None]:
    """One entry a slot: the value for CUDA_VISIBLE_DEVICES, or None where nothing needs choosing."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [part.strip() for part in chosen.split(",") if part.strip()] or [None]
    found = [name for name in _names(Path("/dev")) if re.fullmatch(r"nvidia\d+", name)]
    return [str(number) for number in range(len(found))] if len(found) > 1 else [None]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _waiting() -> Path:
    folder = subfolder("slots") / "waiting"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _tickets() -> list[tuple[str, str]]:
    """(ticket, run id) in order."""
    found = [(name, _TICKET.fullmatch(name)) for name in _names(home() / "slots" / "waiting")]
    return [(name, match[1]) for name, match in found if match]


def _alive(id: str) -> bool:
    return locks.held(home() / "runs" / id / "lock")


def enqueue(id: str) -> None:
    """Leave a ticket for a run. Called once its lock is held."""
    leave(id)
    (_waiting() / f"{time.time_ns():020d}-{id}").touch(mode=0o600)


def leave(id: str) -> None:
    """Throw the tickets of a run away."""
    for ticket, owner in _tickets():
        if owner == id:
            with contextlib.suppress(OSError):
                (home() / "slots" / "waiting" / ticket).unlink()


def admit() -> None:
    """Raise RunError if too many runs wait already."""
    owners = [id for _, id in _tickets()]
    if len(owners) >= MAX_WAITING and sum(map(_alive, owners)) >= MAX_WAITING:
        raise RunError("{n} runs are waiting already, which is the most allowed. Cancel one, or start this one later.", n=MAX_WAITING)


def position(id: str) -> int | None:
    """Place in the queue; 1 is next."""
    alive = [owner for _, owner in _tickets() if owner == id or _alive(owner)]
    return alive.index(id) + 1 if id in alive else None


def _first(id: str) -> bool:
    """Whether no living run waits in front. Tickets of the dead are thrown away on the way."""
    for ticket, owner in _tickets():
        if owner == id:
            return True
        if _alive(owner):
            return False
        with contextlib.suppress(OSError):
            (home() / "slots" / "waiting" / ticket).unlink()
    return True


def acquire(id: str, check: Callable[[], None]) -> tuple[int, str | None]:
    """Wait for a slot; `check` is called five times a second and may raise. Returns the held descriptor and the device.

    The slot stays taken until the process ends.
    """
    if id not in [owner for _, owner in _tickets()]:
        enqueue(id)
    folder = subfolder("slots")
    try:
        while True:
            check()
            if _first(id):
                for number, device in enumerate(devices()):
                    handle = locks.take(folder / str(number))
                    if handle is not None:
                        return handle, device
            time.sleep(POLL_S)
    finally:
        leave(id)

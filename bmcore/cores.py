"""How many processor cores this process may use. Nothing heavy is imported: pages and the worker's first lines ask.

A container often sees every core of its host and may use two of them: threads for all would wait for each other and be throttled.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_CPUS = Path("/sys/devices/system/cpu")


def cores() -> int:
    """Cores this process may use: those it is bound to, and no more than its container's quota of processor time."""
    quota = _quota(_GROUPS)
    return max(1, min(len(_bound()), math.ceil(quota) if quota else len(_bound())))


def whole_cores() -> int:
    """As `cores`, where two threads of one core count once: what a matrix product gains from."""
    return max(1, min(cores(), _without_siblings(_CPUS)))


def _bound() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def _quota(groups: Path) -> float | None:
    """Cores' worth of time that a control group of this container grants: version 2, then version 1; None where it grants all."""
    try:
        granted, period = (groups / "cpu.max").read_text("ascii").split()
        return None if granted == "max" else int(granted) / int(period)
    except (OSError, ValueError):
        pass
    try:
        granted, period = (int((groups / "cpu" / f"cpu.cfs_{name}_us").read_text("ascii")) for name in ("quota", "period"))
        return granted / period if granted > 0 and period > 0 else None
    except (OSError, ValueError):
        return None


def _without_siblings(cpus: Path) -> int:
    """Cores among the processors this process is bound to."""
    groups = set()
    for cpu in _bound():
        try:
            groups.add((cpus / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text("ascii").strip())
        except (OSError, ValueError):
            groups.add(str(cpu))
    return len(groups)

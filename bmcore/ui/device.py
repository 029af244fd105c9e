"""What this computer trains on, told without importing torch."""

from __future__ import annotations

import functools
import platform
import shutil
import subprocess

from bmcore.cores import cores
from bmcore.ui.words import _, one_line


@functools.cache
def _nvidia() -> str | None:
    """The first NVIDIA GPU's name, or None."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    try:
        answer = subprocess.run(
            [tool, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=3,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    lines = answer.stdout.strip().splitlines()
    return one_line(lines[0], 60) if lines else None


def describe() -> str:
    """A sentence part: "2 processor cores", "NVIDIA H100"."""
    if name := _nvidia():
        return name
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return _("Apple GPU")
    return _("{n} processor cores, no graphics card needed", n=cores())

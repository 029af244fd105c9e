"""Which device computes, in which precision, from which seed. Imports torch only inside functions.

`auto` takes CUDA, then Apple's MPS, then the processor. Mixed precision is bf16 where the hardware is fast at it (CUDA with
compute capability 8 or more) and nothing elsewhere: bf16 products on a processor without AMX are many times slower than fp32.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import sys
import threading
import time
from collections.abc import Iterator

from bmcore.cores import whole_cores
from bmcore.errors import ParameterError

DEVICES = ("auto", "cpu", "cuda", "mps")
_MEASURING = threading.Lock()  # the number of threads is one for the whole process: two visitors at once would leave it changed
DRIVERS = ("/dev/nvidiactl", "/dev/dxg")  # one of them is there on Linux if a CUDA card is


def _present(name: str) -> bool:
    import torch

    return {"cpu": lambda: True, "cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}[name]()


def resolve(device: str = "auto") -> str:
    """The device that "auto" stands for, or the named one if this machine has it.

    Raises
    ------
    ParameterError
        If the machine lacks the named device.
    """
    if device == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if _present(name))
    if device not in DEVICES or not _present(device):
        raise ParameterError(
            "Device {device!r} is not on this machine. It has: {known}. Choose one of them, or \"auto\".",
            device=str(device)[:40], known=", ".join(name for name in DEVICES[1:] if _present(name)),
        )
    return device


def card() -> bool:
    """Whether there is a CUDA card; torch is imported only if one may be there."""
    if "torch" not in sys.modules and sys.platform == "linux" and not any(map(os.path.exists, DRIVERS)):
        return False  # without the second that importing torch takes
    return _present("cuda")


def precision(device: str) -> str:
    """"bf16" where the hardware is fast at it, else "no" (plain fp32)."""
    import torch

    if device == "cuda" and torch.cuda.get_device_capability()[0] >= 8:
        return "bf16"
    return "no"


def peak_flops(device: str) -> float | None:
    """Dense bf16 peak of a known CUDA card in FLOP/s, for the MFU figure; None where unknown."""
    import torch

    if device != "cuda":
        return None
    known = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "L4": 121e12, "L40S": 362e12, "4090": 165e12, "3090": 71e12}
    name = torch.cuda.get_device_name()
    return next((peak for key, peak in known.items() if key in name), None)


def free_memory() -> int:
    """Bytes of main memory that are free now."""
    return _memory("MemAvailable", "available")


def total_memory() -> int:
    """Bytes of main memory: the same whenever it is asked."""
    return _memory("MemTotal", "total")


def _memory(field: str, elsewhere: str) -> int:
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            fields = dict(line.split(":", 1) for line in lines)
        return int(fields[field].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        import psutil

        return int(getattr(psutil.virtual_memory(), elsewhere))


def gflops(seconds: float = 0.05) -> float:
    """fp32 matrix-product speed of this processor in GFLOP/s, measured with numpy: what `forecast` asks for.

    The best of many small products on one core, times the cores. Products on all cores at once wait for the slowest: where a
    browser opens its first page on the same machine they seem up to ten times slower than the minutes of training that follow.
    """
    import numpy as np
    from threadpoolctl import threadpool_limits

    n = 384
    a, b, best = np.ones((n, n), np.float32), np.ones((n, n), np.float32), math.inf
    with _MEASURING, threadpool_limits(1, "blas"):
        end = time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            a @ b
            best = min(best, time.perf_counter() - start)
    return whole_cores() * 2 * n**3 / best / 1e9


def capture_random() -> dict:
    """States of every random generator that training may draw from: python, numpy, torch, each CUDA card."""
    import numpy as np
    import torch

    return {
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
    }


def restore_random(state: dict) -> None:
    """Put back what `capture_random` took."""
    import numpy as np
    import torch

    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Every generator starts from `seed` inside and goes on afterwards as if nothing had been drawn."""
    import numpy as np
    import torch

    before = capture_random()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    try:
        yield
    finally:
        restore_random(before)

"""Rows shared out among threads. Kernels release the interpreter's lock; there is no second thread pool to collide with.

numba's own parallel loops are not used: its default pool ends the whole process when two threads of a server call it at once,
and a loop compiled for it takes several times as long to compile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from bmcore.cores import cores

LEAST_ROWS = 4096  # a thread's share: below this, handing over costs more than it saves


def threads_allowed() -> int:
    """Threads this process may use: its processors, or fewer by NUMBA_NUM_THREADS or OMP_NUM_THREADS."""
    most = cores()
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(name, "")
        if value.isdigit() and int(value) > 0:
            most = min(most, int(value))
    return max(1, most)


class Shares:
    """The shares of n rows and what runs them. `run(kernel)` calls `kernel(number, first, last)` for every share."""

    def __init__(self, n: int, pool: ThreadPoolExecutor | None, count: int, multiple: int = 1):
        size = -(-n // (count * multiple)) * multiple
        self.bounds = [(start, min(start + size, n)) for start in range(0, n, size)]
        self.pool = pool

    def __len__(self) -> int:
        return len(self.bounds)

    def run(self, kernel: Callable[[int, int, int], Any]) -> list:
        """The answers in the order of the shares."""
        jobs = [(number, first, last) for number, (first, last) in enumerate(self.bounds)]
        if self.pool is None or len(jobs) == 1:
            return [kernel(*job) for job in jobs]
        rest = [self.pool.submit(kernel, *job) for job in jobs[1:]]
        return [kernel(*jobs[0]), *(future.result() for future in rest)]


@contextmanager
def sharing(n: int, multiple: int = 1) -> Iterator[Shares]:
    """Shares of n rows, each a multiple of `multiple` rows but the last, and their threads for as long as the block lasts."""
    count = max(1, min(threads_allowed(), n // LEAST_ROWS))
    if count == 1:
        yield Shares(n, None, 1, multiple)
        return
    with ThreadPoolExecutor(count - 1) as pool:
        yield Shares(n, pool, count, multiple)

"""Threads for small networks: many that never wait for each other, or one.

Torch parts one convolution among its threads, and each part waits for the slowest. On small pictures the waiting costs more than the
threads bring, and several times more where other programs use the same cores. So blocks of pictures are parted among threads instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch

MOST = 8  # threads: each needs memory for a block of its own


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch works in the thread that calls it alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def spread(work: Callable[[Any], Any], blocks: Iterable[Any]) -> Iterator[Any]:
    """`work` of each block, in their order; as many at a time as torch has threads, each in one thread."""
    count = min(MOST, torch.get_num_threads())
    with one_thread():  # the setting of this thread is also what a new thread begins with
        pool = ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))
        try:
            yield from pool.map(work, blocks)
        finally:
            pool.shutdown(cancel_futures=True)

"""Share a range of work among threads in small pieces, telling of progress and stopping when asked.

For compiled functions that let go of Python's lock. Pieces are sized by the clock, so that uneven work balances itself and a
request to stop is met within a fraction of a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from bmcore.compute.threads import threads_allowed

PIECE_SECONDS = 0.03
TELL_SECONDS = 0.25
SMALL = 64  # pieces of work that one thread does sooner than a second one starts


def workers(n_jobs: int | None) -> int:
    """Threads that `n_jobs` stands for: None and -1 all that are allowed, -2 all but one, as in joblib."""
    allowed = threads_allowed()
    if n_jobs is None:
        return allowed
    return max(1, n_jobs if n_jobs > 0 else allowed + 1 + n_jobs)


class Share:
    """Hands out [first, last) pieces of range(total) and remembers the first failure."""

    def __init__(self, total: int, threads: int):
        self.total, self.threads, self.taken, self.done, self.failure = total, threads, 0, 0, None
        self.lock = threading.Lock()

    def take(self, wanted: int) -> tuple[int, int]:
        with self.lock:
            if self.failure is not None:
                return self.total, self.total
            # towards the end pieces shrink, so that no thread is left with a long one
            size = max(1, min(wanted, (self.total - self.taken) // (2 * self.threads)))
            first = self.taken
            self.taken = min(self.total, first + size)
            return first, self.taken

    def work(self, kernel: Callable[..., Any], arguments: tuple) -> None:
        wanted = max(1, self.total // (64 * self.threads))
        try:
            while True:
                first, last = self.take(wanted)
                if first == last:
                    return
                start = time.perf_counter()
                kernel(first, last, *arguments)
                seconds = time.perf_counter() - start
                wanted = int(max(1, min(4 * (last - first), (last - first) * PIECE_SECONDS / max(seconds, 1e-6))))
                with self.lock:
                    self.done += last - first
        except BaseException as error:  # handed to the caller's thread
            self.failure = self.failure or error


def spread(kernel: Callable[..., Any], total: int, arguments: tuple, threads: int, tell: Callable[[float], Any]) -> None:
    """Run `kernel(first, last, *arguments)` over range(total). `tell(share done)` is called now and then and may raise to stop."""
    share = Share(total, threads)
    if threads == 1 or total < SMALL:
        _alone(share, kernel, arguments, tell)
        return
    crew = [threading.Thread(target=share.work, args=(kernel, arguments), daemon=True) for _ in range(threads)]
    for thread in crew:
        thread.start()
    try:
        for thread in crew:
            thread.join(TELL_SECONDS)
            while thread.is_alive():
                tell(share.done / total)
                thread.join(TELL_SECONDS)
    except BaseException as error:
        share.failure = error
        for thread in crew:
            thread.join()
    if share.failure is not None:
        raise share.failure


def _alone(share: Share, kernel: Callable[..., Any], arguments: tuple, tell: Callable[[float], Any]) -> None:
    wanted, told = max(1, share.total // 64), time.perf_counter()
    while True:
        first, last = share.take(wanted)
        if first == last:
            return
        start = time.perf_counter()
        kernel(first, last, *arguments)
        now = time.perf_counter()
        wanted = int(max(1, min(4 * (last - first), (last - first) * PIECE_SECONDS / max(now - start, 1e-6))))
        if now - told > TELL_SECONDS:
            tell(last / share.total)
            told = now

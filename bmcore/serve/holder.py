"""The one model of a serving process: loaded once and asked one request at a time, on a thread of its own.

The event loop stays free, so /health answers while a model loads or thinks. An answer that is written step by step takes its turn for
each step, so other questions are answered between two steps.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Holder:
    """A model that is loading, ready or failed.

    Parameters
    ----------
    load : callable
        Returns the model; called once, on the model's thread.

    Attributes
    ----------
    state : {"loading", "ready", "failed"}
    error : Exception or None
        Why loading failed.
    """

    def __init__(self, load: Callable[[], Any]):
        self.state, self.error = "loading", None
        self._model: Any = None
        self._busy, self._since = 0, time.monotonic()
        self._lock, self._working = threading.Lock(), threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._thread.submit(self._load, load)

    @property
    def idle_s(self) -> float:
        """Seconds since the last request ended; 0 while one is answered or the model loads."""
        with self._lock:
            return 0.0 if self._busy or self.state == "loading" else time.monotonic() - self._since

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Hold back the idle exit."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    async def ask(self, question: Callable[[Any, Any], Any], argument: Any) -> Any:
        """`question(model, argument)`, after all questions that came before."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, question, argument)

    async def steps(self, question: Callable[[Any, Any], Iterator[Any]], argument: Any) -> AsyncIterator[Any]:
        """What the iterator `question(model, argument)` gives, each when it is asked for. Close it to stop the model."""
        iterator = await self.ask(question, argument)
        try:
            while (step := await self.ask(lambda model, given: next(iterator, None), None)) is not None:
                yield step
        finally:
            with contextlib.suppress(RuntimeError):  # the process is ending
                self._thread.submit(iterator.close)  # behind the step that may still run

    def close(self, wait_s: float = 1.0) -> bool:
        """Forget the questions that wait; True if the model's thread is at rest after `wait_s` seconds."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        return self._working.acquire(timeout=wait_s)

    def _ask(self, question: Callable[[Any, Any], Any], argument: Any) -> Any:
        with self._working:
            return question(self._model, argument)

    def _count(self, change: int) -> None:
        with self._lock:
            self._busy, self._since = self._busy + change, time.monotonic()

    def _load(self, load: Callable[[], Any]) -> None:
        with self._working:
            try:
                self._model = load()
                self._since, self.state = time.monotonic(), "ready"
            except Exception as error:  # told to whoever started the process
                self.error, self.state = error, "failed"

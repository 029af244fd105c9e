"""Progress of an evaluation of pictures: parts of known weight, one number that never goes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

TOTAL = 1000
SHARES = {"judge": 600, "generate": 100, "encode": 120, "intervals": 130}  # as they take time for digits of 28 x 28


class Steps:
    """Turns what the parts tell into `report(step, 1000, phase=...)`."""

    def __init__(self, report: Callable | None, phase: str = "evaluate", shares: dict[str, int] | None = None):
        self._report, self._phase, self._shares, self._step = report, phase, SHARES if shares is None else shares, 0

    @contextmanager
    def part(self, name: str, expected: int) -> Iterator[Callable]:
        """A function to call after each piece of work of one part: `tick()` or `tick(done, all)`."""
        begin, share, calls = self._step, self._shares.get(name, 0), [0]

        def tick(done: float | None = None, total: float | None = None, **_: Any) -> None:
            calls[0] += 1
            part = calls[0] / expected if total is None else done / max(total, 1)
            self._step = max(self._step, int(begin + share * min(1.0, part)))
            self.again()

        tick()
        yield tick
        self._step = begin + share
        self.again()

    def again(self, *_: Any, **__: Any) -> None:
        if self._report:
            self._report(min(self._step, TOTAL - 1), TOTAL, phase=self._phase)

    def end(self) -> None:
        if self._report:
            self._report(TOTAL, TOTAL, phase=self._phase)

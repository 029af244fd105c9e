"""What an estimator calls while it works: writes events, guesses the time left, and stops the work when asked to.

report(step, total, phase="train", loss=0.4)      report.note(Message("..."))
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path

from bmcore.errors import Cancelled
from bmcore.messages import Message
from bmcore.runs import events

OFTEN_S = 0.25
SELDOM_S = 2.0  # of a long run: its log stays small and a live view still moves
_GROW = 1000


class TimeLeft:
    """Seconds to the end of a run: what the running phase measures, and a forecast for those to come.

    Parameters
    ----------
    forecast : dict of str to float
        Seconds by phase, in order. Phases to come are scaled by how the measured ones compare with their forecast.
    """

    def __init__(self, forecast: dict[str, float] | None = None):
        self.forecast = dict(forecast or {})
        self._phase: str | None = None
        self._since = self._first = 0.0
        self._measured: dict[str, float] = {}
        self._shown: tuple[float, float] | None = None  # (when, seconds left)

    def enter(self, phase: str, now: float) -> None:
        """A phase begins."""
        if self._phase and self._phase != phase:
            self._measured[self._phase] = self._measured.get(self._phase, 0.0) + now - self._since
        self._phase, self._since, self._first = phase, now, math.nan

    def guess(self, share: float, now: float) -> float | None:
        """Seconds left when `share` of the running phase is done; None while nothing can be said."""
        if math.isnan(self._first):
            self._first = share  # a resumed phase begins in its middle
        spent, done = now - self._since, share - self._first
        expected = self.forecast.get(self._phase or "")
        if done > 0.01 and spent > 0.5:
            rest = spent / done * (1 - share)
            whole = rest + spent + self._first * spent / done
        elif expected is not None:
            rest = whole = expected * self._scale({}) * (1 - share)
        else:
            return None
        later = self._later() * self._scale({self._phase or "": whole})
        return self._smooth(rest + later, now)

    def _later(self) -> float:
        """Forecast of what comes after the last phase it knows: one it does not know, as "save", belongs to the one before."""
        names = list(self.forecast)
        reached = max((names.index(name) for name in (*self._measured, self._phase) if name in names), default=-1)
        return sum(self.forecast[name] for name in names[reached + 1:])

    def _scale(self, now: dict[str, float]) -> float:
        known = {name: seconds for name, seconds in {**self._measured, **now}.items() if self.forecast.get(name, 0) > 1}
        expected = sum(self.forecast[name] for name in known)
        return min(20.0, max(0.02, sum(known.values()) / expected)) if expected else 1.0

    def _smooth(self, left: float, now: float) -> float:
        if self._shown:
            when, before = self._shown
            weight = min(1.0, max(0.2, (now - when) / 5))
            left = weight * left + (1 - weight) * max(0.0, before - (now - when))
        self._shown = (now, left)
        return left


class Report:
    """The worker's `report`. Raises Cancelled once the run's `cancel` file is there."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.left = TimeLeft()
        self.begun = False
        self.names: dict[str, str] = {}  # an estimator's phase -> the run's phase
        self._cancel = f"{folder}/cancel"
        self._events = events.Writer(folder)
        self._begin = self._written = time.monotonic()
        self._phase: str | None = None
        self._fresh = False

    def __call__(self, step: float, total: float, **metrics) -> None:
        self.begun = True
        self.check()
        phase = str(metrics.pop("phase", None) or self._phase or "train")
        phase = self.names.get(phase, phase)
        if phase != self._phase:
            self.phase(phase)
        now = time.monotonic()
        pause = min(SELDOM_S, max(OFTEN_S, (now - self._begin) / _GROW))
        if self._fresh or now - self._written >= pause or step >= total or any(name.startswith("dev_") for name in metrics):
            self._fresh, self._written = False, now
            left = self.left.guess(min(1.0, max(0.0, step / total)) if total else 0.0, now)
            metrics |= {"left_s": left} if left is not None else {}
            plain = {name: value for name, value in ((name, _number(value)) for name, value in metrics.items()) if value is not None}
            self._events.write("progress", phase=phase, step=_number(step), total=_number(total), **plain)

    def within(self, phase: str) -> Callable[..., None]:
        """A `report` whose every step belongs to that phase of the run, whatever its caller names it."""
        def tell(step: float, total: float, **metrics) -> None:
            self(step, total, **{**metrics, "phase": phase})

        return tell

    def check(self) -> None:
        """Raise Cancelled if somebody asked this run to stop."""
        if os.path.exists(self._cancel):
            raise Cancelled("This run was asked to stop.")

    def phase(self, name: str) -> None:
        """The run enters another phase."""
        self.check()
        self._phase, self._fresh = name, True
        self.left.enter(name, time.monotonic())
        self._events.write("phase", phase=name)

    def note(self, message: Message) -> None:
        """Something the user should know."""
        self._events.write("note", message=message.to_dict())

    def state(self, name: str) -> None:
        self._events.write("state", state=name)


def _number(value) -> float | int | None:
    """JSON has neither NaN nor infinity; numpy and torch scalars become Python's."""
    if isinstance(value, bool | int):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number == int(number) and not isinstance(value, float) else float(f"{number:.5g}")

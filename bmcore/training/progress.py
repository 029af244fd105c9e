"""What `report=None` stands for: a bar in a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def silent(step: int, total: int, **metrics: Any) -> None:
    """Report to nobody."""


class Bar:
    """A tqdm bar a phase."""

    def __init__(self):
        self.bar, self.phase = None, None

    def __call__(self, step: int, total: int, *, phase: str = "", **metrics: Any) -> None:
        from tqdm import tqdm

        if phase != self.phase or step <= (self.bar.n if self.bar else 0):
            self.close()
            self.bar, self.phase = tqdm(total=total, desc=phase, leave=False), phase
        self.bar.set_postfix({key: f"{value:.3g}" for key, value in metrics.items() if key in ("loss", "dev_macro_f1")}, refresh=False)
        self.bar.update(step - self.bar.n)
        if step >= total:
            self.close()

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
        self.bar, self.phase = None, None


def reporter(report: Callable[..., Any] | None) -> Callable[..., Any]:
    """`report` itself, or what stands in for None."""
    if report is not None:
        return report
    return Bar() if sys.stderr is not None and sys.stderr.isatty() else silent

"""What a budgeted training is given and what it remembers: the task, the budget, where it stands."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch


class Task(Protocol):
    """What a model brings."""

    fingerprint: str  # checkpoints of another fingerprint are not resumed
    modules: dict[str, torch.nn.Module]  # averaged copies are modules too: all of it is in a checkpoint
    optimizers: dict[str, torch.optim.Optimizer]
    samples: int  # that one update sees
    # optional: `tokens` of one update, `flops` of one update, `watched`, how often `watch` is called

    def step(self, step: int, done: float) -> dict[str, torch.Tensor]: ...  # one update of everything; losses, detached
    def validate(self) -> dict[str, float]: ...  # with "score", the higher the better; {} when there is nothing
    def pictures(self) -> Any: ...  # for `watch`: pictures, or drafts of text; None when there is nothing to show
    def halve(self) -> bool: ...  # out of memory: smaller parts, same effective batch; False if it cannot


@dataclass
class Budget:
    """How long to train: `steps` updates, or `seconds`, or whichever of both is over first."""

    steps: int | None = None
    seconds: float | None = None
    device: str = "cpu"
    validations: int = 10
    checkpoint_seconds: float = field(default_factory=lambda: float(os.environ.get("BMCORE_CHECKPOINT_SECONDS") or 60.0))

    def spent(self, steps: int, seconds: float, reserved: float) -> float:
        """Share that is spent, 1 at the end. `reserved` seconds are left for the last validation, up to half of all."""
        shares = [] if self.steps is None else [steps / self.steps]
        if self.seconds is not None:
            shares.append(seconds / max(self.seconds - reserved, 0.5 * self.seconds))
        return min(1.0, max(shares))


@dataclass
class Position:
    """Where training stands: everything a checkpoint keeps as json."""

    step: int = 0
    seconds: float = 0.0
    validated: int = 0
    watched: int = 0
    best_score: float | None = None
    losses: dict[str, float] = field(default_factory=dict)  # summed since the last validation
    summed: int = 0  # updates in these sums
    history: list[dict] = field(default_factory=list)


def out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of a card or of the machine."""
    told = any(words in str(error) for words in ("not enough memory", "can't allocate memory"))
    return told or isinstance(error, torch.OutOfMemoryError | MemoryError)

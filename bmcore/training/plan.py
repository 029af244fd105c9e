"""What the training loop is given (`Task`, `Plan`) and what it keeps about where it stands (`Progress`)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch


class Task(Protocol):
    """What a model brings."""

    module: torch.nn.Module
    fingerprint: str  # checkpoints of another fingerprint are not resumed

    def begin(self) -> None: ...  # once, after the score before the first step
    def groups(self, learning_rate: float) -> list[dict]: ...  # parameter groups of the optimiser, each with its "lr"
    def batches(self, epoch: int) -> list[np.ndarray]: ...  # indices of examples; the same for the same epoch, always
    def weight(self, batch: np.ndarray) -> float: ...  # what the summed loss is divided by
    def tokens(self, batch: np.ndarray) -> int: ...
    def step(self, batch: np.ndarray) -> torch.Tensor: ...  # summed loss
    def validate(self) -> dict[str, float]: ...  # with "score", the higher the better; {} when there is nothing to validate on
    def flops(self, batch: np.ndarray) -> float: ...  # of forward and backward, for MFU; 0 if unknown


@dataclass
class Plan:
    """How to train."""

    epochs: int = 1
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    warmup: float = 0.1  # share of all steps
    accumulate: int = 1
    clip: float = 1.0
    validations: int = 1  # in an epoch
    patience: int | None = None  # validations without a better score before training stops; None: never
    keep_best: bool = True  # the weights of the best validation; else the last ones
    device: str = "cpu"
    checkpoint_seconds: float = field(default_factory=lambda: float(os.environ.get("BMCORE_CHECKPOINT_SECONDS") or 60.0))


@dataclass
class Progress:
    """Where training stands: everything a checkpoint keeps as json."""

    epoch: int = 0
    position: int = 0  # batches of this epoch that are done
    step: int = 0
    best_score: float | None = None
    waited: int = 0
    splits: int = 1  # parts each batch is cut into, doubled when memory runs out
    finished: bool = False
    loss_sum: float = 0.0
    loss_steps: int = 0
    history: list[dict] = field(default_factory=list)

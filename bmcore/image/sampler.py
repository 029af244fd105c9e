"""From noise to pictures in a few steps: DPM-Solver++ of second order on the straight path, and what can be done along it.

`velocity(x, s)` is d x / d s at the point s of the path, from 0 (picture) to 1 (noise); x is (n, ...). The steps and the solver are those
of diffusers' `DPMSolverMultistepScheduler(use_flow_sigmas=True, prediction_type="flow_prediction")`, so a saved pipeline gives the same.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch

START = 0.999  # at 1 the picture has no weight and the solver's logarithm of signal to noise no value

Velocity = Callable[[torch.Tensor, float], torch.Tensor]


def path(steps: int, start: float = 1.0) -> list[float]:
    """Points from noise to picture: steps + 1 of them, the last 0; with `start` below 1 from the middle of the way."""
    return [start * START * (1 - at / steps) for at in range(steps)] + [0.0]


def solve(
    velocity: Velocity, x: torch.Tensor, points: list[float], seen: Callable[[torch.Tensor], None] | None = None
) -> torch.Tensor:
    """Follow the path from `points[0]` to its end: one evaluation a step.

    Parameters
    ----------
    seen : callable, optional
        Is given x at each point but the first.
    """
    before, width_before = None, None
    for s, to in itertools.pairwise(points):
        clean = x - s * velocity(x, s)
        if to == 0:
            x, guess = clean, clean
        else:
            width = _log_ratio(to) - _log_ratio(s)
            guess = clean if before is None else torch.lerp(before, clean, 1 + width / (2 * width_before))
            x = (to / s) * x - (1 - to) * math.expm1(-width) * guess
            before, width_before = clean, width
        if seen is not None:
            seen(x)
    return x


def _log_ratio(s: float) -> float:
    """Logarithm of signal to noise."""
    return math.log((1 - s) / s)


def between(first: torch.Tensor, last: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """On the arc from one noise to another: (d...), (d...), (n,) -> (n, d...); the length stays that of noise."""
    a, b = first.flatten(), last.flatten()
    angle = torch.arccos((a @ b / (a.norm() * b.norm()).clamp(min=1e-12)).clamp(-1, 1))
    shares = shares[:, None].to(a)
    if float(angle.sin()) < 1e-4:
        return torch.lerp(a[None], b[None], shares).unflatten(1, first.shape)
    rows = torch.sin((1 - shares) * angle) * a + torch.sin(shares * angle) * b
    return (rows / angle.sin()).unflatten(1, first.shape)

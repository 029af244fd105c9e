"""Few-step sampling: a student learns where the teacher's guided path ends, so that one step nearly gets there.

From a picture with noise at s, the teacher follows the path to its end in a few steps; the student's direction is to point there from s.
It is the same network in the same form, so the same sampler and the same pipeline take it, in 1 to 4 steps and without guidance.
"""

from __future__ import annotations

from typing import Any

import torch

from bmcore.image import sampler
from bmcore.image.flow import mixed

FROM = 2 / 3  # of the budget is spent when the teacher is done
RATE = 0.5  # of the learning rate
TEACHER_STEPS = 4
STRATA = 4  # of a batch, each at one point of the path
BEHIND = 100.0  # what the teacher's score is put back by, so that a student's is always better


@torch.no_grad()
def lesson(teacher: Any, x0: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(x, s, direction to where the teacher's path from x ends) of a batch of clean latents; `teacher` is a Flow."""
    found = []
    strata = min(STRATA, len(x0))
    for at, (part, classes) in enumerate(zip(x0.chunk(strata), labels.chunk(strata), strict=True)):
        # a share of each batch starts from pure noise, where sampling does
        s = 1.0 if at == 0 else (at - 1 + float(torch.rand(()))) / max(1, strata - 1)
        points = sampler.path(TEACHER_STEPS, max(s, 0.02))
        times = torch.full((len(part),), points[0], device=x0.device)
        x = mixed(part, torch.randn_like(part), times)
        end = sampler.solve(teacher.velocity(classes.cpu().numpy()), x, points)
        found.append((x, times, (x - end) / points[0]))
    return tuple(torch.cat(parts) for parts in zip(*found, strict=True))

"""What a short description of a picture leaves out, put back by a small network: clean ground, firm strokes.

A codec that keeps few components brings pictures back soft, with ripples. `Polish` learns from real pictures and their soft copies what
they looked like. It is the last thing that a decoder does, so noise, guidance and all steps of the way know nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional as F

WIDTH = 16
BATCH, RATE = 32, 3e-3
AT_ONCE = 64
NOISE = 0.2  # on descriptions of spread 1, at most: what is generated is not as true as what was encoded
LEAST, SMALLEST = 100, 16  # pictures, pixels a side: with fewer there is nothing to learn or to see
MOST, SHARE = 500, 0.1  # updates, share of the budget of a training


class Polish(torch.nn.Module):
    """A residual network of 3 x 3 convolutions; at first it changes nothing.

    Parameters
    ----------
    channels : int
        Of a picture.
    width : int
        Channels inside.
    """

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.first = torch.nn.Conv2d(channels, width, 3, padding=1)
        self.inner = torch.nn.ModuleList(torch.nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.last = torch.nn.Conv2d(width, channels, 3, padding=1)
        torch.nn.init.zeros_(self.last.weight)
        torch.nn.init.zeros_(self.last.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Soft pictures (n, c, h, w) -> (n, c, h, w), both from -1 to 1. A few at a time stay in a processor's cache: 4 times quicker."""
        return torch.cat([self._firm(part) for part in x.split(AT_ONCE)])

    def _firm(self, x: torch.Tensor) -> torch.Tensor:
        x = x.clamp(-1, 1).contiguous(memory_format=torch.channels_last)
        inside = F.silu(self.first(x))  # n, width, h, w
        for layer in self.inner:
            inside = inside + F.silu(layer(inside))
        return x + self.last(inside)


def teach(polish: Polish, soft: Callable[[torch.Tensor, float], torch.Tensor], pixels: torch.Tensor, done: Callable[[int], float]) -> None:
    """Train on pictures (n, h, w, c) uint8 and on what `soft(x, noise)` makes of them, x (m, c, h, w) from -1 to 1.

    `done(updates)` says how much of the time is spent, 0 to 1. The error counts by its size and not its square, which would blur.
    """
    optimizer = torch.optim.AdamW(polish.parameters(), RATE)
    updates = 0
    while (spent := done(updates)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - spent)
        rows = torch.randint(len(pixels), (BATCH,), device=pixels.device)
        x = pixels[rows].permute(0, 3, 1, 2).float() / 127.5 - 1  # (BATCH, c, h, w)
        F.l1_loss(polish(soft(x, NOISE)), x).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        updates += 1
    polish.requires_grad_(False).eval()

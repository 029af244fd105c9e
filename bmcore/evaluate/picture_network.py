"""The small convolutional network that reads pictures for the distances, and how a picture of any size and colour comes into it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

SIDE = 32  # what the network looks at: larger pictures are made smaller, smaller ones larger
FEATURES = 64
WIDTHS = (32, 48, 96, 128)


class Reader(nn.Module):
    """Four convolutions and the mean of what they find: pictures (n, 3, 32, 32) in -1..1 -> features (n, 64).

    Use it when a picture should become a short vector that says something of its shapes and its texture.

    Attributes
    ----------
    shift, scale : float32 tensor of shape (64,)
        Set after training, so that features of the training pictures have mean 0 and variance 1.

    Notes
    -----
    9 million multiplications a picture; 180,000 weights. No norm of a batch, so a picture's features do not depend on its neighbours.
    """

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=1 if place == 0 else 2, padding=1)
            for place, (before, after) in enumerate(pairwise((3, *WIDTHS))))
        self.norms = nn.ModuleList(nn.GroupNorm(4, width) for width in WIDTHS)
        self.out = nn.Linear(WIDTHS[-1] + WIDTHS[1], FEATURES)
        self.register_buffer("shift", torch.zeros(FEATURES))
        self.register_buffer("scale", torch.ones(FEATURES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        means = []
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = F.relu(norm(layer(x)))  # (n, width, side, side)
            means.append(x.mean(dim=(2, 3)))
        deep = x.amax(dim=(2, 3)) + means[-1]  # (n, 128)
        return (self.out(torch.cat([deep, means[1]], dim=1)) - self.shift) / self.scale  # (n, 64)


def prepared(images: np.ndarray) -> torch.Tensor:
    """uint8 (n, h, w) or (n, h, w, c) -> float32 (n, 3, 32, 32) in -1..1; grey in three equal channels."""
    x = torch.from_numpy(np.ascontiguousarray(images))
    x = x[:, None] if x.ndim == 3 else x.permute(0, 3, 1, 2)  # (n, c, h, w)
    x = resized(x.to(torch.float32) / 127.5 - 1, SIDE)
    return x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x[:, :3]


def resized(x: torch.Tensor, side: int) -> torch.Tensor:
    """(n, c, h, w) -> (n, c, side, side), smoothed where it shrinks."""
    if x.shape[-2:] == (side, side):
        return x
    return F.interpolate(x, size=(side, side), mode="bilinear", antialias=True, align_corners=False)

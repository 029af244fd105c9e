"""Generator and discriminator: few convolutions, most channels where pictures are smallest.

Both know a picture as a grid of 4 to 7 cells a side (of the shorter side) that doubles until it covers the picture; what sticks out is
cut off. Nothing is normalised over a batch, so each score depends on its own picture alone, as the penalties need.
"""

from __future__ import annotations

import itertools

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn
from torch.nn import functional

SLOPE = 0.2  # of the leaky rectifier, below zero
HIDDEN = 16  # units of the dense layers, times the width
LIMIT = 8  # most channels, times the width


class PictureGenerator(ModelMixin, ConfigMixin):
    """Noise and a class to a picture.

    Parameters
    ----------
    height, width, channels : int
        Of a picture.
    classes : int
        1 where there are none.
    noise : int
        Numbers a picture is drawn from.
    base : int
        Channels are multiples of it.
    """

    @register_to_config
    def __init__(self, height: int = 8, width: int = 8, channels: int = 1, classes: int = 1, noise: int = 64, base: int = 16):
        super().__init__()
        levels, self.grid = grid_of(height, width)
        sizes = [base * min(LIMIT, 2**level) for level in range(levels, 0, -1)]
        self.cells = (sizes[0], *self.grid)
        self.class_code = nn.Embedding(classes, HIDDEN * base)
        self.noise_code = nn.Linear(noise, HIDDEN * base)
        self.dense = nn.Linear(HIDDEN * base, sizes[0] * self.grid[0] * self.grid[1])
        self.grow = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, 2, 1) for a, b in zip(sizes, [*sizes[1:], channels], strict=True))
        nn.init.normal_(self.class_code.weight, 0, 0.7)
        _start(self.dense)

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(n, noise) and (n,) class numbers -> (n, c, h, w) from -1 to 1."""
        return self.draw(noise, self.class_code(labels))

    def draw(self, noise: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        """(n, noise) and rows of the class embedding, or mixtures of them, -> (n, c, h, w)."""
        x = functional.leaky_relu(self.noise_code(noise) + code, SLOPE)
        x = functional.leaky_relu(self.dense(x), SLOPE).unflatten(1, self.cells)  # n, channels, grid
        for at, layer in enumerate(self.grow):
            x = layer(x) if not at else layer(functional.leaky_relu(x, SLOPE))
        return torch.tanh(x[..., :self.config.height, :self.config.width])


class PictureDiscriminator(ModelMixin, ConfigMixin):
    """A picture and its class to a score: the higher, the more it looks like a real one beside a generated one.

    Parameters
    ----------
    height, width, channels, classes, base : int
        As of the generator.
    """

    @register_to_config
    def __init__(self, height: int = 8, width: int = 8, channels: int = 1, classes: int = 1, base: int = 16):
        super().__init__()
        levels, self.grid = grid_of(height, width)
        self.room = (0, self.grid[1] * 2**levels - width, 0, self.grid[0] * 2**levels - height)
        sizes = [channels] + [base * min(LIMIT, 2**level) for level in range(levels + 1)]
        self.shrink = nn.ModuleList(
            nn.Conv2d(a, b, 4, 2, 1) if at < levels else nn.Conv2d(a, b, 3, 2, 1)
            for at, (a, b) in enumerate(itertools.pairwise(sizes))
        )
        cells = ((self.grid[0] + 1) // 2) * ((self.grid[1] + 1) // 2)
        self.dense = nn.Linear(sizes[-1] * cells, HIDDEN * base)
        self.last = nn.Linear(HIDDEN * base, 1)
        self.class_code = nn.Embedding(classes, HIDDEN * base)
        nn.init.normal_(self.class_code.weight, 0, (HIDDEN * base) ** -0.5)
        for layer in (*self.shrink, self.dense):
            _start(layer)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c, h, w) -> (n, hidden)."""
        x = functional.pad(x, self.room, mode="replicate") if any(self.room) else x
        for layer in self.shrink:
            x = functional.leaky_relu(layer(x), SLOPE)
        return functional.leaky_relu(self.dense(x.flatten(1)), SLOPE)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(n, c, h, w) and (n,) class numbers -> (n,). The class counts by projection on the features."""
        h = self.features(x)
        return self.last(h)[:, 0] + (self.class_code(labels) * h).sum(1)

    def likeliest(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c, h, w) -> (n,): the score as the class that fits best."""
        h = self.features(x)
        return self.last(h)[:, 0] + (h @ self.class_code.weight.T).amax(1)


def grid_of(height: int, width: int) -> tuple[int, tuple[int, int]]:
    """How often the grid doubles, and its rows and columns."""
    levels = max(1, (min(height, width) // 4).bit_length() - 1)
    return levels, (-(-height // 2**levels), -(-width // 2**levels))


def _start(layer: nn.Module) -> None:
    if layer.weight.is_meta:
        return
    nn.init.kaiming_normal_(layer.weight, SLOPE)
    nn.init.zeros_(layer.bias)

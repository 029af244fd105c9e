"""Rectified flow: the straight path from pictures to noise, and a lean network that learns its direction.

x_s = (1 - s) x_0 + s noise for s from 0 (picture) to 1 (noise); the network predicts d x / d s = noise - x_0. It is told 1000 s, as
diffusers' flow schedulers do it.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn
from torch.nn import functional as F

TIMES = 1000.0  # what the network is told for s = 1
FEATURES = 64  # sines and cosines that tell s


class FlowMLP(ModelMixin, ConfigMixin):
    """Residual network on one vector a picture.

    What it should know of time and class is worked out once and given to every block as a scale and a shift: on a processor, small
    matrices a block would cost more than they bring. The last class number, `num_classes`, and any above it stand for no class.

    Parameters
    ----------
    in_channels : int
        Length of the vector.
    width, layers : int
        Of the network.
    num_classes : int
    """

    @register_to_config
    def __init__(self, in_channels: int = 64, width: int = 512, layers: int = 3, num_classes: int = 0, condition: int = 128,
                 sample_size: int = 1, out_channels: int = 64):
        super().__init__()
        self.enter = nn.Linear(in_channels, width)
        self.time = nn.Linear(FEATURES, condition)
        self.label = nn.Embedding(num_classes + 1, condition)
        self.modulate = nn.Linear(condition, 2 * width * (layers + 1))
        self.up = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.down = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.leave = nn.Linear(width, out_channels)
        nn.init.normal_(self.label.weight, std=0.5)
        for layer in (*self.down, self.leave, self.modulate):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def conditions(self, timestep: torch.Tensor, class_labels: torch.Tensor | None) -> torch.Tensor:
        """What time and class have to say: (n, layers + 1, 2, width)."""
        if class_labels is None:
            class_labels = torch.full_like(timestep, self.config.num_classes, dtype=torch.long)
        label = self.label(class_labels.clamp(max=self.config.num_classes))
        known = F.silu(self.time(features(timestep).to(label.dtype)) + label)
        return self.modulate(known).unflatten(-1, (-1, 2, self.config.width))

    def forward(self, hidden_states: torch.Tensor, timestep: torch.Tensor, class_labels: torch.Tensor | None = None,
                return_dict: bool = True) -> SimpleNamespace | tuple[torch.Tensor]:
        """(n, in_channels, 1, 1), (n,), (n,) -> `.sample` (n, in_channels, 1, 1)."""
        out = self.direction(hidden_states.flatten(1), self.conditions(timestep, class_labels))[..., None, None]
        return SimpleNamespace(sample=out) if return_dict else (out,)

    def direction(self, x: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        """(n, in_channels), (n or 1, layers + 1, 2, width) -> (n, in_channels)."""
        h = self.enter(x)  # n, width
        for at, (up, down) in enumerate(zip(self.up, self.down, strict=True)):
            h = h + down(F.silu(up(_scaled(h, conditions[:, at]))))
        return self.leave(_scaled(h, conditions[:, -1]))

    def flops(self) -> float:
        """Of one forward evaluation of one picture."""
        return 2.0 * sum(value.numel() for name, value in self.named_parameters() if not name.startswith("label"))


def _scaled(h: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    return torch.addcmul(by[:, 1], F.layer_norm(h, h.shape[-1:]), 1 + by[:, 0])


def features(timestep: torch.Tensor) -> torch.Tensor:
    """(n,) from 0 to 1000 -> (n, FEATURES): waves of half a turn to some ten turns over the whole path."""
    s = timestep.float()[:, None] / TIMES
    turns = torch.exp(torch.linspace(0, math.log(32.0), FEATURES // 2, device=s.device)) * math.pi * s
    return torch.cat([turns.sin(), turns.cos()], dim=1)


def mixed(x0: torch.Tensor, noise: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    """The point of the path at s (n,)."""
    return torch.lerp(x0, noise, s.view(-1, *[1] * (x0.ndim - 1)))


def drawn_times(n: int, device: str, spread: float = 1.0, shift: float = 0.0) -> torch.Tensor:
    """Points of the path to learn at: logit-normal, so that the middle, where there is most to learn, comes most often."""
    return torch.sigmoid(torch.randn(n, device=device) * spread + shift)

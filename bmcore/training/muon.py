"""Muon: the update of a matrix is its momentum made orthogonal, so that every direction is learned at one speed.

Source: K. Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; size of an update as in Liu et al. 2025,
"Muon is scalable for LLM training" (that of AdamW, so both can share one learning rate).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the iteration that pushes singular values to about 1 in five rounds
ROUNDS = 5
RMS = 0.2  # of an update of AdamW


class Muon(torch.optim.Optimizer):
    """For matrices of hidden layers; embeddings, heads, biases and norms belong to AdamW.

    Parameters
    ----------
    params : iterable of 2-D parameters
    lr, momentum, weight_decay : float
    dtype : torch.dtype
        Of the iteration: bfloat16 where the hardware is fast at it.

    A matrix three times as wide as high (or high as wide) is three fused projections, and each is made orthogonal on its own.
    Memory: one copy of the parameters.
    """

    def __init__(self, params: Iterable[torch.nn.Parameter], lr: float = 0.02, momentum: float = 0.95, weight_decay: float = 0.0,
                 dtype: torch.dtype = torch.float32):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """One update; matrices of one shape are computed together."""
        for group in self.param_groups:
            shapes: dict[torch.Size, list[torch.nn.Parameter]] = {}
            for value in group["params"]:
                if value.grad is not None:
                    shapes.setdefault(value.shape, []).append(value)
            for values in shapes.values():
                self._update(values, group)

    def _update(self, values: list[torch.nn.Parameter], group: dict) -> None:
        for value in values:
            if "momentum_buffer" not in self.state[value]:
                self.state[value]["momentum_buffer"] = torch.zeros_like(value)
        buffers, slopes = [self.state[value]["momentum_buffer"] for value in values], [value.grad for value in values]
        torch._foreach_lerp_(buffers, slopes, 1 - group["momentum"])
        ahead = torch._foreach_lerp(slopes, buffers, group["momentum"])  # Nesterov
        pieces = torch.stack([piece for one in ahead for piece in _pieces(one)])  # (n, h, w)
        change = orthogonal(pieces.to(self.dtype)).to(values[0].dtype).mul_(RMS * max(pieces.shape[1:]) ** 0.5)
        each, (h, w) = len(pieces) // len(values), values[0].shape
        changes = [torch.cat(list(part), 0 if h > w else 1) for part in change.split(each)]
        torch._foreach_mul_(values, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(values, changes, alpha=-group["lr"])


def orthogonal(x: torch.Tensor) -> torch.Tensor:
    """Matrices (n, h, w) with the same singular vectors and singular values of about 1 (0.7 to 1.2)."""
    a, b, c = COEFFICIENTS
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(ROUNDS):
        square = x @ x.mT  # (n, h, h)
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


def _pieces(x: torch.Tensor) -> list[torch.Tensor]:
    h, w = x.shape
    if w == 3 * h:
        return list(x.chunk(3, 1))
    return list(x.chunk(3, 0)) if h == 3 * w else [x]

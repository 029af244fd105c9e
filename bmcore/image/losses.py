"""The losses of R3GAN: relativistic pairing, and penalties that keep the discriminator flat around real and generated pictures."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional


def discriminator_loss(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Mean of softplus(fake - real): small when each real picture scores higher than the generated one it is paired with.

    Parameters
    ----------
    real, fake : Tensor (n,)
        Scores.
    """
    return functional.softplus(fake - real).mean()


def generator_loss(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Mean of softplus(real - fake): the other side of the same game."""
    return functional.softplus(real - fake).mean()


def zero_centred(score: Callable[[torch.Tensor], torch.Tensor], pictures: torch.Tensor) -> torch.Tensor:
    """Mean squared length of the gradient of the score at the pictures: R1 at real ones, R2 at generated ones.

    Parameters
    ----------
    score : callable
        Pictures (n, ...) -> (n,), each from its own picture alone. Augmentation is part of it.
    pictures : Tensor (n, ...)
    """
    pictures = pictures.detach().requires_grad_(True)
    slope, = torch.autograd.grad(score(pictures).sum(), pictures, create_graph=True)
    return slope.square().flatten(1).sum(1).mean()


def lazy_weight(step: int, every: int) -> float:
    """Weight of a penalty that is computed at every `every`-th step only: `every` then and 0 else, so 1 on average."""
    return float(every) if step % every == 0 else 0.0

"""Differentiable augmentation: what the discriminator sees is shifted, brightened and partly covered, real and generated alike.

So a discriminator cannot learn a small set by heart, and the generator still gets gradients through it. Nothing that is drawn here
may be visible in real pictures only: else the generator learns to draw it.
"""

from __future__ import annotations

import torch

SHIFT = 0.125  # of a side, at most, either way
COVER = 1 / 3  # of a side
BRIGHTNESS = 0.25  # of half the range, at most, either way


def augment(pictures: torch.Tensor, generator: torch.Generator | None = None, names: str = "brightness translation cutout") -> torch.Tensor:
    """Each picture changed in its own way.

    Parameters
    ----------
    pictures : Tensor (n, c, h, w)
        From -1 to 1.
    generator : torch.Generator, optional
        Chance; default torch's own.
    names : str
        Which changes, applied in this order.
    """
    for name in names.split():
        pictures = CHANGES[name](pictures, generator)
    return pictures


def brightness(pictures: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
    """All pixels of a picture brighter or darker by the same amount."""
    amount = torch.rand(len(pictures), 1, 1, 1, generator=generator, device=pictures.device, dtype=pictures.dtype)
    return pictures + (2 * amount - 1) * BRIGHTNESS


def translation(pictures: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
    """Shifted by whole pixels; the edge is repeated into what becomes free."""
    n, c, h, w = pictures.shape
    rows = _shifted(n, h, pictures.device, generator)  # (n, h)
    columns = _shifted(n, w, pictures.device, generator)  # (n, w)
    pictures = pictures.gather(2, rows[:, None, :, None].expand(n, c, h, w))
    return pictures.gather(3, columns[:, None, None, :].expand(n, c, h, w))


def cutout(pictures: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
    """A square somewhere is covered with mid-grey."""
    n, _, h, w = pictures.shape
    rows, columns = (_covered(n, side, pictures.device, generator) for side in (h, w))
    return pictures.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)  # n, 1, h, w


def _shifted(n: int, side: int, device: torch.device, generator: torch.Generator | None) -> torch.Tensor:
    most = round(side * SHIFT)
    by = torch.randint(-most, most + 1, (n, 1), generator=generator, device=device)
    return (torch.arange(side, device=device) + by).clamp_(0, side - 1)


def _covered(n: int, side: int, device: torch.device, generator: torch.Generator | None) -> torch.Tensor:
    centre = torch.randint(0, side, (n, 1), generator=generator, device=device)
    return (torch.arange(side, device=device) - centre).abs() <= side * COVER / 2


CHANGES = {"brightness": brightness, "translation": translation, "cutout": cutout}

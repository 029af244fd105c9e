"""How well a model gives back pictures it never saw: whole ones from its own description, and a hole in their middle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bmcore.evaluate.picture_metrics import psnr, ssim

WHOLE, HOLES = 256, 16  # pictures


def reconstruction(generator: Any, images: np.ndarray, labels: np.ndarray | None = None) -> dict[str, float] | None:
    """Mean PSNR (dB) and SSIM of held-out pictures that came back through `generator.reconstruct`; None without that method.

    Use it when a model describes pictures by fewer numbers, to see what that loses.
    """
    if not hasattr(generator, "reconstruct"):
        return None
    images = images[:WHOLE]
    return _both(images, np.asarray(generator.reconstruct(images)))


def inpainting(
    generator: Any, images: np.ndarray, labels: np.ndarray | None, seed: int = 0, tick: Callable | None = None,
) -> dict[str, float] | None:
    """Mean PSNR and SSIM of 16 held-out pictures whose middle (half their height and width) was filled in by `generator.inpaint`.

    Use it when a model can fill holes. There are many right ways to fill one, so this is low even for a good model.
    """
    if not hasattr(generator, "inpaint"):
        return None
    h, w = images.shape[1:3]
    mask = np.zeros((h, w), bool)
    mask[h // 4:h - h // 4, w // 4:w - w // 4] = True
    filled = []
    rows = np.unique(np.linspace(0, len(images) - 1, HOLES).astype(int))  # from all of them: the first ones may be of one class
    images, labels = images[rows], None if labels is None else labels[rows]
    for place, image in enumerate(images):
        label = None if labels is None else labels[place:place + 1].tolist()[0]
        filled.append(np.asarray(generator.inpaint(image, mask, label=label, seed=seed + place)).reshape(image.shape))
        if tick:
            tick()
    return _both(images, np.stack(filled))


def _both(images: np.ndarray, others: np.ndarray) -> dict[str, float]:
    others = others.reshape(images.shape)
    return {"psnr": float(psnr(images, others).mean()), "ssim": float(ssim(images, others).mean())}

"""Asking for pictures: at the generator's size, in the classes of the held-out ones, in blocks between which a run may stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

AT_ONCE = 250


def as_shape(images: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Pictures (n, h, w, c) brought to a generator's height, width and channels."""
    if images.shape[1:] == shape:
        return images
    import torch

    from bmcore.evaluate.picture_network import resized

    parts = []
    for start in range(0, len(images), AT_ONCE):
        x = torch.from_numpy(np.ascontiguousarray(images[start:start + AT_ONCE])).permute(0, 3, 1, 2).float()
        x = x.mean(dim=1, keepdim=True) if shape[2] < x.shape[1] else x.expand(-1, shape[2], -1, -1)
        if x.shape[2:] != shape[:2]:
            x = torch.nn.functional.interpolate(x, size=shape[:2], mode="bilinear", antialias=True) if shape[0] != shape[1] else resized(
                x, shape[0])
        parts.append(x.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy())
    return np.concatenate(parts)


def asked(learned: np.ndarray | None, labels: np.ndarray | None, n_train: int, n: int, draw: np.random.Generator) -> np.ndarray:
    """Rows of n training pictures, in the classes of the held-out ones as far as there are enough."""
    if learned is None or labels is None:
        return np.sort(draw.permutation(n_train)[:n])
    order = draw.permutation(n_train)
    rows = [order[learned[order] == label][:count] for label, count in zip(*np.unique(labels, return_counts=True), strict=True)]
    rows = np.concatenate(rows)
    rest = order[~np.isin(order, rows)][:n - len(rows)]
    return np.concatenate([rows, rest])


def sampled(generator: Any, n: int, labels: np.ndarray | None, seed: int, tick: Callable) -> np.ndarray:
    """n pictures (n, h, w, c); with labels, one of each in their order. A block has a seed of its own, or all blocks would be equal."""
    parts = []
    for start in range(0, n, AT_ONCE):
        some = min(AT_ONCE, n - start)
        label = None if labels is None else labels[start:start + some].tolist()
        made = np.asarray(generator.sample(some, label, seed=seed + start // AT_ONCE))
        parts.append(made if made.ndim == 4 else made[..., None])
        tick(start + some, n)
    return np.concatenate(parts)

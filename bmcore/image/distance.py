"""How far generated pictures are from real ones, on a few principal components: it chooses among the states of one training."""

from __future__ import annotations

import numpy as np

COMPONENTS = 16
LEARNED = 5000  # pictures that the components are taken from
LEAST = 20  # real pictures of a class from which its own distance means something
DRAWN = 64  # generated pictures of a class
POOLED = 256  # generated pictures where classes are too small


class Ruler:
    """Distance and variety beside held-out pictures.

    Parameters
    ----------
    learned : (n, h, w, c) uint8
        The components are taken from these.
    kept : (m, h, w, c) uint8
    numbers : (m,)
        Classes of `kept`.
    """

    def __init__(self, learned: np.ndarray, kept: np.ndarray, numbers: np.ndarray):
        from bmcore.image.codec import PatchCodec

        some = np.random.default_rng(0).permutation(len(learned))[:LEARNED]  # the first rows of an archive are of one class
        self.codec = PatchCodec.learn(learned[np.sort(some)], None, COMPONENTS)
        real = self._components(kept)  # m, d
        classes, counts = np.unique(numbers, return_counts=True)
        self.classes = classes[counts >= LEAST].tolist()
        if self.classes:
            self.real = {one: real[numbers == one] for one in self.classes}
            self.asked = np.repeat(np.array(self.classes), max(LEAST, min(DRAWN, 2048 // len(self.classes))))
        else:
            self.real = {None: real}
            self.asked = np.random.default_rng(0).choice(numbers, POOLED)

    def measure(self, pictures: np.ndarray, numbers: np.ndarray) -> tuple[float, float]:
        """Mean Fréchet distance of the classes, and the variance of generated pictures divided by that of real ones."""
        fake = self._components(pictures)
        pairs = [(real, fake if one is None else fake[numbers == one]) for one, real in self.real.items()]
        real_spread = sum(real.var(0).sum() for real, _ in pairs)
        spread = sum(other.var(0).sum() for _, other in pairs) / max(real_spread, 1e-9)
        return float(np.mean([frechet(real, other) for real, other in pairs])), float(spread)

    def _components(self, pixels: np.ndarray) -> np.ndarray:
        from bmcore.image.codec import as_tensor

        found = self.codec.encode(as_tensor(pixels)).latents.flatten(1)  # n, d
        return (found * self.codec.config.scaling_factor).double().numpy()


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance between normal distributions fitted to the rows of a and of b."""
    first, second = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (a, b))
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(0)).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(first) + np.trace(second) - 2 * shared)

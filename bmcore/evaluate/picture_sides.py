"""One set of pictures against the held-out real ones: features, coarse pixels, copies, repeats, spread, sharpness."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bmcore.evaluate import picture_metrics as metrics
from bmcore.evaluate.encoder import encode

COARSE = 16  # pictures above 28 are averaged to about this side before their pixels are compared
_LEAVE = 28
NEIGHBOURS = 10
RARE = 0.01  # what only one real picture in a hundred does
_SAME = 1e-6  # the same picture: an encoder is not exact


@dataclass
class Side:
    """A set of pictures, and how they look to the encoder and to a plain comparison of pixels.

    Use it when several sets of pictures are measured against the same real ones.

    Attributes
    ----------
    images : uint8 array of shape (n, h, w, c)
    features : float32 array of shape (n, d)
    pixels : float32 array of shape (n, p)
        From 0 to 1; larger pictures averaged to about 16 x 16.
    """

    name: str
    images: np.ndarray
    features: np.ndarray
    pixels: np.ndarray = field(repr=False)
    labels: np.ndarray | None = None

    @classmethod
    def of(cls, name: str, images: np.ndarray, labels: np.ndarray | None, encoder: str, report=None) -> Side:
        return cls(name, images, encode(images, encoder, report=report), coarse(images), labels)

    def take(self, rows: np.ndarray) -> Side:
        labels = None if self.labels is None else self.labels[rows]
        return Side(self.name, self.images[rows], self.features[rows], self.pixels[rows], labels)

    def views(self) -> tuple[np.ndarray, np.ndarray]:
        return self.features, self.pixels


def coarse(images: np.ndarray) -> np.ndarray:
    """uint8 (n, h, w, c) -> float32 (n, p): the mean of each block of pixels."""
    step = max(1, -(-min(images.shape[1:3]) // COARSE)) if max(images.shape[1:3]) > _LEAVE else 1
    rows, columns = (np.arange(0, side, step) for side in images.shape[1:3])
    parts = []
    for start in range(0, len(images), metrics.ROWS_AT_ONCE):
        x = images[start:start + metrics.ROWS_AT_ONCE].astype(np.float32) / 255
        if step > 1:
            x = np.add.reduceat(np.add.reduceat(x, rows, axis=1), columns, axis=2) / step**2
        parts.append(x.reshape(len(x), -1))
    return np.concatenate(parts)


class Familiar:
    """Which pictures are closer to a training picture than real pictures ever are.

    Use it when you ask whether a generator hands out copies. The distance to the nearest training picture is taken in proportion to that
    of the next ten, since a plain picture is near to many without being a copy. Below what one real held-out picture in a hundred has,
    in features or in pixels, is a copy. Held-out pictures that are training pictures say nothing of that, and are left out of it.

    Attributes
    ----------
    expected : float
        Share of held-out real pictures that are called copies by the same rule, about 0.01 to 0.02; more where some are in both sets.
    """

    def __init__(self, train: Side, real: Side):
        self._train = train
        theirs = self._ratios(real)
        self._limits = [_limit(each) for each in theirs]
        self.expected = float(self._below(theirs).mean())

    def copies(self, side: Side) -> np.ndarray:
        """Whether each picture is a copy: (n,) bool."""
        return self._below(self._ratios(side))

    def _ratios(self, side: Side) -> list[np.ndarray]:
        found = []
        for points, among in zip(side.views(), self._train.views(), strict=True):
            distances = metrics.nearest(points, among, k=NEIGHBOURS + 1)[0]
            rest = distances[:, 1:].mean(axis=1) if distances.shape[1] > 1 else distances[:, 0]
            found.append(distances[:, 0] / np.maximum(rest, 1e-9))
        return found

    def _below(self, ratios: list[np.ndarray]) -> np.ndarray:
        return np.any([each < limit for each, limit in zip(ratios, self._limits, strict=True)], axis=0)


def repeats(side: Side, real: Side) -> float:
    """Share of pictures with a twin in their own set, nearer than one real picture in a hundred has, in features and in pixels."""
    ours, theirs = ([_to_twin(*views) for views in zip(each.views(), real.views(), strict=True)] for each in (side, real))
    return float(np.all([mine < _limit(yours) for mine, yours in zip(ours, theirs, strict=True)], axis=0).mean())


def _limit(real: np.ndarray) -> float:
    """What one real picture in a hundred is below, of those that are not simply there twice."""
    once = real[real > _SAME]
    return float(np.quantile(once, RARE)) if len(once) else _SAME


def _to_twin(points: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Distance to the nearest other row, in proportion to the spread of all (or a tenth of the real one: of equal rows it is 0): (n,)."""
    return metrics.nearest(points, points, own=True)[0][:, 0] / max(spread(points), 0.1 * spread(real), 1e-9)


def spread(points: np.ndarray) -> float:
    """Root of the mean squared distance from the centre."""
    return float(np.sqrt(points.var(axis=0, dtype=np.float64).sum()))


def variety(side: Side, real: Side) -> float:
    """Spread in proportion to that of real pictures: the larger of features and pixels, since noise looks all alike to an encoder."""
    return max(spread(mine) / max(spread(theirs), 1e-9) for mine, theirs in zip(side.views(), real.views(), strict=True))

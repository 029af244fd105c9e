"""First centres: greedy k-means++ (Arthur and Vassilvitskii 2007), or rows at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bmcore.cluster import kernels_kmeans_seed as kernels
from bmcore.cluster.kernels_kmeans_seed import CANDIDATES, PANELS
from bmcore.cluster.kernels_kmeans_tile import LANES
from bmcore.compute.threads import Shares

SORTED_UP_TO = 4096  # rows
_TELLING = 4  # columns


def plus_plus(
    image: np.ndarray, weight: np.ndarray, k: int, random: Any, shares: Shares, report: Callable[..., Any]
) -> np.ndarray:
    """Rows that become the first centres: (k,) int64.

    Each new centre is the best of 16 rows drawn with probability proportional to their weighted squared distance to the centres so
    far. One vector of a processor holds 16 distances, so they cost what scikit-learn's 2 + log k rows would, and the outcome is better.
    In a small table rows are drawn in sorted order, so that neither their order nor whether a row is written twice or weighs two
    changes the outcome.

    Cost: at most k passes over the rows, fewer the better they are separated; 12 bytes a row.
    """
    if len(image) > SORTED_UP_TO:
        return _plus_plus(image, weight, k, random, shares, report)
    order = _sorted(image)
    return order[_plus_plus(image[order], weight[order] if len(weight) else weight, k, random, shares, report)]


def _sorted(image: np.ndarray) -> np.ndarray:
    """The order of the rows, first column first. A few columns tell rows apart, so all of them are looked at only if they must be."""
    few = image[:, :_TELLING]
    order = np.lexsort(few.T[::-1])
    tied = np.flatnonzero((few[order[1:]] == few[order[:-1]]).all(axis=1))
    if (image[order[tied]] == image[order[tied + 1]]).all():
        return order
    return np.lexsort(image.T[::-1])


def at_random(n: int, weight: np.ndarray, k: int, random: Any) -> np.ndarray:
    """k different rows, heavier ones more often."""
    return random.choice(n, size=k, replace=False, p=_spread(weight, k) if len(weight) else None)


def _spread(weight: np.ndarray, k: int) -> np.ndarray | None:
    """Probabilities, or None if fewer than k rows have any."""
    return weight / weight.sum() if np.count_nonzero(weight) >= k else None


def _plus_plus(image, weight, k, random, shares, report) -> np.ndarray:
    n, d = image.shape
    squares, nearest, improved = np.empty(n, np.float32), np.empty(n, np.int32), np.empty(n, np.int32)
    blocks = np.zeros(-(-n // kernels.BLOCK))
    chosen, centres = np.empty(k, np.int64), np.empty((k, d), np.float32)
    gained, reach = np.zeros((len(shares), PANELS, LANES)), np.empty(k, np.float32)
    panel, picks = np.empty((PANELS, d, LANES), np.float32), np.empty(CANDIDATES, np.int64)

    chosen[0] = _first(n, weight, random)
    centres[0] = image[chosen[0]]
    shares.run(lambda number, first, last: kernels.start(image, weight, nearest, squares, blocks, centres[0], first, last))
    for c in range(1, k):
        total = np.maximum(blocks, 0).sum()
        draws = random.random(CANDIDATES)
        kernels.sample(weight, squares, blocks, draws * total, picks)
        picks[picks < 0] = int(np.argmax(squares * weight if len(weight) else squares))
        candidates = image[picks]  # 16, d
        panel[:] = candidates.reshape(PANELS, LANES, d).transpose(0, 2, 1)
        kernels.reaches(centres, c, candidates, reach)
        gained[:] = 0
        counts = shares.run(lambda number, first, last: kernels.try_candidates(
            image, weight, nearest, squares, reach, panel, gained[number], improved, first, last))
        chosen[c] = picks[int(np.argmax(gained.sum(0)))]
        centres[c] = image[chosen[c]]
        shares.run(lambda number, first, last, c=c, counts=counts: kernels.accept(
            image, weight, nearest, squares, blocks, centres[c], c, improved, first, counts[number]))
        if c % 16 == 0:
            report(c, k, phase="seed")
    return chosen


def _first(n: int, weight: np.ndarray, random: Any) -> int:
    draw = random.random()
    if not len(weight):
        return min(int(draw * n), n - 1)
    running = np.cumsum(weight, dtype=np.float64)
    return int(np.searchsorted(running, draw * running[-1], side="right").clip(0, np.flatnonzero(weight)[-1]))

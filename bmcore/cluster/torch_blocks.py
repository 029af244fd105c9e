"""DBSCAN on a device in many dimensions: blocks of nearby points, compared block by block.

Points are sorted as by the leaves of a k-d tree, about a thousand to a block. Blocks whose boxes are out of reach of each other are never
compared. Euclidean distances are a float32 product about the middle of a block; where that is within its rounding error of eps the
pair is measured in float64, and where even this is in doubt, summed in the order of the columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from bmcore.cluster.torch_forest import NONE, Forest, numbered
from bmcore.cluster.torch_table import UNIT, pieces

SIZE = 2048  # points of a block at most
TINY = 2.0**-120


class Blocks:
    """The sorted points. Memory: a copy of the points, and less than 100 bytes a point."""

    def __init__(self, X: torch.Tensor, eps: float, kind: int):
        n, _ = X.shape
        self.kind, self.eps, self.limit = kind, eps, eps * eps if kind == 2 else eps
        self.product = kind == 2 and 1e-140 < eps < 1e140  # beyond, squares leave float64's range
        self.scale = float(2.0 ** -np.frexp(eps)[1]) if self.product else 1.0
        count = 1 << max(0, -(-n // SIZE) - 1).bit_length()
        self.order = _sorted(X, count)
        self.points = X[self.order]
        self.bounds = [n * at // count for at in range(count + 1)]
        parts = [self.points[a:b].double() for a, b in zip(self.bounds, self.bounds[1:], strict=False)]
        self.low, self.high = torch.stack([part.amin(0) for part in parts]), torch.stack([part.amax(0) for part in parts])

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def rows(self, block: int) -> torch.Tensor:
        return torch.arange(self.bounds[block], self.bounds[block + 1], device=self.points.device)

    def beside(self, block: int) -> list[int]:
        """Blocks within reach of a block, nearest first."""
        gaps = torch.maximum(self.low - self.high[block], self.low[block] - self.high).clamp_(min=0)
        gaps = _in_order(gaps.T, self.kind)
        gaps[block] = -1.0
        order = gaps.argsort(stable=True)
        return order[: int((gaps <= self.limit).sum())].tolist()

    def near(self, block: int, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Which points a (of the block) and b are within reach of each other: (a, b) bool."""
        if not self.product:
            return self._direct(a, b)
        d, middle = self.points.shape[1], (self.low[block] + self.high[block]) / 2
        left, right = (((self.points[at].double() - middle) * self.scale).float() for at in (a, b))
        one, other = left.square().sum(1), right.square().sum(1)
        found = torch.addmm(other, left, right.T, alpha=-2).add_(one[:, None])
        limit = self.limit * self.scale * self.scale
        band = (1.5 * d + 10) * UNIT * 1.01 * (one.max().sqrt() + other.max().sqrt()) ** 2 + d * TINY
        near = found <= limit - band
        unsure = (~(near | (found > limit + band))).nonzero()
        for part in pieces(len(unsure), 8 * d):
            i, j = unsure[part].T
            near[i, j] = self._measured(a[i], b[j])
        return near

    def _direct(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        left, right = self.points[a].double().T, self.points[b].double().T
        total = torch.zeros((len(a), len(b)), dtype=torch.float64, device=a.device)
        for x, y in zip(left, right, strict=True):
            total = _one_more(total, (y[None] - x[:, None]).abs_(), self.kind)
        return total <= self.limit

    def _measured(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Whether points a[i] and b[i] are within reach, in float64."""
        gaps = (self.points[b].double() - self.points[a].double()).abs_()
        total = gaps.square().sum(1)
        near = total <= self.limit
        tied = ((total - self.limit).abs() <= gaps.shape[1] * 2.0**-51 * self.limit).nonzero()[:, 0]
        if len(tied):
            near[tied] = _in_order(gaps[tied].T, 2) <= self.limit
        return near


def cluster(
    X: torch.Tensor, eps: float, least: float, kind: int, weights: torch.Tensor | None, report: Callable[[float], Any]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Core, (n,) bool, and labels, (n,) int64, of the rows of X."""
    blocks = Blocks(X, eps, kind)
    core = _core(blocks, least, None if weights is None else weights[blocks.order], report)
    forest = _linked(blocks, core, report)
    rows = core.nonzero()[:, 0]
    names = numbered(forest.root[rows], blocks.order[rows], len(X))
    labels = torch.where(core, names[forest.root], -1)
    _border(blocks, core, labels, report)
    return torch.empty_like(core).scatter_(0, blocks.order, core), torch.empty_like(labels).scatter_(0, blocks.order, labels)


def _steps(blocks: Blocks, report, begin: float, end: float) -> Iterator[int]:
    for block in range(len(blocks)):
        yield block
        report(begin + (end - begin) * (block + 1) / len(blocks))


def _core(blocks: Blocks, least: float, weights: torch.Tensor | None, report) -> torch.Tensor:
    got = torch.zeros(len(blocks.points), dtype=torch.float64, device=blocks.points.device)
    shrinking = weights is not None and bool((weights < 0).any())  # then more may mean less, so nothing ends early
    for block in _steps(blocks, report, 0.1, 0.5):
        open_ = blocks.rows(block)
        for other in blocks.beside(block):
            there = blocks.rows(other)
            near = blocks.near(block, open_, there)
            got[open_] += near.sum(1) if weights is None else near.double() @ weights[there]
            open_ = open_ if shrinking else open_[got[open_] < least]
            if not len(open_):
                break
    return got >= least


def _linked(blocks: Blocks, core: torch.Tensor, report) -> Forest:
    forest = Forest(len(core), core.device)
    for block in _steps(blocks, report, 0.5, 0.9):
        here = _those(blocks, block, core)
        for other in blocks.beside(block) if len(here) else ():
            there = _those(blocks, other, core) if other <= block else here[:0]
            if not len(there):
                continue
            low, high = torch.aminmax(forest.root[torch.cat([here, there])])
            if bool(low != high):
                forest.unite_near(here, there, blocks.near(block, here, there))
    return forest


def _border(blocks: Blocks, core: torch.Tensor, labels: torch.Tensor, report) -> None:
    """A point that is not core gets the lowest label of the core points it reaches."""
    for block in _steps(blocks, report, 0.9, 1.0):
        here = _those(blocks, block, ~core)
        best = torch.full_like(here, NONE)
        for other in blocks.beside(block) if len(here) else ():
            there = _those(blocks, other, core)
            if len(there):
                found = torch.where(blocks.near(block, here, there), labels[there], NONE).amin(1)
                best = torch.minimum(best, found)
        labels[here] = torch.where(best == NONE, -1, best)


def _those(blocks: Blocks, block: int, mask: torch.Tensor) -> torch.Tensor:
    first, last = blocks.bounds[block], blocks.bounds[block + 1]
    return mask[first:last].nonzero()[:, 0] + first


def _sorted(X: torch.Tensor, count: int) -> torch.Tensor:
    """Order in which each of `count` equal parts (a power of two) is compact: parts are halved across their widest column."""
    n, d = X.shape
    order, place, parts = torch.arange(n, device=X.device), torch.arange(n, device=X.device), 1
    while parts < count:
        bounds = torch.tensor([n * at // parts for at in range(1, parts)], dtype=torch.int64, device=X.device)
        part = torch.searchsorted(bounds, place, right=True)
        spread = torch.stack([_spread(X[order, t], part, parts) for t in range(d)])
        value = X[order, spread.argmax(0)[part]]
        by_value = value.argsort(stable=True)
        order = order[by_value[part[by_value].argsort(stable=True)]]
        parts *= 2
    return order


def _spread(values: torch.Tensor, part: torch.Tensor, parts: int) -> torch.Tensor:
    low, high = (torch.zeros(parts, dtype=values.dtype, device=values.device).scatter_reduce_(
        0, part, values, how, include_self=False) for how in ("amin", "amax"))
    return high - low


def _in_order(gaps: torch.Tensor, kind: int) -> torch.Tensor:
    total = torch.zeros(gaps.shape[1:], dtype=torch.float64, device=gaps.device)
    for gap in gaps:
        total = _one_more(total, gap, kind)
    return total


def _one_more(total: torch.Tensor, gap: torch.Tensor, kind: int) -> torch.Tensor:
    return total + gap * gap if kind == 2 else total + gap if kind == 1 else torch.maximum(total, gap)

"""Points of up to three dimensions in the cells of a grid, sorted so that a cell, and cells next to each other in the last dimension,
are one stretch of points.

Cells are so small that points of one cell are within reach of each other; whoever is in reach is at most `reach` cells away in each
dimension. Stretches of nothing are left out of the numbering of cells, so any range of numbers fits.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import torch

PAIRS = 2**19  # pairs of points looked at together: 64 MiB with everything made for them
SHRUNK = 1 - 2.0**-20  # of a cell's side, so that rounding cannot put far points into one cell


def share(kind: int, d: int) -> float:
    """How many sides of a cell make eps."""
    return {2: d**0.5, 1: float(d), 0: 1.0}[kind]


class Cells:
    """The grid. Memory: a float64 copy of the points, and about 150 bytes a point while it is built."""

    def __init__(self, X: torch.Tensor, eps: float, kind: int):
        d = X.shape[1]
        self.kind, self.limit = kind, eps * eps if kind == 2 else eps
        self.side, self.reach = eps / share(kind, d) * SHRUNK, int(share(kind, d) * 1.001) + 1
        places = [_places(X[:, t].double(), eps, self.side, self.reach) for t in range(d)]
        self.width = int(places[-1].max()) + self.reach + 1
        self.across = int(places[1].max()) + self.reach + 1 if d == 3 else 1
        outer = torch.zeros_like(places[0]) if d == 1 else places[0] * self.across + (places[1] if d == 3 else 0)
        self.columns, column = outer.unique(return_inverse=True)
        key, self.order = (column * self.width + places[-1]).sort(stable=True)
        self.keys, sizes = key.unique_consecutive(return_counts=True)
        self.sizes = sizes
        self.start = starts_of(sizes)
        self.cell = torch.arange(len(sizes), device=X.device).repeat_interleave(sizes)
        self.points = X[self.order].double().T.contiguous()  # (d, n)

    def steps(self) -> list[tuple[int, ...]]:
        """Every neighbour's way in cells, nearest first, the cell itself first of all; without those surely out of reach."""
        d = len(self.points)
        ways = product(range(-self.reach, self.reach + 1), repeat=d)
        near = [way for way in ways if _length([max(abs(step) - 1, 0) for step in way], self.kind) <= share(self.kind, d) * 1.001]
        return sorted(near, key=lambda way: (_length(way, self.kind), way))

    def columns_beside(self) -> list[tuple[int, ...]]:
        """The ways between columns of cells (all dimensions but the last), nearest first."""
        return list(dict.fromkeys(way[:-1] for way in self.steps()))

    def column_at(self, way: tuple[int, ...]) -> torch.Tensor:
        """Number of the column that lies that way of each column, -1 if it is empty."""
        shift = way[0] * self.across + (way[1] if len(way) == 2 else 0) if way else 0
        return _found(self.columns, self.columns + shift)

    def stretch(self, cells: torch.Tensor, way: tuple[int, ...], start: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Where the points begin and end that the given cells may reach in the column that lies that way; `start` counts points."""
        column = self.column_at(way)[self.keys[cells] // self.width]
        key = column * self.width + self.keys[cells] % self.width
        first, last = torch.searchsorted(self.keys, key - self.reach), torch.searchsorted(self.keys, key + self.reach, right=True)
        return torch.where(column >= 0, start[first], 0), torch.where(column >= 0, start[last], 0)

    def cell_at(self, cells: torch.Tensor, way: tuple[int, ...]) -> torch.Tensor:
        """Number of the cell that lies that way of each given cell, -1 if it is empty."""
        column = self.column_at(way[:-1])[self.keys[cells] // self.width]
        found = _found(self.keys, column * self.width + self.keys[cells] % self.width + way[-1])
        return torch.where(column >= 0, found, -1)

    def near(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Whether points a[i] and b[i] are within reach; summed in the order of the columns, each product rounded."""
        return _sum([(column[b] - column[a]).abs_() for column in self.points], self.kind) <= self.limit

    def near_box(self, points: torch.Tensor, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
        """Whether point i may be within reach of a point of the box low[:, i] to high[:, i]."""
        gaps = [torch.maximum(below - column[points], column[points] - above).clamp_(min=0)
                for column, below, above in zip(self.points, low, high, strict=True)]
        return _sum(gaps, self.kind) <= self.limit


def boxes_near(low, high, a, b, kind: int, limit: float) -> torch.Tensor:
    """Whether points of boxes a[i] and b[i] may be within reach; boxes are columns of low and high."""
    gaps = [torch.maximum(below[b] - above[a], below[a] - above[b]).clamp_(min=0) for below, above in zip(low, high, strict=True)]
    return _sum(gaps, kind) <= limit


def pairs(first: torch.Tensor, last: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Every (task, candidate) with first[task] <= candidate < last[task], a fixed number at a time."""
    ends = (last - first).cumsum(0)
    total = int(ends[-1]) if len(ends) else 0
    for start in range(0, total, PAIRS):
        at = torch.arange(start, min(start + PAIRS, total), device=first.device)
        task = torch.searchsorted(ends, at, right=True)
        yield task, last[task] - ends[task] + at


def _places(values: torch.Tensor, eps: float, side: float, reach: int) -> torch.Tensor:
    """The cell of each value in one dimension. Values more than 2 eps apart begin a new piece, measured from its own start."""
    values, order = values.sort()
    piece = torch.zeros_like(order)
    piece[1:] = ((values[1:] - values[:-1]) > 2 * eps).cumsum(0)
    sizes = piece.bincount()
    begin = starts_of(sizes)
    inside = ((values - values[begin[:-1]][piece]) / side).floor_().long()
    base = starts_of(inside[begin[1:] - 1] + reach + 1)[:-1] + reach
    return torch.empty_like(order).scatter_(0, order, inside + base[piece])


def starts_of(sizes: torch.Tensor) -> torch.Tensor:
    """Where each of the pieces of these sizes starts, and where the last one ends."""
    return torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])


def _found(keys: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    at = torch.searchsorted(keys, wanted).clamp_(max=len(keys) - 1)
    return torch.where(keys[at] == wanted, at, -1)


def _sum(gaps: list[torch.Tensor], kind: int) -> torch.Tensor:
    total = torch.zeros_like(gaps[0])
    for gap in gaps:
        total = total + gap * gap if kind == 2 else total + gap if kind == 1 else torch.maximum(total, gap)
    return total


def _length(steps, kind: int) -> float:
    return {2: sum(step * step for step in steps) ** 0.5, 1: float(sum(map(abs, steps))), 0: float(max(map(abs, steps)))}[kind]

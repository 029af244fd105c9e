"""DBSCAN on a device in up to three dimensions: cells that are full are all core, and only light ones are counted.

A cell with enough points makes all of them core at once. The others have fewer than `min_samples` points, so the pairs to look at grow
with n times min_samples, whatever eps is. Cells are linked, not points: one pair of core points within reach is enough, and cells that
are one set already are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bmcore.cluster.torch_cells import Cells, boxes_near, pairs, starts_of
from bmcore.cluster.torch_forest import NONE, Forest, numbered

FIRST, GROWTH = 8, 4  # candidates of a task in the first round, and how that grows from round to round


def cluster(
    X: torch.Tensor, eps: float, least: float, kind: int, weights: torch.Tensor | None, report: Callable[[float], Any]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Core, (n,) bool, and labels, (n,) int64, of the rows of X (n, 1 to 3)."""
    cells = Cells(X, eps, kind)
    report(0.2)
    core = _core(cells, least, None if weights is None else weights[cells.order], report)
    rows = core.nonzero()[:, 0]
    sizes = cells.cell[rows].bincount(minlength=len(cells.sizes))
    start = starts_of(sizes)
    forest = _linked(cells, rows, sizes, start, report)
    root = forest.root[cells.cell[rows]]
    of_cell = numbered(root, cells.order[rows], len(sizes))[forest.root]
    labels = torch.empty_like(cells.order).scatter_(0, cells.order, _labels(cells, rows, core, start, of_cell, report))
    return torch.empty_like(core).scatter_(0, cells.order, core), labels


def _core(cells: Cells, least: float, weights: torch.Tensor | None, report) -> torch.Tensor:
    mass = cells.sizes.double()
    if weights is not None:
        mass = torch.zeros_like(mass).index_add_(0, cells.cell, weights)
    shrinking = weights is not None and bool((weights < 0).any())  # then more may mean less, so nothing ends early
    got, ways = mass[cells.cell], cells.columns_beside()
    enough = torch.inf if shrinking else least
    for number, way in enumerate(ways):
        open_ = (got < enough).nonzero()[:, 0]
        own = cells.cell[open_]
        first, last = cells.stretch(own, way, cells.start)
        if any(way):
            scan(cells, open_, first, last, open_, got, enough, weights=weights)
        else:  # the own cell is counted already
            scan(cells, open_, first, cells.start[own], open_, got, enough, weights=weights)
            scan(cells, open_, cells.start[own + 1], last, open_, got, enough, weights=weights)
        report(0.2 + 0.4 * (number + 1) / len(ways))
    return got >= least


def scan(cells: Cells, query, first, last, group, got, least, *, among=None, weights=None) -> None:
    """Add to got[group[i]] the weight of the candidates first[i] to last[i] that point query[i] reaches.

    Goes on in rounds, each of more candidates a task; a group with `least` is left. `among` gives the candidates' points.
    """
    step, open_ = FIRST, (first < last).nonzero()[:, 0]
    while len(open_):
        query, first, last, group = query[open_], first[open_], last[open_], group[open_]
        stop = torch.minimum(first + step, last)
        for task, candidate in pairs(first, stop):
            candidate = candidate if among is None else among[candidate]
            near = cells.near(query[task], candidate).double()
            got.index_add_(0, group[task], near if weights is None else near * weights[candidate])
        first, step = stop, step * GROWTH
        open_ = ((first < last) & (got[group] < least)).nonzero()[:, 0]


def _linked(cells: Cells, rows, sizes, start, report) -> Forest:
    forest, full = Forest(len(sizes), rows.device), (sizes > 0).nonzero()[:, 0]
    low, high = _boxes(cells, rows, len(sizes))
    ways = [way for way in cells.steps() if way > (0,) * len(way)]
    for number, way in enumerate(ways):
        there = cells.cell_at(full, way)
        met = ((there >= 0) & (sizes[there] > 0) & (forest.root[full] != forest.root[there])).nonzero()[:, 0]
        a, b = full[met], there[met]
        open_ = boxes_near(low, high, a, b, cells.kind, cells.limit)
        a, b = a[open_], b[open_]
        a, b = torch.where(sizes[a] <= sizes[b], a, b), torch.where(sizes[a] <= sizes[b], b, a)
        touch = _touch(cells, rows, start, a, b, low, high)
        forest.unite(a[touch], b[touch])
        report(0.6 + 0.3 * (number + 1) / len(ways))
    return forest


def _boxes(cells: Cells, rows, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The corners of the core points of each cell: two arrays (d, cells)."""
    shape, own = (len(cells.points), count), cells.cell[rows]
    low = torch.full(shape, torch.inf, dtype=torch.float64, device=rows.device)
    high = torch.full_like(low, -torch.inf)
    for t, column in enumerate(cells.points):
        low[t].scatter_reduce_(0, own, column[rows], "amin")
        high[t].scatter_reduce_(0, own, column[rows], "amax")
    return low, high


def _touch(cells: Cells, rows, start, a, b, low, high) -> torch.Tensor:
    """Whether some core point of cell a[i] reaches one of cell b[i]."""
    tasks = []
    for pair, candidate in pairs(start[a], start[a + 1]):
        kept = cells.near_box(rows[candidate], low[:, b[pair]], high[:, b[pair]]).nonzero()[:, 0]
        tasks.append((rows[candidate[kept]], pair[kept]))
    got = torch.zeros(len(a), dtype=torch.float64, device=rows.device)
    if tasks:
        query, pair = (torch.cat(parts) for parts in zip(*tasks, strict=True))
        scan(cells, query, start[b[pair]], start[b[pair] + 1], pair, got, 1.0, among=rows)
    return got > 0


def _labels(cells: Cells, rows, core, start, of_cell, report) -> torch.Tensor:
    """The label of each sorted point: its cell's, and of a point that is not core the lowest it reaches."""
    labels, ways = of_cell[cells.cell], cells.columns_beside()
    outer = (~core).nonzero()[:, 0]
    labels[outer] = torch.where(labels[outer] < 0, NONE, labels[outer])  # one with core points in its own cell reaches them
    for number, way in enumerate(ways):
        first, last = cells.stretch(cells.cell[outer], way, start)
        for task, candidate in pairs(first, last):
            found = torch.where(cells.near(outer[task], rows[candidate]), of_cell[cells.cell[rows[candidate]]], NONE)
            labels.scatter_reduce_(0, outer[task], found, "amin")
        report(0.9 + 0.1 * (number + 1) / len(ways))
    return torch.where(labels == NONE, -1, labels)

"""The DBSCAN engine for distances that no tree bounds: blocks of rows against all rows, and no list of neighbours is kept.

One pass over the blocks counts neighbours, another links core rows and gives the others the lowest cluster of a core neighbour.
Time: two distances for each pair of rows. Memory: a block of 2^22 distances with its neighbours, up to 100 MB, and 25 bytes a row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bmcore.cluster import distances
from bmcore.cluster.kernels_dbscan_forest import find, unite
from bmcore.compute.compiled import compiled

STEPS = 1000


def cluster(
    X: Any, eps: float, least: float, metric: str | Callable[..., float], settings: dict[str, Any], *,
    weights: np.ndarray | None = None, report: Callable[..., Any],
) -> tuple[np.ndarray, np.ndarray]:
    """DBSCAN of the rows of a table or a CSR matrix: core, (n,) bool, and labels, (n,) int64."""
    n, done = X.shape[0], 0

    def blocks(rows: np.ndarray) -> Any:
        nonlocal done
        for some, begins, others in distances.neighbours(X, rows, eps, metric, settings):
            report(int(STEPS * done / (2 * n)), STEPS, phase="train")
            yield some, begins, others
            done += len(some)

    mass = np.empty(n)
    for some, begins, others in blocks(np.arange(n)):
        mass[some] = np.diff(begins) if weights is None else _sums(begins, weights[others])
    core = mass >= least
    parent = np.arange(n)
    for block in blocks(np.flatnonzero(core)):
        _link(*block, core, parent)
    labels = _number(parent, core)
    for block in blocks(np.flatnonzero(~core)) if core.any() else ():
        _reach(*block, core, labels)
    report(STEPS, STEPS, phase="train")
    return core, labels


@compiled
def within(far, eps):
    """(where each row's neighbours begin, the neighbours) of a block of distances."""
    begins = np.zeros(len(far) + 1, np.int64)
    for i in range(len(far)):
        count = 0
        for j in range(far.shape[1]):
            count += far[i, j] <= eps
        begins[i + 1] = begins[i] + count
    others = np.empty(begins[-1], np.int64)
    for i in range(len(far)):
        at = begins[i]
        if begins[i + 1] > at:
            for j in range(far.shape[1]):
                if far[i, j] <= eps:
                    others[at] = j
                    at += 1
    return begins, others


@compiled
def _sums(begins, values):
    sums = np.zeros(len(begins) - 1)
    for i in range(len(sums)):
        for at in range(begins[i], begins[i + 1]):
            sums[i] += values[at]
    return sums


@compiled
def _link(rows, begins, others, core, parent):
    """Core rows and their core neighbours are one cluster."""
    for i in range(len(rows)):
        for at in range(begins[i], begins[i + 1]):
            if core[others[at]]:
                unite(parent, rows[i], others[at])


@compiled
def _number(parent, core):
    """(n,) the cluster of each core row, in the order of their first ones; -1 for all others."""
    labels, found = np.full(len(parent), -1), 0
    for row in range(len(parent)):
        if core[row]:
            root = find(parent, row)  # the first row of its cluster
            if root == row:
                labels[row], found = found, found + 1
            else:
                labels[row] = labels[root]
    return labels


@compiled
def _reach(rows, begins, others, core, labels):
    """A row beside core rows joins the lowest of their clusters."""
    for i in range(len(rows)):
        for at in range(begins[i], begins[i + 1]):
            other = others[at]
            if core[other] and (labels[rows[i]] < 0 or labels[other] < labels[rows[i]]):
                labels[rows[i]] = labels[other]

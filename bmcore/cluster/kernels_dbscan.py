"""The DBSCAN engine: points in, core points and labels out, without a list of neighbours.

The points are sorted into a k-d tree; then one pass each finds the core points (`count`), links them (`join`), and gives border
points their cluster (`border`). Every pass is split among threads by leaves. Memory besides X and the labels: a float64 copy of X,
about 17 bytes a point, and the tree's boxes (at most a quarter of the copy).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bmcore.cluster import kernels_dbscan_tree as trees
from bmcore.cluster.kernels_dbscan_forest import find
from bmcore.cluster.kernels_dbscan_join import join, join_inside
from bmcore.cluster.kernels_dbscan_walk import NONE, border, count, lowest, nearest
from bmcore.compute.compiled import compiled
from bmcore.compute.pool import spread

CACHE = 2**19  # bytes of a processor's own cache to use
MANY = 6  # levels of the tree below which there are subtrees enough for all threads
STEPS = 1000  # what progress is counted in
BUILT, COUNTED, LINKED = 0.25, 0.65, 0.9  # share of the work that is done after a phase, roughly


class Work:
    """A tree over the rows of X, and the threads and the progress of the passes over it."""

    def __init__(self, X: np.ndarray, eps: float, kind: int, threads: int, report: Callable[..., Any]):
        n, d = X.shape
        height = ((n - 1) // trees.LEAF).bit_length()
        nodes = 2 << height
        self.X, self.threads, self.report = X, threads, report
        self.order = np.arange(n, dtype=np.int32 if n < 2**31 else np.int64)  # row number of each point of the tree
        limit = eps * eps if kind == 2 else eps
        self.tree = trees.Tree(np.empty(n * d), np.empty((nodes, d)), np.empty((nodes, d)), height, n, limit, kind)

    def run(self, kernel: Callable[..., Any], begin: float, end: float, *arguments: Any, total: int | None = None) -> None:
        def tell(share: float) -> None:
            self.report(int(STEPS * (begin + (end - begin) * share)), STEPS, phase="train")

        tell(0.0)
        spread(kernel, 1 << self.tree.height if total is None else total, arguments, self.threads, tell)

    def build(self, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Sort the points; (weight of each node, weights in the tree's order or an empty array)."""
        tree, height = self.tree, self.tree.height
        inside = max(1, CACHE // (8 * trees.LEAF * self.X.shape[1])).bit_length() - 1  # levels of a subtree that fits in a cache
        top, keys = max(min(height, MANY), height - inside), tree.data[: tree.n]  # data is free until the leaves are packed
        step = BUILT / (top + 4)
        for level in range(top):
            self.run(trees.split, level * step, (level + 1) * step, self.X, self.order, keys, level, total=1 << level)
        weights, mass = np.empty(0) if weights is None else weights, np.zeros(2 << height)
        self.run(trees.grow, top * step, BUILT, self.X, self.order, top, tree, weights, mass, total=1 << top)
        trees.enclose(tree, mass)
        return mass, weights[self.order] if weights.size else weights


def cluster(
    X: np.ndarray, eps: float, least: float, *, kind: int = 2, weights: np.ndarray | None = None, threads: int = 1,
    report: Callable[..., Any],
) -> tuple[np.ndarray, np.ndarray]:
    """DBSCAN of the rows of X (C order, float32 or float64): core, (n,) bool, and labels, (n,) int64."""
    work = Work(X, eps, kind, threads, report)
    mass, weights = work.build(weights)
    n, tree, shrinking = len(X), work.tree, bool((weights < 0).any())
    core, parent = np.zeros(n, np.uint8), np.arange(n, dtype=work.order.dtype)
    work.run(count, BUILT, COUNTED, tree, mass, weights, float(least), shrinking, core)
    whole = np.full(len(mass), -1, parent.dtype)
    work.run(join_inside, COUNTED, COUNTED, tree, core, parent, whole)
    work.run(join, COUNTED, LINKED, tree, core, parent, whole)
    labels = np.empty(n, np.int64)
    number(parent, core, work.order, labels)
    work.run(border, LINKED, 1.0, tree, core, parent, lowest(tree, parent, core))
    labels[work.order] = parent
    everywhere = np.empty(n, bool)
    everywhere[work.order] = core
    report(STEPS, STEPS, phase="train")
    return everywhere, labels


def assign(
    points: np.ndarray, labels: np.ndarray, X: np.ndarray, eps: float, *, kind: int = 2, threads: int = 1, report: Callable[..., Any]
) -> np.ndarray:
    """The label of the nearest of `points` within eps of each row of X, else -1: (m,) int64."""
    work = Work(points, eps, kind, threads, report)
    work.build(None)
    out = np.empty(len(X), np.int64)
    work.run(nearest, BUILT, 1.0, work.tree, X, work.order, labels, out, total=len(X))
    return out


@compiled
def settle(parent, core, order, first):
    """Point every core point at its root, and note in first[root] the smallest row number of its set."""
    for i in range(order.size):
        first[i] = NONE
    for i in range(order.size):
        if core[i]:
            root = find(parent, i)
            parent[i] = root
            first[root] = min(first[root], order[i])


@compiled
def rename(parent, core, names):
    """Replace every core point's root by the root's name; other points get -1."""
    for i in range(core.size):
        parent[i] = names[parent[i]] if core[i] else -1


def number(parent: np.ndarray, core: np.ndarray, order: np.ndarray, scratch: np.ndarray) -> None:
    """Turn the forest into labels in place: clusters are numbered by their first core row."""
    settle(parent, core, order, scratch)
    roots = np.flatnonzero(scratch < NONE)
    scratch[roots[np.argsort(scratch[roots])]] = np.arange(len(roots))
    rename(parent, core, scratch)

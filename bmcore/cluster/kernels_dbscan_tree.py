"""A k-d tree held in a few flat arrays, for points of any number of dimensions.

Node 1 is the root and node i has the children 2i and 2i+1. On every level the points are shared out evenly in blocks of LEAF, so a
node's range of points follows from its number and nothing but boxes is stored; a leaf holds one block (the last may be short) or
none. The coordinates of a leaf lie together, one dimension after the other, and are compared as one vector operation a dimension.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bmcore.compute.compiled import compiled

LEAF = 32  # points in a leaf: whole vector registers
SAMPLE = 32  # points a node looks at to choose the dimension it splits


class Tree(NamedTuple):
    """The points in the order of the leaves, and what counts as near."""

    data: np.ndarray  # (n * d,) float64: leaf after leaf, within a leaf dimension after dimension
    low: np.ndarray  # (nodes, d) float64, the boxes
    high: np.ndarray
    height: int
    n: int
    limit: float  # largest distance that is near, on the scale of `kind`
    kind: int  # 2: squared Euclidean distance; 1: sum of differences; 0: largest difference


@compiled(inline="always")
def start_of(n, level, at):
    """Where the points of the at-th node of a level begin; at + 1 gives their end."""
    return min(n, (at * ((n + LEAF - 1) // LEAF) >> level) * LEAF)


@compiled
def widest(X, order, first, last):
    """The dimension of the largest spread in a sample of order[first:last], and that spread."""
    step = max(1, (last - first) // SAMPLE)
    best, chosen = -1.0, 0
    for k in range(X.shape[1]):
        low = high = X[order[first], k]
        for at in range(first, last, step):
            value = X[order[at], k]
            low, high = min(low, value), max(high, value)
        if np.float64(high) - np.float64(low) > best:
            best, chosen = np.float64(high) - np.float64(low), k
    return chosen


@compiled
def pivot_for(keys, first, last, middle, sample):
    """A key that is likely close to the one of rank `middle`, on the side that leaves the smaller rest: from a sorted sample."""
    n, size = last - first, min(sample.size, (last - first + 3) // 4)
    for i in range(size):
        value, j = keys[first + (2 * i + 1) * n // (2 * size)], i
        while j > 0 and sample[j - 1] > value:
            sample[j] = sample[j - 1]
            j -= 1
        sample[j] = value
    rank = (middle - first) * size // n
    return sample[min(size - 1, rank + size // 16)] if 2 * (middle - first) <= n else sample[max(0, rank - size // 16)]


@compiled
def partition(keys, order, first, last, pivot, equal):
    """Move the keys below the pivot (or equal to it) to the front, and say where they end. No branch depends on a key."""
    end = first
    for i in range(first, last):
        key, row = keys[i], order[i]
        keys[i], order[i] = keys[end], order[end]
        keys[end], order[end] = key, row
        end += (key < pivot) | (equal & (key == pivot))
    return end


@compiled
def select(keys, order, first, last, middle, sample):
    """Reorder keys[first:last] and `order` with it until no key before `middle` is larger than one after it."""
    while last - first > 1:
        pivot = pivot_for(keys, first, last, middle, sample)
        end = partition(keys, order, first, last, pivot, False)
        if middle < end:
            last = end
        elif end > first:
            first = end
        else:  # the pivot is the smallest key left: its duplicates go first
            first = partition(keys, order, first, last, pivot, True)
            if middle < first:
                return


@compiled
def halve(X, order, keys, begin, middle, end, sample):
    """Reorder order[begin:end] so that `middle` parts its points along their widest dimension."""
    if begin < middle < end:
        k = widest(X, order, begin, end)
        for i in range(begin, end):
            keys[i] = X[order[i], k]
        select(keys, order, begin, end, middle, sample)


@compiled
def split(first, last, X, order, keys, level):
    """Halve the points of the nodes [first, last) of a level."""
    n, sample = order.size, np.empty(SAMPLE)
    for at in range(first, last):
        halve(X, order, keys, start_of(n, level, at), start_of(n, level + 1, 2 * at + 1), start_of(n, level, at + 1), sample)


@compiled
def grow(first, last, X, order, level, tree, weights, mass):
    """Build the whole subtrees below the nodes [first, last) of a level, each from a copy of its points that fits in a cache."""
    n, height, sample = tree.n, tree.height, np.empty(SAMPLE)
    for top in range(first, last):
        begin, end = start_of(n, level, top), start_of(n, level, top + 1)
        local, rows = np.empty((end - begin, X.shape[1])), order[begin:end].copy()
        keys, own = np.empty(end - begin), np.empty_like(rows)
        for i in range(end - begin):
            own[i] = i
            for k in range(X.shape[1]):
                local[i, k] = X[rows[i], k]
        for deep in range(level, height):
            for at in range(top << (deep - level), (top + 1) << (deep - level)):
                middle = start_of(n, deep + 1, 2 * at + 1) - begin
                halve(local, own, keys, start_of(n, deep, at) - begin, middle, start_of(n, deep, at + 1) - begin, sample)
        for i in range(end - begin):
            order[begin + i] = rows[own[i]]
        pack(local, own, begin, order, top << (height - level), (top + 1) << (height - level), tree, weights, mass)


@compiled
def pack(local, own, base, order, first, last, tree, weights, mass):
    """Copy the points of the leaves [first, last) to their place, and note their boxes and weights."""
    data, low, high, height, n, _, _ = tree
    for leaf in range(first, last):
        begin, end, node = start_of(n, height, leaf), start_of(n, height, leaf + 1), (1 << height) + leaf
        at, mass[node] = begin * local.shape[1], 0.0
        for i in range(begin, end):
            mass[node] += weights[order[i]] if weights.size else 1.0
        for k in range(local.shape[1]):
            low[node, k], high[node, k] = np.inf, -np.inf
            for i in range(begin, end):
                value = local[own[i - base], k]
                data[at] = value
                at += 1
                low[node, k], high[node, k] = min(low[node, k], value), max(high[node, k], value)


@compiled
def enclose(tree, mass):
    """Boxes and weights of the inner nodes from their children's."""
    low, high, height = tree.low, tree.high, tree.height
    for node in range((1 << height) - 1, 0, -1):
        mass[node] = mass[2 * node] + mass[2 * node + 1]
        for k in range(low.shape[1]):
            low[node, k] = min(low[2 * node, k], low[2 * node + 1, k])
            high[node, k] = max(high[2 * node, k], high[2 * node + 1, k])


@compiled(inline="always")
def leaf_of(n, height, node):
    """(first point, number of points) of a leaf node."""
    begin = start_of(n, height, node - (1 << height))
    return begin, start_of(n, height, node - (1 << height) + 1) - begin


@compiled
def take_point(data, begin, m, i, point):
    """Copy point i of the leaf that begins at point `begin` and has m points."""
    at = begin * point.size + i
    for k in range(point.size):
        point[k] = data[at]
        at += m

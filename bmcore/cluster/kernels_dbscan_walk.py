"""Which points are core, and which cluster a border point joins: two of DBSCAN's passes over the tree.

A pass takes the leaves [first, last), writes only to their own points, and keeps nothing of the neighbours it sees. A box that
lies wholly within reach counts as one number, a box beyond reach as none.
"""

from __future__ import annotations

import numpy as np

from bmcore.cluster.kernels_dbscan_distance import distances, far, near, point_near
from bmcore.cluster.kernels_dbscan_tree import LEAF, leaf_of, take_point
from bmcore.compute.compiled import compiled

NONE = np.iinfo(np.int64).max  # no cluster in reach


@compiled
def level_of(node):
    """How far below the root a node is."""
    level = 0
    while (node >> level) > 1:
        level += 1
    return level


@compiled
def push_children(low, high, kind, height, limit, stack, size, node, home):
    """Put a node's children that are within reach on the stack, the nearer on top; the one above leaf `home` counts as nearest."""
    left, right = 2 * node, 2 * node + 1
    a, b = near(low, high, kind, home, left), near(low, high, kind, home, right)
    above = home >> (height - level_of(left))
    if above == left or (above != right and a <= b):
        left, right, a, b = right, left, b, a
    if a <= limit:
        stack[size] = left
        size += 1
    if b <= limit:
        stack[size] = right
        size += 1
    return size


@compiled
def weight_near(data, kind, limit, begin, m, point, weights, out):
    """Weight of the points of a leaf that are near `point`; without weights, their number."""
    distances(data, kind, begin, m, point, out)
    if weights.size:
        total = 0.0
        for j in range(m):
            if out[j] <= limit:
                total += weights[begin + j]
        return total
    hits = 0
    for j in range(m):
        hits += out[j] <= limit
    return float(hits)


@compiled
def count(first, last, tree, mass, weights, least, shrinking, core):
    """core[i] = 1 where the weight near point i is at least `least`. `shrinking`: weights may be negative, so no early end."""
    data, low, high, height, n, limit, kind = tree
    leaves = 1 << height
    stack, point, out = np.empty(2 * height + 4, np.int64), np.empty(low.shape[1]), np.empty(LEAF)
    got, open_ = np.empty(LEAF), np.empty(LEAF, np.int64)
    for home in range(leaves + first, leaves + last):
        begin, m = leaf_of(n, height, home)
        if not shrinking and mass[home] >= least and far(low, high, kind, home, home) <= limit:
            core[begin : begin + m] = 1
            continue
        for i in range(m):
            got[i], open_[i] = 0.0, i
        stack[0], size, left = 1, 1, m
        while size and left:
            size -= 1
            node = stack[size]
            if far(low, high, kind, home, node) <= limit:
                for i in range(left):
                    got[open_[i]] += mass[node]
            elif node < leaves:
                size = push_children(low, high, kind, height, limit, stack, size, node, home)
                continue
            else:
                there, many = leaf_of(n, height, node)
                for i in range(left):
                    take_point(data, begin, m, open_[i], point)
                    if point_near(low, high, kind, node, point) <= limit:
                        got[open_[i]] += weight_near(data, kind, limit, there, many, point, weights, out)
            if not shrinking:
                left = settle(got, open_, left, least, core, begin)
        if shrinking:
            for i in range(m):
                core[begin + i] = got[i] >= least


@compiled
def settle(got, open_, left, least, core, begin):
    """Mark the points that have enough and keep the others open; how many stay."""
    kept = 0
    for i in range(left):
        if got[open_[i]] >= least:
            core[begin + open_[i]] = 1
        else:
            open_[kept] = open_[i]
            kept += 1
    return kept


@compiled
def lowest(tree, labels, core):
    """The smallest label of a core point below each node."""
    height, n = tree.height, tree.n
    leaves = 1 << height
    least = np.empty(2 * leaves, np.int64)
    least[:] = NONE
    for node in range(leaves, 2 * leaves):
        begin, m = leaf_of(n, height, node)
        for i in range(begin, begin + m):
            if core[i]:
                least[node] = min(least[node], labels[i])
    for node in range(leaves - 1, 0, -1):
        least[node] = min(least[2 * node], least[2 * node + 1])
    return least


@compiled
def border(first, last, tree, core, labels, least):
    """labels[i] of a point that is not core: the smallest label of a core point near it, else -1."""
    data, low, high, height, n, limit, kind = tree
    leaves = 1 << height
    stack, point, out = np.empty(2 * height + 4, np.int64), np.empty(low.shape[1]), np.empty(LEAF)
    best = np.empty(LEAF, np.int64)
    for home in range(leaves + first, leaves + last):
        begin, m = leaf_of(n, height, home)
        worst = -1  # the largest label that some point of this leaf still holds; -1 if all are core
        for i in range(m):
            best[i] = -1 if core[begin + i] else NONE
            worst = max(worst, best[i])
        stack[0], size = 1, 1
        while size and worst >= 0:
            size -= 1
            node = stack[size]
            if least[node] >= worst:
                continue
            if node < leaves:
                size = push_children(low, high, kind, height, limit, stack, size, node, home)
                continue
            there, many = leaf_of(n, height, node)
            worst = -1
            for i in range(m):
                if best[i] > least[node]:
                    take_point(data, begin, m, i, point)
                    if point_near(low, high, kind, node, point) <= limit:
                        distances(data, kind, there, many, point, out)
                        for j in range(many):
                            if out[j] <= limit and core[there + j] and labels[there + j] < best[i]:
                                best[i] = labels[there + j]
                worst = max(worst, best[i])
        for i in range(m):
            if not core[begin + i]:
                labels[begin + i] = best[i] if best[i] < NONE else -1


@compiled
def nearest(first, last, tree, X, order, labels, out):
    """out[i]: the label of the tree's point nearest to row i of X if it is near, else -1; the smallest label of equally near ones."""
    data, low, high, height, n, limit, kind = tree
    leaves = 1 << height
    stack, gaps = np.empty(2 * height + 4, np.int64), np.empty(2 * height + 4)
    point, far_off = np.empty(X.shape[1]), np.empty(LEAF)
    for row in range(first, last):
        for k in range(point.size):
            point[k] = X[row, k]
        best, found = limit, NONE
        stack[0], gaps[0], size = 1, 0.0, 1
        while size:
            size -= 1
            node = stack[size]
            if gaps[size] > best:
                continue
            if node < leaves:
                a, b = point_near(low, high, kind, 2 * node, point), point_near(low, high, kind, 2 * node + 1, point)
                near_side = 0 if a <= b else 1
                stack[size], gaps[size] = 2 * node + 1 - near_side, max(a, b)
                stack[size + 1], gaps[size + 1] = 2 * node + near_side, min(a, b)
                size += 2
                continue
            begin, m = leaf_of(n, height, node)
            distances(data, kind, begin, m, point, far_off)
            for j in range(m):
                label = labels[order[begin + j]]
                if far_off[j] < best or (far_off[j] == best and label < found):
                    best, found = far_off[j], label
        out[row] = found if found < NONE else -1

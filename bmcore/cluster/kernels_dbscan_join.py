"""Which core points belong together: DBSCAN's middle pass, which links leaves of the tree and stops where one link says it all.

`whole[node]` is a core point of the node once all its core points are known to be one set; since sets only grow, it then stays
true. -2: the node has no core point. -1: not known, or not so.
"""

from __future__ import annotations

import numpy as np

from bmcore.cluster.kernels_dbscan_distance import distances, far, point_near
from bmcore.cluster.kernels_dbscan_forest import find, unite
from bmcore.cluster.kernels_dbscan_tree import LEAF, leaf_of, take_point
from bmcore.cluster.kernels_dbscan_walk import level_of, push_children
from bmcore.compute.compiled import compiled


@compiled
def gather(core, parent, begin, m):
    """Make the core points of a leaf one set before another thread may touch them: the first of them, -2 if there is none."""
    seen = -2
    for i in range(begin, begin + m):
        if core[i]:
            if seen < 0:
                seen = i
            parent[i] = seen
    return seen


@compiled
def one_set(parent, core, begin, m):
    """A core point of the leaf if all of them are in one set, -1 if not, -2 if there is none."""
    seen = -2
    for i in range(begin, begin + m):
        if core[i]:
            if seen < 0:
                seen = i
            elif find(parent, i) != find(parent, seen):
                return -1
    return seen


@compiled
def join_inside(first, last, tree, core, parent, whole):
    """Link the core points within each leaf, and note which leaves are one set already."""
    data, low, high, height, n, limit, kind = tree
    leaves = 1 << height
    point, out = np.empty(low.shape[1]), np.empty(LEAF)
    for home in range(leaves + first, leaves + last):
        begin, m = leaf_of(n, height, home)
        if far(low, high, kind, home, home) <= limit:
            whole[home] = gather(core, parent, begin, m)
            continue
        for i in range(begin, begin + m):
            if core[i]:
                take_point(data, begin, m, i - begin, point)
                distances(data, kind, begin, m, point, out)
                for j in range(begin, i):
                    if core[j] and out[j - begin] <= limit:
                        unite(parent, i, j)
        whole[home] = one_set(parent, core, begin, m)


@compiled
def lift(n, height, core, parent, whole, node):
    """Look again whether a node is one set by now."""
    if node >= 1 << height:
        begin, m = leaf_of(n, height, node)
        whole[node] = one_set(parent, core, begin, m)
        return whole[node]
    a, b = whole[2 * node], whole[2 * node + 1]
    if a == -2 or b == -2:
        whole[node] = max(a, b)
    elif a >= 0 and b >= 0 and find(parent, a) == find(parent, b):
        whole[node] = a
    return whole[node]


@compiled
def join_pair(data, low, high, height, n, limit, kind, core, parent, whole, home, node, point, out):
    """Link the core points of two leaves."""
    begin, m = leaf_of(n, height, home)
    there, many = leaf_of(n, height, node)
    for i in range(begin, begin + m):
        if not core[i] or (whole[node] >= 0 and find(parent, i) == find(parent, whole[node])):
            continue
        take_point(data, begin, m, i - begin, point)
        if point_near(low, high, kind, node, point) > limit:
            continue
        distances(data, kind, there, many, point, out)
        for j in range(many):
            if out[j] <= limit and core[there + j]:
                unite(parent, i, there + j)
                if whole[node] >= 0:
                    if whole[home] >= 0:
                        return
                    break


@compiled
def join(first, last, tree, core, parent, whole):
    """Link the core points of each leaf with those of the leaves after it, skipping what is one set already."""
    data, low, high, height, n, limit, kind = tree
    leaves = 1 << height
    stack, point, out = np.empty(2 * height + 4, np.int64), np.empty(low.shape[1]), np.empty(LEAF)
    for home in range(leaves + first, leaves + last):
        stack[0], size = 1, 1
        while size and whole[home] != -2:
            size -= 1
            node = stack[size]
            # the last leaf below the node: earlier leaves meet this one from their side
            if ((node + 1) << (height - level_of(node))) - 1 <= home:
                continue
            known = whole[node]
            if known == -1 and node < leaves:
                known = lift(n, height, core, parent, whole, node)
            if known == -2 or (known >= 0 and whole[home] >= 0 and find(parent, known) == find(parent, whole[home])):
                continue
            if node < leaves:
                size = push_children(low, high, kind, height, limit, stack, size, node, home)
                continue
            join_pair(data, low, high, height, n, limit, kind, core, parent, whole, home, node, point, out)
            for leaf in (home, node):
                if whole[leaf] == -1:
                    lift(n, height, core, parent, whole, leaf)

"""Distances of points and of boxes, in float64 and rounded alike, so that what a box promises holds for its points to the last bit.

Each is a sum over the dimensions in their order (or a largest value), and rounding never turns a larger difference into a smaller
sum: the distance of two points lies between `near` and `far` of their boxes as computed, not only in exact arithmetic.
"""

from __future__ import annotations

from bmcore.compute.compiled import compiled


@compiled(inline="always")
def add(total, gap, kind):
    """One more dimension: squared Euclidean (2), sum of differences (1) or largest difference (0)."""
    if kind == 2:
        return total + gap * gap
    return total + gap if kind == 1 else max(total, gap)


@compiled
def near(low, high, kind, a, b):
    """Smallest distance that a point of box a may have from one of box b."""
    total = 0.0
    for k in range(low.shape[1]):
        total = add(total, max(0.0, low[b, k] - high[a, k], low[a, k] - high[b, k]), kind)
    return total


@compiled
def far(low, high, kind, a, b):
    """Largest distance between a point of box a and one of box b."""
    total = 0.0
    for k in range(low.shape[1]):
        total = add(total, max(high[b, k] - low[a, k], high[a, k] - low[b, k]), kind)
    return total


@compiled
def point_near(low, high, kind, node, point):
    """Smallest distance of a point from a node's box."""
    total = 0.0
    for k in range(point.size):
        total = add(total, max(0.0, low[node, k] - point[k], point[k] - high[node, k]), kind)
    return total


@compiled
def distances(data, kind, begin, m, point, out):
    """Distances of `point` from the m points of the leaf that begins at point `begin`, a vector operation a dimension."""
    d = point.size
    at, k = begin * d, 0
    if kind == 2 and d >= 2:
        a, b, p, q = data[at : at + m], data[at + m : at + 2 * m], point[0], point[1]
        for j in range(m):
            out[j] = (a[j] - p) * (a[j] - p) + (b[j] - q) * (b[j] - q)
        at, k = at + 2 * m, 2
    else:
        out[:m] = 0.0
    while kind == 2 and k + 4 <= d:
        four(data, at, m, point, k, out)
        at, k = at + 4 * m, k + 4
    while k < d:
        one(data[at : at + m], point[k], kind, out)
        at, k = at + m, k + 1


@compiled
def one(a, p, kind, out):
    """Add one dimension."""
    if kind == 2:
        for j in range(a.size):
            out[j] += (a[j] - p) * (a[j] - p)
    elif kind == 1:
        for j in range(a.size):
            out[j] += abs(a[j] - p)
    else:
        for j in range(a.size):
            out[j] = max(out[j], abs(a[j] - p))


@compiled
def four(data, at, m, point, k, out):
    """Add four dimensions of the Euclidean sum in one sweep, one after the other as single ones would be."""
    a, b, c, e = data[at : at + m], data[at + m : at + 2 * m], data[at + 2 * m : at + 3 * m], data[at + 3 * m : at + 4 * m]
    p, q, r, s = point[k], point[k + 1], point[k + 2], point[k + 3]
    for j in range(m):
        out[j] = (((out[j] + (a[j] - p) * (a[j] - p)) + (b[j] - q) * (b[j] - q)) + (c[j] - r) * (c[j] - r)) + (e[j] - s) * (e[j] - s)

"""The best k of each row: of a dense block of scores, or of a sparse history times sparse item weights without holding the product.

Items are numbered by popularity here ("rank" 0 is the most popular), so that of equal scores the more popular item wins by coming first.
"""

from __future__ import annotations

import numpy as np

from bmcore.compute.compiled import compiled

STRETCH = 64  # sums compared together


@compiled
def _sink(scores, ranks, size):
    """Restore a heap whose root may be better than its children. The root is the worst: lowest score, of equals the highest rank."""
    at = 0
    while True:
        worst, left = at, 2 * at + 1
        for child in (left, left + 1):
            if child < size and (
                scores[child] < scores[worst] or (scores[child] == scores[worst] and ranks[child] > ranks[worst])
            ):
                worst = child
        if worst == at:
            return
        scores[at], scores[worst] = scores[worst], scores[at]
        ranks[at], ranks[worst] = ranks[worst], ranks[at]
        at = worst


@compiled
def _rise(scores, ranks, at):
    """Move a new last entry up to where it belongs."""
    while at > 0:
        parent = (at - 1) // 2
        if scores[parent] < scores[at] or (scores[parent] == scores[at] and ranks[parent] > ranks[at]):
            return
        scores[at], scores[parent] = scores[parent], scores[at]
        ranks[at], ranks[parent] = ranks[parent], ranks[at]
        at = parent


@compiled
def _offer(scores, ranks, size, score, rank):
    """Put an entry into a heap that holds at most len(scores); returns its size."""
    if size < len(scores):
        scores[size], ranks[size] = score, rank
        _rise(scores, ranks, size)
        return size + 1
    scores[0], ranks[0] = score, rank
    _sink(scores, ranks, size)
    return size


@compiled
def _sorted(scores, ranks, size):
    """Turn a heap into a list, best first; what is left over is -inf and -1."""
    for last in range(size - 1, 0, -1):
        scores[0], scores[last] = scores[last], scores[0]
        ranks[0], ranks[last] = ranks[last], ranks[0]
        _sink(scores, ranks, last)
    for at in range(size, len(scores)):
        scores[at], ranks[at] = -np.inf, -1


@compiled
def top_dense(first, last, block, order, scores, items):
    """Best of rows of a dense block; -inf and NaN are never chosen. `order[rank]` is the item; `items` gets items, or -1."""
    k = scores.shape[1]
    for row in range(first, last):
        found, ranks, size, floor = scores[row], items[row], 0, np.float32(-np.inf)
        for rank in range(len(order)):
            score = block[row, order[rank]]
            if score > floor:
                size = _offer(found, ranks, size, score, rank)
                if size == k:
                    floor = found[0]
        _sorted(found, ranks, size)
        for at in range(size):
            ranks[at] = order[ranks[at]]


@compiled
def _add_row(start, end, h_ranks, h_values, head, pointers, tail, sums):
    """Add the weights of every item of a history: of eight items at a time those for popular items, which are dense; then the others."""
    width, p = head.shape[1], start
    popular = sums[:width]
    while p + np.uint64(8) <= end:
        _add_eight(p, h_ranks, h_values, head, popular)
        p += np.uint64(8)
    while p < end:
        a, e = head[h_ranks[p]], h_values[p]
        for at in range(width):
            popular[at] += e * a[at]
        p += np.uint64(1)
    for p in range(start, end):
        rank, value = h_ranks[p], h_values[p]
        for q in range(pointers[rank], pointers[rank + np.uint32(1)]):
            entry = tail[q]
            sums[entry.rank] += value * entry.weight


@compiled
def _add_eight(p, h_ranks, h_values, head, popular):
    """Eight rows at a time: fewer passes over the sums."""
    ranks, values = h_ranks[p : p + np.uint64(8)], h_values[p : p + np.uint64(8)]
    a, b, c, d = head[ranks[0]], head[ranks[1]], head[ranks[2]], head[ranks[3]]
    e, f, g, h = head[ranks[4]], head[ranks[5]], head[ranks[6]], head[ranks[7]]
    s, t, u, v, w, x, y, z = values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7]
    for at in range(len(popular)):
        popular[at] += ((s * a[at] + t * b[at]) + (u * c[at] + v * d[at])) + ((w * e[at] + x * f[at]) + (y * g[at] + z * h[at]))


@compiled
def add_up(first, last, h_ptr, h_ranks, h_values, head, pointers, tail, order, out):
    """Rows of a sparse history times sparse item weights, dense: out (m, n) gets the sums, by item."""
    sums = np.empty(max(len(order), head.shape[1]), np.float32)
    for row in range(first, last):
        sums[:] = 0
        _add_row(np.uint64(h_ptr[row]), np.uint64(h_ptr[row + 1]), h_ranks, h_values, head, pointers, tail, sums)
        for rank in range(len(order)):
            out[row, order[rank]] = sums[rank]


@compiled
def top_sparse(first, last, h_ptr, h_ranks, h_values, head, pointers, tail, order, start, exclude, scores, items):
    """Best of rows of a sparse history, by rank, times sparse item weights.

    Weights lie in `head` for the targets of lowest rank, dense, and in `tail` for the others. `start` has 0 for each rank that may be
    chosen, else -inf, and is as long as whole stretches. `items` gets items, or -1. Positions are unsigned: signed ones cost a test for
    "from the end" each.
    """
    sums, highest = np.empty(len(start), np.float32), np.empty(STRETCH, np.float32)
    for row in range(first, last):
        for rank in range(len(start)):
            sums[rank] = start[rank]
        begin, end = np.uint64(h_ptr[row]), np.uint64(h_ptr[row + 1])
        _add_row(begin, end, h_ranks, h_values, head, pointers, tail, sums)
        if exclude:
            for p in range(begin, end):
                sums[h_ranks[p]] = -np.inf
        size = _best(sums, scores[row], items[row], highest)
        for at in range(size):
            items[row, at] = order[items[row, at]]


@compiled
def _enough(sums, scores, ranks, highest):
    """A score that at least k entries reach: the k-th highest of `highest`, in which every place of the stretches has its maximum."""
    highest[:] = -np.inf
    for left in range(0, len(sums), STRETCH):
        part = sums[left : left + STRETCH]
        for at in range(STRETCH):
            highest[at] = part[at] if part[at] > highest[at] else highest[at]
    size, k, floor = 0, len(scores), np.float32(-np.inf)
    for at in range(STRETCH):
        if highest[at] > floor:
            size = _offer(scores, ranks, size, highest[at], at)
            if size == k:
                floor = scores[0]
    return floor


@compiled
def _best(sums, scores, ranks, highest):
    """The largest sums and their ranks, best first; how many were found. Stretches without a candidate are passed over at once."""
    size, k, floor = 0, len(scores), np.float32(-np.inf)
    if k <= STRETCH // 2:
        floor = np.nextafter(_enough(sums, scores, ranks, highest), np.float32(-np.inf))
    for left in range(0, len(sums), STRETCH):
        part = sums[left : left + STRETCH]
        better = np.int32(0)
        for at in range(STRETCH):
            better += np.int32(part[at] > floor)
        if better:
            for at in range(STRETCH):
                if part[at] > floor:
                    size = _offer(scores, ranks, size, part[at], left + at)
                    if size == k:
                        floor = scores[0]
    _sorted(scores, ranks, size)
    return size

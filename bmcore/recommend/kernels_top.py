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
def _add_row(start, end, h_items, h_values, head, pointers, tail, sums):
    """Add the weights of every item of a history: of four items at a time those of popular items, which are dense; then the others."""
    width, p = head.shape[1], start
    popular = sums[:width]
    while p + np.uint64(4) <= end:
        q, r, t = p + np.uint64(1), p + np.uint64(2), p + np.uint64(3)
        a, b, c, d = head[h_items[p]], head[h_items[q]], head[h_items[r]], head[h_items[t]]
        e, f, g, h = h_values[p], h_values[q], h_values[r], h_values[t]
        for at in range(width):
            popular[at] += (e * a[at] + f * b[at]) + (g * c[at] + h * d[at])
        p += np.uint64(4)
    while p < end:
        a, e = head[h_items[p]], h_values[p]
        for at in range(width):
            popular[at] += e * a[at]
        p += np.uint64(1)
    for p in range(start, end):
        item, value = h_items[p], h_values[p]
        for q in range(pointers[item], pointers[item + np.uint32(1)]):
            entry = tail[q]
            sums[entry.rank] += value * entry.weight


@compiled
def add_up(first, last, h_ptr, h_items, h_values, head, pointers, tail, order, out):
    """Rows of a sparse history times sparse item weights, dense: out (m, n) gets the sums, by item."""
    sums = np.empty(len(order), np.float32)
    for row in range(first, last):
        sums[:] = 0
        _add_row(np.uint64(h_ptr[row]), np.uint64(h_ptr[row + 1]), h_items, h_values, head, pointers, tail, sums)
        for rank in range(len(order)):
            out[row, order[rank]] = sums[rank]


@compiled
def top_sparse(first, last, h_ptr, h_items, h_values, head, pointers, tail, order, rank_of, start, exclude, scores, items):
    """Best of rows of a sparse history times sparse item weights.

    Weights lie by item in `head` for the targets of lowest rank, dense, and in `tail` for the others. `start` has 0 for each rank that
    may be chosen, else -inf. `items` gets items, or -1. Positions are unsigned: signed ones cost a test for "from the end" each.
    """
    sums = np.empty(len(start), np.float32)
    for row in range(first, last):
        sums[:] = start
        begin, end = np.uint64(h_ptr[row]), np.uint64(h_ptr[row + 1])
        _add_row(begin, end, h_items, h_values, head, pointers, tail, sums)
        if exclude:
            for p in range(begin, end):
                sums[rank_of[h_items[p]]] = -np.inf
        size = _best(sums, scores[row], items[row])
        for at in range(size):
            items[row, at] = order[items[row, at]]


@compiled
def _best(sums, scores, ranks):
    """The largest sums and their ranks, best first; how many were found. Stretches without a candidate are passed over at once."""
    size, k, n, floor = 0, len(scores), len(sums), np.float32(-np.inf)
    for left in range(0, n, STRETCH):
        right = min(n, left + STRETCH)
        better = np.int32(0)
        for rank in range(left, right):
            better += np.int32(sums[rank] > floor)
        if better:
            for rank in range(left, right):
                if sums[rank] > floor:
                    size = _offer(scores, ranks, size, sums[rank], rank)
                    if size == k:
                        floor = scores[0]
    _sorted(scores, ranks, size)
    return size

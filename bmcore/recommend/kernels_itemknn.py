"""Compiled nearest neighbours of items: the products of one item's column with all others, and its k largest, in one pass.

For each item the rows of its users are added up in one float32 row of n_items sums that stays in the processor's cache, and the k largest
are kept at once, so no items x items matrix ever exists. Positions are unsigned: signed ones cost a test for "from the end" each.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from bmcore.compute.compiled import compiled

_INNER = {"nogil": True, "forceinline": True}


@njit(**_INNER)
def _push(values, places, size, k, value, place):
    """Keep (value, place) if it is among the k largest so far; gives how many are kept. The least stands first (a heap)."""
    if size < k:
        at = size
        size += 1
        while at > 0 and values[(at - 1) // 2] > value:
            values[at], places[at] = values[(at - 1) // 2], places[(at - 1) // 2]
            at = (at - 1) // 2
        values[at], places[at] = value, place
        return size
    at = 0
    while 2 * at + 1 < k:
        child = 2 * at + 1
        if child + 1 < k and values[child + 1] < values[child]:
            child += 1
        if values[child] >= value:
            break
        values[at], places[at] = values[child], places[child]
        at = child
    values[at], places[at] = value, place
    return size


@njit(**_INNER)
def _sum_all(j, item_ptr, users, own, user_ptr, items, theirs, sums):
    for p in range(item_ptr[j], item_ptr[j + 1]):
        user, weight = users[p], own[p]
        for q in range(user_ptr[user], user_ptr[user + 1]):
            sums[items[q]] += weight * theirs[q]


@njit(**_INNER)
def _sum_few(j, item_ptr, users, own, user_ptr, items, theirs, sums, touched):
    """As `_sum_all`, listing the items met, so that a rare item costs nothing for those it never meets."""
    count = 0
    for p in range(item_ptr[j], item_ptr[j + 1]):
        user, weight = users[p], own[p]
        for q in range(user_ptr[user], user_ptr[user + 1]):
            i = items[q]
            touched[count] = i
            count += sums[i] == 0
            sums[i] += weight * theirs[q]
    return count


@compiled
def neighbours(first, last, item_ptr, users, own, user_ptr, items, theirs, k, found, scores):
    """The k items most alike to each of items first..last.

    item_ptr, users, own: the weights by item (n_items + 1,), (n,), (n,); user_ptr, items, theirs: the same by user; all positions
    unsigned, weights float32 above 0. found (n_items, k) int32 and scores (n_items, k) float32 get the neighbours in no order;
    places that stay empty have score 0.
    """
    n_items = len(item_ptr) - 1
    sums, touched = np.zeros(n_items, np.float32), np.empty(n_items + 1, np.uint32)
    for j in range(first, last):
        work = 0
        for p in range(item_ptr[j], item_ptr[j + 1]):
            work += np.int64(user_ptr[users[p] + 1] - user_ptr[users[p]])
        size, least = 0, np.float32(0)
        if 4 * work < n_items:
            count = _sum_few(j, item_ptr, users, own, user_ptr, items, theirs, sums, touched)
            for t in range(count):
                i = touched[t]
                if sums[i] > least and i != j:
                    size = _push(scores[j], found[j], size, k, sums[i], i)
                    least = scores[j, 0] if size == k else np.float32(0)
                sums[i] = 0
        else:
            sums[:] = 0
            _sum_all(j, item_ptr, users, own, user_ptr, items, theirs, sums)
            sums[j] = 0
            for i in range(n_items):
                if sums[i] > least:
                    size = _push(scores[j], found[j], size, k, sums[i], i)
                    least = scores[j, 0] if size == k else np.float32(0)
            sums[:] = 0

"""Compiled parts of EASE: counts of users two items share, the other half of a symmetric matrix, and the strongest weights of each row."""

from __future__ import annotations

import numpy as np

from bmcore.compute.compiled import compiled


@compiled
def shared_users(first, last, item_ptr, at, row_end, items, out):
    """Users that items first..last share with each item from themselves on: out[i, j] for j >= i, exact to 2^24.

    For each entry of an item (a user who chose it), `at` is its place in the log by user and `row_end` where that user ends; items of a
    user ascend, so only half of the pairs are met. Positions are unsigned.
    """
    for i in range(first, last):
        sums = out[i]
        sums[i:] = 0
        for p in range(item_ptr[i], item_ptr[i + 1]):
            for q in range(at[p], row_end[p]):
                sums[items[q]] += np.float32(1)


@compiled
def mirror(first, last, matrix, size):
    """Copy the upper half of a symmetric matrix to the lower, block rows first..last of `size` rows, a block at a time."""
    n = len(matrix)
    for block in range(first, last):
        top = block * size
        bottom = min(n, top + size)
        for left in range(0, top + 1, size):
            right = min(n, left + size)
            for i in range(top, bottom):
                for j in range(left, min(right, i)):
                    matrix[i, j] = matrix[j, i]


@compiled
def _settle(strength, places, at, size):
    """Restore a heap, whose root is the weakest, where the entry `at` may be stronger than its children."""
    while True:
        least, left = at, 2 * at + 1
        if left < size and strength[left] < strength[least]:
            least = left
        if left + 1 < size and strength[left + 1] < strength[least]:
            least = left + 1
        if least == at:
            return
        strength[at], strength[least] = strength[least], strength[at]
        places[at], places[least] = places[least], places[at]
        at = least


@compiled
def strongest(first, last, inverse, scale, head, popular, found, values):
    """Weights -inverse[i, j] * scale[j] of rows first..last: all of the columns `head`, and of the others the k largest in size.

    `popular` says which columns are in `head`, which ascend. found, values (n, len(head) + k): an item's own place has value 0.
    """
    n, h = len(inverse), len(head)
    k = found.shape[1] - h
    strength = np.empty(k, np.float32)
    for i in range(first, last):
        row, places = inverse[i], found[i, h:]
        for at in range(h):
            found[i, at] = head[at]
            values[i, at] = 0 if head[at] == i else -row[head[at]] * scale[head[at]]
        places[:], strength[:] = i, 0
        if k:
            floor = np.float32(0)
            for j in range(n):
                size = abs(row[j]) * scale[j]
                if size > floor and j != i and not popular[j]:
                    strength[0], places[0] = size, j
                    _settle(strength, places, 0, k)
                    floor = strength[0]
        for at in range(k):
            values[i, h + at] = 0 if places[at] == i else -row[places[at]] * scale[places[at]]

"""Compiled half-steps of alternating least squares: one row of one side, all of the other side's factors fixed.

A row u with entries of weight c_i in the places i minimises

    sum_i c_i (1 - w.h_i)^2  +  w' P w  +  ridge w'w            P = unobserved weight times H'H, the rest of the catalogue at once

over w. `block_rows` solves for `size` coordinates of w at a time by Cholesky (for all of them at once that is the exact minimum),
`gradient_rows` takes a few steps of conjugate gradients. Both start from the w that is there and never make the sum larger.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from bmcore.compute.compiled import compiled

_INNER = {"nogil": True, "forceinline": True}
_SUMS = {**_INNER, "fastmath": {"reassoc", "contract", "nsz"}}  # sums in vector lanes
LANES = 8
ROOM = 64  # rows gathered at a time, a multiple of 4
TINY = np.float32(1e-25)


@njit(**_SUMS)
def _dot(table, i, vector):
    total = np.float32(0)
    for t in range(table.shape[1]):
        total += table[i, t] * vector[t]
    return total


@njit(**_SUMS)
def _add(target, factor, table, i):
    for t in range(table.shape[1]):
        target[t] += factor * table[i, t]


@njit(**_SUMS)
def _product(vector, other):
    total = np.float32(0)
    for t in range(len(vector)):
        total += vector[t] * other[t]
    return total


@njit(**_SUMS)
def _add_four(target, a, b, c, d, first, second, third, fourth):
    for t in range(len(target)):
        target[t] += a * first[t] + b * second[t] + c * third[t] + d * fourth[t]


@njit(**_INNER)
def _outer(matrix, rows, weights, count):
    """matrix += sum of weight times row row' over the first `count` rows (a multiple of 4), above the diagonal and a little below.

    In slices, since an index that begins above 0 is tested at each step.
    """
    for n in range(0, count, 4):
        one, two, three, four = rows[n], rows[n + 1], rows[n + 2], rows[n + 3]
        for a in range(len(matrix)):
            low = a - a % LANES
            _add_four(matrix[a, low:], weights[n] * one[a], weights[n + 1] * two[a], weights[n + 2] * three[a], weights[n + 3] * four[a],
                      one[low:], two[low:], three[low:], four[low:])


@njit(**_SUMS)
def _take(target, factor, row):
    for t in range(len(row)):
        target[t] -= factor * row[t]


@compiled
def _solve(matrix, right):
    """right becomes the solution of matrix x = right; the part above the diagonal becomes its Cholesky factor U (U'U = matrix)."""
    size = len(right)
    for k in range(size):
        root = 1 / math.sqrt(max(matrix[k, k], TINY))
        for t in range(k, size):
            matrix[k, t] *= root
        right[k] *= root
        for a in range(k + 1, size):
            low = a - a % LANES
            _take(matrix[a, low:], matrix[k, a], matrix[k, low:])
            right[a] -= matrix[k, a] * right[k]
    for k in range(size - 1, -1, -1):
        right[k] = (right[k] - _product(matrix[k, k + 1 :], right[k + 1 :])) / matrix[k, k]


@njit(**_SUMS)
def _copy(target, row):
    for t in range(len(row)):
        target[t] = row[t]


@njit(**_INNER)
def _gather(fixed, places, weights, first, last, low, rows, held):
    """Copies columns from `low` on of the rows that entries first..last name; fills up to a multiple of 4 with weights of 0."""
    count = last - first
    for n in range(count):
        held[n] = weights[first + n]
        _copy(rows[n], fixed[places[first + n], low : low + rows.shape[1]])
    while count % 4:
        held[count] = 0
        rows[count] = 0
        count += 1
    return count


@compiled
def block_rows(first, last, ends, places, weights, fixed, rest, ridge, size, factors):
    """New factors of rows first..last, `size` coordinates at a time; `size` divides d.

    ends (n + 1,), places (nnz,) unsigned, weights (nnz,): the log by row; fixed (m, d): the other side; rest (d, d): P; ridge (n,);
    factors (n, d), updated in place.
    """
    d = fixed.shape[1]
    rows, held = np.empty((ROOM, size), np.float32), np.empty(ROOM, np.float32)
    matrix, right, w = np.empty((size, size), np.float32), np.empty(size, np.float32), np.empty(d, np.float32)
    longest = 0
    for u in range(first, last):
        longest = max(longest, ends[u + 1] - ends[u])
    left = np.empty(longest, np.float32)  # what is left to explain, times its weight
    for u in range(first, last):
        start, stop = ends[u], ends[u + 1]
        w[:] = factors[u]
        for p in range(start, stop):
            left[p - start] = weights[p] * (1 - _dot(fixed, places[p], w))
        for low in range(0, d, size):
            for a in range(size):
                right[a] = -_dot(rest, low + a, w) - ridge[u] * w[low + a]
                _copy(matrix[a], rest[low + a, low : low + size])
                matrix[a, a] += ridge[u]
            for at in range(start, stop, ROOM):
                end = min(stop, at + ROOM)
                _outer(matrix, rows, held, _gather(fixed, places, weights, at, end, low, rows, held))
                for n in range(end - at):
                    _add(right, left[at - start + n], rows, n)
            _solve(matrix, right)
            for a in range(size):
                w[low + a] += right[a]
            if low + size < d:
                for p in range(start, stop):
                    left[p - start] -= weights[p] * _product(fixed[places[p], low : low + size], right)
        factors[u] = w


@compiled
def gradient_rows(first, last, ends, places, weights, fixed, rest, ridge, steps, factors):
    """New factors of rows first..last by `steps` steps of conjugate gradients; arguments as of `block_rows`."""
    d = fixed.shape[1]
    gap, way, image, w = np.empty(d, np.float32), np.empty(d, np.float32), np.empty(d, np.float32), np.empty(d, np.float32)
    for u in range(first, last):
        w[:] = factors[u]
        for a in range(d):
            gap[a] = -_dot(rest, a, w) - ridge[u] * w[a]
        for p in range(ends[u], ends[u + 1]):
            _add(gap, weights[p] * (1 - _dot(fixed, places[p], w)), fixed, places[p])
        way[:] = gap
        before = _product(gap, gap)
        for _ in range(steps):
            if before < TINY:
                break
            for a in range(d):
                image[a] = _dot(rest, a, way) + ridge[u] * way[a]
            for p in range(ends[u], ends[u + 1]):
                _add(image, weights[p] * _dot(fixed, places[p], way), fixed, places[p])
            length = before / max(_product(way, image), TINY)
            for a in range(d):
                w[a] += length * way[a]
                gap[a] -= length * image[a]
            now = _product(gap, gap)
            for a in range(d):
                way[a] = gap[a] + now / before * way[a]
            before = now
        factors[u] = w


@compiled
def gram(factors):
    """F'F (d, d) float64 of factors (n, d). Compiled, since the threads of a matrix library go on waiting for more after each product."""
    n, d = factors.shape
    total, part = np.zeros((d, d), np.float64), np.zeros((d, d), np.float32)
    rows, ones = np.zeros((ROOM, d), np.float32), np.ones(ROOM, np.float32)
    for start in range(0, n, ROOM):
        stop = min(n, start + ROOM)
        for i in range(start, stop):
            _copy(rows[i - start], factors[i])
        for i in range(stop - start, ROOM):
            rows[i] = 0
        part[:] = 0
        _outer(part, rows, ones, ROOM)
        total += part
    for a in range(d):
        for b in range(a):
            total[a, b] = total[b, a]
    return total

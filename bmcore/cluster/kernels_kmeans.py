"""Compiled steps of Lloyd's algorithm: nearest centres with bounds, exact where float32 cannot tell, sums, distances.

Every row has an upper bound of the distance to its own centre and a lower bound of the distance to every other one. When
centres move, bounds move by as much; while they do not cross, the row keeps its centre and is not read at all. The others are
gathered, six at a time, for the tile kernel. Where its two best scores are closer than its rounding error, the row is measured
against every centre in float64, so labels are those of float64 whatever the first pass was computed in.

Units: "image" is the table as float32, centred and scaled to about 1; bounds are in those units.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from bmcore.cluster.kernels_kmeans_tile import AHEAD, ROWS, fetch, nearest_two
from bmcore.compute.compiled import compiled

UNIT = np.float32(2.0**-24)  # relative rounding error of float32
UP, DOWN = np.float32(1 + 2.0**-21), np.float32(1 - 2.0**-21)  # keep bounds safe through a few roundings
BLOCK = 512  # rows whose bounds are looked at together
TINY = 2.0**-125  # products smaller than float32 can hold lose up to this much
HUGE = np.float32(1e30)  # rows that long would overflow
_INNER = {"nogil": True, "forceinline": True}  # a call that is not inlined counts references, which costs 80 ns


@njit(**_INNER, fastmath={"reassoc", "contract", "nsz"})
def _square(X, i, origin, centres, j, scale):
    """Squared distance of row i to one centre in float64, in image units. The same everywhere it decides."""
    total = 0.0
    for t in range(X.shape[1]):
        apart = ((np.float64(X[i, t]) - origin[t]) - centres[j, t]) * scale
        total += apart * apart
    return total


@compiled
def _exact_two(X, i, origin, centres, scale):
    """(nearest centre, squared distance, second least squared distance) in float64; the first of equals wins."""
    index, best, second = 0, np.inf, np.inf
    for j in range(centres.shape[0]):
        found = _square(X, i, origin, centres, j, scale)
        if found < best:
            index, best, second = j, found, best
        elif found < second:
            second = found
    return index, best, second


@njit(**_INNER, fastmath={"reassoc", "contract", "nsz"})
def _near(image, i, rows, j):
    total = np.float32(0)
    for t in range(image.shape[1]):
        apart = image[i, t] - rows[j, t]
        total += apart * apart
    return total


@njit(**_INNER)
def _add(X, i, origin, weight, j, sums, weights):
    """Add row i to the sums of cluster j; a negative weight takes it away."""
    for t in range(X.shape[1]):
        sums[j, t] += weight * (np.float64(X[i, t]) - origin[t])
    weights[j] += weight


@njit(**_INNER)
def _loosen(labels, upper, lower, rise, fall, half, order, start, stop):
    """Bounds of rows start..stop after the centres moved; lists the rows whose bounds cross; gives their number."""
    count = 0
    for i in range(start, stop):
        label = max(labels[i], 0)
        high, low = (upper[i] + rise[label]) * UP, (lower[i] - fall[label]) * DOWN
        upper[i], lower[i] = high, low
        order[count] = i
        count += high >= max(low, half[label])  # no branch: nobody could foretell it
    return count


@njit(**_INNER)
def _tighten(image, norms, rows, longest, labels, upper, lower, half, order, count):
    """Measures the listed rows to their own centre; gives how many still have bounds that cross."""
    kept = 0
    steps = np.float32(image.shape[1] + 4) * UNIT
    for at in range(count):
        i = order[at]
        fetch(image, order[at + AHEAD])
        label = labels[i]
        if label >= 0:
            own = math.sqrt(_near(image, i, rows, label)) * (1 + steps) + 2 * UNIT * (math.sqrt(norms[i]) + longest)
            upper[i] = min(upper[i], np.float32(own) * UP)
        order[kept] = i
        kept += upper[i] >= max(lower[i], half[max(label, 0)])
    return kept


@compiled
def assign(X, image, norms, weight, origin, scale, centres, rows, panels, biases, longest, rise, fall, half, labels, upper, lower,
           sums, weights, counts, add, first, last):
    """Nearest centres of rows first..last: updates labels, bounds and (if `add`) the sums; gives (rows changed, rows measured).

    `weight` is empty if every row counts once. Since the bounds were made, a row's own centre came up to `rise` nearer or went
    as far away and any other one up to `fall`; `half` is half the distance from a centre to the next one. A label of -1 means
    that there are no bounds yet.
    """
    best, second, index = np.empty(ROWS, np.float32), np.empty(ROWS, np.float32), np.empty(ROWS, np.int32)
    order = np.zeros(BLOCK + AHEAD + ROWS, np.int32)
    d = X.shape[1]
    steps = np.float32(d + 4) * UNIT
    changed, measured = 0, 0
    for start in range(first, last, BLOCK):
        count = _loosen(labels, upper, lower, rise, fall, half, order, start, min(start + BLOCK, last))
        order[count : count + AHEAD + ROWS] = order[0]
        count = _tighten(image, norms, rows, longest, labels, upper, lower, half, order, count)
        order[count : count + AHEAD + ROWS] = order[0]
        measured += count
        for at in range(0, count, ROWS):
            for r in range(ROWS):
                fetch(image, order[at + AHEAD + r])
            nearest_two(image, order, at, panels, biases, panels.shape[0], best, second, index)
            for r in range(min(ROWS, count - at)):
                j, row = index[r], order[at + r]
                norm = norms[row]
                band = steps * (math.sqrt(norm) * longest + longest * longest) * UP + d * TINY
                if norm < HUGE and second[r] - best[r] > 2 * band:
                    slack = 2 * band + 4 * UNIT * norm
                    upper[row] = np.float32(math.sqrt(max(2 * best[r] + norm + slack, 0.0))) * UP
                    lower[row] = np.float32(math.sqrt(max(2 * second[r] + norm - slack, 0.0))) * DOWN
                else:
                    j, near, next_near = _exact_two(X, row, origin, centres, scale)
                    upper[row] = np.float32(math.sqrt(near)) * UP
                    lower[row] = np.float32(math.sqrt(next_near)) * DOWN
                old = labels[row]
                if old == j:
                    continue
                changed += 1
                labels[row] = j
                w = weight[row] if len(weight) else 1.0
                if add and w > 0:
                    _add(X, row, origin, w, j, sums, weights)
                    counts[j] += 1
                    if old >= 0:
                        _add(X, row, origin, -w, old, sums, weights)
                        counts[old] -= 1
    return changed, measured


@compiled
def accumulate(X, weight, origin, labels, sums, weights, counts, first, last):
    """Sums of the clusters from nothing."""
    for i in range(first, last):
        w = weight[i] if len(weight) else 1.0
        if w > 0:
            _add(X, i, origin, w, labels[i], sums, weights)
            counts[labels[i]] += 1


@compiled
def own_squares(X, weight, origin, scale, centres, labels, squares, first, last):
    """Weighted sum of squared distances to the own centre, in image units; each of them goes to `squares` unless that is empty."""
    total = 0.0
    for i in range(first, last):
        found = _square(X, i, origin, centres, labels[i], scale)
        if len(squares):
            squares[i] = found
        total += found * (weight[i] if len(weight) else 1.0)
    return total


@compiled
def all_distances(X, origin, scale, centres, out, first, last):
    """Distance of every row to every centre."""
    for i in range(first, last):
        for j in range(centres.shape[0]):
            out[i, j] = math.sqrt(_square(X, i, origin, centres, j, scale)) / scale


@compiled
def moments(X, weight, origin, sums, squares, first, last):
    """Adds weighted sums of the columns and of their squares about `origin`; gives (sum of weights, largest absolute value)."""
    total, largest = 0.0, 0.0
    for i in range(first, last):
        w = weight[i] if len(weight) else 1.0
        total += w
        for t in range(X.shape[1]):
            value = np.float64(X[i, t]) - origin[t]
            largest = max(largest, abs(value))
            sums[t] += w * value
            squares[t] += w * value * value
    return total, largest


@compiled
def picture(X, origin, scale, image, norms, first, last):
    """The table as float32, centred and scaled, and the squared length of each row."""
    for i in range(first, last):
        total = 0.0
        for t in range(X.shape[1]):
            value = (np.float64(X[i, t]) - origin[t]) * scale
            total += value * value
            image[i, t] = value
        norms[i] = total

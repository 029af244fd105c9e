"""Compiled steps of greedy k-means++: try candidates, keep the best.

A row whose distance to its nearest centre is at most half the distance from that centre to a candidate cannot come nearer by
it (triangle inequality), so it is not read. Rows that some candidate does improve are listed, and only they are read again
when the winner is known.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from bmcore.cluster.kernels_kmeans_tile import AHEAD, LANES, ROWS, fetch, trial_gains
from bmcore.compute.compiled import compiled

BLOCK = 512  # rows whose potentials are summed as one
CANDIDATES = 16  # tried for each centre, whatever the processor: one vector where it holds 16 numbers, else two
PANELS = CANDIDATES // LANES
SAFE = np.float32(4 * (1 + 1e-4))  # twice the distance, squared; the inequality must hold for rounded distances too
_INNER = {"nogil": True, "forceinline": True}


@compiled
def try_candidates(image, weight, nearest, squares, reach, panel, gained, improved, first, last):
    """Adds to `gained` (PANELS, LANES) how much each candidate lowers the potential; lists the rows that gain; gives their number.

    `panel` (PANELS, d, LANES) holds the candidates; `squares` is each row's squared distance to its nearest centre, `nearest`; `reach`
    the least squared distance of each centre to a candidate.
    """
    order, gains = np.zeros(BLOCK + AHEAD + ROWS, np.int32), np.zeros((PANELS, LANES), np.float32)
    now, heavy, gainful = np.zeros(ROWS, np.float32), np.ones(ROWS, np.float32), np.zeros((PANELS, ROWS), np.float32)
    found = first
    for start in range(first, last, BLOCK):
        count = 0
        for i in range(start, min(start + BLOCK, last)):  # no branch: nobody could foretell it
            order[count] = i
            count += (SAFE * squares[i] >= reach[nearest[i]]) & (squares[i] > 0)
        order[count : count + AHEAD + ROWS] = order[0]
        for at in range(0, count, ROWS):
            for r in range(ROWS):
                fetch(image, order[at + AHEAD + r])
                row = order[at + r]
                now[r] = squares[row] if at + r < count else np.float32(0)  # what fills a tile up gains nothing
                if len(weight):
                    heavy[r] = weight[row]
            for p in range(PANELS):
                trial_gains(image, order, at, panel[p], now, heavy, gains[p], gainful[p])
            for r in range(min(ROWS, count - at)):
                improved[found] = order[at + r]
                found += (gainful[0, r] > 0) | (gainful[PANELS - 1, r] > 0)
        gained += gains  # in single precision within a block only
        gains[:] = 0
    return found - first


@njit(**_INNER, fastmath={"reassoc", "contract", "nsz"})
def _apart(image, i, centre):
    total = np.float32(0)
    for t in range(image.shape[1]):
        apart = image[i, t] - centre[t]
        total += apart * apart
    return total


@compiled
def accept(image, weight, nearest, squares, blocks, centre, number, improved, first, count):
    """Make `centre` the nearest one of the listed rows it is nearest to."""
    for at in range(first, first + count):
        i = improved[at]
        fetch(image, improved[min(at + AHEAD, first + count - 1)])
        found = _apart(image, i, centre)
        if found < squares[i]:
            blocks[i // BLOCK] -= (np.float64(squares[i]) - np.float64(found)) * (weight[i] if len(weight) else np.float32(1))
            squares[i] = found
            nearest[i] = number


@compiled
def start(image, weight, nearest, squares, blocks, centre, first, last):
    """Distances to the very first centre."""
    for i in range(first, last):
        squares[i] = _apart(image, i, centre)
        nearest[i] = 0
        blocks[i // BLOCK] += np.float64(squares[i]) * (weight[i] if len(weight) else np.float32(1))


@compiled
def sample(weight, squares, blocks, values, picks):
    """Rows drawn with probability proportional to weight times squared distance: inverts the running sum at `values`, sorted or not."""
    n = len(squares)
    for v in range(len(values)):
        left, block = values[v], 0
        while block < len(blocks) - 1 and (left >= blocks[block] or blocks[block] <= 0):
            left -= max(blocks[block], 0.0)
            block += 1
        pick = -1
        for i in range(block * BLOCK, min((block + 1) * BLOCK, n)):
            mass = np.float64(squares[i]) * (weight[i] if len(weight) else np.float32(1))
            if mass > 0:
                pick = i
                left -= mass
                if left < 0:
                    break
        picks[v] = pick


@compiled(fastmath={"reassoc", "contract", "nsz"})
def reaches(centres, count, candidates, out):
    """Least squared distance of each of the `count` centres to a candidate."""
    for c in range(count):
        least = np.float32(np.inf)
        for trial in range(len(candidates)):
            total = np.float32(0)
            for t in range(centres.shape[1]):
                apart = centres[c, t] - candidates[trial, t]
                total += apart * apart
            least = min(least, total)
        out[c] = least

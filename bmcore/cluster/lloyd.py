"""Lloyd's algorithm on the processor: moves between the compiled passes, and what ends it.

Centres are kept in float64 about the mean of the table, so data far from the origin loses nothing. What is reported (labels,
inertia) is of the centres as the user gets them, rounded to the type of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bmcore.cluster import kernels_kmeans as kernels
from bmcore.cluster.kernels_kmeans_tile import FAR, PANEL, panels_of
from bmcore.compute.threads import Shares, sharing

NONE = np.empty(0)
SAME = 1e-7  # centres that differ by less, in image units, differ by rounding
ROWS_AT_ONCE = 1 << 16
GAPS_UP_TO = 512  # centres: a table of all pairs of more costs more than it saves


@dataclass
class Frame:
    """Where the table lies and how large it is: image = (X - origin) * scale."""

    origin: np.ndarray
    scale: float
    variance: float = 0.0  # mean over the columns


@dataclass
class Result:
    """What a run of Lloyd's algorithm found; on a device, tensors in place of arrays."""

    centres: np.ndarray  # (k, d) of the table's type
    labels: np.ndarray  # (n,) int32
    inertia: float
    n_iter: int
    measured: int  # rows compared with every centre, over all passes


def scale_for(largest: float) -> float:
    """The power of two that brings `largest` between a half and one: a product with it rounds nothing."""
    return float(2.0 ** -np.frexp(largest)[1]) if np.isfinite(largest) and 1e-290 < largest < 1e290 else 1.0


def frame_of(X: np.ndarray, weight: np.ndarray, shares: Shares) -> Frame:
    """Mean, scale and variance, in two passes: the first one's origin is a row, so data far from zero keeps its digits."""
    d = X.shape[1]

    def moments(origin):
        sums, squares = np.zeros((len(shares), d)), np.zeros((len(shares), d))
        found = shares.run(lambda number, first, last: kernels.moments(
            X, weight, origin, sums[number], squares[number], first, last))
        total = sum(part[0] for part in found)
        return sums.sum(0) / total, squares.sum(0) / total, max(part[1] for part in found)

    origin = X[0].astype(np.float64)
    origin = origin + moments(origin)[0]
    _, squares, largest = moments(origin)
    return Frame(origin, scale_for(largest), float(squares.mean()))


class Lloyd:
    """A table made ready, on which the algorithm runs once or several times.

    Memory: 4 bytes a cell for the float32 image, 16 bytes a row, and three arrays of the centres' size a thread.
    """

    def __init__(self, X: np.ndarray, weight: np.ndarray | None, shares: Shares):
        self.X, self.shares = _read_only(X), shares
        self.weight = NONE if weight is None else weight
        self.frame = frame_of(self.X, self.weight, shares)
        self.image, self.norms = np.empty(X.shape, np.float32), np.empty(len(X), np.float32)
        shares.run(lambda number, first, last: kernels.picture(
            self.X, self.frame.origin, self.frame.scale, self.image, self.norms, first, last))

    def run(self, centres: np.ndarray, tol: float, max_iter: int, report: Callable[..., Any]) -> Result:
        """From first centres (k, d), given about the origin of the frame, to the last ones."""
        n, (k, d) = len(self.X), centres.shape
        self.labels = np.full(n, -1, np.int32)
        self.bounds = np.full((2, n), -1, np.float32)  # that cross, as long as there are none
        self.bounds[0] = np.inf
        self.placed = centres  # what the bounds belong to
        self.sums, self.weights, self.counts = np.zeros((k, d)), np.zeros(k), np.zeros(k, np.int64)
        measured, limit = 0, tol * self.frame.variance
        for step in range(1, max_iter + 1):
            changed, seen = self._assign(centres, self.frame.origin, centres, add=True)
            measured += seen
            moved = self._means(centres)
            if changed == 0 or ((moved - centres) ** 2).sum() <= limit:
                again = self._refreshed(centres)
                settled = np.abs(again - moved).max() * self.frame.scale <= SAME
                moved = again
                if settled:
                    centres = moved
                    break
            centres = moved
            report(step, max_iter, phase="train", inertia=self._inertia_now(centres))
        public = (centres + self.frame.origin).astype(self.X.dtype)
        raw = public.astype(np.float64)
        measured += self._assign(raw - self.frame.origin, np.zeros(d), raw, add=False)[1]
        return Result(public, self.labels, inertia(self.X, self.weight, raw, self.labels, self.frame.scale, self.shares), step, measured)

    def _assign(self, centred: np.ndarray, origin: np.ndarray, centres: np.ndarray, *, add: bool) -> tuple[int, int]:
        """One pass: nearest centres, and sums brought up to date; gives (rows changed, rows measured)."""
        scale, count, (k, d) = self.frame.scale, len(self.shares), centred.shape
        rise, fall = _moves(centred, self.placed, scale)
        rows, panels, biases, longest = panels_for(centred * scale)
        half = _half_gaps(centred * scale)
        sums, weights, counts = np.zeros((count, k if add else 0, d)), np.zeros((count, k)), np.zeros((count, k), np.int64)
        found = self.shares.run(lambda number, first, last: kernels.assign(
            self.X, self.image, self.norms, self.weight, origin, scale, centres, rows, panels, biases, longest, rise, fall, half,
            self.labels, self.bounds[0], self.bounds[1], sums[number], weights[number], counts[number], add, first, last))
        if add:
            self.sums += sums.sum(0)
            self.weights += weights.sum(0)
            self.counts += counts.sum(0)
        self.placed = centred
        return sum(part[0] for part in found), sum(part[1] for part in found)

    def _refreshed(self, centres: np.ndarray) -> np.ndarray:
        """The means with sums made anew: sums that rows went in and out of have lost digits where a huge row left."""
        k, d = centres.shape
        count = len(self.shares)
        sums, weights, counts = np.zeros((count, k, d)), np.zeros((count, k)), np.zeros((count, k), np.int64)
        self.shares.run(lambda number, first, last: kernels.accumulate(
            self.X, self.weight, self.frame.origin, self.labels, sums[number], weights[number], counts[number], first, last))
        self.sums, self.weights, self.counts = sums.sum(0), weights.sum(0), counts.sum(0)
        return self._means(centres)

    def _means(self, centres: np.ndarray) -> np.ndarray:
        """The mean of each cluster; an empty one takes the row farthest from its own centre, as long as there is one."""
        sums, weights, full = self.sums, self.weights, self.counts > 0
        if not full.all():
            sums, weights, full = self._relocated(centres, sums.copy(), weights.copy(), full.copy())
        means = centres.copy()
        means[full] = sums[full] / weights[full, None]
        return means

    def _relocated(self, centres, sums, weights, full):
        squares = np.empty(len(self.X))
        self.shares.run(lambda number, first, last: kernels.own_squares(
            self.X, NONE, self.frame.origin, self.frame.scale, centres, self.labels, squares, first, last))
        if len(self.weight):
            squares[self.weight == 0] = 0
        empty = np.flatnonzero(~full)
        far = np.argpartition(squares, -len(empty))[-len(empty):]
        far = far[np.lexsort((far, -squares[far]))]
        left = self.counts.copy()
        for j, row in zip(empty, far, strict=True):
            old = self.labels[row]
            if squares[row] == 0 or left[old] == 1:
                continue
            w = self.weight[row] if len(self.weight) else 1.0
            x = w * (self.X[row].astype(np.float64) - self.frame.origin)
            sums[j], weights[j], full[j] = x, w, True
            sums[old] -= x
            weights[old] -= w
            left[old] -= 1
        return sums, weights, full

    def _inertia_now(self, centres: np.ndarray) -> float:
        """Inertia of the labels as they are, from the sums alone: no pass over the rows."""
        inside = (self.weights[:, None] * centres**2).sum() - 2 * (self.sums * centres).sum()
        return max(0.0, float(self.frame.variance * self.X.shape[1] * self.weights.sum() + inside))


def panels_for(scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.float32]:
    """Centres in image units as the tile kernel reads them: rows, panels of -c, biases, and the longest of them."""
    k, d = scaled.shape
    count = panels_of(k)
    rows = scaled.astype(np.float32)
    padded = np.zeros((count * PANEL, d), np.float32)
    padded[:k] = -rows
    biases = np.full(count * PANEL, FAR, np.float32)
    squares = (scaled**2).sum(1)
    biases[:k] = squares / 2
    panels = np.ascontiguousarray(padded.reshape(count, PANEL, d).transpose(0, 2, 1))
    return rows, panels, biases, np.float32(np.sqrt(squares.max()) * (1 + 1e-6))


def _moves(centres: np.ndarray, before: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """How far each centre moved, and how far any other one did at most: (k,) float32 in image units, rounded up."""
    moved = (np.sqrt(((centres - before) ** 2).sum(1)) * scale * (1 + 1e-6)).astype(np.float32)
    at = int(moved.argmax())
    fall = np.full(len(moved), moved[at], np.float32)
    fall[at] = np.delete(moved, at).max(initial=0)
    return moved, fall


def _half_gaps(scaled: np.ndarray) -> np.ndarray:
    """Half the distance from each centre to the next one, rounded down: a row nearer than that to its centre is settled."""
    k = len(scaled)
    if k == 1 or k > GAPS_UP_TO:
        return np.zeros(k, np.float32)
    squares = (scaled**2).sum(1)
    apart = squares[:, None] + squares - 2 * (scaled @ scaled.T)
    np.fill_diagonal(apart, np.inf)
    return (np.sqrt(np.maximum(apart.min(1) - 1e-12 * squares.max(), 0)) * (0.5 - 1e-6)).astype(np.float32)


def inertia(X, weight, centres, labels, scale, shares) -> float:
    """Weighted sum of squared distances to the own centre, in float64 and the table's own units."""
    zeros = np.zeros(X.shape[1])
    parts = shares.run(lambda number, first, last: kernels.own_squares(X, weight, zeros, scale, centres, labels, NONE, first, last))
    return float(sum(parts)) / scale / scale


def nearest(X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The nearest centre of each row, as `Lloyd` labels it: (n,) int32. Memory: a block of 65,536 rows at a time."""
    X, labels = _read_only(X), np.full(len(X), -1, np.int32)
    raw = centres.astype(np.float64)
    zeros, middle = np.zeros(raw.shape[1]), raw.mean(0)
    scale = scale_for(np.abs(raw - middle).max())
    rows, panels, biases, longest = panels_for((raw - middle) * scale)
    still, no_sums, no_counts = np.zeros(len(raw), np.float32), np.empty((0, 0)), np.empty(0, np.int64)

    def work(number, first, last):
        for start in range(first, last, ROWS_AT_ONCE):
            part = slice(start, min(start + ROWS_AT_ONCE, last))
            size = part.stop - part.start
            image, norms = np.empty((size, raw.shape[1]), np.float32), np.empty(size, np.float32)
            upper, lower = np.full(size, np.inf, np.float32), np.full(size, -1, np.float32)
            kernels.picture(X[part], middle, scale, image, norms, 0, size)
            kernels.assign(X[part], image, norms, NONE, zeros, scale, raw, rows, panels, biases, longest, still, still, still,
                           labels[part], upper, lower, no_sums, NONE, no_counts, False, 0, size)

    with sharing(len(X)) as shares:
        shares.run(work)
    return labels


def cost(X: np.ndarray, weight: np.ndarray | None, centres: np.ndarray) -> float:
    """Inertia of rows that need not be those of the fit."""
    raw = centres.astype(np.float64)
    labels = nearest(X, centres)
    with sharing(len(X)) as shares:
        return inertia(_read_only(X), NONE if weight is None else weight, raw, labels, scale_for(np.abs(raw - raw.mean(0)).max()), shares)


def _read_only(X: np.ndarray) -> np.ndarray:
    """One compiled kernel serves arrays that may be written and those that may not."""
    X = X.view()
    X.flags.writeable = False
    return X


def distances(X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Distance of each row to each centre: (n, k) of the table's type."""
    X, out, raw = _read_only(X), np.empty((len(X), len(centres)), X.dtype), centres.astype(np.float64)
    scale = scale_for(np.abs(raw).max())
    with sharing(len(X)) as shares:
        shares.run(lambda number, first, last: kernels.all_distances(X, np.zeros(raw.shape[1]), scale, raw, out, first, last))
    return out

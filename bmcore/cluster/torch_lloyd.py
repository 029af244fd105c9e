"""Lloyd's algorithm on a device: the passes of `lloyd` as tensor operations, with the same moves, tolerance and end.

Scores |c|^2 / 2 - x.c are one product a piece of rows, float32 on centred data. Where the two best are closer than its rounding
error, the row is measured again in float64, so labels are those of float64. Rows that changed their centre go out of one sum and
into another, in float64. A pass waits for the device four times: for the number of close rows, of changed rows, whether a cluster is
empty, and for what decides whether to go on; never within its pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bmcore.cluster.lloyd import SAME, Result, scale_for
from bmcore.cluster.torch_table import UNIT, pieces

TINY = 2.0**-125  # products smaller than float32 can hold lose up to this much


class TorchLloyd:
    """A table made ready. Memory beside it: 4 bytes a cell for the float32 image, about 80 bytes a row, and pieces of a fixed size.

    Sums are added in no fixed order on a card, so their last bits may differ from run to run there; labels then differ only
    where two centres are as good as equally near.
    """

    def __init__(self, X: torch.Tensor, weight: torch.Tensor | None):
        self.X, self.weight = X, weight
        self.origin = self.origin_of()
        _, squares, largest = self._moments(self.origin)
        self.variance, self.scale = float(squares.mean()), scale_for(float(largest))
        self.image, self.norms = torch.empty_like(X, dtype=torch.float32), torch.empty(len(X), device=X.device)
        for part in pieces(len(X), 8 * X.shape[1]):
            exact = (X[part].double() - self.origin).mul_(self.scale)
            self.image[part] = exact.float()
            self.norms[part] = exact.square_().sum(1).float()

    def origin_of(self) -> torch.Tensor:
        """The mean, from a row: data far from zero keeps its digits."""
        row = self.X[0].double()
        return row + self._moments(row)[0]

    def _moments(self, origin):
        """Weighted means of the columns and of their squares about `origin`, and the largest absolute value."""
        sums, squares, total, largest = 0.0, 0.0, 0.0, torch.zeros((), dtype=torch.float64, device=self.X.device)
        for part in pieces(len(self.X), 8 * self.X.shape[1]):
            apart = self.X[part].double() - origin
            largest = torch.maximum(largest, apart.abs().max())
            weight = torch.ones(len(apart), dtype=torch.float64, device=apart.device) if self.weight is None else self.weight[part]
            sums, squares, total = sums + weight @ apart, squares + weight @ apart.square(), total + weight.sum()
        return sums / total, squares / total, largest

    def run(self, centres: torch.Tensor, tol: float, max_iter: int, report: Callable[..., Any]) -> Result:
        """From first centres (k, d) float64, given about the origin, to the last ones."""
        n, (k, d) = len(self.X), centres.shape
        self.labels = torch.full((n,), -1, dtype=torch.int64, device=self.X.device)
        self._forget(k, d)
        limit = tol * self.variance
        for step in range(1, max_iter + 1):
            changed = self._assign(centres, first=step == 1)
            moved = self._means(centres)
            shift, inertia = torch.stack([((moved - centres) ** 2).sum(), self._inertia_now(moved)]).tolist()
            if changed == 0 or shift <= limit:
                again = self._refreshed(centres)
                settled = float((again - moved).abs().max()) * self.scale <= SAME
                moved = again
                if settled:
                    centres = moved
                    break
            centres = moved
            report(step, max_iter, phase="train", inertia=max(0.0, inertia))
        public = (centres + self.origin).to(self.X.dtype)
        raw = public.double()
        labels = nearest(self.X, raw, self.scale, self.origin, self.image, self.norms)
        inertia = float(own_squares(self.X, raw, labels, self.scale, self.weight)[1]) / self.scale / self.scale
        return Result(public, labels.int(), inertia, step, n * (step + 1))

    def _forget(self, k: int, d: int) -> None:
        zeros = {"dtype": torch.float64, "device": self.X.device}
        self.sums, self.weights, self.counts = torch.zeros((k, d), **zeros), torch.zeros(k, **zeros), torch.zeros(k, **zeros)

    def _assign(self, centres: torch.Tensor, *, first: bool) -> int:
        """One pass: nearest centres, and sums brought up to date; gives the number of rows that changed."""
        before = self.labels
        self.labels = nearest(self.X, centres, self.scale, self.origin, self.image, self.norms, about=self.origin)
        changed = (self.labels != before).nonzero()[:, 0]
        self._add(changed, self.labels, 1.0)
        if not first:
            self._add(changed, before, -1.0)
        return len(changed)

    def _add(self, rows: torch.Tensor, labels: torch.Tensor, sign: float) -> None:
        for part in pieces(len(rows), 8 * self.X.shape[1]):
            at = rows[part]
            weight = self._weight(at)
            self.sums.index_add_(0, labels[at], (self.X[at].double() - self.origin).mul_(weight[:, None]), alpha=sign)
            self.weights.index_add_(0, labels[at], weight, alpha=sign)
            self.counts.index_add_(0, labels[at], (weight > 0).double(), alpha=sign)

    def _weight(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.ones(len(rows), dtype=torch.float64, device=rows.device) if self.weight is None else self.weight[rows]

    def _refreshed(self, centres: torch.Tensor) -> torch.Tensor:
        """The means with sums made anew: sums that rows went in and out of have lost digits where a huge row left."""
        self._forget(*centres.shape)
        for part in pieces(len(self.X), 8):
            self._add(torch.arange(part.start, part.stop, device=self.X.device), self.labels, 1.0)
        return self._means(centres)

    def _means(self, centres: torch.Tensor) -> torch.Tensor:
        """The mean of each cluster; an empty one takes the row farthest from its own centre, as long as there is one."""
        sums, weights, full = self.sums, self.weights, self.counts > 0
        if not bool(full.all()):
            sums, weights, full = self._relocated(centres, sums.clone(), weights.clone(), full.clone())
        return torch.where(full[:, None], sums / torch.where(full, weights, 1.0)[:, None], centres)

    def _relocated(self, centres, sums, weights, full):
        squares = own_squares(self.X, centres, self.labels, self.scale, about=self.origin)[0]
        if self.weight is not None:
            squares[self.weight == 0] = 0
        empty = (~full).nonzero()[:, 0].tolist()
        far = squares.topk(len(empty)).indices
        rows, apart, old, left = far.tolist(), squares[far].tolist(), self.labels[far].tolist(), self.counts.tolist()
        order = sorted(range(len(rows)), key=lambda at: (-apart[at], rows[at]))
        for j, at in zip(empty, order, strict=True):
            if apart[at] == 0 or left[old[at]] == 1:
                continue
            weight = 1.0 if self.weight is None else self.weight[rows[at]]
            x = weight * (self.X[rows[at]].double() - self.origin)
            sums[j], weights[j], full[j] = x, weight, True
            sums[old[at]] -= x
            weights[old[at]] -= weight
            left[old[at]] -= 1
        return sums, weights, full

    def _inertia_now(self, centres: torch.Tensor) -> torch.Tensor:
        """Inertia of the labels as they are, from the sums alone: no pass over the rows."""
        inside = (self.weights[:, None] * centres**2).sum() - 2 * (self.sums * centres).sum()
        return self.variance * self.X.shape[1] * self.weights.sum() + inside


def nearest(X, centres, scale, origin, image=None, norms=None, about=None) -> torch.Tensor:
    """The nearest centre of each row, the first of equals: (n,) int64.

    `centres` (k, d) float64 lie about `about`, or in the table's own place if that is None; scores are about `origin`. Without an
    `image` it is made a piece at a time.
    """
    n, (k, d) = len(X), centres.shape
    middle = centres if about is not None else centres - origin
    rows = (middle * scale).float()
    squares = (middle * scale).square().sum(1)
    bias, longest = (squares / 2).float(), squares.max().sqrt().float() * (1 + 1e-6)
    labels, close = torch.empty(n, dtype=torch.int64, device=X.device), torch.empty(n, dtype=torch.bool, device=X.device)
    for part in pieces(n, max(4 * k, 8 * d)):
        if image is None:
            exact = (X[part].double() - origin).mul_(scale)
            here, length = exact.float(), exact.square_().sum(1).float()
        else:
            here, length = image[part], norms[part]
        score = torch.addmm(bias, here, rows.T, alpha=-1)
        best, index = score.min(1)
        second = score.scatter_(1, index[:, None], torch.inf).amin(1)
        band = (d + 4) * UNIT * (1 + 1e-6) * (length.sqrt() * longest + longest * longest) + d * TINY
        labels[part], close[part] = index, ~(second - best > 2 * band)
    _again(X, centres * scale, scale, about, labels, close.nonzero()[:, 0])
    return labels


def _again(X, scaled, scale, about, labels, rows) -> None:
    """Labels of the given rows by differences in float64."""
    for part in pieces(len(rows), 8 * max(scaled.shape)):
        x = X[rows[part]].double()
        x = (x if about is None else x - about) * scale
        apart = torch.cdist(x, scaled, compute_mode="donot_use_mm_for_euclid_dist")
        labels[rows[part]] = apart.argmin(1)


def own_squares(X, centres, labels, scale, weight=None, about=None) -> tuple[torch.Tensor, torch.Tensor]:
    """Squared distance of each row to its own centre in image units, (n,) float64, and their weighted sum."""
    squares = torch.empty(len(X), dtype=torch.float64, device=X.device)
    for part in pieces(len(X), 8 * X.shape[1]):
        x = X[part].double()
        x = x if about is None else x - about
        squares[part] = (x - centres[labels[part]]).mul_(scale).square_().sum(1)
    return squares, squares.sum() if weight is None else squares @ weight

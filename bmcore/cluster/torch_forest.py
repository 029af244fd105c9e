"""Sets that merge on a device: a union-find of whole arrays of links at a time.

Every element points at the root of its set, which has the smallest number in it. Links hang larger roots below smaller ones, all at once;
then every pointer jumps to its pointer's pointer until none moves, which takes the logarithm of the longest path.
"""

from __future__ import annotations

import torch

NONE = torch.iinfo(torch.int64).max


class Forest:
    """n elements, each a set of its own at first; `root` (n,) int64."""

    def __init__(self, n: int, device: torch.device):
        self.root = torch.arange(n, device=device)

    def unite(self, a: torch.Tensor, b: torch.Tensor) -> None:
        """Merge the sets of a[i] and b[i] for every i."""
        while True:
            left, right = self.root[a], self.root[b]
            apart = left != right
            a, b, left, right = a[apart], b[apart], left[apart], right[apart]
            if not len(a):
                return
            self.root.scatter_reduce_(0, torch.maximum(left, right), torch.minimum(left, right), "amin")
            self._jump()

    def unite_near(self, a: torch.Tensor, b: torch.Tensor, near: torch.Tensor) -> None:
        """Merge the sets of a[i] and b[j] wherever near[i, j]. A row needs only its smallest partner at a time."""
        while True:
            left, right = self.root[a], self.root[b]
            down = torch.where(near, right, NONE).amin(1)
            across = torch.where(near, left[:, None], NONE).amin(0)
            linked, crossed = down != NONE, across != NONE
            settled = (~linked | (down == left)).all() & (~crossed | (across == right)).all()
            if bool(settled):
                return
            self.unite(torch.cat([left[linked], right[crossed]]), torch.cat([down[linked], across[crossed]]))

    def _jump(self) -> None:
        while True:
            above = self.root[self.root]
            if torch.equal(above, self.root):
                return
            self.root = above


def numbered(root: torch.Tensor, rows: torch.Tensor, n: int) -> torch.Tensor:
    """Label of each root: sets are numbered by the smallest of their `rows`; other places hold -1. (n,) int64."""
    first = torch.full((n,), NONE, device=root.device).scatter_reduce_(0, root, rows, "amin")
    roots = (first < NONE).nonzero()[:, 0]
    labels = torch.full((n,), -1, device=root.device)
    labels[roots[first[roots].argsort()]] = torch.arange(len(roots), device=root.device)
    return labels

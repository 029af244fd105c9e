"""DBSCAN on a device of torch: what `kernels_dbscan` is for the processor, with the same labels.

    core, labels = cluster(X, 0.5, 5.0, kind=2, weights=None, report=report, device="cuda")

Give numpy and get numpy; give a tensor and get tensors on its device. Up to three columns `torch_grid` computes, above `torch_blocks`.
Memory is linear in n and independent of eps: nothing holds neighbour lists, and no array of a piece is over 64 MiB.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bmcore.cluster import torch_blocks, torch_grid
from bmcore.cluster.torch_table import exact, like, placed

STEPS = 1000  # what progress is counted in
GRID = 3  # columns up to which a grid is faster
SMALL, LARGE = 1e-140, 1e140  # eps whose square float64 holds with all digits


def cluster(
    X: Any, eps: float, least: float, *, kind: int = 2, weights: Any = None, report: Callable[..., Any], device: str
) -> tuple[Any, Any]:
    """DBSCAN of the rows of X (float32 or float64): core, (n,) bool, and labels, (n,) int64.

    `kind` is 2 for Euclidean, 1 for sum of differences, 0 for largest difference.
    """
    def tell(share: float) -> None:
        report(int(STEPS * share), STEPS, phase="train")

    tell(0.0)
    with exact():
        table = placed(X, device)
        heavy = None if weights is None else placed(weights, device).double()
        engine = torch_grid if table.shape[1] <= GRID and SMALL < eps < LARGE else torch_blocks
        core, labels = engine.cluster(table, eps, least, kind, heavy, tell)
        core, labels = like(core, X), like(labels, X)
    tell(1.0)
    return core, labels

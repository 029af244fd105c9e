"""Distance of rows to their k-th neighbour, exact, without a square matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_BLOCK = 1000  # rows asked between two reports


def k_neighbours(X: np.ndarray, k: int, rows: np.ndarray, *, report: Callable[[int, int], None] | None = None,
                 metric: Any = "euclidean", p: float | None = None, metric_params: dict | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Distances and positions of the k nearest rows of X to each of `rows`, itself counted: two (len(rows), k) arrays, nearest first.

    Notes
    -----
    k-d tree up to 15 columns, blocks of distances above; memory O(n + len(rows) k).
    """
    from sklearn.neighbors import NearestNeighbors

    more = {} if p is None else {"p": p}
    index = NearestNeighbors(n_neighbors=k, metric=metric, metric_params=metric_params, **more).fit(X)
    distances, positions = np.empty((len(rows), k)), np.empty((len(rows), k), dtype=np.int64)
    for at in range(0, len(rows), _BLOCK):
        block = slice(at, at + _BLOCK)
        distances[block], positions[block] = index.kneighbors(X[rows[block]])
        if report:
            report(min(at + _BLOCK, len(rows)), len(rows))
    return distances, positions


def k_distances(X: np.ndarray, k: int, *, rows: np.ndarray, **how: Any) -> np.ndarray:
    """Distance of each of `rows` to its k-th nearest row of X, itself the first: (len(rows),). Infinite where X has fewer rows.

    Use it when you ask from which `eps` on a row is dense for DBSCAN with `min_samples=k`.

    Examples
    --------
    >>> k_distances(np.array([[0.0], [1.0], [5.0]]), 2, rows=np.arange(3)).tolist()
    [1.0, 1.0, 4.0]
    """
    if k > len(X):
        return np.full(len(rows), np.inf)
    return k_neighbours(X, k, rows, **how)[0][:, -1]

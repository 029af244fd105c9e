"""Which distances the tree of DBSCAN's engines computes; all others are computed a block of rows at a time (`distances`)."""

from __future__ import annotations

from collections.abc import Callable

# 2 Euclidean, 1 sum of differences, 0 largest difference
KINDS = {"euclidean": 2, "l2": 2, "manhattan": 1, "cityblock": 1, "l1": 1, "chebyshev": 0, "minkowski": 2}


def kind_of(metric: str | Callable[..., float], p: float | None, metric_params: dict | None) -> int | None:
    """The tree's number of a distance, or None for one that it cannot bound.

    Examples
    --------
    >>> kind_of("minkowski", 1, None), kind_of("minkowski", 3, None), kind_of("cosine", None, None)
    (1, None, None)
    """
    if callable(metric) or metric not in KINDS or metric_params:
        return None
    if metric == "minkowski" and p not in (None, 1, 2):
        return None
    return 1 if metric == "minkowski" and p == 1 else KINDS[metric]

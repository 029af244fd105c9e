"""Distances that no tree bounds (cosine, Jaccard, a function, given ones), between a block of rows and all rows at a time.

    settings = distances.settings_of(X, "cosine", None, None)
    for rows, indptr, indices in distances.neighbours(X, np.arange(n), eps, "cosine", settings):
        ...                       # the neighbours of rows[i] are indices[indptr[i] : indptr[i + 1]]

scikit-learn computes them, so a row that is a neighbour there is one here; it is imported in the functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bmcore.errors import DataError, ParameterError

PRECOMPUTED = "precomputed"
NAMES = (
    "cosine", "correlation", "braycurtis", "canberra", "sqeuclidean", "seuclidean", "mahalanobis", "haversine", "hamming", "jaccard",
    "dice", "rogerstanimoto", "russellrao", "sokalsneath", "yule", PRECOMPUTED,
)
AT_ONCE = 2**22  # distances held, 32 MB
_YES_NO = ("jaccard", "dice", "rogerstanimoto", "russellrao", "sokalsneath", "yule")
# computed as differences of sums or products, so a row's distance to itself comes out as a little more than nothing
_ROUNDED = ("euclidean", "l2", "sqeuclidean", "cosine", "correlation")


def settings_of(X: Any, metric: str | Callable[..., float], p: float | None, given: dict | None) -> dict[str, Any]:
    """What the distance needs besides two tables; what it takes from the data is taken from all rows.

    Raises
    ------
    DataError
        The columns have no covariance that can be inverted.
    """
    settings = dict(given or {})
    if metric == "minkowski":
        settings.setdefault("p", 2 if p is None else p)
    if metric == "seuclidean" and "V" not in settings:
        settings["V"] = np.var(X, axis=0, ddof=1)
    if metric == "mahalanobis" and "VI" not in settings:
        try:
            settings["VI"] = np.linalg.inv(np.atleast_2d(np.cov(X.T))).T
        except np.linalg.LinAlgError:
            raise DataError(
                "The columns depend on each other, so the Mahalanobis distance is not defined. Leave out the columns that follow from "
                "others, or give metric_params={\"VI\": ...}."
            ) from None
    return settings


def checked(X: Any, metric: str | Callable[..., float]) -> Any:
    """The table as its distance takes it: rows of length 1 for cosine, yes and no for some, given distances with a row's own.

    Raises
    ------
    DataError
        Given distances that are no square table, or below zero.
    """
    if metric == "cosine":
        from sklearn.preprocessing import normalize

        return normalize(X)
    if metric in _YES_NO:
        return X.astype(bool)
    if metric != PRECOMPUTED:
        return X
    if X.shape[0] != X.shape[1]:
        raise DataError(
            "Given distances need a row and a column for each item, but the table has {n} rows and {d} columns. "
            "Give a square table, or another metric.", n=X.shape[0], d=X.shape[1],
        )
    sparse = hasattr(X, "nnz")
    values = X.data if sparse else X
    if values.size and values.min() < 0:
        raise DataError("Negative values in data: {value}. A distance is at least 0.", value=f"{values.min():.4g}")
    if not sparse:
        return X
    import warnings

    from scipy.sparse import SparseEfficiencyWarning

    X = X.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SparseEfficiencyWarning)
        X.setdiag(X.diagonal())
    return X


def neighbours(
    X: Any, rows: np.ndarray, eps: float, metric: str | Callable[..., float], settings: dict[str, Any]
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For a block of `rows` of a `checked` table after the other: (those rows, where each one's neighbours begin, the neighbours)."""
    from bmcore.cluster.kernels_dbscan_blocks import within

    size = max(1, AT_ONCE // max(1, X.shape[0]))
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        if metric == PRECOMPUTED and hasattr(X, "nnz"):
            block = X[some]
            near, columns = block.data <= eps, block.indices
            counts = np.add.reduceat(np.append(near, False), block.indptr[:-1], dtype=np.int64) * (np.diff(block.indptr) > 0)
            yield some, np.append(0, np.cumsum(counts)), columns[near].astype(np.int64, copy=False)
        else:
            yield some, *within(_block(X, some, metric, settings), eps)


def _block(X: Any, some: np.ndarray, metric: str | Callable[..., float], settings: dict[str, Any]) -> np.ndarray:
    """(b, n) distances of some rows to all."""
    if metric == "cosine" and not settings:
        far = X[some] @ X.T  # of rows of length 1
        far = far.toarray() if hasattr(far, "nnz") else far
        np.subtract(1, far, out=far)
    else:
        far = between(X[some], X, metric, settings)
    if metric in _ROUNDED:
        far[np.arange(len(some)), some] = 0
    return far


def between(A: Any, B: Any, metric: str | Callable[..., float], settings: dict[str, Any]) -> np.ndarray:
    """(a, b) distances of two tables. Given distances are A itself.

    Raises
    ------
    ParameterError
        The distance cannot be computed for these rows, or with these settings.
    """
    if metric == PRECOMPUTED:
        return A
    from sklearn.metrics import pairwise_distances

    try:
        return pairwise_distances(A, B, metric=metric, **settings)
    except (TypeError, ValueError) as problem:
        raise ParameterError(
            "The distance {metric} cannot be computed for this table: {problem}. Choose another metric, or other metric_params.",
            metric=getattr(metric, "__name__", str(metric))[:60], problem=str(problem).rstrip(".")[:300],
        ) from None


def lowest_nearest(
    X: np.ndarray, cores: np.ndarray, labels: np.ndarray, eps: float, metric: str | Callable[..., float], settings: dict[str, Any],
    report: Callable[..., Any],
) -> np.ndarray:
    """(m,) the label of each row's nearest core point within eps, the lowest of several as near; -1 where there is none."""
    size, found = max(1, AT_ONCE // len(cores)), np.empty(len(X), np.int64)
    for start in range(0, len(X), size):
        report(start, len(X), phase="train")
        far = between(X[start : start + size], cores, metric, settings)
        least = far.min(axis=1)
        lowest = np.where(far == least[:, None], labels, np.iinfo(np.int64).max).min(axis=1)
        found[start : start + size] = np.where(least <= eps, lowest, -1)
    report(len(X), len(X), phase="train")
    return found

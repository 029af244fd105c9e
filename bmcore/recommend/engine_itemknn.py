"""What ItemKNN computes: weights of a log, the nearest neighbours of every item, and scores from them. Pure functions over CSR matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from bmcore.compute.pool import spread, workers
from bmcore.recommend.kernels_itemknn import neighbours

SATURATION, LENGTH = 1.2, 0.75  # k1 and b of Okapi BM25


def weighted(X: Any, similarity: str) -> Any:
    """The log (n_users, n_items) with weights whose products are the similarity; float32, same places as X."""
    counts = np.diff(X.indptr)
    data = X.data
    if similarity != "cosine":
        rare = np.log1p(X.shape[1] / np.maximum(counts, 1)).astype(np.float32)  # users who take everything say less
        data = _saturated(X) if similarity == "bm25" else np.sqrt(data)
        data = data * np.repeat(rare, counts)
    if similarity != "bm25":
        lengths = np.sqrt(np.bincount(X.indices, data.astype(np.float64) ** 2, X.shape[1]))
        data = (data / lengths[X.indices]).astype(np.float32)
    return sp.csr_matrix((data, X.indices, X.indptr), shape=X.shape)


def _saturated(X: Any) -> np.ndarray:
    totals = np.bincount(X.indices, X.data, X.shape[1])
    share = (SATURATION * (1 - LENGTH + LENGTH * totals / totals.mean())).astype(np.float32)
    return (SATURATION + 1) * (X.data / (share[X.indices] + X.data))


def fit(X: Any, similarity: str, k: int, tell: Callable[[float], Any], n_jobs: int | None = None) -> Any:
    """Weights B (n_items, n_items) CSR float32: column j holds the k items most alike to item j, and how much.

    tell(share done) is called now and then and may raise to stop.
    """
    by_user = weighted(X, similarity)
    by_item = by_user.tocsc()
    n_items = X.shape[1]
    k = max(1, min(k, n_items - 1))
    found, scores = np.zeros((n_items, k), np.int32), np.zeros((n_items, k), np.float32)
    arguments = (*_unsigned(by_item), *_unsigned(by_user), k, found, scores)
    spread(neighbours, n_items, arguments, workers(n_jobs), tell)
    return _as_weights(found, scores)


def _unsigned(matrix: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return matrix.indptr.astype(np.uint64), matrix.indices.astype(np.int32, copy=False).view(np.uint32), matrix.data


def _as_weights(found: np.ndarray, scores: np.ndarray) -> Any:
    n_items, k = found.shape
    full = sp.csc_matrix((scores.ravel(), found.ravel(), np.arange(n_items + 1) * k), shape=(n_items, n_items))
    full.eliminate_zeros()
    made = full.tocsr()
    made.sort_indices()
    return made

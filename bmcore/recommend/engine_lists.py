"""Lists and reasons that every recommender shares: the best of dense scores, items by their users, what speaks for an item."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, vstack

from bmcore.compute.pool import spread
from bmcore.compute.threads import threads_allowed
from bmcore.recommend import kernels_top

REPEATS_AT_ONCE = 256  # histories with one item left out, scored together


def no_tell(share: float) -> None:
    """Progress that nobody asked for."""


def check_inside(H: Any, n: int) -> None:
    """IndexError for histories (csr) with places outside n items, which compiled code would read."""
    last = H.indptr[-1]
    if len(H.indices) < last or len(H.data) < last or len(H.indptr) != H.shape[0] + 1 or (H.indptr[1:] < H.indptr[:-1]).any():
        raise IndexError(H.shape)
    # seen as unsigned, what is below 0 is large
    if last and int(H.indices.view(f"u{H.indices.itemsize}").max()) >= n:
        raise IndexError(n)


def best(scores: np.ndarray, order: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Best k of each row: positions (m, k) int64 with -1 where there is none, scores (m, k) float32 descending.

    `order` lists the items that may be chosen; of equal scores the one that comes first in it wins.
    """
    m, held = scores.shape[0], min(k, max(1, len(order)))
    if len(order) and not 0 <= order.min() <= order.max() < scores.shape[1]:  # compiled code would read outside
        raise IndexError(scores.shape)
    found, positions = np.empty((m, held), np.float32), np.empty((m, held), np.int64)
    block = np.ascontiguousarray(scores, dtype=np.float32)
    spread(kernels_top.top_dense, m, (block, np.ascontiguousarray(order, np.int64), found, positions), threads_allowed(), no_tell)
    return padded(positions, found, k)


def padded(positions: np.ndarray, scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The same lists, filled to k with -1 and -inf."""
    more = ((0, 0), (0, k - scores.shape[1]))
    if not more[1][1]:
        return positions, scores
    return np.pad(positions, more, constant_values=-1), np.pad(scores, more, constant_values=-np.inf)


def similar_by_users(recommender: Any, positions: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosine of the sets of users of two items; an item without common users is not similar."""
    if not len(positions):
        return np.empty((0, k), np.int64), np.empty((0, k), np.float32)
    X = recommender.history_
    X = csr_matrix((np.ones_like(X.data), X.indices, X.indptr), shape=X.shape)
    norms = np.sqrt(np.maximum(recommender.popularity_, 1)).astype(np.float32)
    columns = X.tocsc()
    found, best_scores = [], []
    for first, last in recommender._blocks(len(positions)):
        asked = positions[first:last]
        block = (columns[:, asked].T.tocsr() @ X).toarray() / norms[asked, None] / norms
        at, scores = nearest(block, asked, recommender._ranking(), k)
        found.append(at)
        best_scores.append(scores)
    return np.concatenate(found), np.concatenate(best_scores)


def nearest(similarity: np.ndarray, asked: np.ndarray, order: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Best k of rows of similarities (changed in place), without the item itself and what is not similar at all."""
    similarity[np.arange(len(asked)), asked] = -np.inf
    similarity[similarity <= 0] = -np.inf
    return best(similarity, order, k)


def left_out(recommender: Any, row: Any, position: int) -> np.ndarray:
    """What each item of a history adds: the score of an item less the score without it. (h,) float32."""
    if not (h := row.nnz):
        return np.empty(0, np.float32)
    whole = recommender._all_scores(row)[0, position]
    added = np.empty(h, np.float32)
    size = max(1, min(REPEATS_AT_ONCE, next(recommender._blocks(h))[1]))
    for first in range(0, h, size):
        last = min(h, first + size)
        rows = vstack([row] * (last - first), format="csr")
        rows.data[np.arange(last - first) * h + np.arange(first, last)] = 0
        rows.eliminate_zeros()
        added[first:last] = whole - recommender._all_scores(rows)[:, position]
    return added

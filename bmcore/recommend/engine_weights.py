"""Sparse item weights at work: scores, and the best k without holding the scores.

Most weights speak for popular items. Where enough of them do, those columns are kept dense, so that a processor adds many at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bmcore.compute.pool import spread
from bmcore.compute.threads import threads_allowed
from bmcore.recommend import kernels_top
from bmcore.recommend.engine_lists import check_inside, no_tell, padded

STEP = kernels_top.STRETCH  # widths of the dense part that are tried
LINE = 64  # bytes of a line of the cache: a row that begins amid one is read at half the speed
AT_ONCE = 6  # dense weights that take as long as a sparse one (measured: 5 to 8)
ENTRY = np.dtype([("rank", np.uint32), ("weight", np.float32)])  # side by side, so that a row is one stretch of memory


@dataclass
class Serving:
    """Weights laid out for serving: rows and columns are ranks by popularity, so that what is often read lies together."""

    head: np.ndarray  # (n, width) float32: all weights for the items of the lowest ranks; zeros beyond the last
    pointers: np.ndarray  # (n + 1,) uint64: where each row of the tail begins
    tail: np.ndarray  # (nnz,) ENTRY: the other weights and where they go
    order: np.ndarray  # (n,) int64: item of each rank
    rank_of: np.ndarray  # (n,) uint32

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        return self.head, self.pointers, self.tail, self.order


def serving(weights: Any, popularity: np.ndarray) -> Serving:
    """Number the columns by popularity, and make the first ones dense."""
    n = len(popularity)
    if weights.shape != (n, n):
        raise ValueError(weights.shape)
    order = np.argsort(-popularity, kind="stable")
    rank_of = np.empty(n, np.uint32)
    rank_of[order] = np.arange(n, dtype=np.uint32)
    rows, ranks = rank_of[np.repeat(np.arange(n, dtype=np.int32), np.diff(weights.indptr))], rank_of[weights.indices]
    width = _width(ranks, popularity[order][rows], popularity.sum())
    dense = ranks < width
    head = _zeros(n, width)
    head[rows[dense], ranks[dense]] = weights.data[dense]
    sparse = np.flatnonzero(~dense)
    sparse = sparse[np.argsort(rows[sparse], kind="stable")]
    pointers = np.concatenate([[0], np.cumsum(np.bincount(rows[sparse], minlength=n))]).astype(np.uint64)
    tail = np.empty(len(sparse), ENTRY)
    tail["rank"], tail["weight"] = ranks[sparse], weights.data[sparse]
    return Serving(head, pointers, tail, order, rank_of)


def _zeros(n: int, width: int) -> np.ndarray:
    """(n, width) float32, where every row begins at a line of the cache."""
    room = np.zeros(4 * n * width + LINE, np.uint8)
    skipped = -room.ctypes.data % LINE
    return room[skipped : skipped + 4 * n * width].view(np.float32).reshape(n, width)


def _width(ranks: np.ndarray, uses: np.ndarray, total: int) -> int:
    """How many ranks are best kept dense: the least work for an item of a history."""
    n = int(ranks.max(initial=0)) + 1
    sparse = np.bincount(ranks, uses, minlength=n) / max(1, total)
    widths = np.arange(0, n + STEP, STEP)
    inside = np.concatenate([[0], np.cumsum(sparse)])[widths.clip(max=n)]
    return int(widths[np.argmin(widths / AT_ONCE - inside)])


def products(H: Any, made: Serving) -> np.ndarray:
    """A history times weights, dense: (m, n) float32."""
    out = np.empty((H.shape[0], len(made.order)), np.float32)
    spread(kernels_top.add_up, H.shape[0], (*_history(H, made), *made.arrays, out), threads_allowed(), no_tell)
    return out


def top(H: Any, made: Serving, k: int, exclude: bool, may: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Best k of each history; `may` are the items that may be chosen."""
    held = min(k, max(1, len(may)))
    scores, items = np.empty((H.shape[0], held), np.float32), np.empty((H.shape[0], held), np.int64)
    start = np.full(-(-len(made.order) // STEP) * STEP, -np.inf, np.float32)
    start[made.rank_of[may]] = 0
    arguments = (*_history(H, made), *made.arrays, start, exclude, scores, items)
    spread(kernels_top.top_sparse, H.shape[0], arguments, threads_allowed(), no_tell)
    return padded(items, scores, k)


def _history(H: Any, made: Serving) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each row begins, ranks of its items, and their weights."""
    check_inside(H, len(made.order))
    return H.indptr.astype(np.uint64), made.rank_of[H.indices], H.data

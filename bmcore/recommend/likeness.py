"""The rows of a table that are most like given rows, block by block, for dense and for sparse vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.recommend import stored

if TYPE_CHECKING:
    import scipy.sparse

_BLOCK = 4_000_000  # cosines held at a time


def nearest(new: Any, known: Any, k: int, skip: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The k rows of `known` with the largest cosine to each row of `new`, the largest first, the earlier row where equal.

    Parameters
    ----------
    new : CSR or array of shape (m, d)
        Rows of length 1 or 0.
    known : CSR or array of shape (n, d), of the same kind
    k : int
    skip : array of shape (m,), int, optional
        The row of `known` that each row may not have: itself.

    Returns
    -------
    (ndarray of shape (m, k), int64; ndarray of shape (m, k), float32)
        Positions and cosines; -1 and -inf where fewer have a cosine above 0.

    Examples
    --------
    >>> nearest(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0], [0.6, 0.8]]), 2)[0].tolist()
    [[1, -1]]
    """
    m, n = new.shape[0], known.shape[0]
    found, close = np.full((m, k), -1, np.int64), np.full((m, k), -np.inf, np.float32)
    across = known.T.tocsr() if hasattr(known, "tocsr") else known.T
    rows = max(1, _BLOCK // max(1, n))
    for at in range(0, m, rows):
        block = new[at : at + rows] @ across
        block = np.array(block.toarray() if hasattr(block, "toarray") else block, dtype=np.float32)
        if skip is not None:
            block[np.arange(len(block)), skip[at : at + rows]] = -np.inf
        places, values = _largest(block, k)
        keep = values > 0
        found[at : at + rows, : places.shape[1]] = np.where(keep, places, -1)
        close[at : at + rows, : places.shape[1]] = np.where(keep, values, -np.inf)
    return found, close


def _largest(block: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """(positions, values) of the k largest of each row, in order."""
    n = block.shape[1]
    if k < n:  # all that are above the k-th value, then the earliest that equal it
        least = np.partition(block, n - k, axis=1)[:, n - k, None]
        above, equal = block > least, block == least
        room = k - above.sum(axis=1, keepdims=True)
        kept = above | (equal & (np.cumsum(equal, axis=1) <= room))
        places = np.nonzero(kept)[1].reshape(len(block), k)
    else:
        places = np.broadcast_to(np.arange(n), block.shape)
    values = np.take_along_axis(block, places, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1), np.take_along_axis(values, order, axis=1)


def table(places: np.ndarray, values: np.ndarray, columns: int) -> scipy.sparse.csr_matrix:
    """(m, columns) CSR with `values` at `places`, both (m, k); a place of -1 is no entry."""
    from scipy import sparse

    keep = places >= 0
    ends = np.concatenate([[0], np.cumsum(keep.sum(axis=1))])
    return sparse.csr_matrix((values[keep].astype(np.float32), places[keep], ends), shape=(len(places), columns))


def filled(vectors: Any) -> np.ndarray:
    """(n,) bool: which rows are not all zeros."""
    return np.diff(vectors.indptr) > 0 if hasattr(vectors, "indptr") else vectors.any(axis=1)


def objects(items: Sequence[Any]) -> np.ndarray:
    """(n,) object, whatever the ids are."""
    found = np.empty(len(items), dtype=object)
    found[:] = list(items)
    return found


def parts(name: str, matrix: Any) -> dict[str, np.ndarray]:
    """A matrix as arrays for an npz file."""
    if hasattr(matrix, "indptr"):
        return stored.matrix_arrays(matrix, name)
    return {name: np.asarray(matrix, dtype=np.float32)}


def whole(name: str, arrays: dict[str, np.ndarray], rows: int, columns: int | None = None) -> Any:
    """The matrix that `parts` took apart; ValueError or KeyError for anything else."""
    matrix = arrays[name] if name in arrays else stored.matrix_of(arrays, name)
    if matrix.ndim != 2 or matrix.shape[0] != rows or (columns is not None and matrix.shape[1] != columns):
        raise ValueError(name)
    if name in arrays and (matrix.dtype != np.float32 or not np.isfinite(matrix).all()):
        raise ValueError(name)
    return matrix

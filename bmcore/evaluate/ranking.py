"""How good a list of recommendations is: pure functions over top-k lists and the items each user really chose.

    found = hits(lists, relevant)                   # (n, 20) bool
    ndcg(found, counts, 10).mean()

`lists` are positions of items, best first, one row a user, -1 where a list is shorter; `relevant` is a CSR matrix with the same
rows and a stored entry for each item the user chose. Lists are drawn from the whole catalogue, never from a sample of it:
sampled metrics can turn the order of two models around.

Sources: Jaervelin and Kekaelaeinen (2002) for NDCG, here with binary relevance; Krichene and Rendle (KDD 2020) against sampling;
Zhou et al. (PNAS 2010) for novelty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_ROWS_AT_ONCE = 50_000


def hits(lists: np.ndarray, relevant: csr_matrix) -> np.ndarray:
    """Which places of the lists hold a relevant item.

    Parameters
    ----------
    lists : ndarray of shape (n, k), int
        Positions of items, best first, each at most once a row; -1 where there is none.
    relevant : scipy.sparse.csr_matrix of shape (n, n_items)

    Returns
    -------
    ndarray of shape (n, k), bool

    Notes
    -----
    Time O(n k log of the entries), in blocks of 50,000 users; memory a few times that of the lists of a block.

    Examples
    --------
    >>> from scipy.sparse import csr_matrix
    >>> hits(np.array([[2, 0], [1, -1]]), csr_matrix([[1, 1, 0], [0, 1, 0]])).tolist()
    [[False, True], [True, False]]
    """
    out = np.zeros(lists.shape, bool)
    for start in range(0, len(lists), _ROWS_AT_ONCE):
        stop = min(start + _ROWS_AT_ONCE, len(lists))
        out[start:stop] = _hits(lists[start:stop], relevant[start:stop])
    return out


def _hits(lists: np.ndarray, relevant: csr_matrix) -> np.ndarray:
    n, n_items = relevant.shape
    rows = np.repeat(np.arange(n, dtype=np.int64), np.diff(relevant.indptr))
    keys = np.sort(rows * n_items + relevant.indices)
    if not len(keys):
        return np.zeros(lists.shape, bool)
    asked = np.arange(n, dtype=np.int64)[:, None] * n_items + lists  # (n, k)
    places = np.minimum(np.searchsorted(keys, asked.ravel()), len(keys) - 1).reshape(lists.shape)
    return (keys[places] == asked) & (lists >= 0)


def ndcg(found: np.ndarray, counts: np.ndarray, k: int) -> np.ndarray:
    """Normalised discounted cumulative gain at k, a value from 0 to 1 for each user.

    A hit at rank r is worth 1 / log2(r + 1); the sum is divided by that of the best possible list, with min(k, relevant) hits in front.

    Parameters
    ----------
    found : ndarray of shape (n, at least k), bool
        What `hits` gave.
    counts : ndarray of shape (n,), int
        Relevant items a user, in the list or not. A user without any has 0.
    k : int

    Returns
    -------
    ndarray of shape (n,), float64

    Examples
    --------
    >>> ndcg(np.array([[True, False], [False, True]]), np.array([1, 3]), 2).round(4).tolist()
    [1.0, 0.3869]
    """
    worth = 1 / np.log2(np.arange(2, k + 2))  # (k,)
    best = np.r_[0.0, np.cumsum(worth)]
    top = found[:, :k]
    return _shares(top @ worth[: top.shape[1]], best[np.minimum(counts, k)])


def recall(found: np.ndarray, counts: np.ndarray, k: int) -> np.ndarray:
    """Share of each user's relevant items that the first k places hold: hits / relevant.

    (LensKit divides by min(k, relevant) and calls it recall; implicit does so, summed over users, and calls it precision.)

    Examples
    --------
    >>> recall(np.array([[True, False], [False, True]]), np.array([1, 4]), 2).tolist()
    [1.0, 0.25]
    """
    return _shares(found[:, :k].sum(axis=1), counts)


def average_precision(found: np.ndarray, counts: np.ndarray, k: int) -> np.ndarray:
    """Precision at each hit among the first k, summed and divided by min(k, relevant). Its mean over users is MAP@k.

    (RecTools divides by all relevant items, or by k.)

    Examples
    --------
    >>> average_precision(np.array([[True, False, True]]), np.array([2]), 3).round(4).tolist()
    [0.8333]
    """
    top = found[:, :k]
    precision = np.cumsum(top, axis=1) / np.arange(1, top.shape[1] + 1)
    return _shares((precision * top).sum(axis=1), np.minimum(counts, k))


def hit_rate(found: np.ndarray, k: int) -> np.ndarray:
    """1 for each user with at least one hit among the first k, else 0."""
    return found[:, :k].any(axis=1).astype(np.float64)


def coverage(lists: np.ndarray, n_items: int, k: int) -> float:
    """Share of the catalogue that is in anybody's first k.

    Examples
    --------
    >>> coverage(np.array([[0, 1], [0, -1]]), 4, 2)
    0.5
    """
    top = lists[:, :k]
    return float((np.bincount(top[top >= 0], minlength=n_items) > 0).sum() / n_items) if n_items else 0.0


def novelty(lists: np.ndarray, users_per_item: np.ndarray, n_users: int, k: int) -> float:
    """Mean surprise of what is recommended, in bits: -log2 of the share of users who had the item already.

    0 is what everybody has; 10 is what one in a thousand has. An item that nobody had counts as if one user had.

    Parameters
    ----------
    lists : ndarray of shape (n, at least k), int
    users_per_item : ndarray of shape (n_items,)
        Users of the training part who had the item.
    n_users : int
        All users of the training part.
    k : int

    Examples
    --------
    >>> novelty(np.array([[0, 1]]), np.array([4, 1]), 4, 2)
    1.0
    """
    surprise = -np.log2(np.maximum(users_per_item, 1) / max(n_users, 1))
    return _mean(surprise, lists[:, :k])


def popularity_bias(lists: np.ndarray, relevant: csr_matrix, users_per_item: np.ndarray, k: int) -> float | None:
    """How much more popular the recommended items are than what users really chose: the ratio of the mean popularities.

    1 is as popular as users' own choices, 2 twice as popular. None where nobody had any of the chosen items before.

    Examples
    --------
    >>> from scipy.sparse import csr_matrix
    >>> popularity_bias(np.array([[0]]), csr_matrix([[0, 1]]), np.array([6, 3]), 1)
    2.0
    """
    chosen = float(np.asarray(users_per_item, np.float64)[relevant.indices].mean()) if relevant.nnz else 0.0
    return _mean(np.asarray(users_per_item, np.float64), lists[:, :k]) / chosen if chosen else None


def _mean(values: np.ndarray, top: np.ndarray) -> float:
    """Mean over all filled places of all lists."""
    counts = np.bincount(top[top >= 0], minlength=len(values))
    return float(counts @ values / counts.sum()) if counts.sum() else 0.0


def _shares(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    whole = np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)

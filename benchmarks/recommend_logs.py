"""The logs that benchmarks/recommend.py uses: ML-100K in two halves, and a made one of the size of ML-1M."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

PULL, SERIES = 1.3, 1.0  # of tastes and series in a made log, against 1 for popularity and chance


def films(split: str) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """ML-100K, (n_users, n_items) of ratings to learn from and to be found again."""
    from bmcore import load_sample

    frame = load_sample("movielens_100k")
    users, items = (np.unique(frame[name], return_inverse=True)[1] for name in ("user", "item"))
    moments = frame["timestamp"].to_numpy()
    held = np.random.default_rng(0).random(len(frame)) < 0.2 if split == "random" else moments >= np.quantile(moments, 0.8)
    shape = (users.max() + 1, items.max() + 1)
    return tuple(
        sp.csr_matrix((frame["rating"].to_numpy(np.float32)[part], (users[part], items[part])), shape=shape) for part in (~held, held)
    )


def shaped(n_users: int = 6040, n_items: int = 3706, events: int = 1_000_000) -> sp.csr_matrix:
    """A log of the size and the long tails of ML-1M: tastes in 32 directions, series of about five items, popularity and chance."""
    random = np.random.default_rng(0)
    lengths = np.exp(random.normal(0, 0.95, n_users))
    for _ in range(20):
        lengths = np.clip(lengths * events / lengths.sum(), 20, 0.6 * n_items)
    popular = random.permutation(-1.6 * np.log1p(np.arange(n_items) / 60))
    tastes = random.normal(size=(n_users, 32)).astype(np.float32)
    kinds = random.normal(size=(n_items, 32)).astype(np.float32) / np.sqrt(1 + np.arange(32), dtype=np.float32)
    kinds /= np.linalg.norm(kinds, axis=1).mean()
    series = random.integers(0, n_items // 5, n_items)
    chosen = []
    for first in range(0, n_users, 500):
        wish = PULL * (tastes[first : first + 500] @ kinds.T) + popular
        wish += SERIES * random.normal(size=(len(wish), n_items // 5))[:, series] + random.gumbel(size=wish.shape)
        for row, length in zip(wish, np.round(lengths[first : first + 500]).astype(int), strict=True):
            chosen.append(np.sort(np.argpartition(-row, length)[:length]).astype(np.int32))
    ends = np.cumsum([0, *map(len, chosen)]).astype(np.int32)
    return sp.csr_matrix((np.ones(ends[-1], np.float32), np.concatenate(chosen), ends), shape=(n_users, n_items))


def halves(X: sp.csr_matrix) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """A random fifth is held out."""
    held = np.random.default_rng(1).random(X.nnz) < 0.2
    whole = X.tocoo()
    return tuple(sp.csr_matrix((whole.data[part], (whole.row[part], whole.col[part])), shape=X.shape) for part in (~held, held))

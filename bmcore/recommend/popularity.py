"""Popularity: the same list for everybody, what most people chose.

    popular = Popularity().fit(frame, user="customer", item="product")
    popular.recommend(["anna"], k=10)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bmcore.recommend.contract import Recommender


class Popularity(Recommender):
    """Recommends what most users have chosen, less what the user has already.

    Use it when another recommender is to be compared with something trivial, or for people of whom nothing is known.

    Attributes
    ----------
    user_ids_, item_ids_ : (n_users,) and (n_items,) object
        Ids as given.
    history_ : (n_users, n_items) csr float32
        Who chose what.
    popularity_ : (n_items,) int64
        How many users chose each item.
    seconds_ : float
        Time of the fit.

    Notes
    -----
    A score is the share of all users who chose the item. Time: one pass over the log. Memory: the log.

    Raises
    ------
    DataError
        A log that holds nothing to learn from.

    References
    ----------
    Cremonesi, Koren and Turrin (2010), Performance of recommender algorithms on top-N recommendation tasks.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({"user": ["a", "a", "b", "b", "c"], "item": ["tea", "milk", "tea", "jam", "tea"]})
    >>> ids, scores = Popularity().fit(log).recommend(["c"], k=2)
    >>> ids.tolist(), scores.round(2)
    ([['milk', 'jam']], array([[0.33, 0.33]], dtype=float32))
    """

    presets: ClassVar[dict[str, dict]] = {"fast": {"params": {}}, "balanced": {"params": {}}, "best": {"params": {}}}

    def __init__(self) -> None:
        """Nothing can be set."""

    def _learn(self, X: Any, report: Callable[..., Any]) -> None:
        self._share = (np.bincount(X.indices, minlength=X.shape[1]) / X.shape[0]).astype(np.float32)
        report(1, 1)

    def _scores(self, H: Any) -> np.ndarray:
        return np.tile(self._share, (H.shape[0], 1))

    def _contributions(self, row: Any, position: int) -> np.ndarray:
        return np.zeros(row.nnz, dtype=np.float32)

    def _load_learned(self, folder: Path) -> None:
        self._share = (self.popularity_[: self._n_learned] / len(self.user_ids_)).astype(np.float32)

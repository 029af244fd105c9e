"""What every recommender is. A new one implements `_learn` and `_scores`; everything else is shared.

    class Mine(Recommender):
        def _learn(self, X, report): ...        # X: (n_users, n_learned) csr float32, weights above 0; report(step, total)
        def _scores(self, H): ...               # H: (m, n_learned) csr float32 -> (m, n_learned) float32, C order, a new array

Whose scores are a history times sparse item weights derives from `ItemWeights` (weights.py) instead and implements only
`_weigh(X, report) -> csr`: it gets fused lists, scores, explanations, saving and loading.
Items of a catalogue that nobody has chosen come after the learned ones; `content_` extends scores to them.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bmcore.base import Estimator
from bmcore.errors import DataError, NotFittedError
from bmcore.recommend import cold, inputs, reasons, stored
from bmcore.recommend.reasons import Reason

BLOCK_BYTES = 1 << 26  # scores held at a time


class Recommender(Estimator):
    """Base of the recommenders."""

    task: ClassVar[str] = "recommendation"

    def fit(
        self, interactions: Any, *, user: str = "user", item: str = "item", weight: str | None = None, time: str | None = None,
        items: Any = None, users: Any = None, report: Callable[..., Any] | None = None,
    ) -> Recommender:
        """Learn from who chose what.

        Parameters
        ----------
        interactions : DataFrame, Interactions, or sparse matrix of shape (n_users, n_items)
            Rows of users and items, in any order; repeats are merged. A matrix has numbers above 0, and positions for ids. Ids are of any
            type, kept as int or text; what is asked later is read the same way.
        user, item, weight, time : str
            Columns of the DataFrame.
        items : DataFrame, optional
            Columns `item`, `title`, `about`: descriptions, by which items that nobody has chosen are recommended too.
        users : DataFrame, optional
            Column `user` and traits, by which users without a history are answered.
        report : callable, optional
            `report(step, total, phase="train")`; raise Cancelled in it to stop. Default: silence.

        Raises
        ------
        DataError, ParameterError, Cancelled
        """
        start = clock.perf_counter()
        self.check_params()
        self._forget()
        log = inputs.log_of(interactions, user=user, item=item, weight=weight, time=time)
        from bmcore.training.progress import reporter

        tell = reporter(report)
        self._learn(log.X, lambda step, total, **metrics: tell(step, total, phase="train", **metrics))
        self._remember(log)
        cold.describe(self, items, users)
        self.seconds_ = clock.perf_counter() - start
        return self

    def recommend(
        self, user_ids: Any, k: int = 10, exclude_seen: bool = True, candidates: Any = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The best items for known users.

        Parameters
        ----------
        user_ids : list of ids
        k : int
            Length of a list, at most 100,000 or as many as there are items. A shorter one is filled with None and -inf.
        exclude_seen : bool
            Leave out what the user has chosen before.
        candidates : list of item ids, optional
            Choose from these only; unknown ones are passed over.

        Returns
        -------
        ids : (n, k) object
        scores : (n, k) float32
            Descending. Of equal scores the more popular item comes first.

        Raises
        ------
        DataError
            For a user that was not learned.
        ParameterError
            For a list longer than that.
        """
        self.check_fitted()
        rows = inputs.positions_of(user_ids, self._user_rows(), kind="user")
        return self._lists(self.history_[rows], k, exclude_seen, candidates)

    def recommend_for(
        self, history: Any, k: int = 10, exclude_seen: bool = True, candidates: Any = None, like: dict | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The best items for somebody with this history: (k,) ids and (k,) scores.

        Parameters
        ----------
        history : list of item ids, or dict of id to weight
            Items that were not learned are passed over. Where nothing is left, the answer is what is popular.
        like : dict of column to value, optional
            Traits of somebody without a history: what is popular with people like that.
        """
        self.check_fitted()
        H = self._row_of(history)
        if H.nnz:
            ids, scores = self._lists(H, k, exclude_seen, candidates)
            return ids[0], scores[0]
        scores = np.array([self._popular(like)], dtype=np.float32)
        positions, scores = self._best_of(scores, self._how_many(k), self._allowed(candidates))
        return self._named(positions)[0], scores[0]

    def similar_items(self, item_ids: Any, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
        """The items most like each of these, itself left out: (n, k) ids and (n, k) scores."""
        self.check_fitted()
        positions = inputs.positions_of(item_ids, self._item_rows(), kind="item")
        found, scores = cold.similar(self, positions, self._how_many(k))
        return self._named(found), scores

    def explain(self, user: Any, item: Any, k: int = 5) -> list[Reason]:
        """Which of the user's items speak for an item, largest share first.

        Parameters
        ----------
        user : id, or a history (list of item ids or dict of id to weight)
        item : id

        Returns
        -------
        list of Reason
            Shares are of all that speaks for the item, so those of a short history sum to 1. Where nothing of the history does, one
            Reason without an item says why it is recommended all the same.
        """
        self.check_fitted()
        position = int(inputs.positions_of([item], self._item_rows(), kind="item")[0])
        named = isinstance(user, tuple) and inputs.meant(user, self._user_rows()) is not None  # an id may be a pair
        if isinstance(user, list | tuple | set | frozenset | dict | np.ndarray) and not named:
            row = self._row_of(user)
        else:
            row = self.history_[inputs.positions_of([user], self._user_rows(), kind="user")]
        return reasons.reasons(self, row, position, self._how_many(k))

    def scores(self, histories: Any) -> np.ndarray:
        """Scores of all items for each history: csr (m, n_items) -> (m, n_items) float32. Holds them all: give some thousand rows."""
        self.check_fitted()
        return self._all_scores(inputs.matrix_of(histories, len(self.item_ids_)))

    def check_fitted(self) -> None:
        """Raise NotFittedError unless a fit has come to its end."""
        if not hasattr(self, "seconds_"):
            raise NotFittedError("This {estimator} has learned nothing yet. Call fit, or load a saved one.", estimator=type(self).__name__)

    # what a recommender implements, and may override -----------------------------------------------------------------------

    def _learn(self, X: Any, report: Callable[..., Any]) -> None:
        raise NotImplementedError

    def _scores(self, H: Any) -> np.ndarray:
        raise NotImplementedError

    def _similar(self, positions: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions (-1 where there is none) and scores: by default the cosine of the users of two items."""
        from bmcore.recommend import engine_lists

        return engine_lists.similar_by_users(self, positions, k)

    def _contributions(self, row: Any, position: int) -> np.ndarray:
        """What each item of a history (csr of one row) adds to the score of an item: by default the score less that without it."""
        from bmcore.recommend import engine_lists

        return engine_lists.left_out(self, row, position)

    def _top(self, H: Any, k: int, exclude: bool, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Best k of each history: positions (m, k), -1 where there is none, and scores. `allowed`: bool a item, or None for all."""
        found = np.full((H.shape[0], k), -1, dtype=np.int64)
        best = np.full((H.shape[0], k), -np.inf, dtype=np.float32)
        for first, last in self._blocks(H.shape[0]):
            part = H[first:last]
            scores = self._all_scores(part)
            if exclude:
                scores[np.repeat(np.arange(last - first), np.diff(part.indptr)), part.indices] = -np.inf
            found[first:last], best[first:last] = self._best_of(scores, k, allowed)
        return found, best

    def _save_learned(self, folder: Path) -> None:
        """Files of what `_learn` learned."""

    def _load_learned(self, folder: Path) -> None:
        """Read what `_save_learned` wrote; anything may be raised for a damaged file."""

    # shared ------------------------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Nothing of an earlier fit stays."""
        known = self.get_params()
        for name in [name for name in vars(self) if name not in known]:
            delattr(self, name)

    def _remember(self, log: inputs.Log) -> None:
        self.user_ids_, self.item_ids_, self.history_ = log.user_ids, log.item_ids, log.X
        self.popularity_ = np.bincount(log.X.indices, minlength=len(log.item_ids)).astype(np.int64)
        self.content_ = self.people_ = None
        self._n_learned = log.X.shape[1]

    def _lists(self, H: Any, k: Any, exclude: bool, candidates: Any) -> tuple[np.ndarray, np.ndarray]:
        k, allowed = self._how_many(k), self._allowed(candidates)
        positions, scores = self._top(H, k, bool(exclude), allowed)
        empty = np.flatnonzero(np.diff(H.indptr) == 0)
        if len(empty):  # a user whose whole history was left out
            popular = np.array([self._popular(None)], dtype=np.float32)
            positions[empty], scores[empty] = self._best_of(popular, k, allowed)
        return self._named(positions), scores

    def _all_scores(self, H: Any) -> np.ndarray:
        """Scores of learned items, and from them those of items that are only described."""
        return self._scores(H) if self.content_ is None else cold.scores(self, H)

    def _best_of(self, scores: np.ndarray, k: int, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        from bmcore.recommend import engine_lists

        order = self._ranking()
        return engine_lists.best(scores, order if allowed is None else order[allowed[order]], k)

    def _ranking(self) -> np.ndarray:
        """Items that can be recommended, the most popular first: positions. What nobody chose has to be described."""
        if not hasattr(self, "_ranked"):
            order = np.argsort(-self.popularity_, kind="stable")
            self._ranked = order[cold.reachable(self)[order]]
        return self._ranked

    def _allowed(self, candidates: Any) -> np.ndarray | None:
        if candidates is None:
            return None
        mask = np.zeros(len(self.item_ids_), dtype=bool)
        mask[inputs.known_positions(candidates, self._item_rows())] = True
        return mask

    def _popular(self, like: dict | None) -> np.ndarray:
        """Share of the users who chose each item: (n_items,) float; of those with the traits `like`, if given."""
        if like:
            if self.people_ is None:
                raise DataError("No traits of users were learned, so nobody can be like that. Leave out like, or fit with users.")
            return np.asarray(self.people_.scores(like), dtype=np.float32)
        return self.popularity_ / len(self.user_ids_)

    def _row_of(self, history: Any) -> Any:
        from scipy.sparse import csr_matrix

        items, weights = inputs.history_of(history, self._item_rows())
        return csr_matrix((weights, items, np.array([0, len(items)])), shape=(1, len(self.item_ids_)))

    def _how_many(self, k: Any) -> int:
        return inputs.how_many(k, len(self.item_ids_))

    def _blocks(self, m: int) -> Iterator[tuple[int, int]]:
        size = max(1, BLOCK_BYTES // (4 * len(self.item_ids_)))
        return ((first, min(m, first + size)) for first in range(0, m, size))

    def _named(self, positions: np.ndarray) -> np.ndarray:
        ids = np.append(self.item_ids_, None)
        return ids[positions]  # -1 is None, at the end

    def _user_rows(self) -> dict:
        if not hasattr(self, "_users"):
            self._users = {one: at for at, one in enumerate(self.user_ids_)}
        return self._users

    def _item_rows(self) -> dict:
        if not hasattr(self, "_items"):
            self._items = {one: at for at, one in enumerate(self.item_ids_)}
        return self._items

    def _save(self, folder: Path) -> None:
        stored.save(self, folder)

    def _load(self, folder: Path) -> None:
        stored.load(self, folder)

"""Recommenders whose score of an item is a sum of weights over the items of a history: `_weigh` is all they implement."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bmcore.recommend import stored
from bmcore.recommend.contract import Recommender


class ItemWeights(Recommender):
    """Scores of a history h are h B, with `weights_` B (n_items, n_items) sparse: B[i, j] is how much item i speaks for item j."""

    binary: ClassVar[bool] = False  # a history says only what was chosen, not how often

    def _weigh(self, X: Any, report: Callable[..., Any]) -> Any:
        """B as csr float32 (n_learned, n_learned)."""
        raise NotImplementedError

    def _learn(self, X: Any, report: Callable[..., Any]) -> None:
        self.weights_ = self._weigh(X, report)

    def _scores(self, H: Any) -> np.ndarray:
        from bmcore.recommend import engine_weights

        return engine_weights.products(self._said(H), self._laid_out())

    def _top(self, H: Any, k: int, exclude: bool, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        if self.content_ is not None:  # scores of items that are only described need all the others
            return super()._top(H, k, exclude, allowed)
        from bmcore.recommend import engine_weights

        order = self._ranking()
        return engine_weights.top(self._said(H), self._laid_out(), k, exclude, order if allowed is None else order[allowed[order]])

    def _similar(self, positions: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        from bmcore.recommend import engine_lists

        speaking = self.weights_.tocsc()  # what speaks for an item is like it
        found, best = np.empty((len(positions), k), np.int64), np.empty((len(positions), k), np.float32)
        order = self._ranking()
        order = order[order < self._n_learned]
        for first, last in self._blocks(len(positions)):
            asked = positions[first:last]
            found[first:last], best[first:last] = engine_lists.nearest(speaking[:, asked].T.toarray(), asked, order, k)
        return found, best

    def _contributions(self, row: Any, position: int) -> np.ndarray:
        said = self._said(row)
        return self.weights_[said.indices, position].toarray().ravel() * said.data

    def _laid_out(self) -> Any:
        if not hasattr(self, "_serving"):
            from bmcore.recommend import engine_weights

            self._serving = engine_weights.serving(self.weights_, self.popularity_[: self._n_learned])
        return self._serving

    def _said(self, H: Any) -> Any:
        if not self.binary:
            return H
        from scipy.sparse import csr_matrix

        return csr_matrix((np.ones_like(H.data), H.indices, H.indptr), shape=H.shape)

    def _save_learned(self, folder: Path) -> None:
        stored.write_arrays(folder / "weights.npz", stored.matrix_arrays(self.weights_, "weights"))

    def _load_learned(self, folder: Path) -> None:
        self.weights_ = stored.matrix_of(stored.arrays(folder / "weights.npz"), "weights")
        if self.weights_.shape != (self._n_learned, self._n_learned):
            raise ValueError

"""ALS: a few hundred numbers for every item, so that a user's items point to the next ones.

    als = ALS(factors=64).fit(frame, user="customer", item="product")
    ids, scores = als.recommend(["anna"], k=10)

This file is the face: it imports no engine. `engine_als` and the compiled kernels are imported in methods.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from bmcore import params
from bmcore.params import Choice, Doc, Label, Range
from bmcore.recommend import stored
from bmcore.recommend.contract import Recommender

TICKS = 100  # of a pass, in reports


class ALS(Recommender):
    """Recommends by factors of users and items, learned from what was chosen and, more weakly, from what was not.

    Use it when there are many items, where EASE would need too much memory: time and memory grow with the log and the factors only.

    {parameters}

    Attributes
    ----------
    item_factors_ : (n_items, factors) float32
        What each item is, in `factors` learned directions.
    user_ids_, item_ids_ : (n_users,) and (n_items,) object
        Ids as given.
    history_ : (n_users, n_items) csr float32
        Who chose what, and how much.
    popularity_ : (n_items,) int64
        How many users chose each item.
    seconds_ : float
        Time of the fit.

    Notes
    -----
    Makes the sum of c (1 - w.h)^2 over the interactions, plus `unobserved` times that of (w.h)^2 over all pairs, small, where the weight
    c of an interaction is log(1 + its weight), over the mean of that in the log. The penalty of a user's factors is regularization x
    (items of the user + unobserved x n_items)^exponent, that of an item's likewise. Factors of users are not kept: those of a
    history, old or new, are solved for exactly when it is asked about, so known and new users are answered alike.

    Time of a pass: "block" 2 n x factors x (factors / 2 + 3) multiplications for n interactions, "conjugate" 16 n x factors, each and
    (n_users + n_items) x factors^2 or more. Memory: three times the log, (n_users + n_items) x factors x 4 bytes.
    Same seed, same log: same factors. Threads: as many as there are processors, or OMP_NUM_THREADS. The first call compiles for some
    seconds, once a machine.

    Raises
    ------
    DataError
        A log that holds nothing to learn from.
    ParameterError
        A setting out of its range.

    References
    ----------
    Hu, Koren and Volinsky (2008), Collaborative filtering for implicit feedback datasets; Rendle, Krichene, Zhang and Koren (2021),
    Revisiting the performance of iALS on item recommendation benchmarks, and iALS++.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({"user": ["a", "a", "b", "b", "c", "d", "d"], "item": ["tea", "milk", "tea", "milk", "tea", "jam", "bread"]})
    >>> als = ALS(factors=4).fit(log)
    >>> als.recommend(["c"], k=1)[0].tolist()
    [['milk']]
    >>> als.item_factors_.shape
    (4, 4)
    """

    presets: ClassVar[dict[str, dict]] = {
        "fast": {"params": {"factors": 32, "iterations": 8, "solver": "conjugate"}},
        "balanced": {"params": {"factors": 64, "iterations": 15, "solver": "conjugate"}},
        "best": {"params": {"factors": 128, "iterations": 30, "solver": "block"}},
    }

    def __init__(
        self,
        *,
        factors: Annotated[int, Range(1, 512, log=True), Label("Factors"), Doc("Numbers that describe an item.")] = 64,
        regularization: Annotated[
            float, Range(1e-6, 1e4, log=True), Label("Regularization"), Doc("How small the factors are kept; more for small logs."),
        ] = 0.1,
        exponent: Annotated[
            float, Range(0.0, 1.0), Label("Regularization by frequency"),
            Doc("0 keeps all factors equally small, 1 those of frequent users and items in proportion to their frequency."),
        ] = 0.7,
        unobserved: Annotated[
            float, Range(1e-6, 10.0, log=True), Label("Weight of what was not chosen"),
            Doc("How much an item that a user did not choose counts as one that they do not want, against 1 for a chosen one."),
        ] = 0.3,
        iterations: Annotated[int, Range(1, 1000, log=True), Label("Passes"), Doc("Passes over users and items.")] = 15,
        solver: Annotated[
            str, Choice("block", "conjugate"), Label("Solver"),
            Doc("block solves exactly, above 64 factors for 32 at a time; conjugate takes 3 steps towards that, which is faster."),
        ] = "conjugate",
        seed: Annotated[int, Range(0, 2**31 - 1), Label("Seed"), Doc("Same seed, same log: same factors.")] = 0,
    ):
        self.factors = factors
        self.regularization = regularization
        self.exponent = exponent
        self.unobserved = unobserved
        self.iterations = iterations
        self.solver = solver
        self.seed = seed

    def _learn(self, X: Any, report: Callable[..., Any]) -> None:
        from bmcore.recommend import engine_als

        total = TICKS * int(self.iterations)
        self._loss = engine_als.Loss.of(X, self.unobserved, self.regularization, self.exponent)
        self.item_factors_ = engine_als.fit(
            X, int(self.factors), int(self.iterations), self._loss, self.solver, int(self.seed),
            lambda done, share: report(TICKS * done + int(TICKS * share), total),
        )

    def _scores(self, H: Any) -> np.ndarray:
        from bmcore.recommend import engine_als

        return engine_als.fold_in(H, self.item_factors_, self._rest(), self._loss) @ self.item_factors_.T

    def _rest(self) -> np.ndarray:
        if not hasattr(self, "_all_pairs"):
            self._all_pairs = self._loss.rest(self.item_factors_)
        return self._all_pairs

    def _similar(self, positions: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        from bmcore.recommend import engine_als, engine_lists

        found, best = np.empty((len(positions), k), np.int64), np.empty((len(positions), k), np.float32)
        order = self._ranking()
        order = order[order < self._n_learned]
        for first, last in self._blocks(len(positions)):
            asked = positions[first:last]
            found[first:last], best[first:last] = engine_lists.nearest(engine_als.similar(self.item_factors_, asked), asked, order, k)
        return found, best

    def _contributions(self, row: Any, position: int) -> np.ndarray:
        from bmcore.recommend import engine_als

        return engine_als.parts(row, position, self.item_factors_, self._rest(), self._loss)

    def _save_learned(self, folder: Path) -> None:
        stored.write_arrays(folder / "factors.npz", {"items": self.item_factors_, "loss": np.array(astuple(self._loss), np.float64)})

    def _load_learned(self, folder: Path) -> None:
        from bmcore.recommend import engine_als

        found = stored.arrays(folder / "factors.npz")
        items, loss = found["items"], found["loss"]
        if items.ndim != 2 or len(items) != self._n_learned or not items.shape[1] or items.dtype != np.float32:
            raise ValueError(items.shape)
        if not np.isfinite(items).all() or loss.shape != (4,) or loss.dtype != np.float64:
            raise ValueError(loss)
        unobserved, regularization, exponent, typical = loss.tolist()
        params.check(ALS, {"unobserved": unobserved, "regularization": regularization, "exponent": exponent})
        weights = self.history_.data
        # a mean lies between the smallest and the largest; the rest is rounding
        if not 0.999 * math.log1p(weights.min()) <= typical <= 1.001 * math.log1p(weights.max()):
            raise ValueError(typical)
        self.item_factors_ = np.ascontiguousarray(items)
        self._loss = engine_als.Loss(unobserved, regularization, exponent, typical)

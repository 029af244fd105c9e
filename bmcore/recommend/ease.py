"""EASE: item weights in closed form, one regression of every item on all others.

    ease = EASE().fit(frame, user="customer", item="product")
    ids, scores = ease.recommend(["anna"], k=10)

This file is the face: it imports no engine. `engine_ease` and the compiled kernels are imported in methods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import numpy as np

from bmcore import device as devices
from bmcore.params import Choice, Doc, Label, Range
from bmcore.recommend.contract import Recommender
from bmcore.recommend.weights import ItemWeights

LEAST_ITEMS = 1000  # with fewer, starting a card takes longer than the processor needs


class EASE(ItemWeights):
    """Recommends what the items of a user speak for, with weights that are learned at once and exactly.

    Use it when there are at most about 20,000 items: it is then hard to beat in quality, has one setting, and no iterations or chance.

    {parameters}

    Attributes
    ----------
    weights_ : (n_items, n_items) csr float32
        How much the item of the row speaks for the item of the column; at most 512 + `neighbours` in a row, none on the diagonal.
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
    With X binary (chosen or not) and P = (X'X + regularization I)^-1, the weights are -P[i, j] / P[j, j]: the least-squares solution
    whose diagonal is zero. All weights that speak for the 512 most popular items are kept, and of the others the largest. Weights and
    ratings of the log do not count, only that a user has chosen an item.

    Time: the sum of the squares of the lengths of histories over 2, then n_items^3 operations for the inverse. Memory: one matrix of
    n_items^2 x 4 bytes (1.6 GB at 20,000 items), then n_items x (512 + neighbours) x 12 bytes to serve.
    Threads: as many as there are processors, or OMP_NUM_THREADS. The first call compiles for some seconds, once a machine.

    Raises
    ------
    DataError
        A log that holds nothing to learn from.
    ParameterError
        A setting out of its range, or a regularization too small for the log.

    References
    ----------
    Steck (2019), Embarrassingly shallow autoencoders for sparse data.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({"user": ["a", "a", "b", "b", "c", "d", "d"], "item": ["tea", "milk", "tea", "milk", "tea", "jam", "bread"]})
    >>> ease = EASE(regularization=1.0).fit(log)
    >>> ease.recommend(["c"], k=1)[0].tolist()
    [['milk']]
    >>> ease.explain("c", "milk")[0].item
    'tea'
    """

    binary: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict]] = {
        "fast": {"params": {"neighbours": 10}},
        "balanced": {"params": {"neighbours": 20}},
        "best": {"params": {"neighbours": 100}},
    }

    def __init__(
        self,
        *,
        regularization: Annotated[
            float, Range(0.01, 1e7, log=True), Label("Regularization"),
            Doc("How much evidence a weight needs, in users; more for logs with few users an item."),
        ] = 300.0,
        neighbours: Annotated[
            int, Range(1, 100_000, log=True), Label("Neighbours"),
            Doc("How many weights of each item are kept beside those that speak for the 512 most popular items."),
        ] = 20,
        device: Annotated[
            str, Choice("auto", "cpu", "cuda"), Label("Device"),
            Doc("Where to compute; auto takes a graphics card if there is one."),
        ] = "auto",
    ):
        self.regularization = regularization
        self.neighbours = neighbours
        self.device = device

    def _similar(self, positions: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        return Recommender._similar(self, positions, k)  # few weights that speak for a rare item are kept

    def _weigh(self, X: Any, report: Callable[..., Any]) -> Any:
        from bmcore.recommend import engine_ease

        settings = X, float(self.regularization), int(self.neighbours), report
        where = self._card(X.shape[1])
        if where is None:
            return engine_ease.fit(*settings)
        from bmcore.recommend import engine_torch_ease

        return engine_torch_ease.fit(*settings, where)

    def _card(self, n_items: int) -> str | None:
        """The graphics card that computes, or None for the compiled engine."""
        if self.device == "auto" and n_items < LEAST_ITEMS:
            return None
        if self.device == "cpu" or (self.device == "auto" and not devices.card()):
            return None
        from bmcore.recommend import engine_torch_ease

        found = devices.resolve("cuda")
        return found if self.device == "cuda" or engine_torch_ease.fits(n_items, found) else None

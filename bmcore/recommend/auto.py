"""AutoRecommender: the recommender that suits the size of a log, and why.

    auto = AutoRecommender().fit(frame, user="customer", item="product")
    print(auto.why_)
    ids, scores = auto.recommend(["anna"], k=10)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from bmcore import device, files
from bmcore.base import estimator_class
from bmcore.messages import Message
from bmcore.params import Choice, Doc, Label, Range
from bmcore.recommend.contract import Recommender

FEW = 2000  # interactions, below which counting is safer than learning
MANY = 20_000  # items, above which EASE takes too long
SHARED = ("user_ids_", "item_ids_", "history_", "popularity_", "content_", "people_", "seconds_", "_n_learned")
KINDS = ("ALS", "EASE", "ItemKNN")


def choose(interactions: int, items: int, free: int) -> tuple[str, Message]:
    """The name of the recommender for so many interactions and items with `free` bytes of memory, and the reason."""
    if interactions < FEW:
        return "ItemKNN", Message(
            "Chose ItemKNN: {interactions:,} interactions are few (under {few:,}), and comparing items needs the fewest.",
            interactions=interactions, few=FEW,
        )
    if items > MANY:
        return "ALS", Message(
            "Chose ALS: there are {items:,} items, and EASE, which is solved exactly and at once, is made for at most {many:,}.",
            items=items, many=MANY,
        )
    needed = 2 * items * items * 4
    if needed > free:
        return "ALS", Message(
            "Chose ALS: for {items:,} items EASE needs up to {needed:.1f} GB of memory, and {free:.1f} GB are free.",
            items=items, needed=needed / 1e9, free=free / 1e9,
        )
    return "EASE", Message(
        "Chose EASE: it is solved exactly and at once for up to {many:,} items, and the memory that it needs for {items:,} items is free.",
        many=MANY, items=items,
    )


class AutoRecommender(Recommender):
    """Takes ItemKNN for a very small log, EASE for up to 20,000 items, ALS for more, and says why.

    Use it when you do not want to choose.

    {parameters}

    Attributes
    ----------
    chosen_ : ItemKNN, EASE or ALS
        The fitted recommender that answers.
    why_ : Message
        Why that one, with the figures that decided.
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
    ItemKNN under 2,000 interactions; EASE up to 20,000 items if two matrices of n_items^2 x 4 bytes fit into the memory that is free;
    else ALS. Time and memory are those of the recommender chosen.

    Raises
    ------
    DataError
        A log that holds nothing to learn from.
    ParameterError
        A setting out of its range.

    References
    ----------
    Ferrari Dacrema, Cremonesi and Jannach (2019), Are we really making much progress?, on how far simple recommenders go.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({"user": ["a", "a", "b", "b", "c"], "item": ["tea", "milk", "tea", "milk", "tea"]})
    >>> auto = AutoRecommender().fit(log)
    >>> type(auto.chosen_).__name__, auto.recommend(["c"], k=1)[0].tolist()
    ('ItemKNN', [['milk']])
    >>> print(auto.why_)
    Chose ItemKNN: 5 interactions are few (under 2,000), and comparing items needs the fewest.
    """

    presets: ClassVar[dict[str, dict]] = {name: {"params": {"preset": name}} for name in ("fast", "balanced", "best")}

    def __init__(
        self,
        *,
        preset: Annotated[
            str, Choice("fast", "balanced", "best"), Label("Preset"), Doc("Which preset of the chosen recommender is used."),
        ] = "balanced",
        seed: Annotated[int, Range(0, 2**31 - 1), Label("Seed"), Doc("Same seed, same log: same recommendations.")] = 0,
    ):
        self.preset = preset
        self.seed = seed

    def fit(self, interactions: Any, **columns: Any) -> AutoRecommender:
        """Choose a recommender and let it learn. Arguments and errors as of `Recommender.fit`."""
        super().fit(interactions, **columns)
        self._share()
        return self

    def _learn(self, X: Any, report: Callable[..., Any]) -> None:
        name, self.why_ = choose(X.nnz, X.shape[1], device.free_memory())
        self.chosen_ = self._made(name)
        self.chosen_._learn(X, report)

    def _made(self, name: str) -> Recommender:
        cls = estimator_class(name)
        settings = dict(cls.presets[self.preset]["params"])
        return cls(**settings, **({"seed": self.seed} if name == "ALS" else {}))

    def _share(self) -> None:
        """The chosen one has the log, the ids and the descriptions too, so that it can be used by itself."""
        for name in SHARED:
            setattr(self.chosen_, name, getattr(self, name))

    def _scores(self, H: Any) -> np.ndarray:
        return self.chosen_._scores(H)

    def _similar(self, positions: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        return self.chosen_._similar(positions, k)

    def _contributions(self, row: Any, position: int) -> np.ndarray:
        return self.chosen_._contributions(row, position)

    def _top(self, H: Any, k: int, exclude: bool, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        return self.chosen_._top(H, k, exclude, allowed)

    def _save_learned(self, folder: Path) -> None:
        self.chosen_._save_learned(folder)
        files.write_json(folder / "chosen.json", {
            "name": type(self.chosen_).__name__, "params": self.chosen_.get_params(), "why": self.why_.to_dict(),
        })

    def _load_learned(self, folder: Path) -> None:
        told = files.read_json(folder / "chosen.json")
        if told["name"] not in KINDS:
            raise ValueError(told["name"])
        self.chosen_ = estimator_class(told["name"])(**told["params"])
        self.chosen_.check_params()
        self.why_ = Message.from_dict(told["why"])
        if not isinstance(self.why_.template, str):
            raise ValueError(self.why_.template)
        self.seconds_ = 0.0
        self._share()
        self.chosen_._load_learned(folder)

    def _load(self, folder: Path) -> None:
        super()._load(folder)
        self._share()

"""What a recommendation run saves: a recommender together with what its items are called, so that answers can be read by people.

    model = bmcore.load(run_id)
    model.recommend(users=["anna"], k=3)
    model.recommend(histories=[["tea", "milk"]], diversity=0.3)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bmcore.base import Estimator, servable
from bmcore.data.identifiers import meant
from bmcore.errors import DataError, ModelError
from bmcore.recommend import cold, rules
from bmcore.recommend.asked import bounds_of, histories_of, known_of
from bmcore.recommend.inputs import listed
from bmcore.recommend.listing import Listing

if TYPE_CHECKING:
    import pandas as pd

    from bmcore.recommend.contract import Recommender

REASONS = 3  # of the person's own items, shown beside a recommendation
_POOL_TIMES, _LEAST_POOL, _MOST_POOL = 10, 50, 300  # how many of the best a varied list is chosen from


class RecommenderModel:
    """A recommender and a listing of its items: a customer or a basket in, titles with reasons out.

    Use it when customers, new visitors or a shop's pages have to be answered.

    Parameters
    ----------
    recommender : Recommender
        Fitted.
    catalogue : DataFrame, optional
        As `bmcore.data.catalogue.catalogue` makes it: columns item, title, about, difficulty, requires.

    Attributes
    ----------
    recommender : Recommender
    listing : Listing
        What the items are called, in the order of `recommender.item_ids_`.

    Notes
    -----
    An answer costs what the recommender takes for its scores, and about a millisecond for the reasons of each item. Memory: the
    recommender, and the titles. The folder is the recommender's own (`Estimator.load` opens it alone) with a file `items.json` in it.

    Examples
    --------
    >>> RecommenderModel.task
    'recommendation'
    """

    task: ClassVar[str] = "recommendation"

    def __init__(self, recommender: Recommender, catalogue: pd.DataFrame | Listing | None = None):
        self.recommender = recommender
        self.listing = catalogue if isinstance(catalogue, Listing) else Listing.of(recommender.item_ids_, catalogue)

    def __repr__(self) -> str:
        return f"RecommenderModel({self.recommender!r})"

    @servable
    def recommend(
        self, users: Sequence[Any] | None = None, histories: Sequence[Any] | None = None, k: int = 10, diversity: float = 0.0,
        candidates: Sequence[Any] | None = None, like: dict[str, Any] | None = None, difficulty: Sequence[float] | None = None,
    ) -> list[list[dict]]:
        """The best items for each customer, or for each history of somebody the model never saw.

        Parameters
        ----------
        users : list of ids, or histories : list of (list of item ids, or dict of item id to weight)
            Exactly one of them. A customer the model does not know, and an empty history, get what is popular. Items it does not know are
            passed over; what is in the history is not recommended again, nor what requires something that is not.
        k : int
        diversity : float from 0 to 1
            0: the best first. 1: as different from each other as possible.
        candidates : list of item ids, optional
            Choose from these only.
        like : dict of column to value, optional
            Who a visitor without a history is: popular with people like that.
        difficulty : [lowest, highest], optional
            Leave out items that are easier or harder; those of unknown difficulty stay.

        Returns
        -------
        list of list of dict
            `{"item", "title", "score", "because": [{"item", "title", "share"}], "why": Message as a dict or None}`, best first. `because`
            are items of the history that speak for it; where there are none, `why` says why it is shown all the same.

        Raises
        ------
        DataError
            If both or neither of users and histories are given, or something else cannot be meant.
        ParameterError
            For lists far longer than there are items.
        """
        if (users is None) == (histories is None):
            raise DataError("Give either users or histories: known customers, or what new visitors have chosen.")
        bounds, k = bounds_of(difficulty), self.recommender._how_many(k)
        chosen = None if candidates is None else [self._item(one) for one in listed(candidates)]
        found = []
        for history in self._histories(users) if histories is None else histories_of(histories):
            history = self._known(history)
            items, scores = self._best(history, k, diversity, chosen, like, bounds)
            found.append(self._told(history, items, scores, like))
        return found

    @servable
    def similar(self, items: Sequence[Any], k: int = 10) -> list[list[dict]]:
        """The items most like each of these: a list of `{"item", "title", "score"}` for each, most alike first.

        Raises
        ------
        DataError
            For an item the model does not know.
        """
        ids, scores = self.recommender.similar_items(items, k)
        return [[self._entry(item, score) for item, score in zip(*row, strict=True) if item is not None]
                for row in zip(ids, scores, strict=True)]

    @servable
    def history(self, users: Sequence[Any], k: int = 20) -> list[list[dict]]:
        """What each customer has chosen, what counts most first: a list of at most k `{"item", "title", "weight"}`, empty if unknown."""
        k = self.recommender._how_many(k)
        return [
            [{"item": item, "title": self.title_of(item), "weight": round(weight, 6)}
             for item, weight in sorted(history.items(), key=lambda pair: -pair[1])[:k]]
            for history in self._histories(users)
        ]

    @servable
    def path(
        self, users: Sequence[Any] | None = None, histories: Sequence[Any] | None = None, k: int = 5, diversity: float = 0.0,
        reach: float | None = None,
    ) -> list[dict]:
        """The next k steps in order, what has to come before first, for each learner or history; see `paths.path_of`.

        Raises
        ------
        DataError
            For a learner the model does not know, or if both or neither of users and histories are given.
        """
        from bmcore.recommend.paths import path_of

        if (users is None) == (histories is None):
            raise DataError("Give either users or histories: known customers, or what new visitors have chosen.")
        k = self.recommender._how_many(k)
        for user in listed(users) if users is not None else ():
            if not self.knows(user):
                raise DataError("The table has no {user!r}. Choose somebody of it, or give what they have done.", user=str(user)[:60])
        given = self._histories(users) if histories is None else histories_of(histories)
        return [path_of(self, self._known(history), k, diversity, reach) for history in given]

    def items(self) -> list[dict]:
        """Every item: `{"item", "title", "about", "difficulty", "requires", "popularity"}`, the most popular first."""
        ids, listing, counts = self.recommender.item_ids_, self.listing, self.recommender.popularity_
        return [
            {
                "item": ids[at], "title": listing.titles[at], "about": listing.about[at],
                "difficulty": None if np.isnan(listing.difficulty[at]) else float(listing.difficulty[at]),
                "requires": [ids[one] for one in listing.requires.get(at, ())], "popularity": int(counts[at]),
            }
            for at in np.argsort(-counts, kind="stable").tolist()
        ]

    def title_of(self, item: Any) -> str:
        """What an item is called; its id where it has no name or is not known."""
        rows = self.recommender._item_rows()
        found = meant(item, rows)
        return str(item) if found is None else self.listing.titles[rows[found]]

    def knows(self, user: Any) -> bool:
        """Whether this customer was learned."""
        return meant(user, self.recommender._user_rows()) is not None

    def save(self, folder: str | Path) -> Path:
        """Write both parts, the recommender last: a folder without it is not a saved model."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        learned = self.recommender
        best = int(np.argmax(learned.popularity_))
        self.listing.save(folder, {"users": learned.user_ids_[:1].tolist(), "items": [learned.item_ids_[best]]})
        self.recommender.save(folder)
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> RecommenderModel:
        """Read what `save` wrote.

        Raises
        ------
        ModelError
            If it is something else, or damaged.
        """
        folder = Path(folder)
        recommender = Estimator.load(folder)
        if getattr(recommender, "task", "") != cls.task:
            raise ModelError("{folder} holds a {found}, which recommends nothing.", folder=str(folder), found=type(recommender).__name__)
        return cls(recommender, Listing.load(folder, len(recommender.item_ids_)))

    def _histories(self, users: Sequence[Any]) -> Iterator[dict]:
        """What each customer has chosen, with weights; nothing for an unknown one."""
        known, history, ids = self.recommender._user_rows(), self.recommender.history_, self.recommender.item_ids_
        for user in listed(users):
            found = meant(user, known)
            row = history[known[found]] if found is not None else None
            yield {} if row is None else {ids[at]: float(weight) for at, weight in zip(row.indices, row.data, strict=True)}

    def _known(self, history: Any) -> dict:
        """{item id: weight} of what the model knows of a history."""
        return known_of(history, self.recommender._item_rows())

    def _item(self, item: Any) -> Any:
        """The id as the model writes it; whatever else is given stays, and the recommender says what is wrong with it."""
        found = meant(item, self.recommender._item_rows())
        return item if found is None else found

    def _best(self, history: dict, k: int, diversity: float, candidates: list | None, like: dict | None, bounds: tuple | None):
        """(ids, scores) of at most k items, in the order shown."""
        pool = self._pool(history, candidates, bounds)
        if pool is not None and not len(pool):
            return [], []
        many = k if not diversity else min(max(_LEAST_POOL, _POOL_TIMES * k), max(k, _MOST_POOL))
        ids, scores = self.recommender.recommend_for(history, many, candidates=pool, like=None if history else like)
        real = [at for at, item in enumerate(ids) if item is not None and np.isfinite(scores[at])]
        ids, scores = ids[real], scores[real]
        if diversity:
            order = rules.diverse(np.arange(len(ids)), scores, self.alike(ids) if len(ids) else scores, k, diversity)
            ids, scores = ids[order], scores[order]
        return ids, scores

    def _pool(self, history: dict, candidates: list | None, bounds: tuple | None) -> list | None:
        """The items that may be shown, or None for all of them."""
        ids, rows, listing = self.recommender.item_ids_, self.recommender._item_rows(), self.listing
        if candidates is not None:
            known = [item for item in (meant(one, rows) for one in candidates) if item is not None]
            if not known:
                return candidates  # the recommender refuses them in a sentence
            candidates = known
        needing = list(listing.requires)
        ready = rules.allowed({rows[item] for item in history}, listing.requires, needing)
        if ready.all() and bounds is None:
            return candidates
        shown = np.ones(len(ids), dtype=bool)
        shown[np.array(needing, dtype=np.int64)[~ready]] = False
        if bounds is not None:
            shown &= rules.fits(listing.difficulty, *bounds)
        if candidates is not None:
            return [item for item in candidates if shown[rows[item]]]
        return ids[shown].tolist()

    def alike(self, ids: Sequence[Any]) -> np.ndarray:
        """How alike items are, each with each: (n, n) float32."""
        rows = self.recommender._item_rows()
        return rules.alike(cold.vectors(self.recommender, [rows[item] for item in ids]))

    def _told(self, history: dict, ids: Sequence[Any], scores: Sequence[float], like: dict | None) -> list[dict]:
        told = []
        for item, score in zip(ids, scores, strict=True):
            because, why = self._because(history, item, like)
            told.append({**self._entry(item, score), "because": because, "why": why})
        return told

    def _because(self, history: dict, item: Any, like: dict | None) -> tuple[list[dict], dict | None]:
        """(items of the history that speak for it, a sentence where there are none)."""
        learned = self.recommender
        if not history and like and learned.people_ is not None:
            return [], learned.people_.why(like).to_dict()
        reasons = learned.explain(history, item, REASONS)
        own = [one for one in reasons if one.item is not None]
        named = [{"item": one.item, "title": self.title_of(one.item), "share": round(one.share, 4)} for one in own]
        at = learned._item_rows()[item]
        described = cold.because(learned, at) if learned.content_ is not None and not learned.popularity_[at] else None
        why = described or next((one.why for one in reasons if one.why is not None), None)
        return named, why.to_dict() if why is not None and (described or not named) else None

    def _entry(self, item: Any, score: float) -> dict:
        return {"item": item, "title": self.title_of(item), "score": round(float(score), 6)}

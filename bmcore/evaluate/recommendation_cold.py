"""Do new items find their people: some items are taken out of the log altogether, and must be found by what is said of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.evaluate import ranking
from bmcore.evaluate.recommendation_lists import LONGEST, USERS_AT_ONCE, mean_interval
from bmcore.messages import Message

if TYPE_CHECKING:
    from bmcore.data.interactions import Interactions

SHARE, LEAST_ITEMS, MOST_SHARE = 0.1, 60, 1 / 3
SLOW = 60.0  # seconds of a fit, beyond which it is not done again for this
_MOST_USERS = 4000


def cold_start(
    recommender: Any, train: Interactions, items: Any, users: Any, seed: int, tell: Callable[[], None]
) -> tuple[dict | None, Message | None]:
    """How well items without any history are recommended, and a note where that could not be measured.

    A tenth of the described items (at least 60, at most a third) lose all their entries, a copy of the recommender is fitted on the rest,
    and the held-out items are ranked among themselves for users who had chosen one of them. All of them are ranked, but no other item:
    among those that everybody knows, a new one would be judged by how many rivals it has, not by whether it suits.

    Returns
    -------
    dict or None
        n_items, recall_20 (value, low, high), chance, n (users). None where nothing describes items, or they are too few.

    Notes
    -----
    One more fit, skipped where the first took over 60 s; at most 4,000 users.
    """
    if items is None or getattr(recommender, "content_", None) is None:
        return None, None
    if recommender.seconds_ > SLOW:
        return None, Message(
            "How well new items are recommended was not measured: it takes another training, and one took {seconds:.0f} s.",
            seconds=float(recommender.seconds_))
    cold = _chosen(train, items, seed)
    if cold is None:
        return None, Message("How well new items are recommended was not measured: too few items are both described and chosen.")
    start = time.perf_counter()
    held_out = np.zeros(train.n_items, bool)
    held_out[cold] = True
    left = ~held_out[train.items]
    model = getattr(recommender, "chosen_", recommender)  # what was left open stays decided
    again = type(model)(**model.get_params())
    again.fit(train.part(left), items=items, users=users, report=lambda *args, **kwargs: tell())
    values = _recalls(again, train, left, cold, seed, tell)
    if not len(values):
        return None, Message("How well new items are recommended was not measured: too few items are both described and chosen.")
    return {
        "n_items": len(cold), "recall_20": mean_interval(values, seed), "chance": min(1.0, LONGEST / len(cold)), "n": len(values),
        "seconds": round(time.perf_counter() - start, 3),
    }, None


def _chosen(train: Interactions, items: Any, seed: int) -> np.ndarray | None:
    """Positions of the items that are held out."""
    # an identifier that stands in for a title says nothing
    words = (items["about"].astype(str).str.strip() != "") | (items["title"].astype(str) != items["item"].astype(str))
    described = set(items["item"][words].tolist())
    told = np.array([one in described for one in train.item_ids], bool)
    able = np.flatnonzero(told & (np.bincount(train.items, minlength=train.n_items) > 0))
    many = max(LEAST_ITEMS, round(SHARE * len(able)))
    if many > MOST_SHARE * len(able):
        return None
    return np.sort(np.random.default_rng([seed, 1]).permutation(able)[:many])


def _recalls(again: Any, train: Interactions, left: np.ndarray, cold: np.ndarray, seed: int, tell: Callable[[], None]) -> np.ndarray:
    """Recall@20 of each user who had a held-out item and has something else left."""
    import pandas as pd

    rest, gone = train.part(left), train.part(~left)
    able = np.flatnonzero(np.bincount(rest.users, minlength=train.n_users) * np.bincount(gone.users, minlength=train.n_users))
    able = np.sort(np.random.default_rng([seed, 2]).permutation(able)[:_MOST_USERS])
    relevant, place = gone.csr(binary=True)[able], pd.Index(train.item_ids, dtype=object)
    lists = np.full((len(able), LONGEST), -1, np.int64)
    for first in range(0, len(able), USERS_AT_ONCE):
        asked = train.user_ids[able[first : first + USERS_AT_ONCE]]
        ids, _ = again.recommend(asked, k=LONGEST, candidates=train.item_ids[cold].tolist())
        lists[first : first + USERS_AT_ONCE] = place.get_indexer(ids.ravel()).reshape(ids.shape)
        tell()
    return ranking.recall(ranking.hits(lists, relevant), np.diff(relevant.indptr), LONGEST)

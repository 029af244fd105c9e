"""Do new items find their people: some items are taken out of the log altogether, and must be found by what is said of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.evaluate import ranking
from bmcore.evaluate.intervals import _middle
from bmcore.evaluate.recommendation_lists import LONGEST
from bmcore.messages import Message

if TYPE_CHECKING:
    import scipy.sparse

    from bmcore.data.interactions import Interactions

SHARE, LEAST_ITEMS, MOST_SHARE = 0.1, 60, 1 / 3
SLOW = 60.0  # seconds of a fit, beyond which it is not done again for this
_MOST_USERS = 4000
_SHUFFLES, _RESAMPLES = 200, 500
_LOOKED_AT = 3 * LONGEST  # places: where a held-out item is drawn twice or not at all, the first 20 reach further down


def cold_start(
    recommender: Any, train: Interactions, items: Any, users: Any, seed: int, tell: Callable[[], None]
) -> tuple[dict | None, Message | None]:
    """How well items without any history are recommended, and a note where that could not be measured.

    A tenth of the described items (at least 60, at most a third) lose all their entries, a copy of the recommender is fitted on the rest,
    and the held-out items are ranked among themselves for users who had chosen one of them. All of them are ranked, but no other item:
    among those that everybody knows, a new one would be judged by how many rivals it has, not by whether it suits. Equal scores are
    put in an order of chance for each user.

    Returns
    -------
    dict or None
        n_items, recall_20 (value, low, high), chance, shuffled (value, low, high), n (users). None where nothing describes items, or they
        are too few. `shuffled` is the same test with the descriptions of the held-out items shuffled among them, 200 times: its mean,
        which `chance` repeats, and the middle 95 % of its values.

    Notes
    -----
    One more fit, skipped where the first took over 60 s; at most 4,000 users. The score of an item without a history depends on nothing of
    it but its description, so a shuffle of descriptions is one of columns, and takes no fit.
    A few popular items among the held-out ones decide much, so the interval is of 500 resamples of users and of held-out items at once,
    the lists made anew from the items that were drawn. One of users alone was three to six times too narrow.

    References
    ----------
    Owen, The pigeonhole bootstrap (2007), for resamples of both sides of a table.
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
    ranked, relevant = _ranked(again, train, left, cold, seed, tell)
    if not len(ranked):
        return None, Message("How well new items are recommended was not measured: too few items are both described and chosen.")
    shuffled = _shuffled(ranked, relevant, seed)
    return {
        "n_items": len(cold), "recall_20": _resampled(ranked, relevant, seed, tell), "chance": shuffled["value"], "shuffled": shuffled,
        "n": len(ranked), "seconds": round(time.perf_counter() - start, 3),
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


def _ranked(
    again: Any, train: Interactions, left: np.ndarray, cold: np.ndarray, seed: int, tell: Callable[[], None]
) -> tuple[np.ndarray, scipy.sparse.csr_matrix]:
    """The first held-out items for each user who had one and has something else left, and which they had: (n, 60) and (n, n_cold).

    Positions are in `cold`; -1 where there are fewer items of which anything is known.
    """
    import pandas as pd

    rest, gone = train.part(left), train.part(~left)
    able = np.flatnonzero(np.bincount(rest.users, minlength=train.n_users) * np.bincount(gone.users, minlength=train.n_users))
    draw = np.random.default_rng([seed, 2])
    able = np.sort(draw.permutation(able)[:_MOST_USERS])
    rows = pd.Index(again.user_ids_, dtype=object).get_indexer(train.user_ids[able])
    columns = pd.Index(again.item_ids_, dtype=object).get_indexer(train.item_ids[cold])
    found = np.full((len(able), min(_LOOKED_AT, len(cold))), -1, np.int64)
    for first, last in again._blocks(len(able)):
        found[first:last] = _best(again.scores(again.history_[rows[first:last]])[:, columns], found.shape[1], draw)
        tell()
    return found, gone.csr(binary=True)[able][:, cold]


def _best(scores: np.ndarray, k: int, draw: np.random.Generator) -> np.ndarray:
    """Places of the k largest of each row, equal ones in an order of chance, -1 for what has no score."""
    mixed = draw.permuted(np.broadcast_to(np.arange(scores.shape[1]), scores.shape), axis=1)
    places = np.argsort(-np.take_along_axis(scores, mixed, axis=1), axis=1, kind="stable")[:, :k]
    places = np.take_along_axis(mixed, places, axis=1)
    return np.where(np.isfinite(np.take_along_axis(scores, places, axis=1)), places, -1)


def _shuffled(ranked: np.ndarray, relevant: scipy.sparse.csr_matrix, seed: int) -> dict[str, float]:
    """Mean recall@20 with descriptions shuffled: what stands in a list is another item then, the same one for everybody."""
    from scipy import sparse

    n, many = relevant.shape
    lists = ranked[:, :LONGEST]
    rows = np.repeat(np.arange(n), (lists >= 0).sum(axis=1))
    listed = sparse.csr_matrix((np.ones(len(rows)), (rows, lists[lists >= 0])), shape=(n, many))
    share = sparse.diags(1 / np.diff(relevant.indptr)) @ relevant
    together = (listed.T @ share).tocoo()  # the share of recall when the description in the row is of the item in the column
    draw, means = np.random.default_rng([seed, 3]), []
    for _ in range(_SHUFFLES):
        item = draw.permutation(many)
        means.append(together.data[item[together.row] == together.col].sum() / n)
    low, high = _middle(np.array(means))
    return {"value": float(np.mean(means)), "low": low, "high": high}


def _resampled(ranked: np.ndarray, relevant: scipy.sparse.csr_matrix, seed: int, tell: Callable[[], None]) -> dict[str, float]:
    """Mean recall@20, with the 95 % interval of resamples of users and of items."""
    n, many = relevant.shape
    right = ranking.hits(ranked, relevant)
    value = ranking.recall(right, np.diff(relevant.indptr), LONGEST).mean()
    draw, means = np.random.default_rng([seed, 4]), []
    for _ in range(_RESAMPLES):
        times = np.bincount(draw.integers(0, many, many), minlength=many)
        drawn = np.where(ranked >= 0, times[ranked], 0)
        room = np.maximum(LONGEST - (np.cumsum(drawn, axis=1) - drawn), 0)
        counts = relevant @ times
        users = np.bincount(draw.integers(0, n, n), minlength=n) * (counts > 0)
        if users.any():
            means.append(users @ ((np.minimum(drawn, room) * right).sum(axis=1) / np.maximum(counts, 1)) / users.sum())
        tell()
    low, high = _middle(np.array(means))
    return {"value": float(value), "low": low, "high": high}

"""What a page shows of an evaluation beside the numbers: some people with their lists, the popular items, quality by length of history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.evaluate.recommendation_lists import Answers, Asked, mean_interval

if TYPE_CHECKING:
    from bmcore.data.interactions import Interactions

_EXAMPLES, _HISTORY, _HELD_OUT, _POPULAR, _GROUPS = 10, 10, 20, 20, 4


def titles(who: Asked, items: Any = None) -> list[str]:
    """What people call each item; the identifier where nothing is known."""
    known = {} if items is None else dict(zip(items["item"].tolist(), items["title"].tolist(), strict=True))
    return [str(known.get(one) or one) for one in who.items]


def examples(ours: Answers, who: Asked, train: Interactions, test: Interactions, names: list[str], seed: int) -> list[dict]:
    """Ten people drawn by lot, good and bad: what they had, what was recommended, what they really chose."""
    rows = np.random.default_rng([seed, 3]).permutation(len(who.users))[:_EXAMPLES]
    return [{
        "user": who.ids[row],
        "history": [names[one] for one in _latest(train, who.users[row], _HISTORY)],
        "recommended": [
            {"title": names[one], "hit": bool(hit)}
            for one, hit in zip(ours.lists[row, :10], ours.found[row, :10], strict=True) if one >= 0
        ],
        "held_out": [names[one] for one in _latest(test, who.users[row], _HELD_OUT)],
    } for row in rows.tolist()]


def _latest(log: Interactions, user: int, most: int) -> np.ndarray:
    """Items of a user, the latest first, or the weightiest where no time is known."""
    rows = np.flatnonzero(log.users == user)
    order = np.argsort(-(log.weights if log.times is None else log.times)[rows], kind="stable")
    return log.items[rows[order[:most]]]


def popular(who: Asked, names: list[str]) -> list[dict]:
    """The items that most users of the training part have."""
    best = np.argsort(-who.users_per_item, kind="stable")[:_POPULAR]
    return [
        {"item": who.items[one], "title": names[one], "n": int(who.users_per_item[one]),
         "share": float(who.users_per_item[one] / who.n_train_users)}
        for one in best.tolist() if who.users_per_item[one]
    ]


def by_history(ours: Answers, best: Answers, who: Asked, seed: int) -> list[dict]:
    """NDCG@10 of people with a short history and with a long one, about a quarter of them in each group."""
    cuts = np.unique(np.quantile(who.known, np.arange(1, _GROUPS) / _GROUPS, method="higher"))
    group = np.searchsorted(cuts, who.known, side="left")
    out = []
    for one in np.unique(group):
        rows = group == one
        out.append({
            "low": int(who.known[rows].min()), "high": int(who.known[rows].max()), "n": int(rows.sum()),
            "ndcg_10": mean_interval(ours.each["ndcg_10"][rows], seed), "baseline": float(best.each["ndcg_10"][rows].mean()),
        })
    return out

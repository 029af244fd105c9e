"""Why an item is recommended: which of the user's items speak for it, or a sentence where none does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bmcore.messages import Message


@dataclass(frozen=True)
class Reason:
    """One of the user's items that speaks for a recommendation, and its share of all that does; or only a sentence."""

    item: Any = None
    share: float = 0.0
    why: Message | None = None


def reasons(recommender: Any, row: Any, position: int, k: int) -> list[Reason]:
    """At most k reasons for one item, the strongest first; `row` is a history, csr of one row."""
    if row.nnz:
        parts = shares(recommender, row, position)
        order = np.lexsort((row.indices, -parts))[:k]
        found = [Reason(recommender.item_ids_[row.indices[at]], float(parts[at])) for at in order if parts[at] > 0]
        if found:
            return found
    return [Reason(why=_sentence(recommender, position))]


def shares(recommender: Any, row: Any, position: int) -> np.ndarray:
    """Part of each item of a history in all that speaks for an item: (h,) float64 that sum to 1, or zeros."""
    if recommender.content_ is not None:
        from bmcore.recommend import cold

        added = cold.contributions(recommender, row, position)
    else:
        added = recommender._contributions(row, position)
    positive = np.maximum(np.asarray(added, dtype=np.float64), 0)
    total = positive.sum()
    return positive / total if total > 0 else positive


def _sentence(recommender: Any, position: int) -> Message:
    n = int(recommender.popularity_[position])
    if not n and recommender.content_ is not None:
        from bmcore.recommend import cold

        return cold.because(recommender, position)
    return Message("Chosen by {n} of {total} users.", n=n, total=len(recommender.user_ids_))

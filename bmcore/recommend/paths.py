"""The next steps of one learner: what is worth aiming at, what has to come before it, and how hard it is.

    path_of(model, {"sums": 1.0}, k=5, diversity=0.0, reach=0.25)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.recommend import rules
from bmcore.recommend.order import Step, level_of, path, standing

if TYPE_CHECKING:
    from bmcore.recommend.model import RecommenderModel

MOST_VARIED = 300  # of the best items: variety compares each with each
MOST_TITLES, REASONS = 12, 3


def path_of(model: RecommenderModel, history: dict[Any, float], k: int, diversity: float, reach: float | None) -> dict[str, Any]:
    """The next k steps after a history {item: weight}, each with what speaks for it, what it requires and how hard it is.

    `reach` is how far from the level reached a step may lie, as a share of the difference between the easiest and the hardest item.
    Gives `{"steps": [{"item", "title", "difficulty", "requires": [{"item", "title", "step"}], "toward", "because", "why"}],
    "done": {"n", "titles"}, "level", "difficulty": [lowest, highest] or None, "ordered": whether anything requires anything}`.
    Cost: the scores of every item and the reasons of k of them, some milliseconds.
    """
    ids, listing = model.recommender.item_ids_, model.listing
    requires = {ids[at]: [ids[one] for one in before] for at, before in listing.requires.items()}
    known = np.flatnonzero(np.isfinite(listing.difficulty))
    difficulty = {ids[at]: float(listing.difficulty[at]) for at in known}
    span = [min(difficulty.values()), max(difficulty.values())] if difficulty else None
    width = reach * (span[1] - span[0]) if span and reach else None
    aims = _aims(model, history, diversity, _fitting(history, difficulty, width))
    steps = path(aims, requires, difficulty, history, k, width)
    place = {step.item: number for number, step in enumerate(steps, 1)}
    return {
        "steps": [_told(model, step, history, requires.get(step.item, ()), difficulty, place) for step in steps],
        "done": {"n": len(history), "titles": [model.title_of(item) for item in list(history)[:MOST_TITLES]]},
        "level": level_of([difficulty[item] for item in history if item in difficulty]),
        "difficulty": span,
        "ordered": bool(requires),
    }


def _fitting(history: dict, difficulty: dict, width: float | None) -> Callable[[Any], bool]:
    """Whether an item is about as difficult as the learner can take now."""
    level = None if width is None else standing(history, difficulty)
    if level is None:
        return lambda item: True
    return lambda item: abs(difficulty.get(item, level) - level) <= width


def _aims(model: RecommenderModel, history: dict, diversity: float, fitting: Callable[[Any], bool]) -> dict:
    """Item -> how much it is worth aiming at, also where something is still missing before it."""
    ids, scores = model.recommender.recommend_for(history, len(model.recommender.item_ids_))
    real = [at for at, item in enumerate(ids) if item is not None and np.isfinite(scores[at])]
    if not diversity or not real:
        return {ids[at]: float(scores[at]) for at in real}
    real = sorted(sorted(real, key=lambda at: not fitting(ids[at]))[:MOST_VARIED])  # else popular ones, far too hard, might be all
    order = rules.diverse(real, scores[real], model.alike(ids[real]), len(real), diversity)
    return {ids[at]: float(len(order) - rank) for rank, at in enumerate(order)}


def _told(model: RecommenderModel, step: Step, history: dict, needs: Any, difficulty: dict, place: dict) -> dict:
    reasons = model.recommender.explain(history, step.item, REASONS)
    named = [{"title": model.title_of(one.item), "share": round(one.share, 4)} for one in reasons if one.item is not None]
    why = next((one.why for one in reasons if one.why is not None), None)
    return {
        "item": step.item,
        "title": model.title_of(step.item),
        "difficulty": difficulty.get(step.item),
        # the step of this path at which it is done; None where it was done before
        "requires": [{"item": need, "title": model.title_of(need), "step": place.get(need)} for need in needs],
        "toward": model.title_of(step.toward) if step.toward != step.item else None,
        "because": named,
        "why": why.to_dict() if why is not None and not named else None,
    }

"""The path of one learner, worked out in a process of its own: `python -m bmcore.ui.learning_compute` reads a request, answers on stdout.

The order of a path needs every item's score, what it requires and how hard it is at once, which a list of recommendations does not
hold. This file imports no streamlit.

    {"run", "user": id or "done": [ids], "k": 5, "diversity": 0.0, "reach": 0.25 | null}
    {"steps": [{"item", "title", "difficulty", "requires": [{"item", "title", "step"}], "toward", "because", "why"}],
     "done": {"n", "titles"}, "level", "difficulty": [lowest, highest] | null, "ordered": whether anything requires anything}
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np

from bmcore.errors import BmcoreError, DataError
from bmcore.messages import Message

MOST_AIMS = 300  # of the best items: a path of a few steps goes no further
MOST_TITLES, REASONS = 12, 3
WAIT_S = 120


def ask(request: dict) -> dict:
    """Start the process and return its answer.

    Raises
    ------
    DataError
        With the sentence that the computing gave, or if it took too long or died.
    """
    from bmcore.home import home
    from bmcore.runs.launch import environment

    command, sent = [sys.executable, "-m", "bmcore.ui.learning_compute"], json.dumps(request).encode()
    try:
        done = subprocess.run(command, input=sent, capture_output=True, timeout=WAIT_S, check=False, cwd=home(), env=environment())
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise DataError("The path could not be worked out: the model is damaged, or the memory of this computer too small.") from error
    if "error" in found:
        raise DataError(Message.from_dict(found["error"]))
    return found


def answer(request: dict) -> dict:
    """The computing itself."""
    from bmcore import runs
    from bmcore.recommend.model import RecommenderModel

    folder = runs.get(request["run"]).model_folder
    if folder is None:
        raise DataError("This run has no model. Start a new one.")
    model = RecommenderModel.load(folder)
    history = _history_of(model, request["user"]) if request.get("user") is not None else _chosen(model, request.get("done") or [])
    return path_of(model, history, request["k"], request["diversity"], request.get("reach"))


def path_of(model: Any, history: dict, k: int, diversity: float, reach: float | None) -> dict:
    """The next k steps after a history {item: weight}, each with what speaks for it, what it requires and how hard it is.

    `reach` is how far from the level reached a step may lie, as a share of the difference between the easiest and the hardest item.
    """
    from bmcore.recommend.order import level_of, path

    ids, listing = model.recommender.item_ids_, model.listing
    requires = {ids[at]: [ids[one] for one in before] for at, before in listing.requires.items()}
    known = np.flatnonzero(np.isfinite(listing.difficulty))
    difficulty = {ids[at]: float(listing.difficulty[at]) for at in known}
    span = [min(difficulty.values()), max(difficulty.values())] if difficulty else None
    width = reach * (span[1] - span[0]) if span and reach else None
    steps = path(_aims(model, history, diversity), requires, difficulty, history, k, width)
    place = {step.item: number for number, step in enumerate(steps, 1)}
    return {
        "steps": [_told(model, step, history, requires.get(step.item, ()), difficulty, place) for step in steps],
        "done": {"n": len(history), "titles": [model.title_of(item) for item in list(history)[:MOST_TITLES]]},
        "level": level_of([difficulty[item] for item in history if item in difficulty]),
        "difficulty": span,
        "ordered": bool(requires),
    }


def _aims(model: Any, history: dict, diversity: float) -> dict:
    """Item -> how much it is worth aiming at, also where something is still missing before it."""
    from bmcore.recommend import rules

    ids, scores = model.recommender.recommend_for(history, min(MOST_AIMS, len(model.recommender.item_ids_)))
    real = [at for at, item in enumerate(ids) if item is not None and np.isfinite(scores[at])]
    if not diversity or not real:
        return {ids[at]: float(scores[at]) for at in real}
    order = rules.diverse(real, scores[real], model.alike(ids[real]), len(real), diversity)
    return {ids[at]: float(len(order) - rank) for rank, at in enumerate(order)}


def _told(model: Any, step: Any, history: dict, needs: Any, difficulty: dict, place: dict) -> dict:
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


def _history_of(model: Any, user: Any) -> dict:
    """What a learner of the table has done, with weights."""
    learned = model.recommender
    rows = {one: at for at, one in enumerate(learned.user_ids_)}
    others = (user, str(user), *([int(user)] if isinstance(user, str) and user.isdigit() and len(user) < 19 else []))
    found = next((rows[one] for one in others if one in rows), None)
    if found is None:
        raise DataError("The table has no {user!r}. Choose somebody from the list, or tick what they have done.", user=str(user)[:60])
    row = learned.history_[found]
    return {learned.item_ids_[at]: float(weight) for at, weight in zip(row.indices, row.data, strict=True)}


def _chosen(model: Any, done: list) -> dict:
    """What was ticked, of what the model knows."""
    known = set(model.recommender.item_ids_)
    return {item: 1.0 for item in done if item in known}


def main() -> None:
    try:
        found = answer(json.load(sys.stdin))
    except BmcoreError as error:
        found = {"error": error.message.to_dict()}
    sys.stdout.write(json.dumps(found, ensure_ascii=True, default=lambda value: value.item() if hasattr(value, "item") else str(value)))


if __name__ == "__main__":
    main()

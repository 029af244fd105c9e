"""The whole evaluation of a recommender: on what users did that it was not told, against what is popular and a simple rule.

    parts = split_log(log)
    evaluation = evaluate(EASE().fit(parts.train), parts.train, parts.test)

The result is plain JSON: what a page draws and what `evaluation.json` holds. Every item of the catalogue is ranked for every user,
and what a user had before is left out, since nobody needs it recommended.
"""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.data.identifiers import meant
from bmcore.data.split_log import new_codes, refuse_leak
from bmcore.errors import DataError
from bmcore.evaluate import recommendation_shown as shown
from bmcore.evaluate.recommendation_cold import cold_start
from bmcore.evaluate.recommendation_lists import METRICS, USERS_AT_ONCE, Answers, Asked, Resampled, answer, asked
from bmcore.evaluate.recommendation_verdict import Side, judge
from bmcore.evaluate.verdict import Difference

if TYPE_CHECKING:
    from bmcore.data.interactions import Interactions

BASELINES = ("Popularity", "ItemKNN")


def evaluate(
    recommender: Any, train: Interactions, test: Interactions, *, seed: int = 0, report: Callable | None = None, items: Any = None,
    users: Any = None,
) -> dict:
    """Measure a recommender that was fitted on `train`, and the baselines, on `test`.

    Use it when a recommender is fitted and you want to know whether it is worth having.

    Parameters
    ----------
    recommender : Recommender
        Fitted on `train` and nothing else.
    train, test : Interactions
        Two parts of one log, with the same positions of users and items, as `split_log` makes them: in `train`, nothing of what
        came after the test began counts, not even that something was bought again.
    seed : int
        The same seed gives the same result.
    report : callable, optional
        `report(step, total, phase="evaluate")`; may raise `Cancelled`.
    items, users : pandas.DataFrame, optional
        What `catalogue` and `traits` gave. With items, people read titles, and a cold start is measured.

    Returns
    -------
    dict
        JSON: sizes, split, model, baselines, difference (to the baseline with the best NDCG@10), verdict, by_history, cold, examples,
        popular, why and choice (of AutoRecommender), notes, seconds. NDCG, recall, MAP and hit rate are means over the users with entries
        in both parts, with 95 % intervals of a bootstrap over users; that of the difference is paired. Users without a history
        are counted in `new_users_in_test` and not scored. A recommender that is a baseline, settings and all, is not compared with itself.

    Raises
    ------
    DataError
        If an entry of the test is in the training part or in what the recommender learned, if the training part counts events from after
        the border of a split in time, or if nobody can be asked.

    Notes
    -----
    One list of 20 a user and model, in blocks; beside the recommender's own memory about 1 kB a user. ML-100K takes a few seconds.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmcore.data.interactions import read_interactions
    >>> from bmcore.data.split_log import split_log
    >>> from bmcore.recommend.popularity import Popularity
    >>> table = pd.DataFrame({"user": list("aaabbbccc"), "item": [1, 2, 3, 1, 2, 4, 2, 3, 4]})
    >>> log = read_interactions(table, user="user", item="item")
    >>> parts = split_log(log)
    >>> found = evaluate(Popularity().fit(parts.train), parts.train, parts.test)
    >>> found["n_test_users"], found["verdict"]["kind"]
    (3, 'not_proven')
    """
    refuse_leak(train, test)
    refuse_future(train, test)
    refuse_learned(recommender, test)
    start = time.perf_counter()
    who = asked(train, test, items)
    rivals = [name for name in BASELINES if not _is_baseline(recommender, name)]
    blocks = math.ceil(len(who.ids) / USERS_AT_ONCE)
    steps = _Steps(report, blocks + len(rivals) * (blocks + 1) + 2)
    ours = answer(recommender, "", who, steps.done)
    theirs = [_baseline(name, train, who, steps) for name in rivals]
    result = {**_sizes(train, test, who), **_compared(recommender, ours, theirs, who, seed)}
    steps.done()
    cold, note = cold_start(recommender, train, items, users, seed, steps.again)
    names = shown.titles(who, items)
    best = next(one for one, _ in theirs if one.name == result["difference"]["against"])
    steps.end()
    return {
        **result, "by_history": shown.by_history(ours, best, who, seed), "cold": cold,
        "examples": shown.examples(ours, who, train, test, names, seed), "popular": shown.popular(who, names),
        **_choice(recommender), "notes": [] if note is None else [note.to_dict()],
        "seconds": {"fit": round(float(recommender.seconds_), 3), "recommend": round(ours.seconds, 3),
                    "evaluate": round(time.perf_counter() - start, 3)},
    }


def refuse_future(train: Interactions, test: Interactions) -> None:
    """Raise DataError if pairs were split in time by their first event, and those of the training part count later ones too."""
    split = _split(train, test)
    if split["kind"] == "time" and train.times is not None and (late := train.times >= _first(test).min()).any():
        raise DataError(
            "{n:,} entries of the training part count events from after {at}, when the test begins: what was bought or rated again shows "
            "what people want later. Split the log with split_log, which merges the training part anew.",
            n=int(late.sum()), at=split["at"],
        )


def refuse_learned(recommender: Any, test: Interactions) -> None:
    """Raise DataError if a recommender was told an entry of the test, whose ids it may have read as text or as numbers."""
    rows, columns = (
        _places(learned, ids)[codes]
        for learned, ids, codes in (
            (recommender.user_ids_, test.user_ids, test.users), (recommender.item_ids_, test.item_ids, test.items))
    )
    known = np.flatnonzero((rows >= 0) & (columns >= 0))
    told = known[np.asarray(recommender.history_[rows[known], columns[known]]).ravel() != 0] if len(known) else known
    if len(told):
        raise DataError(
            "This recommender was told {n:,} entries of the test, such as {user} with {item}, so the test would only show what it learned "
            "by heart. Fit it on the training part alone.",
            n=len(told), user=str(test.user_ids[test.users[told[0]]])[:60], item=str(test.item_ids[test.items[told[0]]])[:60],
        )


def _places(learned: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Where each id is among those learned, -1 where it is not."""
    known = {one: place for place, one in enumerate(learned.tolist())}
    return np.array([known.get(meant(one, known), -1) for one in ids.tolist()], np.int64)


class _Steps:
    """Counts blocks of users and fits, each a chance to stop."""

    def __init__(self, report: Callable | None, total: int):
        self._report, self._step, self._total = report, 0, total

    def done(self) -> None:
        self._step = min(self._step + 1, self._total - 1)
        self.again()

    def again(self, *_: Any, **__: Any) -> None:
        if self._report:
            self._report(self._step, self._total, phase="evaluate")

    def end(self) -> None:
        self._step = self._total
        self.again()


def _kind(recommender: Any) -> str:
    """Name of the algorithm, that which was chosen where it was left open."""
    return type(getattr(recommender, "chosen_", recommender)).__name__


def _is_baseline(recommender: Any, name: str) -> bool:
    """Whether this is that baseline itself: the same algorithm with its default settings."""
    chosen = getattr(recommender, "chosen_", recommender)
    return _kind(recommender) == name and chosen.get_params() == type(chosen)().get_params()


def _choice(recommender: Any) -> dict:
    why = getattr(recommender, "why_", None)
    return {"why": None if why is None else why.to_dict(), "choice": _kind(recommender) if hasattr(recommender, "chosen_") else None}


def _baseline(name: str, train: Interactions, who: Asked, steps: _Steps) -> tuple[Answers, float]:
    """A baseline's answers, and the seconds of its fit."""
    from bmcore.recommend.itemknn import ItemKNN
    from bmcore.recommend.popularity import Popularity

    fitted = {"ItemKNN": ItemKNN, "Popularity": Popularity}[name]().fit(train, report=steps.again)
    steps.done()
    return answer(fitted, name, who, steps.done), float(fitted.seconds_)


def _sizes(train: Interactions, test: Interactions, who: Asked) -> dict:
    pairs, cells = len(train) + len(test), train.n_users * train.n_items
    return {
        "task": "recommendation", "metric": "ndcg_10", "n_users": train.n_users, "n_items": train.n_items, "n_interactions": pairs,
        "density": pairs / cells, "n_test_users": len(who.ids), "n_test": int(who.counts.sum()),
        "new_items_in_test": new_codes(train.items, test.items, train.n_items),
        "new_users_in_test": new_codes(train.users, test.users, train.n_users), "split": _split(train, test),
    }


def _split(train: Interactions, test: Interactions) -> dict:
    """How the parts were made, as their times tell it."""
    share = len(test) / (len(train) + len(test))
    before, after = _first(train), _first(test)
    if before is None or after is None or not before.max() < after.min():
        return {"kind": "per_user", "at": None, "test": share}
    at = datetime.datetime.fromtimestamp(float(after.min()), datetime.UTC).replace(tzinfo=None)
    return {"kind": "time", "at": at.isoformat(timespec="seconds"), "test": share}


def _first(log: Interactions) -> np.ndarray | None:
    return log.times if log.first is None else log.first


def _compared(recommender: Any, ours: Answers, theirs: list[tuple[Answers, float]], who: Asked, seed: int) -> dict:
    everyone = [ours, *(one for one, _ in theirs)]
    means = Resampled(everyone, seed)
    best = max((one for one, _ in theirs), key=lambda one: one.each["ndcg_10"].mean())
    difference = means.difference("", best.name, "ndcg_10")
    kind, message = judge(_side(ours), _side(best), best.name, Difference(**difference), len(who.ids))
    return {
        "model": _scored(_kind(recommender), ours, means, float(recommender.seconds_)),
        "baselines": [_scored(one.name, one, means, seconds) for one, seconds in theirs],
        "difference": {"against": best.name, "metric": "ndcg_10", **difference},
        "verdict": {"kind": kind, "message": message.to_dict()},
    }


def _side(answers: Answers) -> Side:
    return Side(float(answers.each["ndcg_10"].mean()), float(answers.found[:, :10].sum(axis=1).mean()))


def _scored(name: str, answers: Answers, means: Resampled, seconds: float) -> dict:
    scores = {metric: means.interval(answers.name, metric) for metric in METRICS}
    whole = {metric: {"value": value} for metric, value in answers.whole.items()}
    return {"name": name, **scores, **whole, "right_10": {"value": _side(answers).right}, "seconds": round(seconds, 3)}

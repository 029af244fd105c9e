"""Does a search of past answers find the right one? Known-answer test, with intervals, beside counting words and beside no search at all.

Each question is asked of all the others. An answer is right if it equals, apart from case and punctuation, one that people gave to this
question. Only questions whose answer was also given to another question can be judged so: how many these are is part of the result, and
below 30 nothing is claimed. Where the way of searching was chosen by measuring, each part of the questions is judged with the way that
the other parts choose, so no question has a say in how it is itself answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bmcore.evaluate import answers_verdict
from bmcore.evaluate.answers_topics import topics_found
from bmcore.text import answers_choice
from bmcore.text.answers_memory import Memory

MOST = 2000  # questions asked: more narrow an interval little
RESAMPLES = 2000
MEASURES = ("mrr", "recall_1", "recall_5")
BM25, FREQUENT = "BM25", "Most frequent answer"


def evaluate(
    search: Any, topics: Sequence[str] | None = None, *, test: float = 0.2, seed: int = 0, report: Callable[..., None] | None = None,
) -> dict[str, Any]:
    """Judge a fitted AnswerSearch on the pairs that it holds.

    Use it before anybody relies on the answers that a search finds.

    Parameters
    ----------
    search : AnswerSearch
    topics : sequence of str, optional
        The topic of each pair: then it is also counted how many of the answers found are of the question's own topic.
    test : float, default 0.2
        Share of the questions that is judged with a way of searching chosen on the others.
    seed : int
    report : callable, optional

    Returns
    -------
    dict
        `{"task", "metric", "n_pairs", "n_questions", "n_answers", "n_judges", "n_judged", "model", "baselines", "difference", "verdict",
        "why", "tried", "topics", "examples", "seconds"}`; measures are {"value", "low", "high"}, None where nothing can be judged.

    Notes
    -----
    Time: at most 2,000 questions in three ways, about 25 ms each among 100,000 pairs. Memory: 32 scores a different question.

    Examples
    --------
    >>> from bmcore.text.answers import AnswerSearch
    >>> search = AnswerSearch(method="words").fit(["late parcel", "parcel lost", "pay by card"], ["Sorry!", "Sorry!", "Yes."])
    >>> found = evaluate(search)
    >>> found["n_judged"], found["model"]["mrr"]["value"], found["verdict"]["kind"]
    (2, 1.0, 'not_judged')
    """
    began = time.monotonic()
    report = report or (lambda *_, **__: None)
    memory = search.memory_
    able = answers_choice.judges(memory)
    asked = answers_choice.some(able, MOST, seed)
    ways = ("words",) if search.vectors_ is None else ("words", "meaning", "both")
    others = np.empty(0, np.int64) if topics is None else answers_choice.some(np.arange(len(memory.first)), MOST, seed)
    every = np.union1d(asked, others)
    found = answers_choice.ask(memory, every, ways, lambda step, total: report(step, total, phase="evaluate"))
    at = np.searchsorted(every, asked)
    way = _ways(search, {name: ranks[at] for name, ranks in found.ranks.items()}, test, seed)
    ours = np.array([found.ranks[name][i] for name, i in zip(way, at, strict=True)], dtype=float)
    rivals = {BM25: found.ranks["words"][at], FREQUENT: _frequent(memory, asked)}
    scored = _scored(ours, rivals, len(able), len(memory.first), search.method_, seed)
    return {
        "task": "answers", "metric": "mrr", "n_pairs": len(memory.place), "n_questions": len(memory.first),
        "n_answers": int(memory.said.max()) + 1, "n_judges": len(able), "n_judged": len(asked), **scored,
        "why": search.why_.to_dict(), "tried": search.tried_,
        "topics": None if topics is None else topics_found(memory, list(topics), found, search.method_, others, seed),
        "examples": _examples(search, memory, found, every, able, seed),
        "seconds": {"fit": round(search.seconds_, 3), "evaluate": round(time.monotonic() - began, 3)},
    }


def _ways(search: Any, ranks: dict[str, np.ndarray], test: float, seed: int) -> list[str]:
    """The way by which each question is judged: where one was chosen by measuring, that of the questions outside its own part."""
    n = len(ranks["words"])
    if search.method != "auto":
        return [search.method_] * n
    parts = max(2, round(1 / test))
    part = np.random.default_rng(seed).permutation(n) % parts
    chosen = [
        answers_choice.choose({name: values[part != one] for name, values in ranks.items()}, search.unknown_)[0] for one in range(parts)
    ]
    return [chosen[one] for one in part]


def _frequent(memory: Memory, asked: np.ndarray) -> np.ndarray:
    """Rank of the first right answer where all answers stand by how many other questions they were given to; ties in the middle."""
    pairs = np.unique(np.stack([memory.said, memory.place], axis=1), axis=0)
    times = np.bincount(pairs[:, 0]).astype(float)
    ranks = np.empty(len(asked))
    for i, place in enumerate(asked.tolist()):
        own = np.unique(memory.said[memory.rows_of(place)])
        times[own] -= 1
        best = times[own].max()
        ranks[i] = (times > best).sum() + (1 + (times == best).sum()) / 2
        times[own] += 1
    return ranks


def _scored(
    ours: np.ndarray, rivals: dict[str, np.ndarray], n_able: int, n_questions: int, method: str, seed: int
) -> dict[str, Any]:
    """The measures of all, the difference to the best other, and what it means."""
    ranks = {"ours": ours, **rivals}
    n = len(ours)
    draws = np.random.default_rng(seed).integers(0, n, (RESAMPLES, n)) if n else None
    spans = {name: {one: span(values(one, rank), draws) for one in MEASURES} for name, rank in ranks.items()}
    against = FREQUENT if method == "words" or (n and spans[FREQUENT]["mrr"]["value"] > spans[BM25]["mrr"]["value"]) else BM25
    gap = span(values("mrr", ours) - values("mrr", rivals[against]), draws)
    kind, message = answers_verdict.judge(spans["ours"], spans[against], against, gap, n, n_able, n_questions, method)
    return {
        "model": {"name": str(answers_choice.NAMES[method]), "method": method, **spans["ours"]},
        "baselines": [{"name": name, **spans[name]} for name in rivals if not (method == "words" and name == BM25)],
        "difference": {"against": against, "metric": "mrr", **gap},
        "verdict": {"kind": kind, "message": message.to_dict()},
    }


def values(measure: str, ranks: np.ndarray) -> np.ndarray:
    """What each question adds to a measure, from 0 to 1."""
    return 1 / ranks if measure == "mrr" else (ranks <= int(measure.rsplit("_", 1)[1])).astype(float)


def span(each: np.ndarray, draws: np.ndarray | None) -> dict[str, float | None]:
    """Mean and its 95 % interval by resampling questions."""
    if draws is None or not len(each):
        return {"value": None, "low": None, "high": None}
    low, high = np.quantile(each[draws].mean(axis=1), [0.025, 0.975])
    return {"value": float(each.mean()), "low": float(low), "high": float(high)}


def _examples(search: Any, memory: Memory, found: Any, every: np.ndarray, able: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """Eight questions with the answer that people gave and the three that the search finds; judged ones where there are some."""
    pool = able if len(able) else np.arange(len(memory.first))
    out = []
    for place in answers_choice.some(pool, 8, seed + 1).tolist():
        at = int(np.searchsorted(every, place))
        if at < len(every) and every[at] == place:
            rows = found.rows[search.method_][at]
        else:
            rows = answers_choice.ask(memory, np.array([place]), (search.method_,), lambda *_: None).rows[search.method_][0]
        own = memory.rows_of(place)
        right = set(memory.said[own].tolist())
        out.append({
            "question": memory.distinct[place], "answer": search.answers_[own[0]], "answers": len(right),
            "found": [
                {"question": search.questions_[row], "answer": search.answers_[row], "right": int(memory.said[row]) in right}
                for row, _ in rows[:3]
            ],
        })
    return out

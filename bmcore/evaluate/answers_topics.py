"""How many of the answers found are of the question's own topic: a weaker sign than a right answer, but every question can be asked."""

from __future__ import annotations

from typing import Any

import numpy as np

from bmcore.text.answers_choice import Found
from bmcore.text.answers_memory import Memory

RESAMPLES = 2000
LEAST_OF_TOPIC = 10  # questions a topic needs for a line of its own


def topics_found(memory: Memory, topics: list[str], found: Found, method: str, asked: np.ndarray, seed: int) -> dict[str, Any]:
    """Share of the (up to five) answers found that are of the question's topic, for our way, for words and for no search at all.

    Returns
    -------
    dict
        `{"n", "ours", "words", "frequent", "difference", "by_topic"}`; `frequent` is the share of questions whose topic is the most usual
        one, which is what showing answers of that topic to everybody would give.
    """
    _, codes = np.unique(np.asarray(topics, dtype=str), return_inverse=True)
    own = codes[memory.first[asked]]
    at = np.searchsorted(found.asked, asked)
    ours, words = (_shares(found.rows[way], at, codes, own) for way in (method, "words"))
    frequent = (own == np.bincount(codes[memory.first]).argmax()).astype(float)
    draws = np.random.default_rng(seed).integers(0, len(asked), (RESAMPLES, len(asked)))
    by_topic = []
    names = np.unique(np.asarray(topics, dtype=str))
    for code in np.argsort(-np.bincount(own, minlength=len(names)), kind="stable").tolist():
        mask = own == code
        if mask.sum() >= LEAST_OF_TOPIC:
            by_topic.append({
                "topic": str(names[code])[:80], "n": int(mask.sum()), "ours": float(ours[mask].mean()), "words": float(words[mask].mean()),
            })
    return {
        "n": len(asked), "ours": _span(ours, draws), "words": _span(words, draws), "frequent": _span(frequent, draws),
        "difference": _span(ours - words, draws), "by_topic": by_topic[:30],
    }


def _shares(rows: list[list[tuple[int, float]]], at: np.ndarray, codes: np.ndarray, own: np.ndarray) -> np.ndarray:
    """(a,) share of the answers found for each question that have its topic; 0 where none was found."""
    return np.array([
        float(np.mean([codes[row] == topic for row, _ in rows[i]])) if rows[i] else 0.0 for i, topic in zip(at, own, strict=True)
    ])


def _span(each: np.ndarray, draws: np.ndarray) -> dict[str, float]:
    low, high = np.quantile(each[draws].mean(axis=1), [0.025, 0.975])
    return {"value": float(each.mean()), "low": float(low), "high": float(high)}

"""Search of past answers: how long one question takes among many pairs, and which way of searching finds right answers.

    python benchmarks/answers.py --pairs 100000 --rounds 30

speed      Questions of 6 to 16 words drawn from the words of `dialogues_en`, and vectors drawn by chance in place of their meanings: what a
           search costs does not depend on them. Each way answers one new question at a time, MiniLM's reading of it included. Goal: under
           50 ms.
quality    Both samples of dialogues, each way judged as a run judges it (bmcore.evaluate.answers).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # also without an installed package
GOAL_MS = 50


def speed(pairs: int, rounds: int) -> None:
    import bmcore
    from bmcore.text.answers import AnswerSearch

    words, draw = " ".join(bmcore.load_sample("dialogues_en")["text"]).split(), np.random.default_rng(0)
    questions = [" ".join(draw.choice(words, draw.integers(6, 17))) for _ in range(pairs)]
    search, began = AnswerSearch(method="words", device="cpu"), time.perf_counter()
    search.fit(questions, [f"answer {i}" for i in range(pairs)])
    print(f"fit by words: {time.perf_counter() - began:.2f} s for {pairs:,} pairs")
    vectors = draw.standard_normal((len(search.memory_.first), 384), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    search.vectors_ = search.memory_.vectors = vectors
    for way in ("words", "meaning", "both"):
        search.method_ = way
        search.search(questions[:2])
        took = []
        for _ in range(rounds):
            asked, began = " ".join(draw.choice(words, 9)), time.perf_counter()
            search.search([asked])
            took.append(1000 * (time.perf_counter() - began))
        middle = statistics.median(took)
        print(f"{way:8s} {middle:6.1f} ms (at most {max(took):.1f}) {'ok' if middle < GOAL_MS else 'ABOVE THE GOAL'}")


def quality() -> None:
    import bmcore
    from bmcore.evaluate.answers import evaluate
    from bmcore.text.answers import AnswerSearch

    for name in ("dialogues_en", "dialogues_zh"):
        table = bmcore.load_sample(name)
        for way in ("words", "meaning", "both", "auto"):
            search = AnswerSearch(method=way, device="cpu").fit(table["text"].tolist(), table["answer"].tolist())
            found = evaluate(search, table["category"].tolist())
            ours = found["model"]
            spans = [(one, *(ours[one][end] for end in ("value", "low", "high"))) for one in ("mrr", "recall_5")]
            shown = " ".join(f"{one} {value:.3f} [{low:.3f}, {high:.3f}]" for one, value, low, high in spans)
            topic = found["topics"]["ours"]["value"]
            print(f"{name} {way:8s} {shown} topic {topic:.3f} judged {found['n_judged']} of {found['n_questions']}; takes {search.method_}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pairs", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=30)
    options = options.parse_args()
    speed(options.pairs, options.rounds)
    quality()


if __name__ == "__main__":
    main()

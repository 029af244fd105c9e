"""Eight examples a class: TextClassifier() as it is against TF-IDF + logistic regression.

    python benchmarks/fewshot.py --draws 10

Macro-F1 on 1,000 other clothing reviews by department, another 8 a class in each draw. Time is that of fit and predict.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # also without an installed package


def main() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline

    import bmcore

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--shots", type=int, default=8)
    parser.add_argument("--test", type=int, default=1000)
    options = parser.parse_args()
    frame = bmcore.load_sample("clothing_reviews").dropna(subset=["text", "department"])
    rest, test = train_test_split(frame, test_size=options.test, stratify=frame["department"], random_state=0)
    rows = []
    for draw in range(options.draws):
        few = rest.groupby("department").sample(options.shots, random_state=draw)
        start = time.perf_counter()
        found = bmcore.TextClassifier(seed=draw).fit(few["text"], few["department"]).predict(test["text"])
        seconds = time.perf_counter() - start
        plain = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)).fit(few["text"], few["department"])
        plain = plain.predict(test["text"])
        rows.append([f1_score(test["department"], one, average="macro") for one in (found, plain)] + [seconds])
        print(f"draw {draw}: ours {rows[-1][0]:.3f}, TF-IDF {rows[-1][1]:.3f}, {seconds:.1f} s", flush=True)
    mine, plain, seconds = np.array(rows).T
    gain = 100 * (mine - plain).mean()
    print(f"mean macro-F1: ours {mine.mean():.3f}, TF-IDF {plain.mean():.3f}, difference {gain:+.1f} points (at least +5)")
    print(f"slowest draw {seconds.max():.1f} s (under 60)")


if __name__ == "__main__":
    main()

"""Hand-made run folders in every state, for page tests, pictures and benchmarks. No training, no torch."""

from __future__ import annotations

import fcntl
import json
import math
import os
import random
import time
from pathlib import Path

from bmcore.evaluate.verdict import Difference, judge

HINT = (
    "More labelled messages would help: about {more:,} more would likely raise the score by {gain:.2f}. This is an estimate from "
    "how the simple word-count model improved up to the {n:,} messages used now."
)
CLASSES = ["Tops", "Dresses", "Bottoms", "Intimate", "Jackets", "Trend"]
STATES = ("queued", "running", "failed", "cancelled", "lost", "done")


def make_run(home: Path, state: str, *, n: int = 0, label: str = "department", classes=None, title=None, verdict="better", **spec) -> str:
    """Write a run folder in that state; returns its id. `running` and `queued` hold the run's lock until this process ends."""
    created = time.time() - 600 - 3600 * n
    name = time.strftime("%Y%m%d-%H%M%S", time.gmtime(created)) + f"-{n:03d}abcdef"
    folder = Path(home) / "runs" / name
    folder.mkdir(parents=True, mode=0o700)
    (folder / "spec.json").write_text(json.dumps(_spec(name, created, label, title) | spec))
    (folder / "status.json").write_text(json.dumps(_status(state, created, verdict)))
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in _events(state, created)))
    (folder / "log.txt").write_text("reading clothing_reviews\nstep 40 of 120\n")
    if state == "done":
        (folder / "evaluation.json").write_text(json.dumps(evaluation(classes or CLASSES, verdict)))
        (folder / "model").mkdir()
    if state in ("running", "queued"):
        hold(folder)
    return name


def hold(folder: Path) -> None:
    """Take the run's lock and keep it: the run looks alive."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)


def _spec(name: str, created: float, label: str, title: str | None) -> dict:
    return {
        "id": name,
        "created": created,
        "estimator": "TextClassifier",
        "preset": "fast",
        "seed": 0,
        "versions": {},
        "origin": "page",
        "params": {"model": "minilm", "epochs": 2, "learning_rate": 0.0005, "trainable_layers": 2, "max_length": 128, "seed": 0},
        "data": {"kind": "sample", "name": "clothing_reviews"},
        "columns": {"text": "text", "label": label},
        "split": {"test": 0.2, "seed": 0, "max_train": 4000, "max_test": 2000},
        "scenario": "customer_service",
        "title": title,
    }


def _status(state: str, created: float, verdict: str) -> dict:
    ended = created + 104 if state in ("done", "failed", "cancelled") else None
    reason = None
    if state == "failed":
        reason = {
            "template": "Column {column!r} is not in the table. Its columns are: {columns}.",
            "values": {"column": "department", "columns": "text, rating"},
        }
    headline = None
    if state == "done":
        ours, theirs = _values(verdict)
        headline = {
            "metric": "macro_f1",
            "value": ours,
            "low": ours - 0.021,
            "high": ours + 0.019,
            "baseline": "tfidf_logistic",
            "baseline_value": theirs,
            "verdict": verdict,
        }
    return {
        "state": "running" if state == "lost" else state,
        "since": created,
        "started": None if state == "queued" else created + 2,
        "ended": ended,
        "reason": reason,
        "attempt": 1,
        "headline": headline,
    }


def _events(state: str, created: float) -> list[dict]:
    events = [{"t": created, "kind": "state", "state": "queued"}]
    if state == "queued":
        return events
    steps = 120 if state == "done" else 74
    events += [{"t": created + 1, "kind": "phase", "phase": phase} for phase in ("data", "encode", "train")]
    dice = random.Random(0)
    for step in range(1, steps + 1):
        loss = 0.45 + 1.3 * math.exp(-step / 28) + dice.uniform(-0.06, 0.06)
        event = {
            "t": created + 5 + 0.7 * step,
            "kind": "progress",
            "phase": "train",
            "step": step,
            "total": 120,
            "left_s": 0.7 * (120 - step) + 12,
            "loss": round(loss, 4),
            "samples_per_s": 92 + dice.uniform(-4, 4),
            "tokens_per_s": 5600,
            "epoch": step / 60,
            "lr": 5e-4,
        }
        if step % 12 == 0:
            event |= {"dev_macro_f1": round(0.83 - 0.42 * math.exp(-step / 30), 4), "dev_loss": 0.5}
        events.append(event)
    if state == "done":
        events += [{"t": created + 90, "kind": "phase", "phase": phase} for phase in ("baseline", "evaluate", "save")]
    return events


def _values(verdict: str) -> tuple[float, float]:
    return {"better": (0.842, 0.793), "not_proven": (0.801, 0.793), "worse": (0.741, 0.793)}[verdict]


def evaluation(classes: list[str], verdict: str = "better") -> dict:
    """An evaluation.json with plausible numbers for these classes."""
    dice = random.Random(1)
    ours, theirs = _values(verdict)
    supports = [max(12, round(900 / (i + 1))) for i in range(len(classes))]
    rows = [
        {
            "label": name,
            "precision": 0.95 - 0.05 * i / 2,
            "recall": 0.94 - 0.06 * i / 2,
            "f1": 0.945 - 0.055 * i / 2,
            "support": supports[i],
            "predicted": supports[i] + dice.randint(-9, 9),
        }
        for i, name in enumerate(classes)
    ]
    shown = classes[:30]
    counts = [
        [round(supports[i] * (0.94 - 0.03 * i)) if i == j else dice.randint(0, max(1, supports[i] // 30)) for j in range(len(shown))]
        for i in range(len(shown))
    ]
    span = lambda value: {"value": value, "low": value - 0.021, "high": value + 0.019}  # noqa: E731
    errors = [
        {
            "row": 100 + i,
            "text": f"I ordered my usual size and the {classes[0]} part fits, but the sleeves are far too long for me. Number {i}.",
            "true": classes[i % len(classes)],
            "predicted": classes[(i + 1) % len(classes)],
            "probability": 0.99 - 0.01 * i,
        }
        for i in range(20)
    ]
    low, high = ours - theirs - 0.018, ours - theirs + 0.017
    _kind, sentence = judge(ours, theirs, "tfidf_logistic", Difference(ours - theirs, low, high), sum(supports))
    return {
        "task": "classification",
        "metric": "macro_f1",
        "n_train": 4000,
        "n_test": sum(supports),
        "classes": classes,
        "model": {"name": "TextClassifier", "macro_f1": span(ours), "accuracy": span(0.905)},
        "baselines": [
            {"name": "majority", "macro_f1": span(0.102), "accuracy": span(0.445)},
            {"name": "tfidf_logistic", "macro_f1": span(theirs), "accuracy": span(0.872)},
        ],
        "difference": {"against": "tfidf_logistic", "value": ours - theirs, "low": low, "high": high},
        "verdict": {"kind": verdict, "message": sentence.to_dict()},
        "hint": {"template": HINT, "values": {"more": 2800, "gain": 0.05, "n": 4000}},
        "per_class": rows,
        "confusion": {"labels": shown, "counts": counts},
        "errors": errors,
        "seconds": {"predict": 6.1, "baseline": 2.2, "bootstrap": 1.4},
    }


def every_state(home: Path) -> dict[str, str]:
    """One run in each state; returns state -> id."""
    return {state: make_run(home, state, n=i) for i, state in enumerate(STATES)}


if __name__ == "__main__":  # python tests/ui/make_run.py HOME: makes one run a state and keeps the live ones alive until it is ended
    import sys

    print(json.dumps(every_state(Path(sys.argv[1]))), flush=True)
    while True:
        time.sleep(3600)

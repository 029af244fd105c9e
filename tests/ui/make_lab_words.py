"""Hand-made runs that learned to write, as a queue of the text lab, and the service of one. No engine."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

from make_run import STATES, hold

TEXT = ("The dress is soft and fits well. ", "I love the colour, *not* the zip. ", "Runs small; order one size up. ")


def make_words_run(home: Path, state: str, *, n: int = 0, title=None, scenario="lab_words", params=None) -> str:
    """Write a run folder in that state; returns its id. `running` and `queued` hold the run's lock until this process ends."""
    created = time.time() - 600 - 3600 * n
    name = time.strftime("%Y%m%d-%H%M%S", time.gmtime(created)) + f"-{n:03d}w{STATES.index(state)}abcd"
    folder = Path(home) / "runs" / name
    folder.mkdir(parents=True, mode=0o700)
    found = evaluation(2.2 + 0.1 * n)
    spec = {
        "id": name, "created": created, "estimator": "TextGenerator", "task": "generation", "preset": None, "seed": 0, "versions": {},
        "origin": "page", "params": {"model": "scratch", "size": "mini", "minutes": 1.0, "seed": 0, **(params or {})},
        "data": {"kind": "sample", "name": "clothing_reviews"}, "columns": {"text": "text"}, "split": {"test": 0.1, "seed": 0},
        "choose": False, "scenario": scenario, "title": title,
    }  # fmt: skip
    value = found["model"]["bits_per_byte"]
    status = {
        "state": "running" if state == "lost" else state, "since": created, "started": None if state == "queued" else created + 2,
        "ended": created + 140 if state in ("done", "failed", "cancelled") else None, "attempt": 1,
        "reason": {"template": "There are {n} texts.", "values": {"n": 1}} if state == "failed" else None,
        "headline": {"metric": "bits_per_byte", **value, "baseline": "5-gram Kneser-Ney", "baseline_value": 2.41, "verdict": "learned",
                     "model": "GPT from scratch (mini)"} if state == "done" else None,
    }  # fmt: skip
    (folder / "spec.json").write_text(json.dumps(spec))
    (folder / "status.json").write_text(json.dumps(status))
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in _events(state, created)))
    (folder / "log.txt").write_text("reading the texts\n")
    if state != "queued":
        drafts = [{"step": 20 * i, "seconds": 4.0 * i, "texts": [TEXT[i % 3] * 2, TEXT[(i + 1) % 3]]} for i in range(1, 6)]
        (folder / "drafts.jsonl").write_text("".join(json.dumps(draft) + "\n" for draft in drafts))
    if state == "done":
        (folder / "evaluation.json").write_text(json.dumps(found))
        (folder / "model").mkdir()
    if state in ("running", "queued"):
        hold(folder)
    return name


def make_queue(home: Path, code: str, names: list[str], states: list[str] | None = None, first: int = 0) -> list[str]:
    """A queue of runs; names such as "GPT mini" or "GPT mini · epochs=2"."""
    states = states or ["done"] * len(names)
    return [
        make_words_run(home, state, n=first + len(names) - i, title=f"{name} · #{code}")
        for i, (name, state) in enumerate(zip(names, states, strict=True))
    ]


def _events(state: str, created: float) -> list[dict]:
    events = [{"t": created, "kind": "state", "state": "queued"}]
    if state == "queued":
        return events
    events += [{"t": created + 1, "kind": "phase", "phase": phase} for phase in ("data", "split", "train")]
    for step in range(10, (400 if state == "done" else 180) + 1, 10):
        loss = 2.6 + 5 * math.exp(-step / 60) + 0.05 * math.sin(step)
        spent = {"step": step, "total": 400, "left_s": (400 - step) / 8, "tokens_per_s": 8400.0}
        events.append({"t": created + 3 + step / 8, "kind": "progress", "phase": "train", "loss": loss, **spent})
    return events


def _span(value: float, half: float = 0.03) -> dict:
    return {"value": value, "low": value - half, "high": value + half}


def evaluation(bits: float = 2.2) -> dict:
    """An evaluation.json with plausible numbers."""
    def one(name: str, value: float | None, **more) -> dict:
        rest = {"distinct_1": _span(0.2), "distinct_2": _span(0.7), "repetition": _span(0.05),
                "copied": {"longest": {"value": 31, "max": 64}, "share_over_50": _span(0.02, 0.01)}}
        return {"name": name, **({"bits_per_byte": _span(value)} if value else {}), **rest, **more}

    message = {"template": "It learned the style: {bits} bits a byte against 2.41.", "values": {"bits": f"{bits:.2f}"}}
    return {
        "task": "generation", "metric": "bits_per_byte", "n_train": 900, "n_test": 100, "characters": {"train": 280_000, "test": 31_000},
        "model": one("GPT from scratch (mini)", bits, perplexity=_span(44.0), tokens_per_s=410.0, seconds=60.0, parameters=1_300_000),
        "baselines": [one("5-gram Kneser-Ney", 2.41), one("Real texts", None)],
        "difference": {"against": "5-gram Kneser-Ney", "metric": "bits_per_byte", **_span(bits - 2.41)},
        "verdict": {"kind": "learned", "message": message},
        "continuations": [{"prompt": "I love this *dress* because", "real": TEXT[0], "ours": TEXT[1], "copied": 12}],
        "drafts": [{"text": TEXT[2], "longest_copied": 8, "nearest": TEXT[2]}],
        "seconds": {"train": 60.0, "evaluate": 14.0},
    }  # fmt: skip


class Service:
    """The process that serves a run, as far as the lab asks it."""

    def __init__(self):
        self.asked: list[tuple[str, dict]] = []

    def ask(self, method: str, body: dict) -> dict:
        self.asked.append((method, body))
        if method == "next_tokens":
            likely = [(" the", 0.4), (" it", 0.2), ("\n", 0.1), ("<E6 9D>", 0.05), ("<|endoftext|>", 0.05)]
            likely += [(f" w{i}", 0.01) for i in range(16)]
            sharp = 1 / max(body["temperature"], 0.1)
            total = sum(p**sharp for _text, p in likely)
            return {"next": [{"token": text, "id": i, "probability": p**sharp / total, "raw": p} for i, (text, p) in enumerate(likely)]}
        words = [" " * (i > 0) + word for i, word in enumerate(body["text"].split())]
        if method == "tokens":
            return {"tokens": [{"token": word, "id": i, "surprise": 2.0 * len(word) % 11 if i else None} for i, word in enumerate(words)]}
        n = len(words)
        rows = [[1 / (i + 1) if j <= i else 0.0 for j in range(n)] for i in range(n)]
        return {"tokens": words, "layers": 2, "heads": 3, "weights": [[rows] * 3] * 2}

    def stream(self, method: str, body: dict):
        self.asked.append((method, body))
        for word in (" and **warm**", ".\n\nIt", " fits <b>well</b>."):
            yield {"draft": 0, "text": word}
        yield {"done": True, "tokens": 9}


def look_answer(table: bool = True, problem: dict | None = None) -> dict:
    """What the process that looks at texts answers."""
    return {
        "documents": 0 if problem else 900, "characters": 280_000, "mean": 311, "longest": 1_900, "languages": {"en": 900},
        "examples": [{"name": None, "text": text, "characters": len(text)} for text in TEXT],
        "notes": [{"template": "{n} texts are exact copies of another and are left out.", "values": {"n": 3}}],
        "table": {"rows": 900, "columns": ["text", "department"], "column": "text", "head": []} if table else None, "problem": problem,
    }  # fmt: skip

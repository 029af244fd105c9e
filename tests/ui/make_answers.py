"""Hand-made runs that search past answers, in every state, for page tests and for looking. No engine."""

from __future__ import annotations

import json
import time
from pathlib import Path

from make_run import STATES, hold

SENTENCES = {
    "better": "Better: found {n} times.", "not_proven": "Not proven: only {n} questions.", "worse": "Worse on {n} questions.",
    "not_judged": "Cannot be judged: only {n} questions.",
}


def make_answers_run(home: Path, state: str = "done", *, n: int = 0, verdict: str = "better", text: str = "", **change) -> str:
    """Write a run folder in that state; returns its id. `text` is put into everything that people wrote."""
    created = time.time() - 300 - 3600 * n
    name = time.strftime("%Y%m%d-%H%M%S", time.gmtime(created)) + f"-{n:03d}a{STATES.index(state)}cdef"
    folder = Path(home) / "runs" / name
    folder.mkdir(parents=True, mode=0o700)
    columns = {"question": f"text{text}", "answer": f"answer{text}", "topic": "category"}
    (folder / "spec.json").write_text(json.dumps({
        "id": name, "created": created, "estimator": "AnswerSearch", "task": "answers", "preset": None, "seed": 0, "versions": {},
        "origin": "page", "params": {"method": "auto"}, "data": {"kind": "sample", "name": "dialogues_en"}, "columns": columns,
        "split": {"test": 0.2, "seed": 0}, "scenario": "customer_service", "title": None,
    } | change))
    found = evaluation(verdict, text)
    headline = {"metric": "mrr", "value": 0.26, "low": 0.2, "high": 0.3, "baseline": "BM25", "baseline_value": 0.24, "verdict": verdict}
    (folder / "status.json").write_text(json.dumps({
        "state": "running" if state == "lost" else state, "since": created, "started": None if state == "queued" else created + 1,
        "ended": created + 5 if state in ("done", "failed", "cancelled") else None, "attempt": 1,
        "reason": {"template": "Only {n} rows.", "values": {"n": 3}} if state == "failed" else None,
        "headline": headline if state == "done" else None,
    }))
    note = {"template": "{n:,} copies of a pair count once.", "values": {"n": 3}}
    events = [{"t": created, "kind": "state", "state": "queued"}, {"t": created, "kind": "note", "message": note}]
    if state != "queued":
        events.append({"t": created + 1, "kind": "progress", "phase": "encode", "step": 1, "total": 4, "left_s": 3})
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    (folder / "log.txt").write_text("reading\n")
    if state == "done":
        (folder / "evaluation.json").write_text(json.dumps(found))
    if state in ("running", "queued"):
        hold(folder)
    return name


def _span(value: float | None) -> dict:
    return {"value": value, "low": None if value is None else value - 0.08, "high": None if value is None else value + 0.08}


def evaluation(verdict: str = "better", text: str = "") -> dict:
    """An evaluation.json as a run on dialogues would write it."""
    judged = 0 if verdict == "not_judged" else 72
    measures = ("mrr", "recall_1", "recall_5")

    def value(number: float) -> dict:
        return _span(number if judged else None)

    rivals = (("BM25", 0.24), ("Most frequent answer", 0.1))
    return {
        "task": "answers", "metric": "mrr", "n_pairs": 1177, "n_questions": 835, "n_answers": 1131, "n_judges": judged, "n_judged": judged,
        "model": {"name": "both", "method": "both", **{one: value(0.26 + 0.05 * i) for i, one in enumerate(measures)}},
        "baselines": [{"name": name, **{one: value(low) for one in measures}} for name, low in rivals],
        "difference": {"against": "BM25", "metric": "mrr", **value(0.02)},
        "verdict": {"kind": verdict, "message": {"template": SENTENCES[verdict], "values": {"n": judged}}},
        "why": {"template": "Searches by both.", "values": {}}, "tried": {},
        "topics": {
            "n": 835, "ours": _span(0.71), "words": _span(0.58), "frequent": _span(0.31), "difference": _span(0.13),
            "by_topic": [{"topic": f"emotion{text}", "n": 40, "ours": 0.5, "words": 0.4}],
        },
        "examples": [{
            "question": f"How are you?{text}", "answer": f"Fine.{text}", "answers": 2,
            "found": [{"question": f"Are you well?{text}", "answer": f"Fine.{text}", "right": True}],
        }, {"question": "What?", "answer": "That.", "answers": 1, "found": []}],
        "seconds": {"fit": 2.0, "evaluate": 1.0},
    }


def make_writer(home: Path, n: int = 5) -> str:
    """A finished run that writes texts, as far as this section looks at it."""
    return make_answers_run(
        home, "done", n=n, estimator="TextGenerator", task="generation", columns={}, scenario="write_like_us", title="our voice"
    )


class Service:
    """Stands in for both processes: finds two answers, writes a text in pieces, and keeps what it was asked."""

    def __init__(self, pieces=("We ", "are **sorry**."), text: str = "", error=None):
        self.asked, self.closed, self.pieces, self.text, self.error = [], False, pieces, text, error

    def ask(self, method: str, body: dict) -> dict:
        self.asked.append((method, body))
        rows = [
            {"question": f"Where is it?{self.text}", "answer": f"On its way.{self.text}", "score": 0.91, "row": 4},
            {"question": "Is it late?", "answer": "By a day.", "score": 0.5, "row": 9},
        ]
        return {"answers": [[] if question == "nothing" else rows for question in body["questions"]]}

    def stream(self, method: str, body: dict):
        self.asked.append((method, body))
        try:
            for piece in self.pieces:
                yield {"draft": 0, "text": piece}
            if self.error:
                raise self.error
            yield {"done": True, "notes": [{"template": "The prompt is long: {n} tokens were cut.", "values": {"n": 7}}]}
        finally:
            self.closed = True

"""Hand-made runs that learned what to recommend, in every state, for page tests and for looking. No engine."""

from __future__ import annotations

import csv
import json
import math
import random
import time
from pathlib import Path

from make_run import STATES, hold

SCENARIOS = ("product_recommendations", "learning_path")
GROUPS = ("Drama", "Comedy", "Thriller", "Children's", "Action", "Documentary")
_FIRST = ("Silent", "Golden", "Broken", "Last", "Hidden", "Distant", "Paper", "Northern", "Second", "Crooked")
_SECOND = ("River", "Garden", "Promise", "Station", "Winter", "Letter", "Harbour", "Mirror", "Summer", "Bridge", "Orchard", "Signal")
TITLES = tuple(f"{first} {second} ({1960 + (7 * i + 3 * j) % 38})" for i, first in enumerate(_FIRST) for j, second in enumerate(_SECOND))
SENTENCES = {
    "better": "{model} finds more of what people chose later than {rival}: {ours:.3f} against {theirs:.3f}.",
    "not_proven": "{model} is not proven to beat {rival}: {ours:.3f} against {theirs:.3f}.",
    "worse": "{rival} is better than {model}: {theirs:.3f} against {ours:.3f}. Use the simple way.",
}


def make_recommend_run(
    home: Path, scenario: str, state: str, *, n: int = 0, verdict: str = "better", title=None, titles=TITLES, columns=None, **spec
) -> str:
    """Write a run folder in that state; returns its id. `running` and `queued` hold the run's lock until this process ends."""
    created = time.time() - 600 - 3600 * n
    name = time.strftime("%Y%m%d-%H%M%S", time.gmtime(created)) + f"-{n:03d}r{SCENARIOS.index(scenario)}{STATES.index(state)}def"
    folder = Path(home) / "runs" / name
    folder.mkdir(parents=True, mode=0o700)
    (folder / "spec.json").write_text(json.dumps(_spec(name, created, scenario, title, columns) | spec))
    (folder / "status.json").write_text(json.dumps(_status(state, created, verdict)))
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in _events(state, created)))
    (folder / "log.txt").write_text("reading the table\n")
    if state == "done":
        (folder / "evaluation.json").write_text(json.dumps(evaluation(titles, verdict)))
        (folder / "map.json").write_text(json.dumps(places(titles)))
        with (folder / "recommendations.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["customer", "item", "title", "score", "rank"])
            for user in range(1, 41):
                writer.writerows([user, 100 + i, titles[(user + i) % len(titles)], 1 - i / 20, i + 1] for i in range(10))
        (folder / "model").mkdir()
        traits = [{"name": "gender", "labels": ["F", "M"], "lows": None}]
        (folder / "model" / "people.json").write_text(json.dumps({"traits": traits, "notes": []}))
    if state in ("running", "queued"):
        hold(folder)
    return name


def _spec(name: str, created: float, scenario: str, title, columns) -> dict:
    roles = {"user": "user", "item": "item", "weight": "rating", "time": "timestamp", "title": "title"}
    roles |= {"about": ["genres"], "traits": ["age", "gender", "occupation"]}
    return {
        "id": name,
        "created": created,
        "estimator": "AutoRecommender",
        "task": "recommendation",
        "preset": None,
        "seed": 0,
        "versions": {},
        "origin": "page",
        "params": {"l2": 200.0},
        "data": {"kind": "sample", "name": "movielens_100k"},
        "columns": columns or roles,
        "split": {"test": 0.2, "seed": 0},
        "choose": False,
        "scenario": scenario,
        "title": title,
    }


def _status(state: str, created: float, verdict: str) -> dict:
    ours, theirs = _values(verdict)
    headline = {
        "metric": "ndcg_10",
        "value": ours,
        "low": ours - 0.01,
        "high": ours + 0.01,
        "baseline": "ItemKNN",
        "baseline_value": theirs,
    }
    reason = {
        "template": "Column {column!r} is not in the table. Its columns are: {columns}.",
        "values": {"column": "when", "columns": "user, item"},
    }
    return {
        "state": "running" if state == "lost" else state,
        "since": created,
        "started": None if state == "queued" else created + 2,
        "ended": created + 19 if state in ("done", "failed", "cancelled") else None,
        "reason": reason if state == "failed" else None,
        "attempt": 1,
        "headline": headline | {"verdict": verdict, "model": "EASE"} if state == "done" else None,
    }


def _events(state: str, created: float) -> list[dict]:
    events = [{"t": created, "kind": "state", "state": "queued"}]
    if state == "queued":
        return events
    events += [{"t": created + 1, "kind": "phase", "phase": phase} for phase in ("data", "split", "train")]
    for step in range(1, 9):
        events.append({"t": created + 3 + step, "kind": "progress", "phase": "train", "step": step, "total": 15, "left_s": 20 - step})
    note = {"template": "Column {column!r} holds ratings from {low:g} to {high:g}.", "values": {"column": "rating", "low": 1, "high": 5}}
    events.append({"t": created + 2, "kind": "note", "message": note})
    return events


def _values(verdict: str) -> tuple[float, float]:
    return {"better": (0.281, 0.236), "not_proven": (0.241, 0.236), "worse": (0.201, 0.236)}[verdict]


def _span(value: float, half: float = 0.011) -> dict:
    return {"value": value, "low": value - half, "high": value + half}


def _measured(name: str, ndcg: float, coverage: float, novelty: float, bias: float, seconds: float) -> dict:
    spans = {"ndcg_10": ndcg, "recall_10": 0.62 * ndcg, "recall_20": 0.95 * ndcg, "map_10": 0.55 * ndcg}
    plain = {"coverage_10": coverage, "novelty_10": novelty, "popularity_bias_10": bias}
    return {"name": name, **{k: _span(v) for k, v in spans.items()}, **{k: {"value": v} for k, v in plain.items()}, "seconds": seconds}


def evaluation(titles=TITLES, verdict: str = "better") -> dict:
    """An evaluation.json as a run on films would write it."""
    dice = random.Random(0)
    ours, theirs = _values(verdict)
    values = {"model": "EASE", "rival": "ItemKNN", "ours": ours, "theirs": theirs}
    bins = ((1, 9), (10, 29), (30, 99), (100, None))
    return {
        "task": "recommendation",
        "metric": "ndcg_10",
        "n_users": 943,
        "n_items": 1682,
        "n_interactions": 100_000,
        "density": 0.063,
        "n_test_users": 412,
        "n_test": 20_000,
        "new_items_in_test": 38,
        "new_users_in_test": 214,
        "split": {"kind": "time", "at": "1998-03-12T00:00:00", "test": 0.2},
        "model": _measured("EASE", ours, 0.43, 2.1, 1.7, 0.8),
        "baselines": [_measured("Popularity", 0.121, 0.04, 1.2, 3.4, 0.1), _measured("ItemKNN", theirs, 0.31, 1.9, 2.2, 0.3)],
        "difference": {"against": "ItemKNN", "metric": "ndcg_10", **_span(ours - theirs, 0.008)},
        "verdict": {"kind": verdict, "message": {"template": SENTENCES[verdict], "values": values}},
        "by_history": [
            {
                "low": low,
                "high": high,
                "n": 60 + 40 * i,
                "ndcg_10": _span(ours - 0.06 + 0.03 * i, 0.02),
                "baseline": theirs - 0.05 + 0.02 * i,
            }
            for i, (low, high) in enumerate(bins)
        ],
        "cold": {"n_items": 160, "recall_20": _span(0.287, 0.012), "chance": 0.125, "n": 905},
        "examples": [
            {
                "user": 7 + 13 * i,
                "history": dice.sample(titles, min(12, len(titles))),
                "recommended": [{"title": one, "hit": dice.random() < 0.3} for one in dice.sample(titles, min(10, len(titles)))],
                "held_out": dice.sample(titles, min(8, len(titles))),
            }
            for i in range(10)
        ],
        "popular": [
            {"item": 100 + i, "title": titles[i % len(titles)], "n": 583 - 17 * i, "share": (583 - 17 * i) / 943} for i in range(20)
        ],
        "why": {"template": "EASE was chosen: {n:,} items are few enough for it.", "values": {"n": 1682}},
        "choice": "EASE",
        "seconds": {"fit": 0.8, "evaluate": 4.2},
    }


def places(titles=TITLES) -> dict:
    """A map.json of as many items as there are titles, in six groups."""
    dice = random.Random(1)
    group = [i % len(GROUPS) for i in range(len(titles))]
    points = [[round(3 * math.cos(1.05 * g) + dice.gauss(0, 0.8), 3), round(3 * math.sin(1.05 * g) + dice.gauss(0, 0.8), 3)] for g in group]
    return {
        "axes": [],
        "points": points,
        "item": [100 + i for i in range(len(titles))],
        "title": list(titles),
        "group": [GROUPS[g] for g in group],
        "popularity": [max(3, 583 - 5 * i) for i in range(len(titles))],
    }


class Service:
    """Stands in for the process that serves a run: answers what the pages ask, and keeps what it was asked."""

    def __init__(self, titles=TITLES):
        self.asked: list[tuple[str, dict]] = []
        self.titles = titles

    def ask(self, method: str, body: dict) -> dict:
        self.asked.append((method, body))
        if method == "similar":
            return {"similar": [[self._one(item - 100 + i + 1) for i in range(body["k"])] for item in body["items"]]}
        if method == "history":
            return {"histories": [[self._one(0), self._one(3)] for _user in body["users"]]}
        return {"recommendations": [self._some(given, body["k"]) for given in body.get("users") or body["histories"]]}

    def _some(self, given, k: int) -> list[dict]:
        history = given if isinstance(given, list) else [100, 103]
        first = sum(history) % len(self.titles)
        why = None if history else {"template": "Popular with {n:,} others.", "values": {"n": 583}}
        return [self._one(first + i) | {"because": self._because(history, i), "why": why} for i in range(k)]

    def _because(self, history: list, place: int) -> list[dict]:
        shares = [(0.6 - place / 100) / (i + 1) for i in range(len(history))]
        named = [{"item": one, "title": self.titles[(one - 100) % len(self.titles)]} for one in history]
        return [one | {"share": share} for one, share in zip(named, shares, strict=True)][:3]

    def _one(self, i: int) -> dict:
        return {"item": 100 + i % len(self.titles), "title": self.titles[i % len(self.titles)], "score": 1 / (1 + i % len(self.titles))}


if __name__ == "__main__":  # python tests/ui/make_recommend.py HOME: every state; keeps the live ones alive until it is ended
    import sys

    print(
        json.dumps({state: make_recommend_run(Path(sys.argv[1]), SCENARIOS[0], state, n=i) for i, state in enumerate(STATES)}), flush=True
    )
    while True:
        time.sleep(3600)

"""Hand-made runs that looked for groups, in every state, for page tests and for looking. No clustering, no engine."""

from __future__ import annotations

import csv
import json
import math
import random
import time
from pathlib import Path

from make_run import STATES, hold

SCENARIOS = ("customer_segments", "themes", "unusual")
_ESTIMATOR = {"customer_segments": "KMeans", "themes": "KMeans", "unusual": "DBSCAN"}
_COLUMNS = {
    "customer_segments": {"prepare": "purchases", "customer": "customer", "date": "date", "money": "money", "quantity": "quantity"},
    "themes": {"prepare": "messages", "text": "text", "by": "department"},
    "unusual": {"prepare": "numeric", "label": "credit"},
}
_SAMPLE = {"customer_segments": "cdnow", "themes": "clothing_reviews", "unusual": "german_credit"}
# recency in days, days with a purchase, money: middle of each segment
_SEGMENTS = ((45, 9, 310.0), (480, 1, 21.0), (300, 4, 120.0), (90, 1.6, 36.0))
_NAMES = ("Loyal, big spenders", "Bought once for little, long ago", "Regular customers", "Active, still small")
_SHARES = (0.12, 0.55, 0.19, 0.14)
_WORDS = (
    ("dress", "fit", "waist"),
    ("sweater", "soft", "warm"),
    ("size", "small", "return"),
    ("color", "photo", "bright"),
    ("jeans", "leg", "length"),
)


def make_cluster_run(
    home: Path, scenario: str, state: str, *, n: int = 0, verdict: str = "structure", title=None, words=None, **spec
) -> str:
    """Write a run folder in that state; returns its id. `running` and `queued` hold the run's lock until this process ends."""
    created = time.time() - 600 - 3600 * n
    name = time.strftime("%Y%m%d-%H%M%S", time.gmtime(created)) + f"-{n:03d}c{SCENARIOS.index(scenario)}{STATES.index(state)}def"
    folder = Path(home) / "runs" / name
    folder.mkdir(parents=True, mode=0o700)
    (folder / "spec.json").write_text(json.dumps(_spec(name, created, scenario, title) | spec))
    (folder / "status.json").write_text(json.dumps(_status(state, created, verdict)))
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in _events(state, created)))
    (folder / "log.txt").write_text("reading the table\n")
    if state == "done":
        made = {"customer_segments": segments, "themes": themes, "unusual": unusual}[scenario](verdict, words)
        (folder / "evaluation.json").write_text(json.dumps(made["evaluation"]))
        (folder / "map.json").write_text(json.dumps(made["map"]))
        with (folder / "clusters.csv").open("w", newline="") as file:
            csv.writer(file).writerows(
                [
                    ["cluster", *made["map"]["columns"]],
                    *([c, *v] for c, v in zip(made["map"]["cluster"], made["map"]["values"], strict=True)),
                ]
            )
        (folder / "model").mkdir()
    if state in ("running", "queued"):
        hold(folder)
    return name


def _spec(name: str, created: float, scenario: str, title) -> dict:
    return {
        "id": name,
        "created": created,
        "estimator": _ESTIMATOR[scenario],
        "preset": "balanced",
        "seed": 0,
        "versions": {},
        "origin": "page",
        "params": {"n_clusters": 8, "max_iter": 300, "tol": 0.0001} if scenario != "unusual" else {"eps": 0.5, "min_samples": 5},
        "data": {"kind": "sample", "name": _SAMPLE[scenario]},
        "columns": _COLUMNS[scenario],
        "split": {},
        "choose": True,
        "scenario": scenario,
        "title": title,
    }


def _status(state: str, created: float, verdict: str) -> dict:
    headline = {
        "metric": "silhouette",
        "value": 0.46,
        "low": 0.44,
        "high": 0.48,
        "baseline": "shuffled_columns",
        "baseline_value": 0.31,
        "verdict": verdict,
        "k": 4,
    }
    reason = {
        "template": "Column {column!r} is not in the table. Its columns are: {columns}.",
        "values": {"column": "when", "columns": "customer, date"},
    }
    return {
        "state": "running" if state == "lost" else state,
        "since": created,
        "started": None if state == "queued" else created + 2,
        "ended": created + 31 if state in ("done", "failed", "cancelled") else None,
        "reason": reason if state == "failed" else None,
        "attempt": 1,
        "headline": headline if state == "done" else None,
    }


def _events(state: str, created: float) -> list[dict]:
    events = [{"t": created, "kind": "state", "state": "queued"}]
    if state == "queued":
        return events
    events += [{"t": created + 1, "kind": "phase", "phase": phase} for phase in ("data", "choose")]
    for k in range(2, 13):
        value = 0.3 + 0.16 * math.exp(-((k - 4) ** 2) / 6)
        events.append(
            {
                "t": created + k,
                "kind": "progress",
                "phase": "choose",
                "step": k - 1,
                "total": 11,
                "k": k,
                "silhouette": round(value, 4),
                "left_s": 20 - k,
            }
        )
    for step in range(1, 18):
        value = 5000 + 9000 * math.exp(-step / 3)
        events.append(
            {
                "t": created + 14 + step / 4,
                "kind": "progress",
                "phase": "train",
                "step": step,
                "total": 300,
                "inertia": round(value, 2),
                "left_s": 6,
            }
        )
    note = {"template": "{n:,} rows are exact copies of an earlier row ({rows}).", "values": {"n": 255, "rows": "12, 43"}}
    events.append({"t": created + 20, "kind": "note", "message": note})
    return events


def _span(value: float) -> dict:
    return {"value": value, "low": value - 0.02, "high": value + 0.02}


def _judged(verdict: str, k: int) -> dict:
    ours, again = {"structure": (0.46, 0.93), "weak": (0.33, 0.71), "none": (0.30, 0.41)}[verdict]
    sentence = {
        "structure": "There are real groups: {ours:.2f} apart against {theirs:.2f} on shuffled columns, and they come out again.",
        "weak": "There are groups, but weak ones: {ours:.2f} against {theirs:.2f} on shuffled columns.",
        "none": "No groups were found that shuffled columns would not show as well ({ours:.2f} against {theirs:.2f}).",
    }[verdict]
    return {
        "task": "clustering",
        "metric": "silhouette",
        "k": k,
        "model": {"name": "KMeans", "silhouette": _span(ours), "stability": _span(again)},
        "baselines": [
            {"name": "shuffled_columns", "silhouette": _span(0.31), "stability": _span(0.38)},
            {"name": "one_cloud", "silhouette": _span(0.33), "stability": _span(0.52)},
        ],
        "difference": {"against": "shuffled_columns", "metric": "silhouette", **_span(ours - 0.31)},
        "verdict": {"kind": verdict, "message": {"template": sentence, "values": {"ours": ours, "theirs": 0.31}}},
        "choice": {
            "method": "k",
            "ks": list(range(2, 13)),
            "silhouette": [0.3 + 0.16 * math.exp(-((n - k) ** 2) / 6) for n in range(2, 13)],
            "one_cloud": [0.34 - 0.01 * n for n in range(2, 13)],
            "stability": [0.9 - 0.06 * abs(n - k) for n in range(2, 13)],
            "inertia": [9000 / n for n in range(2, 13)],
            "rows": 2000,
            "recommended": k,
            "reason": {"template": "{k} groups are clearest.", "values": {"k": k}},
        },
        "holdout": None,
        "outliers": [],
        "agreement": None,
        "over_time": None,
        "by": None,
        "seconds": {"fit": 0.4},
    }


def segments(verdict: str, words=None) -> dict:
    """2,357 customers in four segments."""
    dice = random.Random(0)
    n, names = 2357, ["recency_days", "frequency", "money"]
    cluster = dice.choices(range(4), _SHARES, k=n)
    values, where = [], []
    for i, group in enumerate(cluster):
        recency, frequency, money = _SEGMENTS[group]
        row = [
            max(0, round(dice.gauss(recency, 60))),
            max(1, round(dice.gauss(frequency, 1))),
            round(max(5, dice.lognormvariate(math.log(money), 0.5)), 2),
        ]
        values.append([f"{i + 1:05d}", *row])
        a, b, c = -row[0] / 200, math.log(row[1]), math.log(row[2]) / 2
        where.append([round(a + b + c, 3), round(a - b, 3), round(c - b / 2, 3)])
    counts = [cluster.count(group) for group in range(4)]
    usual = [sorted(row[i + 1] for row in values)[n // 2] for i in range(3)]
    entries = []
    for group, middle in enumerate(_SEGMENTS):
        features = {
            name: {"median": middle[i], "mean": middle[i], "low": middle[i] / 2, "high": middle[i] * 2, "overall_median": usual[i]}
            for i, name in enumerate(names)
        }
        profile = [
            {
                "template": "{n:,} customers, {share} % of people, {money_share} % of the money",
                "values": {"n": counts[group], "share": round(100 * counts[group] / n), "money_share": (44, 24, 25, 7)[group]},
            },
            {"template": "Usually bought last {days:,} days ago", "values": {"days": middle[0]}},
            {"template": "{n} days with a purchase, usual are {usual}.", "values": {"n": middle[1], "usual": usual[1]}},
            {"template": "{share} % of all money.", "values": {"share": (44, 24, 25, 7)[group]}},
        ]
        entries.append(
            {
                "cluster": group,
                "n": counts[group],
                "share": counts[group] / n,
                "profile": profile,
                "name": {"template": _NAMES[group], "values": {}},
                "advice": {
                    "template": "Keep them: thank them, ask what they miss, give them new things first. A discount would only cost you.",
                    "values": {},
                },
                "features": features,
                "words": words or [],
                "nearest": [],
            }
        )
    found = _judged(verdict, 4) | {
        "n": n,
        "n_features": 3,
        "noise": 0,
        "columns": names,
        "prepare": "purchases",
        "clusters": entries,
        "sizes": [{"cluster": group, "n": counts[group], "share": counts[group] / n} for group in range(4)],
    }
    places = {
        "axes": ["Direction 1", "Direction 2", "Direction 3"],
        "points": where,
        "cluster": cluster,
        "row": list(range(n)),
        "columns": ["customer", *names],
        "values": values,
        "explained": [0.62, 0.25, 0.13],
    }
    return {"evaluation": found, "map": places}


def themes(verdict: str, words=None) -> dict:
    """2,000 messages in five themes."""
    dice = random.Random(1)
    n, k = 2000, 5
    cluster = [dice.randrange(k) for _ in range(n)]
    where = [
        [round(3 * math.cos(1.26 * group) + dice.gauss(0, 0.7), 3), round(3 * math.sin(1.26 * group) + dice.gauss(0, 0.7), 3)]
        for group in cluster
    ]
    texts = [
        f"I ordered the {_WORDS[group][0]} and the {_WORDS[group][1]} was not what I expected. Number {i}."
        for i, group in enumerate(cluster)
    ]
    departments = [dice.choice(["Tops", "Dresses", "Bottoms"]) for _ in range(n)]
    entries = [
        {
            "cluster": group,
            "n": cluster.count(group),
            "share": cluster.count(group) / n,
            "profile": [],
            "features": {},
            "words": words or list(_WORDS[group]),
            "nearest": [text for text, c in zip(texts, cluster, strict=True) if c == group][:5],
        }
        for group in range(k)
    ]
    by = [
        {"value": name, "n": 600, "shares": dice.choice(((0.4, 0.3, 0.1, 0.1, 0.1), (0.1, 0.2, 0.2, 0.3, 0.2)))}
        for name in ("Tops", "Dresses", "Bottoms")
    ]
    found = _judged(verdict, k) | {
        "n": n,
        "n_features": 384,
        "noise": 0,
        "columns": [],
        "prepare": "messages",
        "clusters": entries,
        "by": by,
        "sizes": [{"cluster": group, "n": cluster.count(group), "share": cluster.count(group) / n} for group in range(k)],
    }
    places = {
        "axes": ["Direction 1", "Direction 2"],
        "points": where,
        "cluster": cluster,
        "row": list(range(n)),
        "columns": ["text", "department"],
        "values": [list(pair) for pair in zip(texts, departments, strict=True)],
        "explained": [0.06, 0.05],
    }
    return {"evaluation": found, "map": places}


def unusual(verdict: str, words=None) -> dict:
    """1,000 applications, 38 of them in no group."""
    dice = random.Random(2)
    n, names = 1000, ["duration", "amount", "age"]
    cluster = [-1 if i % 27 == 0 else 0 for i in range(n)]
    values = [
        [dice.choice([48, 60, 72]), dice.randrange(9000, 18000), dice.randrange(19, 75), dice.choice(["good", "bad"])]
        if c < 0
        else [dice.randrange(6, 36), dice.randrange(500, 6000), dice.randrange(22, 60), dice.choices(["good", "bad"], [7, 3])[0]]
        for c in cluster
    ]
    where = [
        [round(row[0] / 12 + dice.gauss(0, 0.3), 3), round(row[1] / 2500 + dice.gauss(0, 0.3), 3), round(row[2] / 15, 3)] for row in values
    ]
    noise = [i for i, c in enumerate(cluster) if c < 0]
    outliers = [
        {
            "row": i,
            "score": 3 - 0.05 * place,
            "why": [
                {"column": "amount", "value": values[i][1], "usual_low": 900, "usual_high": 5200},
                {"column": "duration", "value": values[i][0], "usual_low": 6, "usual_high": 36},
            ],
            "values": dict(zip([*names, "credit"], values[i], strict=True)),
        }
        for place, i in enumerate(noise)
    ]
    features = {name: {"median": 10, "mean": 10, "low": 5, "high": 20, "overall_median": (18, 2300, 33)[i]} for i, name in enumerate(names)}
    entries = [
        {
            "cluster": 0,
            "n": n - len(noise),
            "share": 1 - len(noise) / n,
            "profile": [],
            "features": features,
            "words": words or [],
            "nearest": [],
        }
    ]
    found = _judged(verdict, 1) | {
        "n": n,
        "n_features": 3,
        "noise": len(noise),
        "columns": names,
        "prepare": "numeric",
        "clusters": entries,
        "outliers": outliers,
        "sizes": [
            {"cluster": 0, "n": n - len(noise), "share": 1 - len(noise) / n},
            {"cluster": -1, "n": len(noise), "share": len(noise) / n},
        ],
    }
    places = {
        "axes": ["Direction 1", "Direction 2", "Direction 3"],
        "points": where,
        "cluster": cluster,
        "row": list(range(n)),
        "columns": [*names, "credit"],
        "values": values,
        "explained": [0.5, 0.3, 0.2],
    }
    return {"evaluation": found, "map": places}


if (
    __name__ == "__main__"
):  # python tests/ui/make_clusters.py HOME: every scenario in every state; keeps the live ones alive until it is ended
    import sys

    print(
        json.dumps(
            {
                f"{scenario}.{state}": make_cluster_run(Path(sys.argv[1]), scenario, state, n=3 * i)
                for scenario in SCENARIOS
                for i, state in enumerate(STATES)
            }
        ),
        flush=True,
    )
    while True:
        time.sleep(3600)

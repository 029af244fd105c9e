"""A queue of the recommender lab: runs that were started together on the same data and the same split. Draws nothing.

What belongs together is written in the titles of the runs, so a queue is found again after a reload or a restart, by anybody:

    EASE · #c3f2a91c4                       every algorithm once, the queue c3f2a91c4
    EASE · regularization=50 · #s0b77e21d   one setting of one algorithm, a run a value
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property

from bmcore.messages import Message

SCENARIO = "lab_recommend"
SPLIT = {"test": 0.2, "seed": 0}  # the same for every run of every queue, so that all were tested on the same people and things
MOST_VALUES = 8
CODE = re.compile(r"[cs][0-9a-f]{8}")
_TITLE = re.compile(r"(?P<name>.+?)(?: · (?P<parameter>[a-z0-9_]+)=(?P<value>[^·]+))? · #(?P<code>[cs][0-9a-f]{8})")


@dataclass(frozen=True)
class Method:
    """An algorithm with its settings: what a queue has one run of."""

    key: str
    estimator: str
    params: dict
    title: str  # names of algorithms are the same in every language
    about: Message


METHODS = {
    entry.key: entry
    for entry in (
        Method(
            "ease",
            "EASE",
            {},
            "EASE",
            Message("One weight for each pair of items, found in one step. Its cost grows with the cube of the number of items."),
        ),
        Method(
            "als",
            "ALS",
            {},
            "ALS",
            Message("A short list of numbers for each person and each item, improved in turns. For large catalogues."),
        ),
        Method(
            "knn_cosine",
            "ItemKNN",
            {"similarity": "cosine"},
            "ItemKNN cosine",
            Message("Things that the same people took, by the angle between them."),
        ),
        Method(
            "knn_tfidf", "ItemKNN", {"similarity": "tfidf"}, "ItemKNN TF-IDF", Message("The same, and what everybody takes counts less.")
        ),
        Method(
            "knn_bm25",
            "ItemKNN",
            {"similarity": "bm25"},
            "ItemKNN BM25",
            Message("The same, and a person with a long list counts less too."),
        ),
        Method(
            "popularity",
            "Popularity",
            {},
            "Popularity",
            Message("The same list for everybody: what most people took. What every other has to beat."),
        ),
    )
}


@dataclass(frozen=True)
class Entry:
    """One run to be: what it is called, and what it asks for."""

    title: str
    method: Method
    params: dict


def every(keys: list[str]) -> list[Entry]:
    """One run a method."""
    return [Entry(METHODS[key].title, METHODS[key], METHODS[key].params) for key in keys]


def sweep(key: str, parameter: str, values: list) -> list[Entry]:
    """One run a value of one setting."""
    method = METHODS[key]
    return [Entry(f"{method.title} · {parameter}={value:g}", method, {**method.params, parameter: value}) for value in values]


def code_of(kind: str, nonce: str, ref: dict, columns: dict, entries: list[Entry]) -> str:
    """The queue's name: the same wish has the same name, so a button pressed twice makes one queue."""
    wish = json.dumps([nonce, ref, columns, [[entry.title, entry.params] for entry in entries]], sort_keys=True)
    return kind + hashlib.sha256(wish.encode()).hexdigest()[:8]


def start(code: str, ref: dict, columns: dict, entries: list[Entry]) -> list:
    """Make the runs, in order. Asked again it makes no second ones.

    Raises
    ------
    BmcoreError
        If a run was refused. Those before it are in the queue.
    """
    from bmcore import runs

    made = []
    for i, entry in enumerate(entries):
        request = {"estimator": entry.method.estimator, "params": entry.params, "data": ref, "columns": columns, "split": SPLIT}
        request |= {"scenario": SCENARIO, "title": f"{entry.title} · #{code}", "origin": "page"}
        made.append(runs.start(request, token=f"{SCENARIO}:{code}:{i}"))
    return made


class Member:
    """One run of a queue and its place in it."""

    def __init__(self, run, found: re.Match):
        self.run, self.name, self.parameter = run, found["name"], found["parameter"]
        self.value = self.run.spec["params"].get(self.parameter) if self.parameter else None

    @property
    def title(self) -> str:
        value = f"{self.value:g}" if isinstance(self.value, int | float) else self.value
        return f"{self.name} · {self.parameter}={value}" if self.parameter else self.name

    @cached_property
    def model(self) -> dict | None:
        """What was measured of it; None before it is done, or where the file is not whole."""
        found = self.run.evaluation if self.run.state == "done" else None
        return _measured((found or {}).get("model"))

    @property
    def seconds(self) -> float | None:
        """How long a fit takes. The second one of the run counts, on the whole table: the first may still have compiled its code."""
        spent = (self.run.evaluation or {}).get("seconds")
        for value in (spent.get("refit") if isinstance(spent, dict) else None, (self.model or {}).get("seconds")):
            if isinstance(value, int | float) and value > 0:
                return float(value)
        return None

    @cached_property
    def popularity(self) -> dict | None:
        """What was measured of the popularity baseline of the same run."""
        known = (self.run.evaluation or {}).get("baselines")
        named = (
            [entry for entry in known if isinstance(entry, dict) and entry.get("name") == "Popularity"] if isinstance(known, list) else []
        )
        return _measured(named[0]) if named else None


def _measured(entry) -> dict | None:
    """The entry if its NDCG has a value and an interval of numbers."""
    span = entry.get("ndcg_10") if isinstance(entry, dict) else None
    whole = isinstance(span, dict) and all(isinstance(span.get(end), int | float) for end in ("value", "low", "high"))
    return entry if whole else None


def members(code: str) -> list[Member]:
    """The runs of a queue, in the order in which they were started; none where there is no such queue."""
    return next((found for known, found in queues() if known == code), []) if CODE.fullmatch(code) else []


def queues() -> list[tuple[str, list[Member]]]:
    """Every queue that has a run left, newest first."""
    from bmcore import runs

    found: dict[str, list[Member]] = {}
    for run in runs.list_runs():
        named = _TITLE.fullmatch(run.spec["title"] or "") if run.spec["scenario"] == SCENARIO else None
        if named:
            found.setdefault(named["code"], []).append(Member(run, named))
    return [(code, entries[::-1]) for code, entries in found.items()]

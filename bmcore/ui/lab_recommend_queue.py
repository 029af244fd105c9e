"""A queue of the recommender lab: runs that were started together on the same data and the same split. Draws nothing."""

from __future__ import annotations

from functools import cached_property

from bmcore.messages import Message
from bmcore.ui import lab_queue
from bmcore.ui.lab_queue import MOST_VALUES, Entry, Method, code_of

__all__ = ["METHODS", "MOST_VALUES", "SCENARIO", "Member", "code_of", "every", "members", "queues", "start", "sweep"]

SCENARIO = "lab_recommend"
SPLIT = {"test": 0.2, "seed": 0}  # the same for every run of every queue, so that all were tested on the same people and things

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
            "knn_tfidf",
            "ItemKNN",
            {"similarity": "tfidf"},
            "ItemKNN TF-IDF",
            Message("The same, and a person with a long list counts less."),
        ),
        Method(
            "knn_bm25",
            "ItemKNN",
            {"similarity": "bm25"},
            "ItemKNN BM25",
            Message("That too, repeats count less and less, and well-known things count more."),
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


def every(keys: list[str]) -> list[Entry]:
    """One run a method."""
    return [Entry(METHODS[key].title, METHODS[key], METHODS[key].params) for key in keys]


def sweep(key: str, parameter: str, values: list) -> list[Entry]:
    """One run a value of one setting."""
    return lab_queue.sweep(METHODS[key], METHODS[key].params, parameter, values)


def start(code: str, ref: dict, columns: dict, entries: list[Entry]) -> list:
    """Make the runs, in order. Asked again it makes no second ones.

    Raises
    ------
    BmcoreError
        If a run was refused. Those before it are in the queue.
    """
    return lab_queue.start(SCENARIO, code, entries, {"data": ref, "columns": columns, "split": SPLIT})


class Member(lab_queue.Member):
    """One run of a queue and its place in it."""

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
    return lab_queue.members(SCENARIO, Member, code)


def queues() -> list[tuple[str, list[Member]]]:
    """Every queue that has a run left, newest first."""
    return lab_queue.queues(SCENARIO, Member)

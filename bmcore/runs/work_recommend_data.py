"""The log of a recommendation run, read and split: the same for every attempt, since the data are pinned and the split has a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bmcore.data import refs
from bmcore.data.catalogue import catalogue, traits
from bmcore.data.interactions import Interactions, read_interactions
from bmcore.data.split_log import split_log
from bmcore.recommend.order import check_requires
from bmcore.runs.report import Report

if TYPE_CHECKING:
    import pandas as pd

_BILLION = 1e9


@dataclass
class Log:
    """What a recommendation run works on.

    Attributes
    ----------
    everything, train, test : Interactions
        With the same positions of users and items. `train` is merged from the events before the test alone.
    items, users : DataFrame or None
        What is known of items (always there: at least their ids) and of users (None where no trait is named).
    """

    everything: Interactions
    train: Interactions
    test: Interactions
    items: pd.DataFrame
    users: pd.DataFrame | None


def read(spec: dict[str, Any], report: Report) -> Log:
    """The run's data: phases data and split."""
    report.phase("data")
    columns = spec["columns"]
    frame = refs.load(spec["data"])
    report.check()
    everything = read_interactions(frame, **{role: columns.get(role) for role in ("user", "item", "weight", "time", "basket")})
    report.check()
    report.left.forecast = forecast(everything)
    items = catalogue(
        frame, columns["item"], columns.get("title"), columns.get("about") or (), columns.get("difficulty"), columns.get("requires")
    )
    for note in check_requires(dict(zip(items["item"], items["requires"], strict=True)))[1]:
        report.note(note)
    users = traits(frame, columns["user"], columns["traits"]) if columns.get("traits") else None
    report(1, 1, phase="data")
    report.phase("split")
    halves = split_log(everything, **spec["split"])
    for note in (*everything.notes, *halves.notes):
        report.note(note)
    report(1, 1, phase="split")
    return Log(everything, halves.train, halves.test, items, users)


def forecast(log: Interactions) -> dict[str, float]:
    """Seconds by phase on two cores, for the time left; their proportions matter."""
    entries, users, items = len(log.users), len(log.user_ids), len(log.item_ids)
    # an inverse of all items, or passes over the log where that would take too long
    fit = 0.5 + min(items**3 / (40 * _BILLION), entries * 4e-5)
    answers = users * min(items, 20_000) * 8e-9 + users * 1e-4
    drawn = min(items, 3000)
    return {
        "split": 0.2 + entries * 1e-6, "train": fit, "evaluate": 2 + 2 * fit + 4 * answers, "refit": fit, "describe": 1 + drawn * 2e-3,
        "save": 0.5 + answers + min(users, 100_000) * 1e-4,
    }

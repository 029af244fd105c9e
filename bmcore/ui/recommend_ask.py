"""What a finished run answers: its serving process is asked, once for each question; and the items it knows, from its map."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

import streamlit as st

from bmcore.errors import BmcoreError, ServiceError
from bmcore.ui import served as asking
from bmcore.ui import states
from bmcore.ui.words import _, one_line

MOST_KEPT = 60


def ask(run_id: str, method: str, body: dict) -> list[dict] | None:
    """The rows that `method` answers for the one person, basket or item of `body`; None, and a sentence, where it cannot."""
    kept = st.session_state.setdefault(f"recommend_ask.answers:{run_id}", {})
    name = json.dumps([method, body], sort_keys=True, default=str)
    if name in kept:
        return kept[name]
    answer = served(run_id, method, body)
    if answer is None:
        return None
    try:
        rows = _rows(answer)
    except BmcoreError as error:
        states.problem(error)
        return None
    while len(kept) >= MOST_KEPT:
        kept.pop(next(iter(kept)), None)
    kept[name] = rows
    return rows


def served(run_id: str, method: str, body: dict) -> dict | None:
    """What the run's service answers; None, and a sentence, where it cannot."""
    return asking.ask(run_id, method, body, _("Asking the model"))


def _rows(answer: object) -> list[dict]:
    """The first list of an answer, which holds a list for each of what was asked."""
    asked = next((value for value in answer.values() if isinstance(value, list)), None) if isinstance(answer, dict) else None
    if not asked or not isinstance(asked[0], list) or not all(isinstance(row, dict) for row in asked[0]):
        raise ServiceError("The model answered something that cannot be read. Try again.")
    return asked[0]


@dataclass(frozen=True)
class Items:
    """The items on the map of a run; a place is an item's position in these lists."""

    ids: list
    titles: list[str]  # no two alike
    groups: list[str | None]
    popularity: list[float]
    points: list[list[float]]

    @cached_property
    def place(self) -> dict:
        """Item -> its place."""
        return {item: place for place, item in enumerate(self.ids)}

    @cached_property
    def ranked(self) -> list[int]:
        """Every place, the most popular first."""
        return sorted(range(len(self.ids)), key=lambda place: -self.popularity[place])


def items(run) -> Items | None:
    """What map.json says, or None where it is absent or damaged."""
    try:
        found = json.loads((run.folder / "map.json").read_bytes())
        n = len(found["item"])
        if not n or not all(len(found[name]) == n for name in ("points", "title", "popularity")):
            return None
        groups = found.get("group") or [None] * n
        points = [[float(point[0]), float(point[1])] for point in found["points"]]
        names = [None if group in (None, "", -1) else one_line(group, 40) for group in groups]
        if len(names) != n or any(isinstance(item, list | dict) for item in found["item"]):
            return None
        return Items(found["item"], _distinct(found["title"], found["item"]), names, [float(p or 0) for p in found["popularity"]], points)
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def _distinct(titles: list, ids: list) -> list[str]:
    """Titles as plain text; two that are alike get their ids."""
    shown = [one_line(title if title not in (None, "") else item, 90) for title, item in zip(titles, ids, strict=True)]
    seen: dict[str, int] = {}
    for title in shown:
        seen[title] = seen.get(title, 0) + 1
    return [f"{title} · {one_line(item, 40)}" if seen[title] > 1 else title for title, item in zip(shown, ids, strict=True)]

"""The recommender lab before a queue is started: the table, what to compare, and the queues of before."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import lab_queue_live, recommend_data, roles, states
from bmcore.ui import lab_recommend_form as form
from bmcore.ui import lab_recommend_queue as queue
from bmcore.ui.kinds import RecommendScenario
from bmcore.ui.lab_recommend_queue import SCENARIO, Member
from bmcore.ui.recommend_scenarios import PRODUCTS
from bmcore.ui.words import _, number, plain


def draw() -> None:
    """Steps 1 and 2."""
    scenario = replace(PRODUCTS, key=SCENARIO, unit=Message("people"), items=Message("items"), events=Message("entries"))
    states.step(1, _("The table"))
    chosen = recommend_data.choose(scenario)
    if chosen is None:
        states.later(2, _("The queue"), _("as soon as there is a table"))
        return
    states.step(2, _("The queue"))
    form.draw(chosen, _size(scenario, chosen))


def _size(scenario: RecommendScenario, chosen: recommend_data.Chosen) -> dict | None:
    """How many users, items and events the step above has found; None for a sample that is not here yet."""
    from bmcore.data.samples import present

    if chosen.ref["kind"] == "sample" and not present(chosen.ref["name"]):
        return None
    asked = {"ref": chosen.ref, "roles": roles.plainly(scenario.roles)}
    seen = roles.seen({**asked, "columns": None})  # kept from the step above, so it costs nothing
    if seen["columns"] != chosen.columns:
        seen = roles.seen({**asked, "columns": chosen.columns})
    return seen["found"]


def folded(entries: list[Member]) -> None:
    """Step 1, done: a line."""
    from bmcore.data import refs

    spec = entries[0].run.spec
    try:
        name = plain(_(refs.title(spec["data"])), 100)
    except (BmcoreError, KeyError, TypeError):
        name = _("a table that is no longer known")
    parts = [name]
    found = next((entry.run.evaluation for entry in entries if entry.model is not None), None)
    if found and found.get("n_users"):
        parts.append(_("{users} people, {items} items", users=number(found["n_users"]), items=number(found.get("n_items"))))
        parts.append(_split(found))
    st.markdown(f":green[:material/check_circle:] **1 · {_('The table')}** — {' · '.join(filter(None, parts))}")


def _split(found: dict) -> str:
    """What all runs of the queue were tested on."""
    split = found.get("split") if isinstance(found.get("split"), dict) else {}
    n = number(found.get("n_test"))
    if split.get("kind") == "time":
        return _("all tested on the same {n} that came last", n=n)
    return _("all tested on the same {n}, held back by chance", n=n)


def earlier() -> None:
    """The newest queues, to be opened again."""
    lab_queue_live.earlier(SCENARIO, queue.queues(), _name)


def _name(code: str, entries: list[Member]) -> str:
    if code.startswith("s"):
        return f"{entries[0].name} · {entries[0].parameter}"
    return ", ".join(entry.name for entry in entries)

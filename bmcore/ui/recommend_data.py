"""Step "your purchases": source, what each column is for, how many customers and items there are, what had to be done.

For a built-in sample the columns are known and folded away; for an own table they are guessed and shown.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import charts, preview, roles, source, states
from bmcore.ui.kinds import RecommendScenario
from bmcore.ui.words import _, number, one_line, plain

NONE = Message("none")


@dataclass(frozen=True)
class Chosen:
    """What a run needs to know about its data, and whether it may start."""

    ref: dict
    columns: dict  # role -> column, or list of columns
    ready: bool


def choose(scenario: RecommendScenario) -> Chosen | None:
    """Draw the step. Returns None until there is a table."""
    left, right = st.columns([5, 6], gap="large")
    with left:
        ref = source.choose(scenario)
        if ref is None:
            st.caption(_(scenario.helps))
            return None
        if ref["kind"] == "sample" and scenario.stands:
            st.caption(f":material/swap_horiz: {_(scenario.stands)}")
        try:
            seen = _seen(scenario, ref)
            columns = _columns(scenario, ref, seen)
            if seen["table"]["head"] and columns != seen["columns"]:
                seen = _look(scenario, ref, columns)
        except BmcoreError as error:
            states.problem(error)
            return None
        _findings(scenario, seen)
        if not (columns.get("time") or columns.get("basket")):
            st.caption(f":material/lightbulb: {_(scenario.helps)}")
    with right:
        _preview(scenario, ref, seen)
    waits = not seen["table"]["head"]  # a sample that the run fetches by itself
    return Chosen(ref, columns, ready=waits or seen["found"] is not None)


def _seen(scenario: RecommendScenario, ref: dict) -> dict:
    """What is known of the table; for a sample that is not here yet, without fetching it."""
    from bmcore.data.samples import SAMPLES, present
    from bmcore.ui.recommend_look import guess

    if ref["kind"] != "sample" or present(ref["name"]):
        return _look(scenario, ref, None)
    sample = SAMPLES[ref["name"]]
    kinds = dict.fromkeys(sample.columns, "any")
    table = {"rows": sample.rows, "columns": list(sample.columns), "kinds": kinds, "head": []}
    return {"table": table, "columns": guess(roles.plainly(scenario.roles), kinds), "found": None, "problem": None}


def _look(scenario: RecommendScenario, ref: dict, columns: dict | None) -> dict:
    return roles.seen({"ref": ref, "roles": roles.plainly(scenario.roles), "columns": columns})


def _columns(scenario: RecommendScenario, ref: dict, seen: dict) -> dict:
    """What each column is for, as guessed or as changed."""
    often, rare = ([role for role in scenario.roles if role.rare == wanted] for wanted in (False, True))
    asked = (scenario.key, seen["columns"], seen["table"], roles.tail(ref))
    if ref["kind"] == "sample":
        with st.expander(_("What each column is for"), icon=":material/view_column:"):
            return _ask(often + rare, *asked)
    columns = _ask(often, *asked)
    with st.expander(_("More columns"), icon=":material/view_column:"):
        return columns | _ask(rare, *asked)


def _ask(wanted: list, key: str, guessed: dict, table: dict, tail: str) -> dict:
    return roles.ask(key, wanted, guessed, table, tail, NONE)


def _findings(scenario: RecommendScenario, seen: dict) -> None:
    """How many of everything, and what had to be done."""
    if seen["problem"]:
        states.problem(Message.from_dict(seen["problem"]))
    found = seen["found"]
    if found is None:
        return
    st.markdown(
        _(
            ":green[:material/check:] **{users}** {unit}, **{items}** {things}, **{events}** {rows}",
            users=number(found["users"]),
            unit=_(scenario.unit),
            items=number(found["items"]),
            things=_(scenario.items),
            events=number(found["events"]),
            rows=_(scenario.events),
        )
    )
    st.caption(" ".join(_facts(found)))
    if found["notes"]:
        with st.expander(_("What was done with the table: {n}", n=len(found["notes"])), icon=":material/info:"):
            for note in found["notes"]:
                st.markdown(f"- {plain(_(Message.from_dict(note)))}")


def _facts(found: dict) -> list[str]:
    facts = [_("Of all possible pairs, {share} % are there.", share=f"{100 * found['density']:.2g}")]
    if found["times"]:
        first, last = (time.strftime("%Y-%m-%d", time.gmtime(moment)) for moment in found["times"])
        facts.append(_("From {first} to {last}.", first=first, last=last))
    if found["baskets"]:
        facts.append(_("{n} orders.", n=number(found["baskets"])))
    return facts


def _preview(scenario: RecommendScenario, ref: dict, seen: dict) -> None:
    table, found = seen["table"], seen["found"]
    if not table["head"]:
        words = _("**{rows}** rows wait in this sample.", rows=number(table["rows"]))
        preview.not_here(scenario, words, table["columns"], ref["name"])
        return
    st.dataframe(
        [{one_line(name, 40): _cell(value) for name, value in row.items()} for row in (found or table)["head"]],
        hide_index=True,
        height=246,
        key=f"{scenario.key}.preview",
        alt=_("The first rows of the table."),
    )
    if found and found["popular"]:
        alt = "; ".join(f"{one_line(name, 40)} {100 * share:.0f} %" for name, share in found["popular"])
        title = _("Share of the {unit} who have it, %", unit=_(scenario.unit))
        charts.bars(found["popular"], title, key=f"{scenario.key}.popular", alt=alt)


def _cell(value):
    return one_line(value, 400) if isinstance(value, str) else value

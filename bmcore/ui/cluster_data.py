"""Step "your table" where rows are grouped: source, what each column is for, a look at what the method will see.

For a built-in sample the columns are known and folded away; for an own table they are guessed and shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import cluster_charts, groups, preview, roles, source, states
from bmcore.ui.kinds import ClusterScenario
from bmcore.ui.words import _, number, one_line, plain

ALL = Message("all of them")


@dataclass(frozen=True)
class Chosen:
    """What a run needs to know about its data, and whether it may start."""

    ref: dict
    columns: dict  # "prepare" and role -> column
    rows: int
    ready: bool
    reach: dict[str, float]  # share of rows -> eps at which about that share is in no group; empty where not known


def choose(scenario: ClusterScenario) -> Chosen | None:
    """Draw the step. Returns None until there is a table."""
    left, right = st.columns([5, 6], gap="large")
    with left:
        ref = source.choose(scenario)
        if ref is None:
            return None
        try:
            seen = _seen(scenario, ref)
            columns = _columns(scenario, ref, seen)
            if seen["table"]["head"] and columns != seen["columns"]:
                seen = _look(scenario, ref, columns)
        except BmcoreError as error:
            states.problem(error)
            return None
        _findings(scenario, seen)
    with right:
        _preview(scenario, ref, seen)
    waits = not seen["table"]["head"]  # a sample that the run fetches by itself
    rows = seen["found"]["n"] if seen["found"] else seen["table"]["rows"]
    return Chosen(ref, columns, rows=rows, ready=waits or seen["found"] is not None, reach=(seen["found"] or {}).get("reach") or {})


def _seen(scenario: ClusterScenario, ref: dict) -> dict:
    """What is known of the table; for a sample that is not here yet, without fetching it."""
    from bmcore.data.samples import SAMPLES, present
    from bmcore.ui.cluster_look import guess

    if ref["kind"] != "sample" or present(ref["name"]):
        return _look(scenario, ref, None)
    sample = SAMPLES[ref["name"]]
    kinds = dict.fromkeys(sample.columns, "any")
    shapes = _shapes(scenario, takes=("any",))
    table = {"rows": sample.rows, "columns": list(sample.columns), "kinds": kinds, "head": []}
    return {"table": table, "columns": guess(shapes, kinds), "found": None, "problem": None}


def _shapes(scenario: ClusterScenario, **changed) -> list[dict]:
    return [{"key": shape.key, "roles": roles.plainly(shape.roles, **changed)} for shape in scenario.shapes]


def _look(scenario: ClusterScenario, ref: dict, columns: dict | None) -> dict:
    return roles.seen({"ref": ref, "shapes": _shapes(scenario), "columns": columns})


def _columns(scenario: ClusterScenario, ref: dict, seen: dict) -> dict:
    """What each column is for, as guessed or as changed."""
    if ref["kind"] != "sample":
        return _roles(scenario, seen, roles.tail(ref), fold=True)
    with st.expander(_("What each column is for"), icon=":material/view_column:"):
        return _roles(scenario, seen, roles.tail(ref), fold=False)


def _roles(scenario: ClusterScenario, seen: dict, tail: str, *, fold: bool) -> dict:
    guessed = seen["columns"]
    key = guessed["prepare"]
    if len(scenario.shapes) > 1:
        words = {shape.key: _(shape.row) for shape in scenario.shapes}
        key = st.segmented_control(
            _("One row of the table is"),
            list(words),
            default=key,
            required=True,
            format_func=words.get,
            key=f"{scenario.key}.shape:{tail}",
            persist_state="session",
        )
    shape = scenario.shape(key)
    guessed = guessed if guessed["prepare"] == key else {}
    prefix, often = f"{scenario.key}.{shape.key}", [role for role in shape.roles if not role.rare]
    columns = {"prepare": key} | roles.ask(prefix, often, guessed, seen["table"], tail, ALL)
    if rare := [role for role in shape.roles if role.rare]:
        with st.expander(_("One column more"), icon=":material/view_column:") if fold else st.container():
            columns |= roles.ask(prefix, rare, guessed, seen["table"], tail, ALL)
    return columns


def _findings(scenario: ClusterScenario, seen: dict) -> None:
    """What the method will see, in a line, and what had to be done for it."""
    if seen["problem"]:
        states.problem(Message.from_dict(seen["problem"]))
    found = seen["found"]
    if found is None:
        return
    words = _(":green[:material/check:] **{n}** {unit} to group", n=number(found["n"]), unit=_(scenario.unit))
    if found["names"]:
        words += " " + _("by **{k}** columns: {names}.", k=len(found["names"]), names=plain(", ".join(_named(seen, found["names"])), 300))
    st.markdown(words)
    if found["notes"]:
        with st.expander(_("What was done with the table: {n}", n=len(found["notes"])), icon=":material/info:"):
            for note in found["notes"]:
                st.markdown(f"- {plain(_(Message.from_dict(note)))}")


def _named(seen: dict, names: list[str]) -> list[str]:
    """Columns as people call them."""
    return [groups.column(name, purchases=seen["columns"]["prepare"] == "purchases") for name in names]


def _preview(scenario: ClusterScenario, ref: dict, seen: dict) -> None:
    table, found = seen["table"], seen["found"]
    if not table["head"]:
        words = _("**{rows}** rows wait in this sample.", rows=number(table["rows"]))
        preview.not_here(scenario, words, table["columns"], ref["name"])
        return
    shown = found["head"] if found else table["head"]
    text = seen["columns"].get("text")
    st.dataframe(
        [dict(zip(_named(seen, list(row)), map(_cell, row.values()), strict=True)) for row in shown],
        hide_index=True,
        height=246,
        key=f"{scenario.key}.preview",
        alt=_("The first rows of the table as the method sees them."),
        column_config={text: st.column_config.TextColumn(width="large")} if text else None,
    )
    if found and found["spread"]:
        spread = dict(zip(_named(seen, list(found["spread"])), found["spread"].values(), strict=True))
        cluster_charts.spread(spread, key=f"{scenario.key}.spread")
    elif found and found["counts"]:
        from bmcore.ui import charts

        charts.bars(
            [(name, n / max(1, found["n"])) for name, n in found["counts"]],
            _("Share of the messages, %"),
            key=f"{scenario.key}.counts",
            alt=_("How often each value occurs, the most frequent first."),
        )


def _cell(value):
    return one_line(value, 400) if isinstance(value, str) else value

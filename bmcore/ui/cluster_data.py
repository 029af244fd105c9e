"""Step "your table" where rows are grouped: source, what each column is for, a look at what the method will see.

For a built-in sample the columns are known and folded away; for an own table they are guessed and shown.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import cluster_charts, groups, look, preview, source, states
from bmcore.ui.kinds import ClusterScenario, Role, Shape
from bmcore.ui.words import _, number, one_line, plain

_SAMPLES_SEEN: dict[str, dict] = {}


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
    shapes = [{**shape, "roles": [{**role, "takes": ("any",)} for role in shape["roles"]]} for shape in _shapes(scenario)]
    table = {"rows": sample.rows, "columns": list(sample.columns), "kinds": kinds, "head": []}
    return {"table": table, "columns": guess(shapes, kinds), "found": None, "problem": None}


def _shapes(scenario: ClusterScenario) -> list[dict]:
    return [
        {"key": shape.key, "roles": [{k: v for k, v in asdict(role).items() if k != "title"} for role in shape.roles]}
        for shape in scenario.shapes
    ]


def _look(scenario: ClusterScenario, ref: dict, columns: dict | None) -> dict:
    """The answer of the reading process, kept: for everybody where the table is built in, else for this visitor only."""
    asked = {"ref": ref, "shapes": _shapes(scenario), "columns": columns}
    name = json.dumps(asked, sort_keys=True)
    kept = _SAMPLES_SEEN if ref["kind"] == "sample" else st.session_state.setdefault("cluster_data.seen", {})
    if name not in kept:
        while len(kept) >= 24:
            kept.pop(next(iter(kept)), None)
        with st.spinner(_("Reading the table")):
            kept[name] = look.request(asked)
    return kept[name]


def _columns(scenario: ClusterScenario, ref: dict, seen: dict) -> dict:
    """What each column is for, as guessed or as changed."""
    # another table has other columns: its own widgets
    tail = f"{ref.get('name') or ref.get('id')}:{ref.get('sha256', '')[:8]}"
    if ref["kind"] != "sample":
        return _roles(scenario, seen, tail, fold=True)
    with st.expander(_("What each column is for"), icon=":material/view_column:"):
        return _roles(scenario, seen, tail, fold=False)


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
    columns = {"prepare": key} | _asked(scenario, shape, [role for role in shape.roles if not role.rare], guessed, seen["table"], tail)
    if rare := [role for role in shape.roles if role.rare]:
        with st.expander(_("One column more"), icon=":material/view_column:") if fold else st.container():
            columns |= _asked(scenario, shape, rare, guessed, seen["table"], tail)
    return columns


def _asked(scenario: ClusterScenario, shape: Shape, roles: list[Role], guessed: dict, table: dict, tail: str) -> dict:
    """Role -> chosen column, two beside each other."""
    columns = {}
    sides = st.columns(2)
    for i, role in enumerate(roles):
        with sides[i % 2]:
            value = _role(scenario, shape, role, guessed.get(role.key), table, tail)
        if value:
            columns[role.key] = value
    return columns


def _role(scenario: ClusterScenario, shape: Shape, role: Role, guessed, table: dict, tail: str):
    fitting = [name for name in table["columns"] if table["kinds"][name] in ("any", *role.takes)]
    key = f"{scenario.key}.{shape.key}.{role.key}:{tail}"
    if role.many:
        return st.multiselect(
            _(role.title), fitting, placeholder=_("all of them"), format_func=one_line, key=key, persist_state="session", max_selections=64
        )
    options = fitting if role.needed else [None, *fitting]
    return st.selectbox(
        _(role.title),
        options,
        index=options.index(guessed) if guessed in options else 0 if options else None,
        format_func=lambda name: _("(none)") if name is None else one_line(name),
        key=key,
        persist_state="session",
    )


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

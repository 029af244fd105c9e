"""Runs as rows: for the home page a few, for the list of all trainings every one."""

from __future__ import annotations

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import nav, scores, states
from bmcore.ui.scenario import CUSTOMER_SERVICE
from bmcore.ui.words import _, ago, duration, one_line, plain

PER_PAGE = 20
STATE_WIDTH, RESULT_WIDTH = 124, 230  # pixels, so that rows stand below each other


def title(run, longest: int = 80) -> str:
    """The run's name, safe in Markdown: its given title, else the question it answers, else what it learned."""
    return plain(name(run), longest)


def name(run) -> str:
    """The run's name in the visitor's language, as it is."""
    spec = run.spec
    if not spec["title"] and spec["scenario"] == CUSTOMER_SERVICE.key:
        asked = next((entry for entry in CUSTOMER_SERVICE.questions if entry.label == spec["columns"].get("label")), None)
        if asked:
            return _(asked.title)
    if not spec["title"] and scores.clusters(run):
        return _(_groups(run))
    return one_line(_(run.title()), 200) or run.id


def _groups(run) -> Message:
    """What a run that nobody named was looking for, and where."""
    from bmcore.runs import task_clustering

    try:
        return task_clustering.title(run.spec, _table(run))
    except (KeyError, TypeError):  # a kind of table of another version
        return Message("Groups in {data}", data=_table(run))


def summary(run) -> str:
    """One grey line about a run: what from, how long still, and when."""
    parts = []
    if run.state == "running":
        now = run.progress
        if now.get("left_s") is not None:
            parts.append(_("{time} left", time=duration(now["left_s"])))
    parts.append(ago(run.created))
    return " · ".join(plain(part) for part in parts)


def recent(n: int) -> None:
    """The newest runs on the home page, or what will be there."""
    from bmcore import runs

    st.subheader(_("Recent trainings"), anchor=False)
    try:
        found = runs.list_runs()[:n]
    except BmcoreError as error:
        states.problem(error)
        return
    if not found:
        st.caption(_("None yet. A training you start, here or in a terminal, appears in this place and stays."))
        return
    with st.container(border=True):
        for run in found:
            _row(run)
    nav.link("runs", _("All trainings"), icon=":material/history:")


def _row(run) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _line(run)


def _line(run) -> None:
    """What every row shows: name and origin, state, result, a link. A phone breaks the row after the name."""
    with st.container(width="stretch", gap=None):
        st.markdown(f"**{title(run)}**")
        st.caption(f"{_origin(run)} · {summary(run)}")
    with st.container(width=STATE_WIDTH):
        states.badge(run.state)
    with st.container(width=RESULT_WIDTH, gap=None):
        scores.draw(run)
    nav.link(nav.page_of(run), _("Open"), icon=":material/arrow_forward:", run=run.id)


def everything() -> list:
    """Every run, newest first; an unreadable home folder is a sentence."""
    from bmcore import runs

    try:
        return runs.list_runs()
    except BmcoreError as error:
        states.problem(error)
        return []


def filtered(found: list) -> list:
    """The runs of the state that the visitor asks for. No filter is drawn while the list is short."""
    if len(found) <= 6:
        return found
    present = {run.id: run.state for run in found}
    known = ["all", *[state for state in states.LOOK if state in present.values()]]
    words = {"all": _("All"), **{state: _(states.LOOK[state][0]) for state in states.LOOK}}
    chosen = st.pills(
        _("Show"),
        known,
        default="all",
        required=True,
        format_func=words.get,
        key="runs.filter",
        label_visibility="collapsed",
        persist_state="session",
    )
    return found if chosen == "all" else [run for run in found if present[run.id] == chosen]


def page(found: list) -> list:
    """One page of a long list."""
    pages = -(-len(found) // PER_PAGE)
    if pages <= 1:
        return found
    at = st.number_input(_("Page, of {n}", n=pages), 1, pages, 1, key="runs.page", width=180)
    return found[(at - 1) * PER_PAGE : at * PER_PAGE]


def rows(found: list) -> list:
    """Draw the rows; returns the ticked runs in the order of the list."""
    return [run for run in found if _tick_row(run)]


def live_rows(found: list) -> list:
    """The same while something runs: redrawn every two seconds, the rest of the page only when a state changes."""
    _live_rows([run.id for run in found], tuple(run.state for run in found))
    return [run for run in found if st.session_state.get(f"runs.tick:{run.id}")]


@st.fragment(run_every=2.0)
def _live_rows(ids: list[str], before: tuple[str, ...]) -> None:
    from bmcore import runs

    try:
        found = [runs.get(name) for name in ids]
    except BmcoreError:  # one of them was deleted from another face
        st.rerun()
    if tuple(run.state for run in found) != before:
        st.rerun()
    ticked_before = st.session_state.get("runs.ticked", ())
    ticked = tuple(run.id for run in rows(found))
    if ticked != ticked_before:
        st.session_state["runs.ticked"] = ticked
        st.rerun()


def _tick_row(run) -> bool:
    with st.container(border=True, key=f"runs_row_{run.id}"), st.container(horizontal=True, vertical_alignment="center", gap="small"):
        ticked = st.checkbox(
            _("Compare {title}", title=title(run)), key=f"runs.tick:{run.id}", label_visibility="collapsed", width="content"
        )
        _line(run)
    return ticked


def _origin(run) -> str:
    preset = preset_name(run)
    where = {"terminal": _("from a terminal"), "script": _("from a script")}.get(run.spec["origin"], "")
    return plain(" · ".join(part for part in (_source(run), preset, where) if part))


def actions(ticked: list) -> None:
    """What can be done with the ticked runs. Deleting takes a second step."""
    live = [run for run in ticked if run.state in states.LIVE]
    broken = [run for run in ticked if run.state in states.RESUMABLE and not run.damaged]
    ended = [run for run in ticked if run.state not in states.LIVE]
    if not ticked:
        return
    with st.container(horizontal=True, gap="small", key="runs_actions"):
        if live and st.button(_("Stop {n}", n=len(live)), icon=":material/stop:", key="runs.stop"):
            _each(live, "cancel")
        if broken and st.button(_("Go on with {n}", n=len(broken)), icon=":material/resume:", key="runs.resume"):
            _each(broken, "resume")
        if ended and st.button(_("Delete {n}", n=len(ended)), icon=":material/delete:", key="runs.delete"):
            st.session_state["runs.deleting"] = [run.id for run in ended]
    _confirm(ended)


def _confirm(ended: list) -> None:
    """The second step before anything is deleted; another choice of rows takes the question back."""
    asked = st.session_state.get("runs.deleting")
    if not asked:
        return
    if asked != [run.id for run in ended]:
        st.session_state.pop("runs.deleting")
        return
    with st.container(border=True, key="runs_confirm"):
        st.markdown(_(
            "Delete for good, with models, results and the files they learned from? This cannot be undone. Trainings: {n}", n=len(asked),
        ))
        with st.container(horizontal=True, gap="small"):
            if st.button(_("Yes, delete"), type="primary", key="runs.delete_yes"):
                st.session_state.pop("runs.deleting")
                _each(ended, "delete")
            if st.button(_("Keep them"), key="runs.delete_no"):
                st.session_state.pop("runs.deleting")
                st.rerun()


def _each(found: list, action: str) -> None:
    """Do one thing to each run; the page starts over unless something was refused."""
    from bmcore import runs

    refused = 0
    for run in found:
        try:
            getattr(runs, action)(run.id)
        except BmcoreError as error:
            states.problem(error)
            refused += 1
    if not refused:
        st.rerun()


def settings(found: list) -> list[dict]:
    """Everything that was chosen for each run, as flat names and values."""
    flat = []
    for run in found:
        spec = run.spec
        columns = {f"columns.{name}": value for name, value in spec["columns"].items()}
        split = {f"split.{name}": value for name, value in spec["split"].items()}
        chosen = {"choose": spec["choose"]} if scores.clusters(run) else {}
        flat.append(
            {"data": _data(run), "estimator": spec["estimator"], "preset": spec["preset"], **columns, **spec["params"], **split, **chosen}
        )
    return flat


def preset_name(run) -> str:
    """How thorough the run is, in the visitor's language."""
    return {"fast": _("Fast"), "balanced": _("Balanced"), "best": _("Best")}.get(run.spec["preset"], _("Own settings"))


def _source(run) -> str:
    """The table's name in the visitor's language."""
    return one_line(_(_table(run)), 60)


def _table(run) -> Message:
    from bmcore.data import refs

    try:
        return refs.title(run.spec["data"])
    except (BmcoreError, KeyError, TypeError):
        return Message("{title}", title=_data(run))


def _data(run) -> str:
    data = run.spec["data"]
    return one_line(data.get("name") or data.get("id") or "", 60)

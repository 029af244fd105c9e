"""A queue of a lab as every lab draws it: a row a run, what it does now, a button that stops them all, and the queues of before."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.ui import nav, states
from bmcore.ui.lab_queue import Member
from bmcore.ui.words import _, ago, duration, number, plain

TICK_S, STATE_WIDTH, RESULT_WIDTH = 2.0, 124, 230
MOST_EARLIER = 5


def row(entry: Member, figures: Callable) -> None:
    """A run: what it is, its state, its result so far as `figures(entry)` draws it, and the way to its page."""
    run = entry.run
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch", gap=None):
            st.markdown(f"**{plain(entry.title, 80)}**")
            st.caption(plain(now(run), 200))
        with st.container(width=STATE_WIDTH):
            states.badge(run.state)
        with st.container(width=RESULT_WIDTH, gap=None):
            figures(entry)
        nav.link(nav.page_of(run), _("Open"), icon=":material/arrow_forward:", run=run.id)


def now(run) -> str:
    """What a run does now, or why there is no result."""
    if run.state == "queued":
        place = run.queue_position
        return _("place in the queue: {n}", n=place) if place else _("about to start")
    if run.state == "running":
        at = run.progress
        share = f"{100 * min(1.0, (at.get('step') or 0) / at['total']):.0f}" if at.get("total") else "0"
        return _("at work for {time}, this step is {share} % done", time=duration(run.seconds), share=share)
    if run.state == "failed" and run.reason:
        return _(run.reason)
    return _("took {time} in all", time=duration(run.seconds)) if run.seconds is not None else _("had not begun")


def stop(scenario: str, code: str, alive: list[Member]) -> None:
    """A button that stops everything that waits or works. A second press does no harm."""
    stopping = all((entry.run.folder / "cancel").exists() for entry in alive)
    name = _("Stop all {n}", n=number(len(alive)))
    st.button(name, icon=":material/stop:", key=f"{scenario}.stop:{code}", disabled=stopping, on_click=cancel, args=(alive,))
    if stopping:
        st.caption(_("Stopping: each ends after the step it is in."))


def cancel(alive: list[Member]) -> None:
    """Ask the runs to end, the last in the queue first, so that none of them starts meanwhile."""
    from bmcore import runs

    for entry in reversed(alive):
        try:
            runs.cancel(entry.run.id)
        except BmcoreError as error:
            states.problem(error)


def earlier(scenario: str, queues: list[tuple[str, list[Member]]], name: Callable[[str, list[Member]], str]) -> None:
    """The newest queues, to be opened again; `name(code, entries)` says what was compared."""
    if not queues:
        return
    st.markdown(f"##### {_('Earlier queues')}", anchors=False)
    with st.container(border=True):
        for code, entries in queues[:MOST_EARLIER]:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                with st.container(width="stretch", gap=None):
                    st.markdown(f"**{plain(name(code, entries), 100)}**")
                    st.caption(plain(_("{n} runs, {when}", n=len(entries), when=ago(entries[0].run.created))))
                nav.link(scenario, _("Open"), icon=":material/arrow_forward:", queue=code)

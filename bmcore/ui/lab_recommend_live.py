"""A queue of the recommender lab: how each run stands, how long still, a button that stops them all, and what is known so far."""

from __future__ import annotations

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.ui import lab_recommend_forecast as forecast
from bmcore.ui import lab_recommend_queue as queue
from bmcore.ui import lab_recommend_result as result
from bmcore.ui import nav, states
from bmcore.ui.lab_recommend_queue import Member
from bmcore.ui.words import _, duration, number, plain

TICK_S, STATE_WIDTH, RESULT_WIDTH = 2.0, 124, 230


def draw(code: str, entries: list[Member]) -> None:
    """The queue; while one of its runs is alive it is drawn again every two seconds."""
    live = any(entry.run.state in states.LIVE for entry in entries)
    st.fragment(_draw, run_every=TICK_S if live else None)(code, live)


def _draw(code: str, live: bool) -> None:
    entries = queue.members(code)
    alive = [entry for entry in entries if entry.run.state in states.LIVE]
    if live and not alive:
        st.rerun()  # the timer belongs to the page, so the page has to end it
    states.step(2, _("The queue"))
    _head(entries, alive)
    with st.container(border=True):
        for entry in entries:
            _row(entry)
    if alive:
        _stop(code, alive)
    result.draw(code, entries)


def _head(entries: list[Member], alive: list[Member]) -> None:
    ended = len(entries) - len(alive)
    words = _("{done} of {total} runs have ended.", done=ended, total=len(entries))
    if alive:
        still = forecast.left(entries)
        words += " " + (
            _("About {time} left.", time=duration(still)) if still is not None else _("The first takes longest: it reads the table.")
        )
    st.markdown(words)
    st.progress(ended / max(1, len(entries)))


def _row(entry: Member) -> None:
    """A run: what it is, its state, its result so far, and the way to its page."""
    run = entry.run
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch", gap=None):
            st.markdown(f"**{plain(entry.title, 80)}**")
            st.caption(plain(_now(run), 200))
        with st.container(width=STATE_WIDTH):
            states.badge(run.state)
        with st.container(width=RESULT_WIDTH, gap=None):
            _figures(entry)
        nav.link(nav.page_of(run), _("Open"), icon=":material/arrow_forward:", run=run.id)


def _now(run) -> str:
    """What a run does now, or why there is no result."""
    if run.state == "queued":
        place = run.queue_position
        return _("place in the queue: {n}", n=place) if place else _("about to start")
    if run.state == "running":
        now = run.progress
        share = f"{100 * min(1.0, (now.get('step') or 0) / now['total']):.0f}" if now.get("total") else "0"
        return _("at work for {time}, this step is {share} % done", time=duration(run.seconds), share=share)
    if run.state == "failed" and run.reason:
        return _(run.reason)
    return _("took {time} in all", time=duration(run.seconds)) if run.seconds is not None else _("had not begun")


def _figures(entry: Member) -> None:
    found = entry.model
    if found is None:
        st.caption("–")  # keeps the rows in line
        return
    st.markdown(_("NDCG@10 **{value}**", value=f"{found['ndcg_10']['value']:.3f}"))
    st.caption(_("learned in {time} s", time=result.shown_seconds(entry)))


def _stop(code: str, alive: list[Member]) -> None:
    """Stop everything that waits or works. A second press does no harm."""
    stopping = all((entry.run.folder / "cancel").exists() for entry in alive)
    name = _("Stop all {n}", n=number(len(alive)))
    st.button(name, icon=":material/stop:", key=f"lab_recommend.stop:{code}", disabled=stopping, on_click=cancel, args=(alive,))
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

"""A queue of the image lab: how each run stands, what it makes so far, a button that stops them all, and what is known by now."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import lab_image_queue as queue
from bmcore.ui import lab_image_result as result
from bmcore.ui import lab_recommend_live, nav, picture_live, picture_measures, picture_sheet, states
from bmcore.ui.lab_image_queue import Member
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
    ended = len(entries) - len(alive)
    st.markdown(_("{done} of {total} runs have ended.", done=ended, total=len(entries)))
    st.progress(ended / max(1, len(entries)))
    with st.container(border=True):
        for entry in entries:
            _row(entry)
    if alive:
        _stop(code, alive)
        _growing(alive)
    result.draw(code, entries)


def _row(entry: Member) -> None:
    """A run: what it is, its state, its result so far, and the way to its page."""
    run = entry.run
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch", gap=None):
            st.markdown(f"**{plain(entry.title, 80)}**")
            st.caption(plain(lab_recommend_live._now(run), 200))
        with st.container(width=STATE_WIDTH):
            states.badge(run.state)
        with st.container(width=RESULT_WIDTH, gap=None):
            _figures(entry)
        nav.link(nav.page_of(run), _("Open"), icon=":material/arrow_forward:", run=run.id)


def _figures(entry: Member) -> None:
    found = entry.found
    metric = picture_measures.metric(found) if found else None
    if not found or not picture_measures.measured(found["model"].get(metric)):
        st.caption("–")  # keeps the rows in line
        return
    st.markdown(f"**{picture_measures.text(metric, found['model'][metric])}**")
    st.caption(_(picture_measures.METRICS[metric][0]))


def _growing(alive: list[Member]) -> None:
    """What the run at work makes now, and what comes of it."""
    run = next((entry.run for entry in alive if entry.run.state == "running"), None)
    newest = picture_live.previews(run)[-1:] if run else []
    for preview in newest:
        png = picture_sheet.read(preview.path)
        if png:
            picture_live.shown(run, preview, png, 420, tail="lab")
    if run and run.progress.get("left_s") is not None:
        st.caption(_("About {time} left of this step.", time=duration(run.progress["left_s"])))


def _stop(code: str, alive: list[Member]) -> None:
    """Stop everything that waits or works. A second press does no harm."""
    stopping = all((entry.run.folder / "cancel").exists() for entry in alive)
    name = _("Stop all {n}", n=number(len(alive)))
    cancel = lab_recommend_live.cancel
    st.button(name, icon=":material/stop:", key=f"lab_images.stop:{code}", disabled=stopping, on_click=cancel, args=(alive,))
    if stopping:
        st.caption(_("Stopping: each ends after the step it is in."))

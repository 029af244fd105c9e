"""A queue of the image lab: how each run stands, what it makes so far, a button that stops them all, and what is known by now."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import lab_image_queue as queue
from bmcore.ui import lab_image_result as result
from bmcore.ui import lab_queue_live, picture_live, picture_measures, picture_sheet, states
from bmcore.ui.lab_image_queue import SCENARIO, Member
from bmcore.ui.lab_queue_live import TICK_S
from bmcore.ui.words import _, duration


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
            lab_queue_live.row(entry, _figures)
    if alive:
        lab_queue_live.stop(SCENARIO, code, alive)
        _growing(alive)
    result.draw(code, entries)


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

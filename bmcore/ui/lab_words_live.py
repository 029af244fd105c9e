"""A queue of the text lab: how each run stands, what it writes so far, a button that stops them all, and what is known by now."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import lab_queue_live, states, writing_drafts
from bmcore.ui import lab_words_queue as queue
from bmcore.ui import lab_words_result as result
from bmcore.ui.lab_queue_live import TICK_S
from bmcore.ui.lab_words_queue import SCENARIO, Member
from bmcore.ui.words import _, duration, lines, plain
from bmcore.ui.writing_measures import METRIC


def draw(code: str, entries: list[Member]) -> None:
    """The queue; while one of its runs is alive it is drawn again every two seconds, and what was found below it is not."""
    live = any(entry.run.state in states.LIVE for entry in entries)
    st.fragment(_draw, run_every=TICK_S if live else None)(code, live, tuple(entry.run.id for entry in entries if entry.found))
    result.draw(code, entries)


def _draw(code: str, live: bool, known: tuple[str, ...]) -> None:
    entries = queue.members(code)
    alive = [entry for entry in entries if entry.run.state in states.LIVE]
    if live and (not alive or tuple(entry.run.id for entry in entries if entry.found) != known):
        st.rerun()  # the timer and the results below belong to the page
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


def _figures(entry: Member) -> None:
    if not entry.found:
        st.caption("–")  # keeps the rows in line
        return
    st.markdown(f"**{entry.found['model'][METRIC]['value']:.3f}**")
    st.caption(_("Bits per byte"))


def _growing(alive: list[Member]) -> None:
    """What the run at work writes now, and how long it will take."""
    run = next((entry.run for entry in alive if entry.run.state == "running"), None)
    draft = writing_drafts.newest(run) if run else None
    if draft:
        with st.container(border=True):
            st.caption(_("What it writes after {time} of learning:", time=duration(draft["seconds"])))
            st.markdown(lines(draft["texts"][0], 800))
    if run and run.progress.get("left_s") is not None:
        st.caption(plain(_("About {time} left of this step.", time=duration(run.progress["left_s"]))))

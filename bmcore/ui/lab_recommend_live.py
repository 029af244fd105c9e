"""A queue of the recommender lab: how each run stands, how long still, a button that stops them all, and what is known so far."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import lab_queue_live, states
from bmcore.ui import lab_recommend_forecast as forecast
from bmcore.ui import lab_recommend_queue as queue
from bmcore.ui import lab_recommend_result as result
from bmcore.ui.lab_queue_live import TICK_S
from bmcore.ui.lab_recommend_queue import SCENARIO, Member
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
    _head(entries, alive)
    with st.container(border=True):
        for entry in entries:
            lab_queue_live.row(entry, _figures)
    if alive:
        lab_queue_live.stop(SCENARIO, code, alive)
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


def _figures(entry: Member) -> None:
    found = entry.model
    if found is None:
        st.caption("–")  # keeps the rows in line
        return
    st.markdown(_("NDCG@10 **{value}**", value=f"{found['ndcg_10']['value']:.3f}"))
    st.caption(_("learned in {time} s", time=result.shown_seconds(entry)))

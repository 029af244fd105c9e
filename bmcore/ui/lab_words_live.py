"""A queue of the text lab: how each run stands, what it writes so far, a button that stops them all, and what is known by now."""

from __future__ import annotations

import json

import streamlit as st

from bmcore.ui import lab_queue_live, lab_words_pair, states
from bmcore.ui import lab_words_queue as queue
from bmcore.ui import lab_words_result as result
from bmcore.ui.lab_queue_live import TICK_S
from bmcore.ui.lab_words_queue import METRIC, SCENARIO, Member
from bmcore.ui.words import _, duration, plain

_TAIL = 64_000  # bytes: the last drafts are in them


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
    draft = newest(run) if run else None
    if draft:
        with st.container(border=True):
            st.caption(_("What it writes after {time} of learning:", time=duration(draft["seconds"])))
            st.markdown(lab_words_pair.lines(draft["texts"][0], 800))
    if run and run.progress.get("left_s") is not None:
        st.caption(plain(_("About {time} left of this step.", time=duration(run.progress["left_s"]))))


def newest(run) -> dict | None:
    """The last whole line of the run's drafts."""
    try:
        with open(run.folder / "drafts.jsonl", "rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return None
    for line in reversed(lines):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and isinstance(found.get("seconds"), int | float) and isinstance(found.get("texts"), list):
            texts = [text for text in found["texts"] if isinstance(text, str) and text.strip()]
            return {"seconds": found["seconds"], "texts": texts} if texts else None
    return None

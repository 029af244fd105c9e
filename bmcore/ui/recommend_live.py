"""A run that learns what to recommend, while it waits or works: how far it is, what it has found out so far."""

from __future__ import annotations

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import live
from bmcore.ui.words import _, plain

# in the order in which a run goes through them, so that a tick never goes back
PHASES = {
    "data": Message("Reading the table"),
    "split": Message("Setting aside what it will be tested on"),
    "train": Message("Learning from the rest"),
    "evaluate": Message("Testing, beside the simple ways"),
    "refit": Message("Learning once more, from everything"),
    "describe": Message("Drawing the map"),
    "save": Message("Saving"),
}


def watch(run) -> None:
    """Draw a live run. When it ends, the whole page is drawn once more."""
    left, right = st.columns([5, 6], gap="large")
    with left:
        live.progress(run.id, lambda _run: PHASES)
    with right:
        _learned(run.id)


@st.fragment(run_every=2.0)
def _learned(run_id: str) -> None:
    from bmcore import runs

    with st.container(border=True):
        if not notes(runs.get(run_id), 8):
            st.caption(_("What it finds out appears here: what had to be done with the table, which method it takes and why."))


def notes(run, most: int) -> bool:
    """List what the worker wants to be known; False where there is nothing."""
    found = run.notes[:most]
    for note in found:
        st.markdown(f"- {plain(_(note))}")
    return bool(found)

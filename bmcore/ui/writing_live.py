"""A run that learns to write, while it waits or works: how far it is, its curve, and what it writes by now."""

from __future__ import annotations

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import lab_words_charts, live, writing_drafts
from bmcore.ui.words import _, duration, lines, plain

# in the order in which a run goes through them, so that a tick never goes back
PHASES = {
    "data": Message("Reading the texts"),
    "split": Message("Setting aside what it will be tested on"),
    "train": Message("Learning from the rest"),
    "evaluate": Message("Testing, beside simple counting"),
    "describe": Message("Counting words"),
    "save": Message("Saving"),
}
SHOWN, LONGEST = 2, 900


def watch(run) -> None:
    """Draw a live run. When it ends, the whole page is drawn once more."""
    left, right = st.columns([5, 6], gap="large")
    with left:
        live.progress(run.id, lambda _run: PHASES, Message("Stop training"), Message("Pieces a second"), counted=False)
        curve(run.id)
    with right:
        growing(run.id)


@st.fragment(run_every=2.0)
def growing(run_id: str) -> None:
    """The newest drafts."""
    from bmcore import runs

    run = runs.get(run_id)
    draft = writing_drafts.newest(run)
    if draft:
        shown(draft)
        return
    with st.container(border=True):
        st.caption(_("The first drafts appear here a few seconds after training has begun: letters at first, then words, then sentences."))
        for note in run.notes[:5]:
            st.markdown(f"- {plain(_(note))}")


def shown(draft: dict) -> None:
    """What it wrote at one moment, each draft in a frame."""
    st.markdown(generated())
    for text in draft["texts"][:SHOWN]:
        with st.container(border=True):
            st.markdown(lines(text, LONGEST))
    st.caption(_("After {time} of learning. Always from the same chance, so you see one draft grow.", time=duration(draft["seconds"])))


def generated() -> str:
    """The badge that stands above whatever a model wrote."""
    return f":violet-badge[:material/smart_toy: {_('Generated')}]"


@st.fragment(run_every=3.0)
def curve(run_id: str) -> None:
    """The loss so far."""
    from bmcore import runs

    if not lab_words_charts.losses([("", runs.get(run_id).curve())], key=f"writing_live.curve:{run_id}"):
        st.caption(_("The learning curve appears here once training has begun."))

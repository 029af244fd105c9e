"""A run that is waiting or running: phases, how far, how fast, how long still, what is being learned, and a stop button.

Two fragments read the run folder on their own clocks, so a tick redraws the progress and not the page.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import charts, states
from bmcore.ui.words import _, duration, number

# in the order in which a run goes through them, so that a tick never goes back
PHASES = {
    "data": Message("Reading the messages"),
    "encode": Message("Preparing"),
    "train": Message("Training"),
    "save": Message("Saving"),
    "evaluate": Message("Testing on unseen messages"),
    "baseline": Message("Training the simple comparison"),
}
STOP = Message("Stop")


def watch(run) -> None:
    """Draw a live run. When it ends, the whole page is drawn once more."""
    left, right = st.columns([5, 6], gap="large")
    with left:
        progress(run.id, lambda _run: PHASES, Message("Stop training"), Message("Messages a second"))
    with right:
        _curve(run.id)


def still_live(run_id: str):
    """The run if it is live; else the page starts over, once."""
    from bmcore import runs

    run = runs.get(run_id)
    if run.state not in states.LIVE:
        st.rerun()
    return run


@st.fragment(run_every=1.0)
def progress(run_id: str, phases: Callable, halt: Message = STOP, rate: Message | None = None, counted: bool = True) -> None:
    """How far a run is, and a button that stops it. `phases(run)` has its phases in order; `rate` names what passes in a second.

    `counted`: whether its steps are worth counting; else they are a share of its time.
    """
    run = still_live(run_id)
    stopping = (run.folder / "cancel").exists()
    if run.state == "queued":
        queued(run)
    else:
        _running(run, phases(run), rate, counted)
    if stopping:
        st.caption(_("Stopping: it ends after the step it is in."))
    if st.button(_(halt), icon=":material/stop:", key=f"live.stop:{run_id}", disabled=stopping):
        stop(run_id)


def queued(run) -> None:
    states.badge("queued")
    place = run.queue_position
    if place and place > 1:
        st.markdown(_("Another training is using this computer. Place in the queue: **{n}**", n=place))
    elif place == 1:
        st.markdown(_("It is next: it starts as soon as the computer is free."))
    else:
        st.markdown(_("It is about to start."))
    st.caption(_("You may close this page. It starts by itself."))


def _running(run, phases: dict[str, Message], rate: Message | None, counted: bool) -> None:
    now = run.progress
    phase, step, total = now.get("phase"), now.get("step") or 0, now.get("total") or 0
    st.markdown(_list(phases, phase))
    share = min(1.0, step / total) if total else 0.0
    if not total:
        words = _("Starting")
    elif counted:
        words = _("{step} of {total} steps", step=number(step), total=number(total))
    else:
        words = _("{share} % of this part", share=int(100 * share))
    st.progress(share, text=words)
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("Time left"), duration(now["left_s"]) if now.get("left_s") is not None else "–", width="content")
        if rate:
            st.metric(_(rate), number(now.get("tokens_per_s") or now.get("samples_per_s")), width="content")
        st.metric(_("Running for"), duration(run.seconds), width="content")


def _list(phases: dict[str, Message], current: str | None) -> str:
    """The phases as a list: done, now, still to come."""
    names = list(phases)
    at = names.index(current) if current in names else 0
    lines = []
    for i, name in enumerate(names):
        word = _(phases[name])
        if i < at:
            lines.append(f":green[:material/check_circle:] :gray[{word}]")
        elif i == at:
            lines.append(f":blue[:material/radio_button_checked:] **{word}**")
        else:
            lines.append(f":gray[:material/radio_button_unchecked: {word}]")
    return "  \n".join(lines)


def stop(run_id: str) -> None:
    from bmcore import runs

    try:
        runs.cancel(run_id)
    except BmcoreError as error:
        states.problem(error)
        return
    st.rerun(scope="fragment")


@st.fragment(run_every=3.0)
def _curve(run_id: str) -> None:
    from bmcore import runs

    points = [point for point in runs.get(run_id).curve() if point.get("phase") == "train"]
    if len(points) < 2:
        st.caption(_("The learning curve appears here once training has begun."))
        return
    charts.learning(points, key=f"live.curve:{run_id}")
    st.caption(_("The error should fall and the quality rise. Where the quality stops rising, more training no longer helps."))

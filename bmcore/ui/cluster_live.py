"""A run that looks for groups, while it waits or works: what it does, how far it is, what it has found out so far."""

from __future__ import annotations

import streamlit as st

from bmcore import files
from bmcore.messages import Message
from bmcore.ui import cluster_charts, cluster_choice, live
from bmcore.ui.words import _

# in the order in which a run goes through them, so that a tick never goes back
PHASES = {
    "data": Message("Reading the table"),
    "prepare": Message("Preparing the columns"),
    "choose": Message("Trying how many groups there are"),
    "train": Message("Finding the groups"),
    "evaluate": Message("Are they real? The same on data without groups"),
    "describe": Message("Describing each group"),
    "save": Message("Saving"),
}
EMBED = Message("Reading the messages with the language model")
NEAR = Message("Finding out how near is near")


def watch(run) -> None:
    """Draw a live run. When it ends, the whole page is drawn once more."""
    left, right = st.columns([5, 6], gap="large")
    with left:
        live.progress(run.id, _phases)
    with right:
        _learned(run.id)


def _phases(run) -> dict[str, Message]:
    """Those that this run has."""
    return {name: _phase(run, name) for name in PHASES if name != "choose" or run.spec.get("choose")}


def _phase(run, name: str) -> Message:
    if name == "prepare" and run.spec["columns"].get("prepare") == "messages":
        return EMBED
    return NEAR if name == "choose" and run.spec["estimator"] == "DBSCAN" else PHASES[name]


@st.fragment(run_every=2.0)
def _learned(run_id: str) -> None:
    from bmcore import runs

    run = runs.get(run_id)
    choice = files.read_json(run.folder / "checkpoints" / "choice.json")
    if isinstance(choice, dict):
        cluster_choice.draw(choice, key=f"cluster_live.choice:{run_id}")
    if not curve(run, key=f"cluster_live.curve:{run_id}") and not choice:
        with st.container(border=True):
            st.caption(_("What it finds out appears here: how clear the groups are for each number of them, then how they settle."))


def curve(run, *, key: str) -> bool:
    """Draw how the groups settled; False where there is nothing to see."""
    points = [(p["step"], p["inertia"]) for p in run.curve() if p.get("inertia") is not None and p.get("step") is not None]
    if len(points) < 2:
        return False
    alt = _("The distance to the groups' centres over {n} steps, the last one {value}.", n=len(points), value=f"{points[-1][1]:.3g}")
    title = _("Squared distance to the centres, summed")
    cluster_charts.line(points, _("Step"), title, key=key, alt=alt, height=260)
    return True

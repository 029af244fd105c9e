"""A run that learns from pictures, while it waits or works: the same few pictures growing clearer, the curve, time left, stop."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import live, picture_charts, picture_sheet
from bmcore.ui.words import _, duration, plain

# in the order in which a run goes through them, so that a tick never goes back
PHASES = {
    "data": Message("Reading the pictures"),
    "split": Message("Setting aside what it will be tested on"),
    "train": Message("Learning from the rest"),
    "evaluate": Message("Testing, beside a simple method"),
    "prove": Message("Trying whether its pictures help"),
    "describe": Message("Drawing the contact sheet"),
    "save": Message("Saving"),
}
STOP = Message("Stop training")
RATE = Message("Pictures a second")
_FILE = re.compile(r"[\w.-]{1,80}\.png")
MOST_LISTED, MOST_INDEX = 400, 1_000_000


@dataclass(frozen=True)
class Preview:
    """A sheet of pictures made during training, always from the same noise."""

    path: Path
    step: int
    seconds: float


def previews(run) -> list[Preview]:
    """The sheets of a run, the first one first; damaged entries and missing files are left out."""
    try:
        with open(run.folder / "previews.json", "rb") as file:
            entries = json.loads(file.read(MOST_INDEX))
    except (OSError, ValueError, RecursionError):
        return []
    found = []
    for entry in entries[:MOST_LISTED] if isinstance(entries, list) else []:
        preview = _preview(run.folder, entry)
        if preview:
            found.append(preview)
    return found


def _preview(folder: Path, entry: object) -> Preview | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("file"), str):
        return None
    name = entry["file"].removeprefix("previews/")
    step, seconds = entry.get("step"), entry.get("seconds")
    if not _FILE.fullmatch(name) or not isinstance(step, int | float) or not isinstance(seconds, int | float):
        return None
    path = folder / "previews" / name
    return Preview(path, int(step), float(seconds)) if path.is_file() else None


def phases(run) -> dict[str, Message]:
    """What this run goes through."""
    return PHASES if run.spec.get("prove") else {name: words for name, words in PHASES.items() if name != "prove"}


def watch(run) -> None:
    """Draw a live run. When it ends, the whole page is drawn once more."""
    left, right = st.columns([5, 6], gap="large")
    with left:
        live.progress(run.id, phases, STOP, RATE, counted=False)
        curve(run.id)
    with right:
        grid(run.id)


def column(run) -> None:
    """The same in one column, for two runs side by side."""
    live.progress(run.id, phases, STOP, RATE, counted=False)
    grid(run.id, room=480)
    curve(run.id)


@st.fragment(run_every=2.0)
def grid(run_id: str, room: int = 620) -> None:
    """The newest sheet."""
    from bmcore import runs

    run = runs.get(run_id)
    for preview in reversed(previews(run)[-3:]):
        png = picture_sheet.read(preview.path)
        if png and shown(run, preview, png, room):
            return
    with st.container(border=True):
        st.caption(_("The first pictures appear here a few seconds after training has begun: noise at first, then clearer and clearer."))
        for note in run.notes[:5]:
            st.markdown(f"- {plain(_(note))}")


def shown(run, preview: Preview, png: bytes, room: int = 620, tail: str = "live") -> bool:
    """One sheet with its moment; False if it is no picture."""
    st.markdown(picture_sheet.generated())
    when = _("After {time} of learning.", time=duration(preview.seconds))
    alt = _("A grid of generated pictures after {time} of learning, always from the same noise.", time=duration(preview.seconds))
    words = _("{when} Always from the same noise, so the same picture stays in the same place.", when=when)
    return picture_sheet.sheet(png, alt=alt, key=f"picture_live.{tail}.{run.id}", room=room, caption=plain(words))


@st.fragment(run_every=3.0)
def curve(run_id: str) -> None:
    """The loss so far."""
    from bmcore import runs

    if not picture_charts.losses(runs.get(run_id), key=f"picture_live.curve:{run_id}"):
        st.caption(_("The learning curve appears here once training has begun."))

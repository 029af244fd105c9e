"""How each state looks: one colour, one icon, what happened, what to do next."""

from __future__ import annotations

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.runs.status import NAMES
from bmcore.ui.words import _, plain

# state -> (name, colour of its badge, icon)
LOOK = {
    "queued": (NAMES["queued"], "gray", ":material/hourglass_empty:"),
    "running": (NAMES["running"], "blue", ":material/play_circle:"),
    "done": (NAMES["done"], "green", ":material/check_circle:"),
    "failed": (NAMES["failed"], "red", ":material/error:"),
    "cancelled": (NAMES["cancelled"], "gray", ":material/stop_circle:"),
    "lost": (NAMES["lost"], "orange", ":material/power_off:"),
}
LIVE = ("queued", "running")
RESUMABLE = ("failed", "cancelled", "lost")


def badge(state: str) -> None:
    """The state as a coloured word."""
    name, color, icon = LOOK[state]
    st.badge(_(name), icon=icon, color=color)


def box(kind: str, sentence: str, advice: str | None = None) -> None:
    """A coloured box: a sentence and what to do. Both are shown as plain text."""
    show = {"info": st.info, "success": st.success, "warning": st.warning, "error": st.error}[kind]
    icon = {
        "info": ":material/info:",
        "success": ":material/check_circle:",
        "warning": ":material/warning:",
        "error": ":material/error:",
    }[kind]
    text = f"**{plain(sentence, 2000)}**" if advice else plain(sentence, 2000)
    show(f"{text}\n\n{plain(advice, 2000)}" if advice else text, icon=icon)


def problem(error: BmcoreError | Message, advice: str | None = None) -> None:
    """An error a user can mend, in the visitor's language."""
    box("error", _(error), advice)


def broken(name: str) -> None:
    """What is shown instead of a traceback."""
    box(
        "error",
        _("Something on this page broke. Your trainings go on and nothing is lost."),
        _("Reload the page. If it happens again, look for {name} in the server's log.", name=name),
    )


def ended(run) -> None:
    """Why a run ended without a result, in its own look."""
    if run.state == "failed":
        box("error", _("This training failed."), _(run.reason) if run.reason else _("The reason was not recorded. The log below may tell."))
    elif run.state == "cancelled":
        box("info", _("This training was stopped."), _("What it had learned so far is kept. You can go on from there or start a new one."))
    elif run.state == "lost":
        box("warning", _("This training was interrupted."), _(run.reason) if run.reason else None)


def later(n: int, title: str, when: str) -> None:
    """A step that comes later, listed so that nobody wonders what comes."""
    st.markdown(f":gray[{n} · **{plain(title)}**] — :gray[{plain(when)}]")


def step(n: int, title: str) -> None:
    """The heading of a step that is open now."""
    st.subheader(f"{n} · {title}", anchor=False)

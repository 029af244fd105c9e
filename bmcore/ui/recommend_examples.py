"""Some people of the test: what they had, what they would have been shown, what they chose later."""

from __future__ import annotations

import streamlit as st

from bmcore.ui.kinds import RecommendScenario
from bmcore.ui.words import _, plain

MOST = 10


def draw(found: dict, scenario: RecommendScenario, run_id: str) -> None:
    """One of them at a time. A choice redraws this part of the page only."""
    entries = [entry for entry in found.get("examples") or [] if _whole(entry)]
    if not entries:
        st.caption(_("This run kept no examples."))
        return
    _draw(entries, scenario, run_id)


def _whole(entry) -> bool:
    if not isinstance(entry, dict) or "user" not in entry:
        return False
    shown = entry.get("recommended")
    return isinstance(shown, list) and all(isinstance(row, dict) for row in shown)


@st.fragment
def _draw(entries: list[dict], scenario: RecommendScenario, run_id: str) -> None:
    place = st.pills(
        _(scenario.one),
        range(len(entries)),
        default=0,
        required=True,
        format_func=lambda place: _label(entries[place]),
        key=f"recommend_examples.who:{run_id}",
        wrap=True,
    )
    entry = entries[place]
    had, shown, later = st.columns([4, 5, 4], gap="medium")
    with had:
        _titles(_(scenario.had), entry.get("history"))
    with shown:
        st.markdown(f"**{_('Would have been shown')}**")
        st.markdown("\n".join(_line(row, scenario) for row in entry["recommended"][:MOST]))
    with later:
        _titles(_("Chose later"), entry.get("held_out"))
    st.caption(_("{hits} of {n} were hits: {hit}.", hits=_hits(entry), n=len(entry["recommended"]), hit=_(scenario.hit)))


def _hits(entry: dict) -> int:
    return sum(bool(row.get("hit")) for row in entry["recommended"])


def _label(entry: dict) -> str:
    """Who it is, and how many hits there were."""
    return f"{plain(entry['user'], 24)} · :green[{_hits(entry)}]" if _hits(entry) else plain(entry["user"], 24)


def _line(row: dict, scenario: RecommendScenario) -> str:
    title = plain(row.get("title", ""), 70)
    return f"1. :green[:material/check_circle: **{title}**]" if row.get("hit") else f"1. {title}"


def _titles(head: str, titles) -> None:
    titles = [plain(title, 60) for title in titles or [] if isinstance(title, str | int)]
    st.markdown(f"**{head}**")
    st.markdown("\n".join(f"- {title}" for title in titles[:MOST]) or "–")
    if len(titles) > MOST:
        st.caption(_("and {n} more", n=len(titles) - MOST))

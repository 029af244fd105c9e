"""A card a group: its colour, how large it is, what it is like in plain words, what to do with it."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import cluster_charts, groups
from bmcore.ui.kinds import ClusterScenario
from bmcore.ui.words import _, number, plain

MOST = 12


def segments(found: dict, scenario: ClusterScenario, run_id: str) -> None:
    """Groups of customers or rows: profile and advice."""
    _grid(found, scenario, run_id, _segment)


def themes(found: dict, scenario: ClusterScenario, run_id: str) -> None:
    """Groups of messages: distinguishing words and the most typical messages."""
    _grid(found, scenario, run_id, _theme)


def _grid(found: dict, scenario: ClusterScenario, run_id: str, body) -> None:
    names = groups.names(found, scenario)
    shown = [entry for entry in groups.clusters(found) if entry["cluster"] >= 0]
    across = 2 if len(shown) in (2, 4) else 3
    for start in range(0, min(len(shown), MOST), across):
        for column, entry in zip(st.columns(across), shown[start : start + across], strict=False):
            with column.container(border=True, height="stretch", key=f"cluster_card_{entry['cluster']}_{run_id}"):
                _head(entry, names[entry["cluster"]], scenario)
                body(entry)
    if len(shown) > MOST:
        st.caption(_("The {n} largest of {total}; the map and the file have all of them.", n=MOST, total=len(shown)))


def _head(entry: dict, name: str, scenario: ClusterScenario) -> None:
    """The group's colour as a bar, its name, its size. The HTML holds nothing but our own colour."""
    color = cluster_charts.color(entry["cluster"])
    st.html(f'<div aria-hidden="true" style="height:6px;width:56px;border-radius:3px;background:{color}"></div>')
    st.markdown(f"**{plain(name, 90)}**")
    if entry.get("profile"):
        return  # its first sentence says how many
    share = entry.get("share") or 0
    shown = number(100 * share, 0 if share >= 0.1 else 1)
    st.caption(_("{n} {unit}, {share} %", n=number(entry.get("n")), unit=_(scenario.unit), share=shown))


def _segment(entry: dict) -> None:
    profile = list(filter(None, map(groups.sentence, entry.get("profile") or [])))
    if profile:
        st.markdown("\n".join(f"- {plain(line, 300)}" for line in profile[:5]))
    if advice := groups.sentence(entry.get("advice")):
        st.markdown(f":blue[:material/lightbulb:] {plain(advice)}")


def _theme(entry: dict) -> None:
    words = groups.words(entry)[:8]
    if words:
        st.markdown(" ".join(f":gray-badge[{plain(word, 24)}]" for word in words))
    for text in (entry.get("nearest") or [])[:2]:
        st.markdown(f"> {plain(text, 170)}")
    others = (entry.get("nearest") or [])[2:6]
    if others:
        with st.popover(_("More messages"), icon=":material/format_quote:"):
            for text in others:
                st.markdown(f"> {plain(text, 400)}")

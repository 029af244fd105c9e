"""The choosing tools of the lab: how many groups, how near is near; each with its curve, its sentence, and a button that takes it."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import cluster_choice, lab_answers, lab_methods
from bmcore.ui.lab_data import Points
from bmcore.ui.words import _


def count(points: Points) -> None:
    """How many groups for K-Means."""
    st.markdown(f"##### {_('How many groups?')}", anchors=False)
    st.caption(_("Tries K-Means with 2 to 12 groups: are they apart, do they come out again, and would one cloud give the same?"))
    request = {"do": "choose_k", "data": points.data}
    found = _asked(request, _("Try every number of groups"), "lab_clusters.choose_k")
    if found:
        cluster_choice.draw(found, key="lab_clusters.curve_k")
        if found.get("recommended"):
            _take(_("Use {n} groups", n=found["recommended"]), lab_methods.count_key(points), int(found["recommended"]))


def reach(points: Points, settings: dict) -> None:
    """How near is near for DBSCAN."""
    st.markdown(f"##### {_('How near is near?')}", anchors=False)
    st.caption(_("Sorts the points by the distance to a near neighbour: where the curve bends, the crowd ends."))
    request = {"do": "choose_eps", "data": points.data, "min_samples": settings["min_samples"]}
    found = _asked(request, _("Measure the distances"), "lab_clusters.choose_eps")
    if found:
        cluster_choice.draw(found, key="lab_clusters.curve_eps")
        if found.get("recommended"):
            eps = float(f"{found['recommended']:.3g}")
            _take(_("Use {eps} as reach", eps=f"{eps:g}"), lab_methods.reach_key(points), eps)


def _asked(request: dict, words: str, key: str) -> dict | None:
    """The answer, once somebody has asked for it."""
    found = lab_answers.known(request)
    if found is None and st.button(words, icon=":material/query_stats:", key=key):
        found = lab_answers.get(request, _("Trying. This takes some seconds."))
        if found:
            st.rerun()  # the button has done its work and goes
    return found


def _take(words: str, key: str, value: float) -> None:
    st.button(words, icon=":material/check:", key=f"lab_clusters.take:{key}", on_click=st.session_state.__setitem__, args=(key, value))

"""Which kinds of customers do we have, and are the kinds real? For a founder with a list of purchases and an hour."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import cluster_cards, cluster_extra, cluster_map, cluster_result, cluster_steps, cluster_try, groups
from bmcore.ui.scenario import SEGMENTS as scenario
from bmcore.ui.words import _


def result(run, found: dict) -> None:
    cluster_result.verdict(found, run.id)
    st.markdown(f"##### {_('Who is where')}", anchors=False)
    cluster_map.explore(run, scenario)
    st.markdown(f"##### {_('What each is like, and what to do')}", anchors=False)
    if found["verdict"]["kind"] == "none":
        st.caption(_("No real groups were found: read these as one of many ways to divide the same crowd."))
    cluster_cards.segments(found, scenario, run.id)
    left, right = st.columns([5, 6], gap="large")
    with left:
        st.markdown(f"##### {_('How large')}", anchors=False)
        cluster_result.sizes(found, groups.names(found, scenario), run.id)
    with right:
        cluster_extra.holdout(found, scenario, run.id)
    cluster_result.export(run, scenario)
    cluster_result.more(run, found)


def tryout(run, found: dict) -> None:
    st.caption(_("A new customer's numbers go to the model, and the segment they belong to comes back."))
    cluster_try.numbers(run, found, scenario)


cluster_steps.page(scenario, result, tryout)

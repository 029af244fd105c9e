"""What are customers talking about? For a founder with more messages than anybody can read."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import cluster_cards, cluster_extra, cluster_map, cluster_result, cluster_steps, cluster_try, groups
from bmcore.ui.scenario import THEMES as scenario
from bmcore.ui.words import _


def result(run, found: dict) -> None:
    cluster_result.verdict(found, run.id)
    st.markdown(f"##### {_('The themes')}", anchors=False)
    if found["verdict"]["kind"] == "none":
        st.caption(_("No real groups were found: read these as one of many ways to divide the same crowd."))
    cluster_cards.themes(found, scenario, run.id)
    st.markdown(f"##### {_('Every message on a map')}", anchors=False)
    cluster_map.explore(run, scenario)
    left, right = st.columns([5, 6], gap="large")
    with left:
        st.markdown(f"##### {_('How often each comes up')}", anchors=False)
        cluster_result.sizes(found, groups.names(found, scenario), run.id)
    with right:
        cluster_extra.where_and_when(run, found, scenario)
    cluster_result.export(run, scenario)
    cluster_result.more(run, found)


def tryout(run, found: dict) -> None:
    cluster_try.message(run, found, scenario, _("The sleeves are too long and the fabric is thin."))


cluster_steps.page(scenario, result, tryout)

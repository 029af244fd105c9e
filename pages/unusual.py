"""Which rows should a person look at first? For whoever answers for payments, claims or applications."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import cluster_map, cluster_outliers, cluster_result, cluster_steps, cluster_try
from bmcore.ui.scenario import UNUSUAL as scenario
from bmcore.ui.words import _


def result(run, found: dict) -> None:
    cluster_outliers.headline(found, run.id)
    cluster_outliers.ranked(found, run.id)
    cluster_outliers.agreement(run, found)
    st.markdown(f"##### {_('Where they lie')}", anchors=False)
    cluster_map.explore(run, scenario)
    cluster_result.export(run, scenario)
    with st.expander(_("Do the usual rows fall into groups?"), icon=":material/workspaces:"):
        cluster_result.verdict(found, run.id)
    cluster_result.more(run, found)


def tryout(run, found: dict) -> None:
    st.caption(_("A new row's numbers go to the model: it says whether it has neighbours."))
    cluster_try.numbers(run, found, scenario)


cluster_steps.page(scenario, result, tryout)

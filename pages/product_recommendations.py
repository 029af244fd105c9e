"""Which products should each customer see, and does knowing them help? For a founder with a purchase log and an hour."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import flow, recommend_examples, recommend_export, recommend_map, recommend_result, recommend_steps, recommend_try
from bmcore.ui.scenario import PRODUCTS as scenario
from bmcore.ui.words import _


def result(run, found: dict) -> None:
    recommend_result.verdict(found, scenario, run.id)
    left, right = st.columns([5, 6], gap="large")
    with left:
        st.markdown(f"##### {_('In plain words')}", anchors=False)
        recommend_result.plainly(found, scenario)
    with right:
        st.markdown(f"##### {_('For whom it works')}", anchors=False)
        recommend_result.history(found, scenario, run.id)
    st.markdown(f"##### {_('Things nobody has bought yet')}", anchors=False)
    recommend_result.cold(found, scenario, run.id)
    st.markdown(f"##### {_('Some customers')}", anchors=False)
    recommend_examples.draw(found, scenario, run.id)
    st.markdown(f"##### {_('What goes with what')}", anchors=False)
    recommend_map.explore(run, scenario)
    recommend_result.more(run, found)


def tryout(run, found: dict) -> None:
    recommend_try.draw(run, found, scenario)
    recommend_export.draw(run, scenario)
    with st.expander(_("Where it ends: what this cannot do"), icon=":material/info:", expanded=True):
        flow.limits(scenario)


recommend_steps.page(scenario, result, tryout)

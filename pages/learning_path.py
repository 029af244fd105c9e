"""What should each learner do next, in which order, and why? For a school or a course that keeps a log of who worked on what."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import flow, learning_data, learning_try, recommend_examples, recommend_export, recommend_map, recommend_result
from bmcore.ui.recommend_scenarios import LEARNING as scenario
from bmcore.ui.recommend_steps import FLOW
from bmcore.ui.words import _


def result(run, found: dict) -> None:
    recommend_result.verdict(found, scenario, run.id)
    st.caption(_("This measures whether it foresees what learners did next. It does not measure whether anybody learned more."))
    left, right = st.columns([6, 5], gap="large")
    with left:
        st.markdown(f"##### {_('For whom it works')}", anchors=False)
        recommend_result.history(found, scenario, run.id)
    with right:
        st.markdown(f"##### {_('In plain words')}", anchors=False)
        recommend_result.plainly(found, scenario)
    st.markdown(f"##### {_('Some learners')}", anchors=False)
    recommend_examples.draw(found, scenario, run.id)
    st.markdown(f"##### {_('What goes with what')}", anchors=False)
    recommend_map.explore(run, scenario)
    recommend_result.more(run, found)


def tryout(run, found: dict) -> None:
    learning_try.draw(run, scenario)
    recommend_export.draw(run, scenario)
    with st.expander(_("Where it ends: what this cannot do"), icon=":material/info:", expanded=True):
        flow.limits(scenario)


words = {
    "ask": Message("Learn from who did what"),
    "tryout": Message("pick a learner, or tick what was done, and see the next steps in order"),
}
flow.page(replace(FLOW, choose=learning_data.choose, **words), scenario, result, tryout)

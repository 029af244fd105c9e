"""Can a model make new pictures in the style of ours, and are they new? For a founder with a folder of pictures and some minutes."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import flow, picture_export, picture_made, picture_result, picture_steps, picture_try
from bmcore.ui.picture_scenarios import STUDIO as scenario
from bmcore.ui.words import _


def result(run, found: dict) -> None:
    picture_result.verdict(found, run.id)
    picture_result.sheets(run, found)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"##### {_('How it learned')}", anchors=False)
        picture_result.learned(run)
    with right:
        st.markdown(f"##### {_('Kind by kind')}", anchors=False)
        picture_result.classes(found, run.id)
    st.markdown(f"##### {_('Is it new, or did it only remember?')}", anchors=False)
    picture_made.nearest(run.id, scenario.key)
    picture_result.more(run, found)


def tryout(run, found: dict) -> None:
    picture_try.draw(run, found, scenario.key)
    picture_export.draw(run, scenario.key)
    with st.expander(_("Where it ends: what this cannot do"), icon=":material/info:", expanded=True):
        flow.limits(scenario)


picture_steps.page(scenario, result, tryout, compare=picture_result.compare)

"""Can a model draft texts in our own voice, and are they new? For a founder with some hundred texts and some minutes."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import flow, nav, states, writing_export, writing_result, writing_steps, writing_try
from bmcore.ui.words import _
from bmcore.ui.writing_scenarios import WRITE as scenario


def tryout(run, found: dict) -> None:
    states.box("warning", _("What it must not be used for"), _(scenario.misuse))
    writing_try.draw(run)
    writing_export.draw(run)
    nav.link("lab_words", _("Look inside this model in the text lab"), icon=":material/match_word:", run=run.id)
    with st.expander(_("Where it ends: what this cannot do"), icon=":material/info:", expanded=True):
        flow.limits(scenario)


writing_steps.page(scenario, writing_result.draw, tryout)

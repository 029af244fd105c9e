"""The frame of every page: which pages there are, their addresses, the language. Draws nothing else.

`app.py` starts it. It lies in this folder so that Streamlit sees no `pages/` beside its main script.
"""

from __future__ import annotations

import streamlit as st

from bmcore.ui import guard, nav
from bmcore.ui.scenario import SCENARIOS
from bmcore.ui.words import _

st.set_page_config(page_title="bmcore", page_icon=str(nav.STATIC / "favicon.png"), layout="wide")
st.logo(str(nav.STATIC / "logo.svg"), icon_image=str(nav.STATIC / "mark.svg"), size="large")

chosen = st.navigation(
    {
        _("Workspace"): [nav.page("home", default=True), nav.page("runs")],
        _("Scenarios"): [nav.page(scenario.key) for scenario in SCENARIOS],
        _("Labs"): [nav.page(key) for key in nav.LABS],
    },
    position="hidden",  # nav.sidebar draws the same list with links that keep the language
)
nav.sidebar()
if chosen.title != nav.title("home"):
    guard.stop_if_open_to_all()
chosen.run()

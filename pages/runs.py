"""Every training ever started here, from a page, a terminal or a script: how it stands, which is best, what differed."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import compare, nav, runlist, states
from bmcore.ui.words import _

st.title(_("All trainings"), anchor=False)
found = runlist.everything()
if not found:
    with st.container(border=True):
        st.markdown(f"**{_('No training yet')}**")
        st.markdown(
            _("A training you start appears here and stays, also after a restart: its state, its result, and what it learned from.")
        )
        nav.link("customer_service", _("Start with customer service"), icon=":material/play_arrow:")
    st.stop()

st.markdown(_("Tick trainings to compare, stop, resume or delete them. One started in a terminal or a script is here too."))
shown = runlist.page(runlist.filtered(found))
live = any(run.state in states.LIVE for run in shown)
ticked = runlist.live_rows(shown) if live else runlist.rows(shown)
runlist.actions(ticked)
if ticked:
    compare.runs(ticked)

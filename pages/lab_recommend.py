"""Which way of recommending is best on this table, and what does each setting change? For people who want to turn the knobs and see."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import lab_recommend_form as form
from bmcore.ui import lab_recommend_live as live
from bmcore.ui import lab_recommend_queue as queue
from bmcore.ui import lab_recommend_start, states
from bmcore.ui.words import _

st.title(_("Recommender lab"), anchor=False)
st.markdown(_("Several ways to recommend, on the same table and the same test. A queue of runs, each kept under All trainings."))
code = st.query_params.get("queue")
entries = queue.members(code) if code else []
if code and not entries:
    states.box("warning", _("There is no such queue here: it was deleted, or the address is wrong."), _("Start a new one below."))
if entries:
    lab_recommend_start.folded(entries)
    live.draw(code, entries)
    st.button(_("New queue"), key="lab_recommend.again", icon=":material/add:", on_click=form.fresh)
else:
    lab_recommend_start.draw()
    states.later(3, _("Result"), _("quality against time, or along the values of a setting"))
    lab_recommend_start.earlier()

"""How does a GPT learn to write, and what does each setting change? For people who want to turn the knobs and see."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import lab_form, lab_words_live, lab_words_start, states
from bmcore.ui import lab_words_queue as queue
from bmcore.ui.words import _

st.title(_("Text lab"), anchor=False)
code = st.query_params.get("queue") or st.query_params.get("run")
entries = queue.members(code) if code else []
if code and not entries:
    states.box("warning", _("There is no such queue here: it was deleted, or the address is wrong."), _("Start a new one below."))
if entries:
    lab_words_start.folded(entries)
    lab_words_live.draw(code, entries)
    st.button(_("New queue"), key="lab_words.again", icon=":material/add:", on_click=lab_form.fresh, args=(queue.SCENARIO,))
else:
    lab_words_start.draw()
    states.later(3, _("Result"), _("bits per byte side by side, and how each learned"))
    lab_words_start.inside()
    lab_words_start.earlier()

"""Step "try it": a message goes to the serving process of the run; its answer comes back with probabilities."""

from __future__ import annotations

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.ui import charts, states
from bmcore.ui.words import _, plain

LONGEST = 5000


def message(run, example: str) -> None:
    """A field, a button, and the answer of the last message that was sent."""
    with st.form(f"tryout.form:{run.id}", border=False):
        text = st.text_area(_("A message"), value=example, max_chars=LONGEST, height=110, key=f"tryout.text:{run.id}")
        sent = st.form_submit_button(_("What does the model say?"), type="primary", icon=":material/send:")
    kept = f"tryout.answer:{run.id}"
    if sent:
        st.session_state[kept] = _ask(run, text)
    if st.session_state.get(kept):
        _answer(st.session_state[kept], run)


def _ask(run, text: str) -> dict | None:
    if not text.strip():
        states.box("info", _("Write a message first."))
        return None
    from bmcore.serve import client

    first = not client.alive(run.id)
    words = _("Loading the model. The first answer takes a few seconds, the next ones are quick.") if first else _("Reading your message")
    try:
        with st.spinner(words):
            return client.service(run.id).predict([text])[0]
    except BmcoreError as error:
        states.problem(error)
        return None


def _answer(found: dict, run) -> None:
    ranked = sorted(found["probabilities"].items(), key=lambda pair: -pair[1])[:8]
    sure = ranked[0][1] if ranked else 0.0
    st.markdown(f"### {plain(found['label'], 80)}", anchors=False)
    if sure < 0.6:
        st.caption(_("The model is not sure. Such a message is one for a person."))
    alt = "; ".join(f"{name} {100 * p:.0f} %" for name, p in ranked)
    charts.bars(ranked, _("How sure, %"), key=f"tryout.bars:{run.id}", alt=alt, strong=0)

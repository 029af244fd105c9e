"""The button that starts a search of answers, every setting folded away above it."""

from __future__ import annotations

import hashlib
import json
import secrets

import streamlit as st

from bmcore.base import estimator_class
from bmcore.errors import BmcoreError, ParameterError
from bmcore.ui import states, train
from bmcore.ui.answers_data import KEY, Chosen
from bmcore.ui.kinds import Scenario
from bmcore.ui.words import _

TOKEN = f"{KEY}.token"


def form(scenario: Scenario, chosen: Chosen) -> None:
    """Draw the form. A press of the button makes the run and opens it."""
    try:
        changed = train.settings(KEY, estimator_class("AnswerSearch"), {}, tail="form")
    except ParameterError as error:
        states.problem(error)
        changed = None
    st.caption(
        _(
            "Seconds for a thousand pairs, minutes for a hundred thousand. You may close this page: it goes on and is found again under "
            "All trainings."
        )
    )
    ready = chosen.ready and changed is not None
    go = _("Remember these answers and test the search")
    if st.button(go, type="primary", icon=":material/play_arrow:", key=f"{KEY}.start", disabled=not ready):
        _start(scenario, chosen, changed)


def _start(scenario: Scenario, chosen: Chosen, changed: dict) -> None:
    from bmcore import runs

    request = {
        "estimator": "AnswerSearch", "params": changed, "data": chosen.ref, "columns": chosen.columns, "scenario": scenario.key,
        "origin": "page",
    }
    # one token a filled form, as for every other run: a double click makes one
    nonce = st.session_state.setdefault(TOKEN, secrets.token_hex(16))
    token = nonce + hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    try:
        run = runs.start(request, token=token)
    except BmcoreError as error:
        st.session_state.pop(TOKEN, None)
        states.problem(error)
        return
    st.query_params["drafts"] = run.id
    st.rerun()

"""Asking the service of a finished run from a page: a spinner while it works, a sentence where it cannot."""

from __future__ import annotations

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.ui import states
from bmcore.ui.words import _


def ask(run_id: str, method: str, body: dict, working: str) -> dict | None:
    """What the run's service answers, as it is; None, and a sentence, where it cannot. `working`: the words beside the spinner."""
    from bmcore.serve import client

    try:
        first = not client.alive(run_id)
        words = _("Loading the model. The first answer takes a few seconds, the next ones are quick.") if first else working
        with st.spinner(words):
            return client.service(run_id).ask(method, body)
    except BmcoreError as error:
        states.problem(error)
        return None

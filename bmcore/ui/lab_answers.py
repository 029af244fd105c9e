"""Answers of the lab's computing process, kept for this visitor: the same question is not computed twice."""

from __future__ import annotations

import json

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.ui import lab_compute, states

KEPT, MOST = "lab_clusters.answers", 10


def get(request: dict, words: str) -> dict | None:
    """The answer, computed while `words` say so; None where it could not be had, which the page then says."""
    answer = known(request)
    if answer is not None:
        return answer
    try:
        with st.spinner(words):
            answer = lab_compute.ask(request)
    except BmcoreError as error:
        states.problem(error)
        return None
    kept = st.session_state.setdefault(KEPT, {})
    while len(kept) >= MOST:
        kept.pop(next(iter(kept)))
    kept[name(request)] = answer
    return answer


def known(request: dict) -> dict | None:
    """The answer, if there is one already."""
    return st.session_state.get(KEPT, {}).get(name(request))


def name(request: dict) -> str:
    return json.dumps(request, sort_keys=True)

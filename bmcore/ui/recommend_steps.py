"""What a page that recommends says and does at each of the five steps, and how a finished run was trained."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import flow, recommend_data, recommend_form, recommend_live, steps
from bmcore.ui.kinds import RecommendScenario


def whole(found: dict | None) -> bool:
    """Whether an evaluation is one of recommendations and has what the page cannot do without."""
    try:
        return found["task"] == "recommendation" and bool(found["verdict"]["message"]) and isinstance(found["model"], dict)
    except (KeyError, TypeError):
        return False


FLOW = flow.Flow(
    ask=Message("Learn what to recommend"),
    doing=Message("Learning"),
    outcome=Message("does it beat showing everybody the same, and for whom"),
    tryout=Message("pick somebody, or fill a basket, and see what they would be shown"),
    choose=recommend_data.choose,
    form=recommend_form.form,
    watch=recommend_live.watch,
    whole=whole,
    count=lambda found: found.get("n_users"),
    methods=recommend_form.METHODS,
)


def page(scenario: RecommendScenario, result: Callable, tryout: Callable) -> None:
    """The whole page; `result(run, evaluation)` and `tryout(run, evaluation)` draw steps 4 and 5 of a finished run."""
    flow.page(FLOW, scenario, result, tryout)


def how(run) -> None:
    """How it was trained: what was done with the table, with which settings."""
    left, right = st.columns([6, 5], gap="large")
    with left:
        recommend_live.notes(run, 12)
    with right:
        steps.settings(run)

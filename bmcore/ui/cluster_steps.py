"""What a page that looks for groups says and does at each of the five steps, and how a finished run was trained."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import cluster_data, cluster_form, cluster_live, flow, steps
from bmcore.ui.kinds import ClusterScenario
from bmcore.ui.words import _, plain


def whole(found: dict | None) -> bool:
    """Whether an evaluation is one of groups and has what the page cannot do without."""
    try:
        return found["task"] == "clustering" and bool(found["verdict"]["message"]) and isinstance(found["sizes"], list)
    except (KeyError, TypeError):
        return False


FLOW = flow.Flow(
    ask=Message("Find groups"),
    doing=Message("Finding groups"),
    outcome=Message("are there real groups, what is each like, what to do with it"),
    tryout=Message("give a new one and see where it belongs"),
    choose=cluster_data.choose,
    form=cluster_form.form,
    watch=cluster_live.watch,
    whole=whole,
    count=lambda found: found.get("n"),
    methods=cluster_form.METHODS,
)


def page(scenario: ClusterScenario, result: Callable, tryout: Callable) -> None:
    """The whole page; `result(run, evaluation)` and `tryout(run, evaluation)` draw steps 4 and 5 of a finished run."""
    flow.page(FLOW, scenario, result, lambda run, found: flow.beside_limits(scenario, lambda: tryout(run, found)))


def how(run) -> None:
    """How it was trained: what was done with the table, what was learned, with which settings."""
    for note in run.notes[:12]:
        st.markdown(f"- {plain(_(note))}")
    left, right = st.columns([6, 5], gap="large")
    with left:
        if not cluster_live.curve(run, key=f"cluster_steps.curve:{run.id}"):
            st.caption(_("There is no learning curve: it was found in one go."))
    with right:
        steps.settings(run)

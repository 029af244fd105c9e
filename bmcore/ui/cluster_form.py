"""Step "find groups": the method, how many groups, everything else folded, one button that starts one run."""

from __future__ import annotations

import streamlit as st

from bmcore.base import estimator_class
from bmcore.errors import ParameterError
from bmcore.messages import Message
from bmcore.ui import device, states, train
from bmcore.ui.cluster_data import Chosen
from bmcore.ui.kinds import ClusterScenario
from bmcore.ui.words import _, plain

# estimator -> (name, what it is good for, the setting that can be chosen for you)
METHODS = {
    "KMeans": (
        Message("K-Means"),
        Message("Divides everybody into groups of similar size and shape: every row belongs to one."),
        "n_clusters",
    ),
    "DBSCAN": (
        Message("DBSCAN"),
        Message("Finds crowds of any shape and leaves out what lies alone: some rows belong to no group."),
        "eps",
    ),
}
COUNTS = (None, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20)


def form(scenario: ClusterScenario, chosen: Chosen) -> None:
    """Draw the step. A press of the button makes the run and opens it."""
    name = _method(scenario)
    asked = METHODS[name][2]
    try:
        cls = estimator_class(name)
        given = cls.presets.get("balanced", {}).get("params", {})
        answer = _count(scenario) if asked == "n_clusters" else _strict(scenario, chosen) if scenario.alone else None
        without = (asked,) if answer or asked == "n_clusters" else ()
        changed = train.settings(scenario.key, cls, given, tail=f"{name}:{len(without)}", without=without)
    except ParameterError as error:
        states.problem(error)
        changed = None
    st.caption(
        _(
            "Works on: {device}. You may close this page: it goes on and is found again under All trainings.",
            device=plain(device.describe()),
        )
        + "  \n"
        + _(scenario.time)
    )
    ready = chosen.ready and changed is not None
    if st.button(_(scenario.go), type="primary", icon=":material/play_arrow:", key=f"{scenario.key}.start", disabled=not ready):
        settings = {**changed, **({asked: answer} if answer else {})}
        request = {"estimator": name, "params": settings, "data": chosen.ref, "columns": chosen.columns}
        request |= {"choose": asked not in settings, "preset": "balanced" if "balanced" in cls.presets else None}
        train.launch(scenario, request)


def _method(scenario: ClusterScenario) -> str:
    if len(scenario.estimators) == 1:
        st.markdown(f"**{_(METHODS[scenario.estimator][0])}**: {_(METHODS[scenario.estimator][1])}")
        return scenario.estimator
    name = st.segmented_control(
        _("Method"),
        list(scenario.estimators),
        default=scenario.estimator,
        required=True,
        format_func=lambda name: _(METHODS[name][0]),
        key=f"{scenario.key}.method",
        persist_state="session",
    )
    st.caption(_(METHODS[name][1]))
    return name


def _count(scenario: ClusterScenario) -> int | None:
    return st.selectbox(
        _("Number of groups"),
        COUNTS,
        index=COUNTS.index(scenario.count),
        format_func=lambda n: _("Let it choose") if n is None else str(n),
        key=f"{scenario.key}.count",
        persist_state="session",
        help=_("It tries several numbers and takes the one whose groups are well apart and come out again on other halves of the table."),
        width=260,
    )


def _strict(scenario: ClusterScenario, chosen: Chosen) -> float | None:
    """How many rows a person can look at decides how far a row may be from others."""
    if not chosen.reach:
        return None
    share = st.selectbox(
        _("How many rows can a person look at"),
        [*chosen.reach, None],
        index=min(1, len(chosen.reach) - 1),
        format_func=lambda share: _("Let it choose") if share is None else _("about {percent} %", percent=f"{100 * float(share):g}"),
        key=f"{scenario.key}.strict",
        persist_state="session",
        width=260,
    )
    return chosen.reach.get(share)

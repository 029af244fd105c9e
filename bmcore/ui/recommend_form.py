"""Step "learn": which method, every other setting folded away, one button that starts one run."""

from __future__ import annotations

import streamlit as st

from bmcore.base import estimator_class
from bmcore.errors import ParameterError
from bmcore.messages import Message
from bmcore.ui import device, states, train
from bmcore.ui.kinds import RecommendScenario
from bmcore.ui.recommend_data import Chosen
from bmcore.ui.words import _, plain

# estimator -> (name, what it is good for)
METHODS = {
    "AutoRecommender": (
        Message("Let it choose"),
        Message("Looks at how much there is to learn from, takes the method that fits, and says why."),
    ),
    "EASE": (
        Message("EASE"),
        Message(
            "Learns for every pair of items how much one speaks for the other. The best of these on most tables of up to 20,000 items."
        ),
    ),
    "ALS": (
        Message("ALS"),
        Message("Gives every person and item a few numbers and fits them to each other. Small and quick where there are very many items."),
    ),
    "ItemKNN": (
        Message("ItemKNN"),
        Message("Shows what is most often taken together with what somebody has. Simple, and easy to explain."),
    ),
    "Popularity": (Message("Popularity"), Message("Shows everybody what most people take. What every other method has to beat.")),
}


def form(scenario: RecommendScenario, chosen: Chosen) -> None:
    """Draw the step. A press of the button makes the run and opens it."""
    name = _method(scenario)
    try:
        cls = estimator_class(name)
        preset = "balanced" if "balanced" in cls.presets else None
        changed = train.settings(scenario.key, cls, cls.presets.get(preset, {}).get("params", {}), tail=name)
    except ParameterError as error:
        states.problem(error)
        changed = preset = None
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
        request = {"estimator": name, "params": changed, "data": chosen.ref, "columns": chosen.columns, "preset": preset}
        train.launch(scenario, request)


def _method(scenario: RecommendScenario) -> str:
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

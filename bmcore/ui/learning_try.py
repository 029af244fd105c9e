"""Step "try it" of the learning path: somebody of the table, or what was done is ticked; the next steps come back in order."""

from __future__ import annotations

import json

import streamlit as st

from bmcore.ui import learning_steps, recommend_ask, recommend_try
from bmcore.ui.kinds import RecommendScenario
from bmcore.ui.words import _

STEPS, MOST_KEPT = 5, 40


def draw(run, scenario: RecommendScenario) -> None:
    """The whole step. A change redraws this part of the page only."""
    _draw(run.id, scenario)


@st.fragment
def _draw(run_id: str, scenario: RecommendScenario) -> None:
    from bmcore import runs

    run = runs.get(run_id)
    if known := recommend_try.customers(run):  # somebody is chosen from the start, so that there is a path to look at
        st.session_state.setdefault(f"{scenario.key}.customer:{run_id}", next(iter(known)))
    words = {"known": _("A learner of the table"), "basket": _("Tick what was done")}
    left, right = st.columns([5, 6], gap="large")
    with left:
        whom = st.segmented_control(
            _("For whom"), list(words), default="known", required=True, format_func=words.get, key=f"{scenario.key}.whom:{run_id}"
        )
        asked = {"known": recommend_try.somebody, "basket": recommend_try.basket}[whom](run, scenario)
    with right:
        variety = _variety(scenario, run_id)
        reach = _reach(run, scenario)
    if asked is None and whom == "known":
        st.caption(_("Choose somebody, and their next {n} steps appear here.", n=STEPS))
        return
    who = asked if asked else {"histories": [[]]}
    found = answered(run_id, {**who, "k": STEPS, "diversity": variety / 100, **({"reach": reach} if reach else {})})
    if found is None:
        return
    learning_steps.draw(found, scenario, key=f"{scenario.key}.path:{run_id}")


def _variety(scenario: RecommendScenario, run_id: str) -> int:
    about = _("0 goes for what fits best. More puts things further apart on the path, even if each fits a little less.")
    return st.slider(_("Variety, %"), 0, 100, 0, 10, key=f"{scenario.key}.variety:{run_id}", help=about)


def _reach(run, scenario: RecommendScenario) -> float | None:
    """How far from the level reached a step may lie, as a share of all difficulties; None where the table says nothing about them."""
    if not run.spec["columns"].get("difficulty"):
        return None
    words = {0.125: _("as it is now"), 0.25: _("a little harder or easier"), 0.5: _("much"), 0.0: _("any")}
    chosen = st.segmented_control(
        _("How hard the next steps may be"),
        list(words),
        default=0.25,
        required=True,
        format_func=words.get,
        key=f"{scenario.key}.reach:{run.id}",
        help=_("Measured from the level reached so far, which rises along the path."),
    )
    return chosen or None


def answered(run_id: str, body: dict) -> dict | None:
    """The path, kept for this visitor: the same question is not asked twice."""
    kept, name = st.session_state.setdefault(f"learning_try.answers:{run_id}", {}), json.dumps(body, sort_keys=True, default=str)
    if name not in kept:
        found = recommend_ask.served(run_id, "path", body)
        if found is None:
            return None
        while len(kept) >= MOST_KEPT:
            kept.pop(next(iter(kept)), None)
        kept[name] = found["paths"][0]
    return kept[name]

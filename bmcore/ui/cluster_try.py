"""Step "try it" of groups: a new row, or a message, goes to the serving process of the run; its group comes back."""

from __future__ import annotations

import streamlit as st

from bmcore.errors import BmcoreError, ServiceError
from bmcore.ui import cluster_charts, groups, states
from bmcore.ui.kinds import ClusterScenario
from bmcore.ui.words import _, plain

LONGEST, MOST_FIELDS, ACROSS = 5000, 9, 3


def numbers(run, found: dict, scenario: ClusterScenario) -> None:
    """A field a column; the ones that matter most first, the others at their usual value."""
    usual = _usual(found)
    if not usual:
        st.caption(_("This run does not say which numbers it needs."))
        return
    with st.form(f"cluster_try.form:{run.id}", border=False):
        record = dict(usual)
        asked = list(usual)[:MOST_FIELDS]
        for first in range(0, len(asked), ACROSS):
            for column, name in zip(st.columns(ACROSS, vertical_alignment="bottom"), asked[first : first + ACROSS], strict=False):
                with column:
                    record[name] = st.number_input(groups.column(name), value=float(usual[name]), key=f"cluster_try.{name}:{run.id}")
        if len(usual) > MOST_FIELDS:
            st.caption(_("The other {n} columns are at their usual value.", n=len(usual) - MOST_FIELDS))
        sent = st.form_submit_button(_("Which group is it?"), type="primary", icon=":material/send:")
    _answered(run, found, scenario, {"records": [record]} if sent else None)


def message(run, found: dict, scenario: ClusterScenario, example: str) -> None:
    """A field for a message."""
    with st.form(f"cluster_try.form:{run.id}", border=False):
        text = st.text_area(_("A message"), value=example, max_chars=LONGEST, height=110, key=f"cluster_try.text:{run.id}")
        sent = st.form_submit_button(_("Which theme is it?"), type="primary", icon=":material/send:")
    if sent and not text.strip():
        states.box("info", _("Write a message first."))
        sent = False
    _answered(run, found, scenario, {"texts": [text]} if sent else None)


def _usual(found: dict) -> dict[str, float]:
    """Each column with its median over all rows."""
    features = next((entry["features"] for entry in groups.clusters(found) if entry.get("features")), {})
    return {name: round(features[name]["overall_median"], 4) for name in found.get("columns") or [] if name in features}


def _answered(run, found: dict, scenario: ClusterScenario, body: dict | None) -> None:
    kept = f"cluster_try.answer:{run.id}"
    if body is not None:
        st.session_state[kept] = _ask(run, body)
    answer = st.session_state.get(kept)
    if answer is not None:
        _answer(answer, found, scenario)


def _ask(run, body: dict) -> dict | None:
    from bmcore.serve import client

    first = not client.alive(run.id)
    words = _("Loading the model. The first answer takes a few seconds, the next ones are quick.") if first else _("Asking the model")
    try:
        with st.spinner(words):
            return client.service(run.id).ask("predict", body)["predictions"][0]
    except BmcoreError as error:
        states.problem(error)
    except (KeyError, IndexError, TypeError):
        states.problem(ServiceError("The model answered something that cannot be read. Try again."))
    return None


def _answer(answer: dict, found: dict, scenario: ClusterScenario) -> None:
    cluster = answer.get("cluster", answer.get("label"))
    cluster = int(cluster) if isinstance(cluster, int | float) or str(cluster).lstrip("-").isdigit() else -1
    color = cluster_charts.color(cluster, alone=scenario.alone)
    names = groups.names(found, scenario)
    st.html(f'<div aria-hidden="true" style="height:6px;width:56px;border-radius:3px;background:{color}"></div>')
    st.markdown(f"### {plain(names.get(cluster, str(cluster)), 100)}", anchors=False)
    entry = next((entry for entry in groups.clusters(found) if entry["cluster"] == cluster), {})
    if cluster < 0:
        st.caption(_("It lies far from every group: the table had nothing like it, or very little."))
    elif advice := groups.sentence(entry.get("advice")):
        st.markdown(f":blue[:material/lightbulb:] {plain(advice)}")

"""What stands between the steps: the run named in the address, folded steps, a run that ended early."""

from __future__ import annotations

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.ui import charts, nav, runlist, states, train
from bmcore.ui.kinds import Question, Scenario, TextScenario
from bmcore.ui.words import _, ago, duration, number, plain


def asked_run(scenario: Scenario):
    """The run of `?run=`, or None. A foreign or invented id gets a sentence and the empty page."""
    from bmcore import runs

    asked = st.query_params.get("run")
    if not asked:
        return None
    try:
        run = runs.get(asked)
    except BmcoreError as error:
        states.box("warning", _(error), _("Start a new training below, or open one under All trainings."))
        return None
    if run.spec["estimator"] and nav.page_of(run) != scenario.key:
        states.box("info", _("That training belongs to another page."))
        nav.link(nav.page_of(run), icon=":material/arrow_forward:", run=run.id)
        return None
    return run


def question(scenario: TextScenario) -> Question:
    """Step 1: what the model should answer."""
    states.step(1, _("The question"))
    words = {entry.key: _(entry.title) for entry in scenario.questions}
    key = st.segmented_control(
        _("What the model should answer"),
        list(words),
        default=next(iter(words)),
        required=True,
        format_func=words.get,
        key=f"{scenario.key}.question",
        persist_state="session",
        label_visibility="collapsed",
    )
    found = scenario.ask(key)
    st.caption(_(found.about))
    return found


def of_run(run, scenario: TextScenario) -> Question:
    """The question that a run answers, known by its label column."""
    label = run.spec["columns"].get("label")
    return next((entry for entry in scenario.questions if entry.label == label), scenario.questions[0])


def example(run, scenario: TextScenario) -> str:
    return _(of_run(run, scenario).example)


def folded(run, scenario: TextScenario) -> None:
    """Steps 1 and 2, done: a line each, with what was chosen."""
    label = run.spec["columns"].get("label")
    asked = next((entry for entry in scenario.questions if entry.label == label), None)
    sentence = _(asked.title) if asked else _("Say what belongs in the column {label}", label=plain(label, 60))
    st.markdown(f":green[:material/check_circle:] **1 · {_('The question')}** — {sentence}")
    st.markdown(f":green[:material/check_circle:] **2 · {_('Your messages')}** — {_data_line(run)}")


def _data_line(run) -> str:
    from bmcore.data import refs

    spec = run.spec
    try:
        name = plain(_(refs.title(spec["data"])), 100)
    except (BmcoreError, KeyError, TypeError):
        name = _("a table that is no longer known")
    found = run.evaluation
    columns = f"{plain(spec['columns'].get('text'), 40)} → {plain(spec['columns'].get('label'), 40)}"
    if found:
        learned = _("{n} messages, {k} answers", n=number(found["n_train"] + found["n_test"]), k=len(found["classes"]))
        return f"{name} · {columns} · {learned}"
    return f"{name} · {columns}"


def trained(run) -> None:
    """Step 3, done: a line, and the curve and the settings for those who want them."""
    words = _("{preset}, took {time}, {ago}", preset=runlist.preset_name(run), time=duration(run.seconds), ago=ago(run.created))
    st.markdown(f":green[:material/check_circle:] **3 · {_('Training')}** — {plain(words)}")
    notes = run.notes
    with st.expander(_("How it was trained"), icon=":material/show_chart:"):
        for note in notes[:10]:
            st.markdown(f"- {plain(_(note))}")
        left, right = st.columns([6, 5], gap="large")
        points = [point for point in run.curve() if point.get("phase") == "train"]
        with left:
            if len(points) > 1:
                charts.learning(points, key=f"steps.curve:{run.id}")
            else:
                st.caption(_("There is no learning curve: only the last layer was fitted, in one go."))
        with right:
            settings(run)


def settings(run) -> None:
    """The settings of a run as a small list."""
    rows = {**run.spec["params"], **{f"split.{name}": value for name, value in run.spec["split"].items()}}
    st.code("\n".join(f"{name} = {value}" for name, value in rows.items() if value is not None), language=None, height=300)


def ended(run) -> None:
    """A run without a result: why, what was learned so far, and how to go on."""
    states.ended(run)
    if not run.damaged and st.button(
        _("Go on from where it stopped"), key=f"steps.resume:{run.id}", type="primary", icon=":material/resume:"
    ):
        resume(run.id)
    points = [point for point in run.curve() if point.get("phase") == "train" and point.get("loss") is not None]
    if len(points) > 1 and run.spec["task"] == "classification":  # others have no such loss
        charts.learning(points, key=f"steps.curve:{run.id}")
    log = run.log_tail(3000)
    if log.strip():
        with st.expander(_("The end of its log"), icon=":material/article:"):
            st.code(log, language=None, height=240)


def resume(run_id: str) -> None:
    from bmcore import runs

    try:
        runs.resume(run_id)
    except BmcoreError as error:
        states.problem(error)
        return
    st.rerun()


def again(scenario: Scenario, run) -> None:
    """The way to another training."""
    st.button(_("New training"), key=f"{scenario.key}.again", icon=":material/add:", on_click=train.fresh, args=(scenario,))

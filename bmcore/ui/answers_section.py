"""The section "Answer drafts" of the customer-service page: past questions with answers, how well they are found, a question, a draft.

Its run is named by `?drafts=` in the address, beside the page's own `?run=`.
"""

from __future__ import annotations

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import answers_data, answers_form, answers_result, answers_try, live, states, steps
from bmcore.ui.kinds import Scenario
from bmcore.ui.words import _, ago, duration, plain

PARAMETER = "drafts"
OPEN = "answers.open"
PHASES = {
    "data": Message("Reading the questions and answers"),
    "encode": Message("Reading what each question means"),
    "choose": Message("Trying which way finds answers best"),
    "save": Message("Saving"),
    "evaluate": Message("Asking questions whose answer is known"),
}


def moved() -> None:
    """Before the page asks for its run: a run of this section, opened from a list as `?run=`, moves to its own place."""
    from bmcore import runs

    asked = st.query_params.get("run")
    try:
        ours = bool(asked) and runs.get(asked).spec["task"] == "answers"
    except (BmcoreError, KeyError, TypeError):  # the page says what is wrong with it
        return
    if ours:
        st.query_params[PARAMETER] = asked
        st.query_params.pop("run", None)


def section(scenario: Scenario) -> None:
    """Draw the whole section."""
    st.divider()
    st.subheader(_("Answer drafts"), anchor=False)
    run = _asked()
    if run is not None:
        _of_run(run)
        return
    st.markdown(
        _(
            "Find what was answered to such a question before, by meaning and by words, and have a draft written from it. First it is "
            "measured how often the right answer is found. Nothing is ever sent by itself."
        )
    )
    if not st.session_state.get(OPEN):
        st.button(_("Answer drafts"), icon=":material/quick_reference_all:", key=OPEN + ".button", on_click=_open)
        return
    chosen = answers_data.choose()
    if chosen is not None:
        answers_form.form(scenario, chosen)


def _open() -> None:
    st.session_state[OPEN] = True


def _asked():
    """The run of `?drafts=`, or None; another one gets a sentence."""
    from bmcore import runs

    asked = st.query_params.get(PARAMETER)
    if not asked:
        return None
    try:
        run = runs.get(asked)
    except BmcoreError as error:
        states.box("warning", _(error), _("Start a new one below, or open one under All trainings."))
        return None
    if run.spec["task"] != "answers":
        states.box("info", _("That training does not search answers."))
        return None
    return run


def _of_run(run) -> None:
    """The section of a run in any state."""
    st.caption(_data_line(run))
    if run.state in states.LIVE:
        live.progress(run.id, lambda _run: PHASES)
    elif run.state == "done":
        _finished(run)
    else:
        steps.ended(run)
    st.button(_("Other questions and answers"), key="answers.again", icon=":material/add:", on_click=_again)


def _finished(run) -> None:
    found = run.evaluation
    if not answers_result.whole(found):
        st.caption(_("This run has no evaluation."))
        return
    answers_result.draw(run, found)
    st.markdown(f"#### {_('Ask a question')}", anchors=False)
    answers_try.draw(run, found)


def _again() -> None:
    """Before the page is drawn: room for another run."""
    st.query_params.pop(PARAMETER, None)
    st.session_state.pop(answers_form.TOKEN, None)
    st.session_state[OPEN] = True


def _data_line(run) -> str:
    from bmcore.data import refs

    try:
        name = plain(_(refs.title(run.spec["data"])), 100)
    except (BmcoreError, KeyError, TypeError):
        name = _("a table that is no longer known")
    columns = f"{plain(run.spec['columns'].get('question'), 40)} → {plain(run.spec['columns'].get('answer'), 40)}"
    took = _("took {time}, {ago}", time=duration(run.seconds), ago=ago(run.created)) if run.state == "done" else ago(run.created)
    return f"{name} · {columns} · {plain(took)}"

"""The five steps of a page that learns from a table or from texts: the question, the data, the method, the result, trying it.

What a kind of page has of its own is a `Flow`; `cluster_steps`, `recommend_steps` and `writing_steps` each hold one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import nav, states, steps
from bmcore.ui.kinds import TableScenario, WritingScenario
from bmcore.ui.words import _, ago, duration, number, one_line, plain

SOON, LOST = Message("as soon as there is a table"), Message("a table that is no longer known")


@dataclass(frozen=True)
class Flow:
    """What one kind of page says and does at each step."""

    ask: Message  # heading of step 3 while it can be filled in
    doing: Message  # the same once there is a run
    outcome: Message  # what step 4 will tell
    tryout: Message  # what step 5 will offer
    choose: Callable  # draws step 2; what was chosen, or None
    form: Callable  # draws step 3
    watch: Callable  # draws a live run
    whole: Callable[[dict | None], bool]  # whether an evaluation has what steps 4 and 5 cannot do without
    count: Callable[[dict], object]  # how many of the scenario's unit an evaluation is about
    methods: dict[str, tuple]  # estimator -> (name, ...)
    soon: Message = SOON  # when step 3 can be filled in
    lost: Message = LOST  # what is said of data that was deleted


def page(flow: Flow, scenario: TableScenario | WritingScenario, result: Callable, tryout: Callable) -> None:
    """The whole page; `result(run, evaluation)` and `tryout(run, evaluation)` draw steps 4 and 5 of a finished run."""
    run = steps.asked_run(scenario)
    st.title(_(scenario.title), anchor=False)
    if run is None:
        new(flow, scenario)
    else:
        of_run(flow, scenario, run, result, tryout)
    if run is None or run.state != "done":
        foot(scenario)


def new(flow: Flow, scenario: TableScenario | WritingScenario) -> None:
    """The page without a run: the question and its picture, the table, the method."""
    words, picture = st.columns([7, 4], gap="large", vertical_alignment="center")
    picture.image(str(nav.STATIC / scenario.picture), width="stretch", alt=_(scenario.alt))
    with words:
        states.step(1, _("The question"))
        st.markdown(f"#### {_(scenario.question)}", anchors=False)
        st.markdown(_(scenario.about))
    states.step(2, _(scenario.data_title))
    chosen = flow.choose(scenario)
    if chosen is None:
        states.later(3, _(flow.ask), _(flow.soon))
    else:
        states.step(3, _(flow.ask))
        flow.form(scenario, chosen)
    later(flow)


def of_run(flow: Flow, scenario: TableScenario | WritingScenario, run, result: Callable, tryout: Callable) -> None:
    """The page of a run in any state."""
    folded(flow, scenario, run)
    if run.state in states.LIVE:
        states.step(3, _(flow.doing))
        flow.watch(run)
        later(flow)
    elif run.state == "done":
        trained(flow, run)
        finished(flow, scenario, run, result, tryout)
    else:
        states.step(3, _(flow.doing))
        steps.ended(run)
    steps.again(scenario, run)


def finished(flow: Flow, scenario: TableScenario | WritingScenario, run, result: Callable, tryout: Callable) -> None:
    """Steps 4 and 5 of a run that is done."""
    found = run.evaluation
    states.step(4, _("Result"))
    if not flow.whole(found):
        st.caption(_("This run has no evaluation."))
        return
    result(run, found)
    states.step(5, _("Try it"))
    tryout(run, found)


def beside_limits(scenario: TableScenario | WritingScenario, draw: Callable) -> None:
    """What `draw()` draws, with what this cannot do to its right."""
    left, right = st.columns([6, 5], gap="large")
    with left:
        draw()
    with right:
        st.markdown(f"**{_('Where it ends')}**")
        limits(scenario)


def limits(scenario: TableScenario | WritingScenario) -> None:
    st.markdown("\n".join(f"- {plain(_(limit))}" for limit in scenario.limits))


def foot(scenario: TableScenario | WritingScenario) -> None:
    """The limits, folded, while there is no result beside which they stand."""
    with st.expander(_("Where it ends: what this cannot do"), icon=":material/info:"):
        limits(scenario)


def later(flow: Flow) -> None:
    """The steps to come."""
    states.later(4, _("Result"), _(flow.outcome))
    states.later(5, _("Try it"), _(flow.tryout))


def folded(flow: Flow, scenario: TableScenario | WritingScenario, run) -> None:
    """Steps 1 and 2, done: a line each, with what was chosen."""
    st.markdown(f":green[:material/check_circle:] **1 · {_('The question')}** — {_(scenario.question)}")
    st.markdown(f":green[:material/check_circle:] **2 · {_(scenario.data_title)}** — {_data_line(flow, scenario, run)}")


def _data_line(flow: Flow, scenario: TableScenario | WritingScenario, run) -> str:
    from bmcore.data import refs

    try:
        parts = [plain(_(refs.title(run.spec["data"])), 100)]
    except (BmcoreError, KeyError, TypeError):
        parts = [_(flow.lost)]
    used = [value for role, value in run.spec["columns"].items() if role != "prepare" and isinstance(value, str)]
    if used:
        parts.append(plain(", ".join(one_line(name, 40) for name in used), 160))
    found = run.evaluation
    if flow.whole(found):
        parts.append(_("{n} {unit}", n=number(flow.count(found)), unit=_(scenario.unit)))
    return " · ".join(parts)


def trained(flow: Flow, run) -> None:
    """Step 3, done: a line."""
    name = run.spec["estimator"]
    title = _(flow.methods[name][0]) if name in flow.methods else one_line(name)
    words = _("{method}, took {time}, {ago}", method=title, time=duration(run.seconds), ago=ago(run.created))
    st.markdown(f":green[:material/check_circle:] **3 · {_(flow.doing)}** — {plain(words)}")

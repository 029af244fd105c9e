"""What stands between the steps of a page that looks for groups: folded steps, the page of one run, what comes later."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.ui import cluster_data, cluster_form, cluster_live, nav, states, steps
from bmcore.ui.kinds import ClusterScenario
from bmcore.ui.words import _, ago, duration, number, one_line, plain


def page(scenario: ClusterScenario, result: Callable, tryout: Callable) -> None:
    """The whole page; `result(run, evaluation)` and `tryout(run, evaluation)` draw steps 4 and 5 of a finished run."""
    run = steps.asked_run(scenario)
    st.title(_(scenario.title), anchor=False)
    if run is None:
        new(scenario)
    else:
        of_run(scenario, run, result, tryout)
    if run is None or run.state != "done":
        foot(scenario)


def new(scenario: ClusterScenario) -> None:
    """The page without a run: the question and its picture, the table, the method."""
    words, picture = st.columns([7, 4], gap="large", vertical_alignment="center")
    picture.image(str(nav.STATIC / scenario.picture), width="stretch", alt=_(scenario.alt))
    with words:
        states.step(1, _("The question"))
        st.markdown(f"#### {_(scenario.question)}", anchors=False)
        st.markdown(_(scenario.about))
    states.step(2, _(scenario.data_title))
    chosen = cluster_data.choose(scenario)
    if chosen is None:
        states.later(3, _("Find groups"), _("as soon as there is a table"))
    else:
        states.step(3, _("Find groups"))
        cluster_form.form(scenario, chosen)
    later(4)


def of_run(scenario: ClusterScenario, run, result: Callable, tryout: Callable) -> None:
    """The page of a run in any state."""
    folded(run, scenario)
    if run.state in states.LIVE:
        states.step(3, _("Finding groups"))
        cluster_live.watch(run)
        later(4)
    elif run.state == "done":
        trained(run)
        _finished(scenario, run, result, tryout)
    else:
        states.step(3, _("Finding groups"))
        steps.ended(run)
    steps.again(scenario, run)


def _finished(scenario: ClusterScenario, run, result: Callable, tryout: Callable) -> None:
    found = run.evaluation
    states.step(4, _("Result"))
    if not whole(found):
        st.caption(_("This run has no evaluation."))
        return
    result(run, found)
    states.step(5, _("Try it"))
    left, right = st.columns([6, 5], gap="large")
    with left:
        tryout(run, found)
    with right:
        st.markdown(f"**{_('Where it ends')}**")
        limits(scenario)


def whole(found: dict | None) -> bool:
    """Whether an evaluation is one of groups and has what the page cannot do without."""
    try:
        return found["task"] == "clustering" and bool(found["verdict"]["message"]) and isinstance(found["sizes"], list)
    except (KeyError, TypeError):
        return False


def limits(scenario: ClusterScenario) -> None:
    st.markdown("\n".join(f"- {plain(_(limit))}" for limit in scenario.limits))


def foot(scenario: ClusterScenario) -> None:
    """The limits, folded, while there is no result beside which they stand."""
    with st.expander(_("Where it ends: what this cannot do"), icon=":material/info:"):
        limits(scenario)


def later(first: int) -> None:
    """The steps to come."""
    if first <= 4:
        states.later(4, _("Result"), _("are there real groups, what is each like, what to do with it"))
    states.later(5, _("Try it"), _("give a new one and see where it belongs"))


def folded(run, scenario: ClusterScenario) -> None:
    """Steps 1 and 2, done: a line each, with what was chosen."""
    st.markdown(f":green[:material/check_circle:] **1 · {_('The question')}** — {_(scenario.question)}")
    st.markdown(f":green[:material/check_circle:] **2 · {_(scenario.data_title)}** — {_data_line(run, scenario)}")


def _data_line(run, scenario: ClusterScenario) -> str:
    from bmcore.data import refs

    try:
        parts = [plain(_(refs.title(run.spec["data"])), 100)]
    except (BmcoreError, KeyError, TypeError):
        parts = [_("a table that is no longer known")]
    used = [value for role, value in run.spec["columns"].items() if role != "prepare" and isinstance(value, str)]
    if used:
        parts.append(plain(", ".join(one_line(name, 40) for name in used), 160))
    found = run.evaluation
    if whole(found):
        parts.append(_("{n} {unit}", n=number(found.get("n")), unit=_(scenario.unit)))
    return " · ".join(parts)


def trained(run) -> None:
    """Step 3, done: a line; the notes, the curve and the settings for those who want them."""
    name = run.spec["estimator"]
    title = _(cluster_form.METHODS[name][0]) if name in cluster_form.METHODS else one_line(name)
    words = _("{method}, took {time}, {ago}", method=title, time=duration(run.seconds), ago=ago(run.created))
    st.markdown(f":green[:material/check_circle:] **3 · {_('Finding groups')}** — {plain(words)}")


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

"""The five steps of a page about pictures: the question, the pictures, learning, the result, trying it.

A page may hold two runs side by side; whatever it shows of one it shows of the other.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import flow, nav, picture_charts, picture_data, picture_form, picture_live, picture_pair, states, steps
from bmcore.ui.kinds import PictureScenario
from bmcore.ui.words import _, ago, duration, number, one_line, plain

ASK = Message("Learn to make more of them")
DOING = Message("Learning")
# what steps 4 and 5 will show
PROMISE = (
    Message("are its pictures new and varied, or only copies"),
    Message("make new pictures, go from one to another, change one of yours"),
)


def whole(found: dict | None) -> bool:
    """Whether an evaluation is one of pictures and has what the page cannot do without."""
    try:
        return found["task"] == "pictures" and bool(found["verdict"]["message"]["template"]) and isinstance(found["model"], dict)
    except (KeyError, TypeError):
        return False


def page(
    scenario: PictureScenario, result: Callable, tryout: Callable, *, form: Callable = picture_form.form, compare=None, promise=PROMISE
) -> None:
    """The whole page; `result(run, evaluation)` and `tryout(run, evaluation)` draw steps 4 and 5 of a finished run.

    `form(scenario, chosen)` draws step 3; `compare(runs)` draws two finished runs beside each other; `promise` says what
    steps 4 and 5 will show.
    """
    run = steps.asked_run(scenario)
    st.title(_(scenario.title), anchor=False)
    if run is None:
        _new(scenario, form, promise)
    else:
        _of_run(scenario, run, result, tryout, compare, promise)
    if run is None or run.state != "done":
        flow.foot(scenario)


def _new(scenario: PictureScenario, form: Callable, promise: tuple) -> None:
    """The page without a run."""
    words, picture = st.columns([7, 4], gap="large", vertical_alignment="center")
    picture.image(str(nav.STATIC / scenario.picture), width="stretch", alt=_(scenario.alt))
    with words:
        states.step(1, _("The question"))
        st.markdown(f"#### {_(scenario.question)}", anchors=False)
        st.markdown(_(scenario.about))
    states.step(2, _(scenario.data_title))
    chosen = picture_data.choose(scenario)
    if chosen is None:
        states.later(3, _(ASK), _("as soon as there are pictures"))
    else:
        states.step(3, _(ASK))
        form(scenario, chosen)
    _later(promise)


def _later(promise: tuple[Message, Message]) -> None:
    states.later(4, _("Result"), _(promise[0]))
    states.later(5, _("Try it"), _(promise[1]))


def _of_run(scenario: PictureScenario, run, result: Callable, tryout: Callable, compare, promise: tuple) -> None:
    """The page of a run in any state, or of the two of a pair."""
    both = picture_pair.of(run, scenario.estimators)
    _folded(scenario, run)
    if any(one.state in states.LIVE for one in both):
        states.step(3, _(DOING))
        if len(both) == 1:
            picture_live.watch(run)
        else:
            _beside(both)
        _later(promise)
    elif len(both) == 2:
        _pair(run, both, result, tryout, compare)
    elif run.state == "done":
        _done(run, result, tryout)
    else:
        states.step(3, _(DOING))
        steps.ended(run)
    steps.again(scenario, run)


def _done(run, result: Callable, tryout: Callable) -> None:
    """Steps 3 to 5 of a run that is done."""
    st.markdown(f":green[:material/check_circle:] **3 · {_(DOING)}** — {plain(_how(run))}")
    found = run.evaluation
    states.step(4, _("Result"))
    if not whole(found):
        st.caption(_("This run has no evaluation."))
        return
    result(run, found)
    states.step(5, _("Try it"))
    tryout(run, found)


def _beside(both: list) -> None:
    """Two runs of which at least one is still at work."""
    for column, run in zip(st.columns(2, gap="large"), both, strict=True):
        with column:
            st.markdown(f"##### {name(run)}", anchors=False)
            if run.state in states.LIVE:
                picture_live.column(run)
                continue
            states.badge(run.state)
            if run.state == "done":
                st.caption(plain(_how(run)))
                picture_live.grid(run.id, room=480)
            else:
                states.ended(run)


def _pair(run, both: list, result: Callable, tryout: Callable, compare) -> None:
    """Two runs that have ended: side by side first, then the one that was chosen in full."""
    judged = [one for one in both if one.state == "done" and whole(one.evaluation)]
    if len(judged) == 2 and compare:
        st.markdown(f"#### {_('Side by side')}", anchors=False)
        compare(judged)
    names = {one.id: name(one) for one in both}
    chosen = st.segmented_control(
        _("Look at one of them"),
        list(names),
        default=run.id,
        required=True,
        format_func=names.get,
        key=f"picture_steps.look:{both[0].id}",
    )
    one = next(entry for entry in both if entry.id == chosen)
    if one.state == "done":
        _done(one, result, tryout)
    else:
        states.step(3, _(DOING))
        steps.ended(one)


def name(run) -> str:
    """What the run's method is called, safe in Markdown."""
    known = picture_form.METHODS.get(run.spec["estimator"])
    return _(known[0]) if known else plain(run.spec["estimator"], 40)


def _how(run) -> str:
    return _("{method}, took {time}, {ago}", method=name(run), time=duration(run.seconds), ago=ago(run.created))


def _folded(scenario: PictureScenario, run) -> None:
    """Steps 1 and 2, done: a line each, with what was chosen."""
    st.markdown(f":green[:material/check_circle:] **1 · {_('The question')}** — {_(scenario.question)}")
    st.markdown(f":green[:material/check_circle:] **2 · {_(scenario.data_title)}** — {_data_line(scenario, run)}")


def _data_line(scenario: PictureScenario, run) -> str:
    from bmcore.data import refs

    try:
        parts = [plain(_(refs.title(run.spec["data"])), 100)]
    except (BmcoreError, KeyError, TypeError):
        parts = [_("pictures that are no longer known")]
    found = run.evaluation
    if whole(found):
        total = sum(value for key in ("n_train", "n_test") if isinstance(value := found.get(key), int))
        parts.append(_("{n} {unit}", n=number(total), unit=_(scenario.unit)))
        size = found.get("size")
        if isinstance(size, list) and len(size) == 3:
            parts.append(one_line(f"{size[1]} x {size[0]}", 20))
    return " · ".join(parts)


def how(run) -> None:
    """How it was trained: the curve, what the worker wants to be known, the settings."""
    left, right = st.columns([6, 5], gap="large")
    with left:
        picture_charts.losses(run, key=f"picture_steps.curve:{run.id}")
        for note in run.notes[:12]:
            st.markdown(f"- {plain(_(note))}")
    with right:
        steps.settings(run)

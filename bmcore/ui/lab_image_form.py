"""What a queue of the image lab is to compare: methods with any settings, or several values of one setting. One button starts it."""

from __future__ import annotations

import math

import streamlit as st

from bmcore import params
from bmcore.base import estimator_class
from bmcore.errors import BmcoreError
from bmcore.ui import lab_form, lab_recommend_form, states, train
from bmcore.ui import lab_image_queue as queue
from bmcore.ui.lab_image_queue import METHODS
from bmcore.ui.lab_queue import Entry
from bmcore.ui.words import _, duration, plain

MINUTES, TESTED_S = 1.0, 40.0  # a test and saving, roughly
# values of which the usual range is known; others are put around the default
VALUES: dict[str, tuple] = {
    "learning_rate": (0.0003, 0.001, 0.003),
    "batch_size": (32, 64, 128, 256),
    "minutes": (0.25, 0.5, 1, 2),
    "steps": (200, 500, 1000, 2000),
    "image_size": (8, 16, 28),
    "components": (16, 32, 64),
}


def draw(chosen) -> None:
    """The choice and the button."""
    kind = lab_form.kind("lab_images", {"c": _("Methods and their settings"), "s": _("One setting, several values")})
    try:
        entries = _methods() if kind == "c" else _sweep()
    except BmcoreError as error:
        states.problem(error)
        entries = []
    _expected(entries)

    def named(nonce: str) -> str:
        return queue.named(kind, nonce, chosen.ref, entries)

    def make(nonce: str) -> str:
        for entry in entries:
            params.check(estimator_class(entry.method.estimator), entry.params)
        queue.start(named(nonce), chosen.ref, entries)
        return named(nonce)

    lab_form.start("lab_images", chosen.ready, entries, make,
                   lambda nonce: named(nonce) if queue.members(named(nonce)) else "")


def _minutes() -> float:
    return st.number_input(
        _("Minutes for each run"),
        0.05,
        1440.0,
        MINUTES,
        0.25,
        key="lab_images.minutes",
        help=_(
            "All learn for as long, on the same pictures, and are tested on the same others. A number of updates, if one is set, counts "
            "instead."
        ),
        width=220,
    )


def _methods() -> list[Entry]:
    names = st.pills(
        _("Methods"), list(METHODS), default=list(METHODS), selection_mode="multi", key="lab_images.methods", persist_state="session"
    )
    minutes, chosen = _minutes(), {}
    for column, key in zip(st.columns(max(1, len(names)), gap="large"), names, strict=False):
        with column:
            st.markdown(f"**{key}** · {plain(_(METHODS[key].about))}")
            changed = train.settings(f"lab_images.{key}", estimator_class(key), {}, tail=key, without=("minutes",))
            chosen[key] = {"minutes": minutes, **changed}
    return queue.compared(chosen)


def _sweep() -> list[Entry]:
    first, *others = st.columns([3, 3, 5], gap="medium")
    with first:
        key = st.selectbox(_("Method"), list(METHODS), key="lab_images.method", persist_state="session")
    entry, text = lab_form.setting("lab_images", key, lab_recommend_form.numbers(key), suggested, others)
    fixed = {} if entry.name == "minutes" else {"minutes": _minutes()}
    changed = train.settings(f"lab_images.s.{key}", estimator_class(key), {}, tail=key, without=("minutes", entry.name))
    return queue.sweep(key, {**fixed, **changed}, entry.name, lab_recommend_form.parsed(entry, text))


def suggested(entry: params.Parameter) -> list:
    """Values worth trying, all of them allowed.

    Examples
    --------
    >>> suggested(params.Parameter("another", "auto", (params.Choice("auto"), params.Range(1, 10_000, log=True)), "", ""))
    [1, 22, 464, 10000]
    """
    spec = next(spec for spec in entry.specs if isinstance(spec, params.Range))
    if entry.name in VALUES:
        known = [value for value in VALUES[entry.name] if spec.takes(value)]
        if len(known) > 1:
            return known
    if isinstance(entry.default, int | float) or not spec.log or spec.low <= 0:
        return lab_recommend_form.suggested("", entry)
    whole = round if spec.whole else lambda value: float(f"{value:.3g}")
    low, high = math.log(spec.low), math.log(spec.high)
    return list(dict.fromkeys(whole(math.exp(low + (high - low) * part / 3)) for part in range(4)))


def _expected(entries: list[Entry]) -> None:
    if any(entry.params.get("steps") for entry in entries):
        st.caption(_("They run one after the other. You may close this page: they go on."))
    elif entries:
        total = sum(60 * entry.params.get("minutes", MINUTES) + TESTED_S for entry in entries)
        st.caption(_("Expected: about {time} for all. They run one after the other; you may close this page.", time=duration(total)))


def fresh() -> None:
    """Make room for another queue: the next press of the button starts a new one."""
    lab_form.fresh("lab_images")

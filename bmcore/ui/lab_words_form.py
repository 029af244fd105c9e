"""What a queue of the text lab is to compare: sizes with any settings, or several values of one setting. One button starts it."""

from __future__ import annotations

import streamlit as st

from bmcore import params
from bmcore.base import estimator_class
from bmcore.errors import BmcoreError
from bmcore.ui import lab_form, lab_image_form, lab_recommend_form, states, train
from bmcore.ui import lab_words_queue as queue
from bmcore.ui.lab_queue import Entry
from bmcore.ui.lab_words_queue import ESTIMATOR, METHODS, SCENARIO
from bmcore.ui.words import _, duration, plain

MINUTES, TESTED_S = 1.0, 60.0  # a test and saving, roughly
ASKED = ("minutes", "size")  # what the page asks for by itself
# values of which the usual range is known; others are put around the default
VALUES: dict[str, tuple] = {
    "learning_rate": (0.0003, 0.001, 0.003),
    "minutes": (0.25, 0.5, 1, 2),
    "context_length": (64, 128, 256, 512),
    "epochs": (1, 2, 4, 8),
    "lora_rank": (4, 8, 16),
}


def draw(ref: dict, columns: dict, ready: bool) -> None:
    """The choice and the button."""
    kind = lab_form.kind(SCENARIO, {"c": _("Sizes and their settings"), "s": _("One setting, several values")})
    try:
        entries = _sizes() if kind == "c" else _sweep()
    except BmcoreError as error:
        states.problem(error)
        entries = []
    _expected(entries)

    def named(nonce: str) -> str:
        return queue.named(kind, nonce, ref, columns, entries)

    def make(nonce: str) -> str:
        for entry in entries:
            params.check(estimator_class(ESTIMATOR), entry.params)
        queue.start(named(nonce), ref, columns, entries)
        return named(nonce)

    lab_form.start(SCENARIO, ready, entries, make, lambda nonce: named(nonce) if queue.members(named(nonce)) else "")


def _minutes() -> float:
    return st.number_input(
        _("Minutes for each run"),
        0.02,
        1440.0,
        MINUTES,
        0.25,
        key=f"{SCENARIO}.minutes",
        help=_("All learn for as long, from the same texts, and are tested on the same others."),
        width=220,
    )


def _sizes() -> list[Entry]:
    names = st.pills(
        _("Sizes"),
        list(METHODS),
        default=["nano", "mini"],
        selection_mode="multi",
        format_func=lambda key: METHODS[key].title,
        key=f"{SCENARIO}.methods",
        persist_state="session",
    )
    minutes, chosen = _minutes(), {}
    for column, key in zip(st.columns(max(1, len(names)), gap="large"), names, strict=False):
        with column:
            st.markdown(f"**{plain(METHODS[key].title)}** · {plain(_(METHODS[key].about))}")
            changed = train.settings(f"{SCENARIO}.{key}", estimator_class(ESTIMATOR), {}, tail=key, without=ASKED)
            chosen[key] = {"minutes": minutes, **changed}
    st.caption(_("To go on from a model that has read much before, open All settings and put its name or folder under model."))
    return queue.compared(chosen)


def _sweep() -> list[Entry]:
    first, *others = st.columns([3, 3, 5], gap="medium")
    with first:
        key = st.selectbox(
            _("Size"), list(METHODS), format_func=lambda key: METHODS[key].title, key=f"{SCENARIO}.method", persist_state="session"
        )
    entry, text = lab_form.setting(SCENARIO, key, lab_recommend_form.numbers(ESTIMATOR), suggested, others)
    # minutes would win over the epochs that are compared
    fixed = {} if entry.name in ("minutes", "epochs") else {"minutes": _minutes()}
    without = (*ASKED, entry.name)
    changed = train.settings(f"{SCENARIO}.s.{key}", estimator_class(ESTIMATOR), {}, tail=key, without=without)
    return queue.sweep(key, {**fixed, **changed}, entry.name, lab_recommend_form.parsed(entry, text))


def suggested(entry: params.Parameter) -> list:
    """Values worth trying, all of them allowed."""
    known = [value for value in VALUES.get(entry.name, ()) if entry.takes(value)]
    return known if len(known) > 1 else lab_image_form.suggested(entry)


def _expected(entries: list[Entry]) -> None:
    if entries:
        if any("minutes" not in entry.params for entry in entries):
            st.caption(_("They run one after the other. You may close this page: they go on."))
            return
        total = sum(60 * entry.params["minutes"] + TESTED_S for entry in entries)
        st.caption(_("Expected: about {time} for all. They run one after the other; you may close this page.", time=duration(total)))

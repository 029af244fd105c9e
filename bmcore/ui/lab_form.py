"""What the forms of the labs have in common: what to compare, several values of one setting, and the button that starts the queue."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import streamlit as st

from bmcore import params
from bmcore.errors import BmcoreError, ParameterError
from bmcore.ui import nav, states
from bmcore.ui.lab_queue import MOST_VALUES, Entry
from bmcore.ui.words import _, plain


def kind(scenario: str, words: dict[str, str]) -> str:
    """What to compare, as the letter that the queue's name begins with."""
    return st.segmented_control(
        _("What to compare"),
        list(words),
        default=next(iter(words)),
        required=True,
        format_func=words.get,
        key=f"{scenario}.kind",
        persist_state="session",
        label_visibility="collapsed",
    )


def setting(scenario: str, key: str, known: dict[str, params.Parameter], suggested: Callable, columns) -> tuple[params.Parameter, str]:
    """A setting and the values that somebody typed, in two columns; `key` tells one method's fields from another's."""
    with columns[0]:
        name = st.selectbox(_("Setting"), list(known), format_func=lambda name: _(known[name].label), key=f"{scenario}.setting:{key}")
    entry = known[name]
    with columns[1]:
        text = st.text_input(
            _("Values, at most {n}", n=MOST_VALUES),
            value=", ".join(f"{value:g}" for value in suggested(entry)),
            help=plain(f"{_(entry.doc)} ({entry.name}: {_(entry.allowed())})", 1000),
            max_chars=200,
            key=f"{scenario}.values:{key}:{name}",
        )
    default = _("not set") if entry.default is None else f"{entry.default:g}" if isinstance(entry.default, float) else str(entry.default)
    st.caption(_("{about} Without a choice it is {default}.", about=plain(_(entry.doc)), default=plain(default)))
    return entry, text


def start(scenario: str, ready: bool, entries: list[Entry], make: Callable[[str], str], started: Callable[[str], str]) -> None:
    """The button. `make(nonce)` starts the queue and gives its name, or raises; `started(nonce)` is its name if it has a run."""
    words = _("Start {n} runs", n=len(entries)) if entries else _("Start")
    disabled = not (ready and entries)
    if not st.button(words, type="primary", icon=":material/play_arrow:", key=f"{scenario}.start", disabled=disabled):
        return
    nonce = st.session_state.setdefault(f"{scenario}.nonce", secrets.token_hex(16))
    try:
        code = make(nonce)
    except (BmcoreError, ParameterError) as error:
        states.problem(error)
        code = started(nonce)
        if code:
            nav.link(scenario, _("Open the part of the queue that was started"), icon=":material/arrow_forward:", queue=code)
        return
    st.query_params["queue"] = code
    st.rerun()


def fresh(scenario: str) -> None:
    """Make room for another queue: the next press of the button starts a new one."""
    st.session_state.pop(f"{scenario}.nonce", None)
    st.query_params.pop("queue", None)

"""What a queue of the recommender lab is to compare: every algorithm, or several values of one setting. One button starts it."""

from __future__ import annotations

import re
import secrets

import streamlit as st

from bmcore import params
from bmcore.base import estimator_class
from bmcore.errors import BmcoreError, ParameterError
from bmcore.ui import lab_recommend_forecast as forecast
from bmcore.ui import lab_recommend_queue as queue
from bmcore.ui import nav, states, train
from bmcore.ui.lab_queue import MOST_VALUES, Entry
from bmcore.ui.lab_recommend_queue import METHODS
from bmcore.ui.words import _, duration, plain

NONCE = "lab_recommend.nonce"
# values of which the usual range is known; others are put around the default
VALUES: dict[tuple[str, str], tuple] = {
    ("ALS", "factors"): (8, 16, 32, 64, 128, 256),
    ("ALS", "exponent"): (0.0, 0.25, 0.5, 0.75, 1.0),
    ("ALS", "unobserved"): (0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    ("ALS", "iterations"): (2, 5, 10, 15, 30),
    ("ItemKNN", "neighbours"): (10, 25, 50, 100, 200, 400, 800),
}


def draw(chosen, size: dict | None) -> None:
    """The choice and the button; `size` has users, items and events where they are known."""
    words = {"c": _("All algorithms"), "s": _("One setting, several values")}
    kind = st.segmented_control(
        _("What to compare"),
        list(words),
        default="c",
        required=True,
        format_func=words.get,
        key="lab_recommend.kind",
        persist_state="session",
        label_visibility="collapsed",
    )
    try:
        entries = _every() if kind == "c" else _sweep()
    except BmcoreError as error:
        states.problem(error)
        entries = []
    if entries:
        _expected(entries, size)
    name = _("Start {n} runs", n=len(entries)) if entries else _("Start")
    ready = chosen.ready and bool(entries)
    if st.button(name, type="primary", icon=":material/play_arrow:", key="lab_recommend.start", disabled=not ready):
        _start(kind, chosen, entries)


def _every() -> list[Entry]:
    names = st.pills(
        _("Algorithms"),
        list(METHODS),
        default=list(METHODS),
        selection_mode="multi",
        format_func=lambda key: METHODS[key].title,
        key="lab_recommend.methods",
        persist_state="session",
    )
    st.caption("  \n".join(f"**{plain(METHODS[key].title)}** · {_(METHODS[key].about)}" for key in METHODS if key in names))
    return queue.every([key for key in METHODS if key in names])


def numbers(estimator: str) -> dict[str, params.Parameter]:
    """The settings of an estimator that are numbers, but the seed."""
    known = params.declared(estimator_class(estimator)).values()
    return {
        entry.name: entry
        for entry in known
        if any(isinstance(spec, params.Range) for spec in entry.specs) and entry.name not in ("seed", "random_state")
    }


def _sweep() -> list[Entry]:
    first, second, third = st.columns([3, 3, 5], gap="medium")
    keys = [key for key, method in METHODS.items() if numbers(method.estimator)]
    with first:
        key = st.selectbox(
            _("Algorithm"), keys, format_func=lambda key: METHODS[key].title, key="lab_recommend.method", persist_state="session"
        )
    known = numbers(METHODS[key].estimator)
    with second:
        name = st.selectbox(
            _("Setting"),
            list(known),
            format_func=lambda name: _(known[name].label),
            key=f"lab_recommend.setting:{METHODS[key].estimator}",
            persist_state="session",
        )
    entry = known[name]
    about = plain(f"{_(entry.doc)} ({entry.name}: {_(entry.allowed())})", 1000)
    with third:
        text = st.text_input(
            _("Values, at most {n}", n=MOST_VALUES),
            value=", ".join(f"{value:g}" for value in suggested(METHODS[key].estimator, entry)),
            help=about,
            max_chars=200,
            key=f"lab_recommend.values:{key}:{name}",
        )
    st.caption(
        _(
            "{about} Without a choice it is {default}.",
            about=plain(_(entry.doc)),
            default=plain(f"{entry.default:g}" if isinstance(entry.default, float) else entry.default),
        )
    )
    return queue.sweep(key, name, parsed(entry, text))


def suggested(estimator: str, entry: params.Parameter) -> list:
    """Values worth trying: around the default, as far apart as the setting's scale asks for.

    Examples
    --------
    >>> entry = params.Parameter("regularization", 500.0, (params.Range(0.1, 1e6, log=True),), "Regularization", "")
    >>> suggested("EASE", entry)
    [5.0, 50.0, 150.0, 500.0, 1500.0, 5000.0, 50000.0]
    >>> suggested("Another", params.Parameter("k", 100, (params.Range(1, 1000),), "k", ""))
    [25, 50, 100, 200, 400]
    """
    if (estimator, entry.name) in VALUES:
        return list(VALUES[estimator, entry.name])
    spec = next(spec for spec in entry.specs if isinstance(spec, params.Range))
    factors = (0.01, 0.1, 0.3, 1, 3, 10, 100) if spec.log else (0.25, 0.5, 1, 2, 4)
    usual = entry.default if isinstance(entry.default, int | float) and entry.default else None
    tried = [usual * factor for factor in factors] if usual else [spec.low + (spec.high - spec.low) * part / 4 for part in range(5)]
    whole = round if spec.whole else lambda value: float(f"{value:.6g}")
    return list(dict.fromkeys(whole(min(max(value, spec.low), spec.high)) for value in tried))


def parsed(entry: params.Parameter, text: str) -> list:
    """The values that somebody typed, each once, in order.

    Raises
    ------
    ParameterError
        For what is no value of the setting, fewer than two, or too many.
    """
    parts = [part for part in re.split(r"[,;，；、\s]+", text) if part]
    values = sorted(dict.fromkeys(_number(entry, part) for part in parts))
    if not 2 <= len(values) <= MOST_VALUES:
        raise ParameterError(
            "You gave {n} different values. Give 2 to {most} of them, with commas between.", n=len(values), most=MOST_VALUES
        )
    return values


def _number(entry: params.Parameter, text: str):
    value = entry.parse(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise entry.error(text)
    return value


def _expected(entries: list[Entry], size: dict | None) -> None:
    """How long it will take: a caption, and a warning if that is long."""
    if size is None:
        st.caption(_("They run one after the other. You may close this page: they go on."))
        return
    total = forecast.seconds(entries, size["users"], size["items"], size["events"], train.gflops())
    words = _("Expected: about {time} for all. They run one after the other; you may close this page.", time=duration(total))
    if total <= forecast.LONG_S:
        st.caption(words)
    else:
        states.box("warning", words, _("If that is too long, leave algorithms or values out, or upload fewer rows."))


def _start(kind: str, chosen, entries: list[Entry]) -> None:
    nonce = st.session_state.setdefault(NONCE, secrets.token_hex(16))
    code = queue.code_of(kind, nonce, chosen.ref, chosen.columns, entries)
    try:
        queue.start(code, chosen.ref, chosen.columns, entries)
    except BmcoreError as error:
        states.problem(error)
        if queue.members(code):
            nav.link("lab_recommend", _("Open the part of the queue that was started"), icon=":material/arrow_forward:", queue=code)
        return
    st.query_params["queue"] = code
    st.rerun()


def fresh() -> None:
    """Make room for another queue: the next press of the button starts a new one."""
    st.session_state.pop(NONCE, None)
    st.query_params.pop("queue", None)

"""Step "train": three presets with their time, every other setting folded away, one button that starts one run."""

from __future__ import annotations

import functools
import hashlib
import json
import secrets
import time

import streamlit as st

from bmcore import params
from bmcore.base import estimator_class
from bmcore.errors import BmcoreError, ParameterError
from bmcore.ui import device as here
from bmcore.ui import states
from bmcore.ui.data import Chosen
from bmcore.ui.kinds import Preset, Scenario, TextScenario
from bmcore.ui.words import _, duration, plain

_SPEEDS: dict[int, float] = {}  # ten-minute span -> GFLOP/s


def form(scenario: TextScenario, chosen: Chosen) -> None:
    """Draw the step. A press of the button makes the run and opens it."""
    cls = estimator_class(scenario.estimator)
    preset = _preset(scenario, cls, chosen)
    try:
        changed = settings(scenario.key, cls, cls.presets[preset].get("params", {}), tail=preset)
    except ParameterError as error:
        states.problem(error)
        changed = None
    st.caption(
        _(
            "Trains on: {device}. You may close this page: the training goes on and is found again under All trainings.",
            device=plain(here.describe()),
        )
    )
    ready = chosen.ready and changed is not None
    if st.button(_("Start training"), type="primary", icon=":material/play_arrow:", key=f"{scenario.key}.start", disabled=not ready):
        _start(scenario, chosen, preset, changed)


def _preset(scenario: TextScenario, cls: type, chosen: Chosen) -> str:
    known = {entry.key: entry for entry in scenario.presets if entry.key in cls.presets}
    key = st.segmented_control(
        _("How thorough"),
        list(known),
        default=next(iter(known)),
        required=True,
        key=f"{scenario.key}.preset",
        persist_state="session",
        format_func=lambda key: f"{_(known[key].title)} · {duration(seconds(cls, known[key], chosen))}",
    )
    st.caption(_("{about} Expected here: about {time}.", about=_(known[key].about), time=duration(seconds(cls, known[key], chosen))))
    return key


def seconds(cls: type, preset: Preset, chosen: Chosen) -> float:
    """How long the preset should take here, from the estimator's own forecast."""
    split = cls.presets[preset.key].get("split", {})
    total = max(1, chosen.rows)
    n_train = min(round(0.8 * total), split.get("max_train") or total)
    n_test = min(round(0.2 * total), split.get("max_test") or total)
    return _forecast(cls, preset.key, n_train, n_test, round(chosen.mean_tokens), chosen.classes, gflops()) or 60.0 * preset.minutes


@functools.lru_cache(maxsize=256)
def _forecast(cls: type, preset: str, n_train: int, n_test: int, mean_tokens: int, classes: int, speed: float) -> float | None:
    """Seconds, or None where the estimator has no forecast."""
    try:
        phases = cls.forecast(n_train, n_test, mean_tokens, speed, classes=classes, **cls.presets[preset].get("params", {}))
    except (AttributeError, BmcoreError):
        return None
    return sum(phases.values())


def gflops() -> float:
    """The speed of this processor: the best seen so far, measured again every ten minutes, since others may be using it now."""
    from bmcore import device

    span = int(time.time() // 600)
    if span not in _SPEEDS:
        _SPEEDS[span] = device.gflops()
    return max(_SPEEDS.values())


def settings(key: str, cls: type, given: dict, *, tail: str, without: tuple[str, ...] = ()) -> dict:
    """Every setting but those asked for elsewhere, folded; returns those that differ from their default or the `given`."""
    start = {name: entry.default for name, entry in params.declared(cls).items()} | given
    changed = {}
    with st.expander(_("All settings"), icon=":material/tune:"):
        columns = st.columns(2)
        for i, entry in enumerate(entry for entry in params.declared(cls).values() if entry.name not in without):
            with columns[i % 2]:
                # another preset has other values, so its own widgets
                value = _widget(entry, start[entry.name], f"{key}.{entry.name}:{tail}")
            if value != start[entry.name]:
                changed[entry.name] = value
    params.check(cls, changed)
    return changed


def _widget(entry: params.Parameter, value, key: str):
    """The input that fits a parameter's declaration."""
    label, about = _(entry.label), plain(f"{_(entry.doc)} ({entry.name}: {_(entry.allowed())})", 1000)
    offered = [spec for spec in entry.specs if getattr(spec, "offered", True)]
    spec = offered[0] if len(offered) == 1 else None
    if isinstance(spec, params.Switch):
        return st.toggle(label, value=bool(value), help=about, key=key)
    if isinstance(spec, params.Choice):
        options = list(spec.options)
        return st.selectbox(label, options, index=options.index(value), format_func=str, help=about, key=key)
    if isinstance(spec, params.Range) and spec.whole:
        return st.number_input(label, spec.low, spec.high, int(value), help=about, key=key)
    text = st.text_input(label, value=_shown(value), help=about, key=key, max_chars=400)
    return value if text == _shown(value) else entry.parse(text.strip())


def _shown(value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _start(scenario: Scenario, chosen: Chosen, preset: str, changed: dict) -> None:
    columns = {"text": chosen.text, "label": chosen.label}
    request = {"estimator": scenario.estimator, "params": changed, "data": chosen.ref, "columns": columns, "preset": preset}
    launch(scenario, request)


def launch(scenario: Scenario, request: dict) -> None:
    """Make the run that a filled form asks for, and open it."""
    from bmcore import runs

    request |= {"scenario": scenario.key, "origin": "page"}
    # one token a filled form: a double click, or a click that is sent twice, makes one run; another form makes another
    nonce = st.session_state.setdefault(f"{scenario.key}.token", secrets.token_hex(16))
    token = nonce + hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    try:
        run = runs.start(request, token=token)
    except BmcoreError as error:
        st.session_state.pop(f"{scenario.key}.token", None)
        states.problem(error)
        return
    st.query_params["run"] = run.id
    st.rerun()


def fresh(scenario: Scenario) -> None:
    """Make room for another run: the next press of the button starts a new one."""
    st.session_state.pop(f"{scenario.key}.token", None)
    st.query_params.pop("run", None)

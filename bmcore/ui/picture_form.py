"""Step "learn": which method, or two side by side; three presets with their time; every other setting folded away; one button."""

from __future__ import annotations

import streamlit as st

from bmcore import params
from bmcore.base import estimator_class
from bmcore.errors import BmcoreError, ParameterError
from bmcore.messages import Message
from bmcore.ui import device, picture_pair, states, train
from bmcore.ui.kinds import PictureScenario, Preset
from bmcore.ui.picture_data import Chosen
from bmcore.ui.words import _, duration, plain

BOTH = "both"
# estimator -> (name, what it is good for)
METHODS = {
    "Diffusion": (
        Message("Diffusion"),
        Message("Starts from noise and makes it clearer step by step. Steady to train; it can also change a picture or fill one in."),
    ),
    "GAN": (
        Message("GAN"),
        Message("One network makes pictures, another tries to tell them from real ones. Sharp pictures in a single step, less steady."),
    ),
    BOTH: (
        Message("Both, side by side"),
        Message("The two methods on the same pictures with the same time, one after the other. It takes twice as long."),
    ),
}


def form(scenario: PictureScenario, chosen: Chosen, extra: dict | None = None, methods: tuple[str, ...] | None = None) -> None:
    """Draw the step. A press of the button makes the run, or the pair, and opens it. `extra`: further entries of the request."""
    name = _method(scenario, methods)
    names = scenario.estimators[:2] if name == BOTH else (name,)
    try:
        classes = [estimator_class(one) for one in names]
        preset = _preset(scenario, classes[0], twice=name == BOTH)
        given = classes[0].presets.get(preset, {}).get("params", {})
        tail = f"{name}.{preset}"
        changed = train.settings(scenario.key, classes[0], given, tail=tail, without=_apart(classes))
        for cls in classes[1:]:
            params.check(cls, changed)
    except (ParameterError, BmcoreError) as error:
        states.problem(error)
        changed = preset = None
    st.caption(
        _(
            "Trains on: {device}. You may close this page: the training goes on and is found again under All trainings.",
            device=plain(device.describe()),
        )
    )
    ready = chosen.ready and changed is not None
    if st.button(_(scenario.go), type="primary", icon=":material/play_arrow:", key=f"{scenario.key}.start", disabled=not ready):
        request = {"params": changed, "data": chosen.ref, "preset": preset, **(extra or {})}
        if len(names) == 2:
            picture_pair.launch(scenario, request, names)
        else:
            train.launch(scenario, {"estimator": names[0], **request})


def _method(scenario: PictureScenario, methods: tuple[str, ...] | None) -> str:
    known = list(methods or scenario.estimators) + ([BOTH] if scenario.both else [])
    if len(known) == 1:
        return known[0]
    name = st.segmented_control(
        _("Method"),
        known,
        default=known[0],
        required=True,
        format_func=lambda name: _(METHODS[name][0]),
        key=f"{scenario.key}.method",
        persist_state="session",
    )
    st.caption(_(METHODS[name][1]))
    return name


def _preset(scenario: PictureScenario, cls: type, twice: bool) -> str:
    """How long it may learn."""
    known = {entry.key: entry for entry in scenario.presets if entry.key in cls.presets}
    start = "balanced" if "balanced" in known else next(iter(known))
    key = st.segmented_control(
        _("How long it may learn"),
        list(known),
        default=start,
        required=True,
        key=f"{scenario.key}.preset",
        persist_state="session",
        format_func=lambda key: f"{_(known[key].title)} · {duration(_seconds(cls, known[key]))}",
    )
    seconds = _seconds(cls, known[key])
    words = (
        _("{about} Each learns for {time}, then both are tested.", about=_(known[key].about), time=duration(seconds))
        if twice
        else _("{about} It learns for {time}, then it is tested.", about=_(known[key].about), time=duration(seconds))
    )
    st.caption(words)
    return key


def _seconds(cls: type, preset: Preset) -> float:
    """The time budget of a preset: the estimator's own where it has one."""
    given = cls.presets.get(preset.key, {}).get("params", {}).get("minutes")
    return 60.0 * float(given or preset.minutes)


def _apart(classes: list[type]) -> tuple[str, ...]:
    """The settings that two methods do not share, or of which they start with different values."""
    if len(classes) == 1:
        return ()
    ours, theirs = (params.declared(cls) for cls in classes)
    return tuple(name for name in ours if name not in theirs or ours[name].default != theirs[name].default)

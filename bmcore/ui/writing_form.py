"""Step "learn" of texts: what the model starts from, how long it may learn, the memory it will need, every other setting folded away."""

from __future__ import annotations

import streamlit as st

from bmcore.base import estimator_class
from bmcore.errors import BmcoreError
from bmcore.ui import device, states, train, writing_gemma
from bmcore.ui.kinds import WritingScenario
from bmcore.ui.words import _, duration, number, plain
from bmcore.ui.writing_data import Chosen

SCRATCH, GEMMA, OWN = "scratch", "gemma", "own"
GB = 10**9


def form(scenario: WritingScenario, chosen: Chosen) -> None:
    """Draw the step. A press of the button makes the run and opens it."""
    cls = estimator_class(scenario.estimator)
    fixed = _model(scenario.key)
    ready, changed, preset = chosen.ready and fixed is not None, None, None
    if fixed is not None:
        try:
            preset = _preset(scenario)
            given = cls.presets[preset]["params"] | fixed
            away = ("model", "method", "lora_rank") if fixed["model"] == SCRATCH else ("model", "size")
            changed = train.settings(scenario.key, cls, given, tail=f"{fixed['model'] == SCRATCH}.{preset}", without=away)
            ready = _fits(given | changed, chosen.characters) and ready
        except BmcoreError as error:
            states.problem(error)
            ready = False
    st.caption(f":material/warning: {plain(_(scenario.misuse))}")
    st.caption(
        _(
            "Trains on: {device}. You may close this page: the training goes on and is found again under All trainings.",
            device=plain(device.describe()),
        )
    )
    if st.button(_(scenario.go), type="primary", icon=":material/play_arrow:", key=f"{scenario.key}.start", disabled=not ready):
        params = {name: value for name, value in fixed.items() if value != SCRATCH} | changed
        request = {"estimator": scenario.estimator, "params": params, "data": chosen.ref, "columns": chosen.columns, "preset": preset}
        train.launch(scenario, request)


def _model(key: str) -> dict | None:
    """What it starts from, as settings; None while it is not decided."""
    words = {SCRATCH: _("From nothing"), GEMMA: "Gemma 3 270M", OWN: _("Another model")}
    about = {
        SCRATCH: _("It learns from your texts alone. Works at once and offline; wants some hundred texts or more."),
        GEMMA: _(
            "It knows English, Chinese and more already, and learns your manner beside that (LoRA). Wants fewer texts and about a hundred "
            "times the computing. Google's terms apply."
        ),
        OWN: _("A causal language model such as GPT-2 or Qwen: a folder on this computer, or its name on the hub (safetensors only)."),
    }
    chosen = st.segmented_control(
        _("What it starts from"), list(words), default=SCRATCH, required=True, format_func=words.get, key=f"{key}.model",
        persist_state="session",
    )  # fmt: skip
    st.caption(about[chosen])
    if chosen == SCRATCH:
        return {"model": SCRATCH}
    if chosen == GEMMA:
        return {"model": GEMMA, "method": "lora"} if writing_gemma.agreed() else None
    name = st.text_input(
        _("Folder or name on the hub"), key=f"{key}.own_model", placeholder="Qwen/Qwen3-0.6B-Base", max_chars=500, persist_state="session"
    ).strip()
    return {"model": name, "method": "lora"} if name else None


def _preset(scenario: WritingScenario) -> str:
    """How long it may learn."""
    known = {entry.key: entry for entry in scenario.presets}
    key = st.segmented_control(
        _("How long it may learn"),
        list(known),
        default="balanced",
        required=True,
        key=f"{scenario.key}.preset",
        persist_state="session",
        format_func=lambda key: f"{_(known[key].title)} · {duration(60 * known[key].minutes)}",
    )
    words = _("{about} It learns for {time}, then it is tested.", about=_(known[key].about), time=duration(60 * known[key].minutes))
    st.caption(words)
    return key


def _fits(params: dict, characters: int) -> bool:
    """Say how much memory it will need; False where there is not so much."""
    from bmcore.text import gpt_memory

    found = gpt_memory.forecast(params, characters)
    if found is None:
        st.caption(_("How much memory it needs is known once the model was asked for; what cannot fit is refused before it starts."))
        return True
    values = {"need": number(found["bytes"] / GB, 1), "free": number(found["free"] / GB, 1)}
    if found["fits"]:
        st.caption(_(":material/memory: Memory: needs at most about {need} GB; {free} GB are free now.", **values))
    else:
        states.box("error", _("Memory: needs about {need} GB, but only {free} GB are free now.", **values), _(found["message"]))
    return found["fits"]

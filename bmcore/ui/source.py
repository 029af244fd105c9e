"""Where a scenario's data comes from: a built-in sample, an own table, or a data set from the hub.

An upload is written to the home folder at once and never opened in the server.
"""

from __future__ import annotations

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.ui import states
from bmcore.ui.kinds import Scenario
from bmcore.ui.words import _, one_line, plain

ENDINGS = ("csv", "tsv", "txt", "xlsx", "jsonl", "json", "parquet")


def choose(scenario: Scenario) -> dict | None:
    """Where the data comes from, as a data reference."""
    words = {"sample": _("Sample"), "file": _("My table"), "hub": _("From the hub")}
    asked = st.query_params.get("source")
    source = st.segmented_control(
        _("Where the data comes from"),
        list(words),
        default=asked if asked in words else "sample",
        required=True,
        format_func=words.get,
        key=f"{scenario.key}.source",
        persist_state="session",
    )
    return {"sample": _sample, "file": _own, "hub": hub}[source](scenario)


def _sample(scenario: Scenario) -> dict:
    from bmcore.data import refs
    from bmcore.data.samples import SAMPLES

    key = f"{scenario.key}.sample"
    known = [name for name in scenario.samples if name in SAMPLES]
    name = st.selectbox(_("Sample"), known, format_func=lambda name: one_line(_(SAMPLES[name].title)), key=key, persist_state="session")
    sample = SAMPLES[name]
    st.caption(plain(_(sample.about)))
    st.caption(_("Licence: {licence}. Source: {source}.", licence=plain(sample.licence), source=plain(sample.source)))
    if sample.language == "zh":
        states.box(
            "info",
            _("These messages are Chinese, which the built-in model cannot read. Open All settings and name a Chinese model from the hub."),
        )
    return refs.sample(name)


def _own(scenario: Scenario) -> dict | None:
    return upload(scenario.key, _(scenario.ask_table), _(scenario.ask_columns))


def upload(page: str, ask: str, needs: str) -> dict | None:
    """An own table as a data reference, or None until there is one; `needs` says what it must hold."""
    from bmcore.data import refs

    kept = f"{page}.stored"
    given = st.file_uploader(
        ask,
        type=list(ENDINGS),
        key=f"{page}.file",
        help=_("It stays on this computer: it is stored in bmcore's home folder and sent nowhere."),
    )
    if given is not None and st.session_state.get(f"{kept}.id") != given.file_id:
        st.session_state.pop(kept, None)
        try:
            st.session_state[kept] = refs.store(given.getvalue(), given.name)
            st.session_state[f"{kept}.id"] = given.file_id
        except BmcoreError as error:
            states.problem(error)
            return None
    if kept not in st.session_state:
        st.caption(needs)
        return None
    st.caption(_("Stored: {name}", name=plain(st.session_state[kept].get("name", ""), 80)))
    return st.session_state[kept]


def hub(scenario: Scenario) -> dict | None:
    """A data set from the hub, once it was looked at."""
    from bmcore.data import refs

    with st.form(f"{scenario.key}.hub", border=False):
        name = st.text_input(
            _("Data set on the hub"),
            key=f"{scenario.key}.hub_id",
            placeholder="owner/name",
            max_chars=120,
            persist_state="session",
            help=_("It is fetched from huggingface.co when you press the button. The server needs the internet for that."),
        )
        split = st.text_input(_("Part of it"), value="train", key=f"{scenario.key}.hub_split", max_chars=60)
        asked = st.form_submit_button(_("Look at it"))
    kept = f"{scenario.key}.hub_ref"
    if asked and name.strip():
        try:
            st.session_state[kept] = refs.hub(name.strip(), split=split.strip() or "train")
        except BmcoreError as error:
            st.session_state.pop(kept, None)
            states.problem(error)
    return st.session_state.get(kept)

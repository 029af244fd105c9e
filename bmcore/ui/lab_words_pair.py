"""The same prompt for two models, side by side, with the same dials and the same chance."""

from __future__ import annotations

import contextlib

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.ui import lab_words_next, lab_words_queue, states
from bmcore.ui.words import _, lines, one_line, plain

LONGEST, TOKENS, MOST_SEED = 2000, 80, 999


def draw(known: dict[str, str], key: str) -> None:
    """Choose both, ask both."""
    if len(known) < 2:
        states.box("info", _("There is only one finished model."), _("Train a second one, and both can write from the same words."))
        return
    _draw(tuple(known.items()), key)


@st.fragment
def _draw(known: tuple[tuple[str, str], ...], key: str) -> None:
    names, ids = dict(known), [name for name, _words in known]
    columns = st.columns(2, gap="large")
    chosen = [
        column.selectbox(label, ids, i, format_func=lambda name: one_line(names[name], 80), key=f"lab_words.pair.{i}:{key}")
        for i, (column, label) in enumerate(zip(columns, (_("First model"), _("Second model")), strict=True))
    ]
    start = lab_words_queue.start_of(chosen[0])
    prompt = st.text_area(_("What both go on from"), start, max_chars=LONGEST, height=90, key=f"lab_words.pair.prompt:{key}")
    left, right = st.columns(2, gap="large")
    with left:
        temperature, top_p = lab_words_next.dials(f"lab_words.pair:{key}")
    with right:
        tokens = st.slider(_("How many pieces"), 10, 300, TOKENS, 10, key=f"lab_words.pair.tokens:{key}")
        seed = st.slider(_("Chance (seed)"), 0, MOST_SEED, 0, key=f"lab_words.pair.seed:{key}", help=_("The same number draws the same."))
    pressed = st.button(_("Let both write"), type="primary", icon=":material/edit_note:", key=f"lab_words.pair.go:{key}")
    body = {"prompt": prompt, "max_new_tokens": tokens, "temperature": temperature, "top_p": top_p, "seed": seed}
    kept = f"lab_words.pair.written:{key}"
    if pressed:
        st.session_state[kept] = {}
    for column, run_id in zip(st.columns(2, gap="large"), chosen, strict=True):
        with column:
            _one(run_id, names[run_id], body, kept, write=pressed)


def _one(run_id: str, name: str, body: dict, kept: str, write: bool) -> None:
    """One model's text: as it comes where it is asked to write, else what it wrote last."""
    written = st.session_state.get(kept, {})
    if not write and run_id not in written:
        return
    with st.container(border=True):
        st.markdown(f"**{plain(name, 80)}**")
        if write and run_id not in written:
            written[run_id] = ""
            _write(run_id, body, written)
        else:
            st.markdown(lines(written[run_id]) or f"*{_('It wrote nothing.')}*")


def _write(run_id: str, body: dict, written: dict[str, str]) -> None:
    """Show the text as it comes. Whoever leaves ends the model's work: the connection is closed."""
    from bmcore.serve import client

    place = st.empty()
    first = not client.alive(run_id)
    words = _("Loading the model. The first answer takes a few seconds, the next ones are quick.") if first else _("Writing")
    try:
        with st.spinner(words), contextlib.closing(client.service(run_id).stream("generate", body)) as events:
            for event in events:
                if isinstance(event.get("text"), str) and event["text"] and not event.get("done"):
                    written[run_id] += event["text"]
                    place.markdown(lines(written[run_id]))
    except BmcoreError as error:
        states.problem(error)
        return
    place.markdown(lines(written[run_id]) or f"*{_('It wrote nothing.')}*")

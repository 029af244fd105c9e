"""The next piece: how likely each is, and what temperature and top-p make of that. A piece can be added, so a text grows by hand."""

from __future__ import annotations

import random

import streamlit as st

from bmcore.ui import lab_words_charts, lab_words_queue, lab_words_read, served, states
from bmcore.ui.lab_words_read import Candidate, shown
from bmcore.ui.words import _, plain

SHOWN, ASKED, LONGEST = 15, 40, 4000


@st.fragment
def draw(run_id: str) -> None:
    """The text so far and the dials at the left, the bars at the right."""
    st.caption(
        _(
            "A model writes one piece after the other. For every piece that it knows, it says how likely that is to come next; then one is "
            "drawn. Temperature and top-p change nothing in the model, only how it is drawn."
        )
    )
    left, right = st.columns([4, 6], gap="large")
    key = f"lab_words.next.prompt:{run_id}"
    st.session_state.setdefault(key, lab_words_queue.start_of(run_id))
    with left:
        prompt = st.text_area(_("The text so far"), key=key, max_chars=LONGEST, height=130)
        temperature, top_p = dials(f"lab_words.next:{run_id}")
        kept = f"lab_words.next.going:{run_id}"
        if st.button(_("Show what comes next"), type="primary", icon=":material/bar_chart:", key=f"lab_words.next.go:{run_id}"):
            st.session_state[kept] = True
    if not st.session_state.get(kept):
        right.caption(_("Press the button, and the likeliest pieces appear here. They then change with every dial."))
        return
    body = {"prompt": prompt, "temperature": temperature, "top_p": top_p, "k": ASKED}
    with right:
        answer = served.ask(run_id, "next_tokens", body, _("Reading your text"))
        rows = lab_words_read.candidates(answer) if answer else []
        if answer and not rows:
            states.box("error", _("The model's answer cannot be read."), _("Update bmcore, then try again."))
        if rows:
            _found(run_id, rows, key)


def dials(key: str) -> tuple[float, float]:
    """Temperature and top-p."""
    temperature = st.slider(
        _("Temperature: safe … bold"),
        0.0,
        2.0,
        0.8,
        0.05,
        key=f"{key}.temperature",
        help=_("0 always takes the likeliest piece. 1 draws as the model says. More gives unlikely pieces a better chance."),
    )
    top_p = st.slider(
        _("Leave out the unlikely (top-p)"),
        0.05,
        1.0,
        0.95,
        0.05,
        key=f"{key}.top_p",
        help=_("Only the likeliest pieces that together reach this share can be drawn. 1 keeps all of them."),
    )
    return temperature, top_p


def _found(run_id: str, rows: list[Candidate], key: str) -> None:
    lab_words_charts.following(rows[:SHOWN], key=f"lab_words.next.bars:{run_id}")
    allowed, share = sum(row.probability > 0 for row in rows), 100 * max(0.0, 1 - sum(row.probability for row in rows[:SHOWN]))
    values = {"n": allowed, "share": f"{share:.0f}"}
    if allowed == len(rows):
        st.caption(_("{n} or more pieces can be drawn; those not shown have {share} % together. ␣ is a space, ⏎ a line end.", **values))
    else:
        st.caption(_("{n} pieces can be drawn; those not shown have {share} % together. ␣ is a space, ⏎ a line end.", **values))
    usable = [row for row in rows if row.writable]
    if not usable:
        st.caption(_("These pieces are parts of letters or the end of a text and cannot be added."))
        return
    with st.container(horizontal=True, gap="small"):
        name = _("Add {piece}", piece=plain(shown(usable[0].text)))
        st.button(name, icon=":material/add:", key=f"lab_words.next.add:{run_id}", on_click=_add, args=(key, usable[0].text))
        chance = _("Draw one by chance")
        st.button(chance, icon=":material/casino:", key=f"lab_words.next.draw:{run_id}", on_click=_draw, args=(key, usable))


def _add(key: str, piece: str) -> None:
    st.session_state[key] = (st.session_state.get(key, "") + piece)[-LONGEST:]


def _draw(key: str, rows: list[Candidate]) -> None:
    _add(key, random.choices([row.text for row in rows], [row.probability for row in rows])[0])

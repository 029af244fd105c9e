"""A text through the eyes of a model: the pieces it is cut into, how surprising each is, and who reads from whom."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import lab_words_charts, lab_words_queue, lab_words_read, served, states
from bmcore.ui.lab_words_read import Piece
from bmcore.ui.words import _, number

LONGEST, MOST_PIECES, LONGEST_ATTENTION = 2000, 240, 200


@st.fragment
def pieces(run_id: str) -> None:
    """A text in pieces, the darker the more surprising."""
    st.caption(
        _(
            "A model does not see letters but pieces of words (tokens), learned from the texts: what is frequent is one piece. The darker "
            "a piece, the more it surprised the model after all that stands before it. Surprise is counted in bits: 1 bit is a coin toss."
        )
    )
    text = _asked(run_id, "pieces", LONGEST, _("Show the pieces"))
    answer = served.ask(run_id, "tokens", {"text": text}, _("Reading your text")) if text else None
    if answer is None:
        return
    rows = lab_words_read.pieces(answer)
    if not rows:
        _unreadable()
        return
    lab_words_charts.surprises(rows[:MOST_PIECES], key=f"lab_words.pieces.cells:{run_id}")
    _summary(rows, text)
    if len(rows) > MOST_PIECES:
        st.caption(_("The first {n} pieces are shown.", n=MOST_PIECES))


def _summary(rows: list[Piece], text: str) -> None:
    known = [piece.surprise for piece in rows if piece.surprise is not None]
    words = _("**{n} pieces** for {characters} characters.", n=number(len(rows)), characters=number(len(text)))
    if known:
        share = sum(known) / max(1, len(text.encode("utf-8", "replace")))
        words += " " + _("**{bits} bits** a piece, {share} bits a byte.", bits=number(sum(known) / len(known), 1), share=number(share, 2))
    st.markdown(words)


@st.fragment
def attention(run_id: str) -> None:
    """Who reads from whom, in one head of one layer or in the middle of all."""
    states.box(
        "warning",
        _("Attention shows where a model looked, not why it wrote what it wrote."),
        _("What is read here is mixed and changed by many layers. Much of it rests on the first piece, which means: on nothing."),
    )
    text = _asked(run_id, "attention", LONGEST_ATTENTION, _("Show the attention"))
    answer = served.ask(run_id, "attention", {"text": text}, _("Reading your text")) if text else None
    if answer is None:
        return
    found = lab_words_read.attention(answer)
    if found is None:
        _unreadable()
        return
    tokens, layers = found
    left, right = st.columns([3, 7], gap="large")
    with left:
        layer = _place(_("Layer"), len(layers), f"lab_words.attention.layer:{run_id}")
        head = _place(_("Head (0: the mean of all)"), len(layers[0]), f"lab_words.attention.head:{run_id}", 0)
        st.caption(_("A row is a piece that reads; a column is one it reads from. A row adds up to 1. Pieces to come cannot be read."))
    heads = layers[layer - 1]
    with right:
        lab_words_charts.reading(tokens, heads[head - 1] if head else mean(heads), key=f"lab_words.attention.cells:{run_id}")


def mean(heads: list[list[list[float]]]) -> list[list[float]]:
    """The middle of several grids of one size.

    Examples
    --------
    >>> mean([[[1.0]], [[0.0]]])
    [[0.5]]
    """
    return [[sum(cells) / len(heads) for cells in zip(*rows, strict=True)] for rows in zip(*heads, strict=True)]


def _place(label: str, n: int, key: str, least: int = 1) -> int:
    return st.slider(label, least, n, least, key=key) if n > least else n


def _asked(run_id: str, view: str, longest: int, words: str) -> str:
    """The text that somebody wants to see; empty before the button was pressed."""
    with st.form(f"lab_words.{view}.form:{run_id}", border=False):
        start = lab_words_queue.start_of(run_id)
        text = st.text_area(_("A text"), start[:longest], max_chars=longest, height=90, key=f"lab_words.{view}.text:{run_id}")
        sent = st.form_submit_button(words, type="primary", icon=":material/visibility:", key=f"lab_words.{view}.go:{run_id}")
    kept = f"lab_words.{view}.asked:{run_id}"
    if sent:
        st.session_state[kept] = text.strip()
        if not text.strip():
            states.box("info", _("Write a text first."))
    return st.session_state.get(kept, "")


def _unreadable() -> None:
    states.box("error", _("The model's answer cannot be read."), _("Update bmcore, then try again."))

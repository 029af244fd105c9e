"""Inside a model that writes: what comes next, how it cuts a text into pieces, who reads from whom, and two models side by side."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import lab_words_next, lab_words_pair, lab_words_text
from bmcore.ui.words import _, one_line


def draw(known: dict[str, str], key: str) -> None:
    """The choice of a run and of a view; `known`: the ids of finished runs and their plain names."""
    views = {
        "next": _("What comes next"), "pieces": _("Pieces of a text"), "attention": _("Attention"), "pair": _("Two models"),
    }  # fmt: skip
    view = st.segmented_control(
        _("What to look at"), list(views), default="next", required=True, format_func=views.get, key=f"lab_words.view:{key}"
    )
    if view == "pair":
        lab_words_pair.draw(known, key)
        return
    chosen = st.selectbox(
        _("Which model"), list(known), format_func=lambda name: one_line(known[name], 80), key=f"lab_words.inside:{key}"
    )
    {"next": lab_words_next.draw, "pieces": lab_words_text.pieces, "attention": lab_words_text.attention}[view](chosen)

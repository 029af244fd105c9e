"""The text lab before a queue is started: the texts, what to compare, finished models to look into, and the queues of before."""

from __future__ import annotations

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import lab_queue_live, lab_words_inside, nav, states, writing_data
from bmcore.ui import lab_words_form as form
from bmcore.ui import lab_words_queue as queue
from bmcore.ui.lab_words_queue import SCENARIO, Member
from bmcore.ui.words import _, plain

SAMPLES = ("clothing_reviews", "shakespeare", "chinese_reviews", "dialogues_en", "dialogues_zh")
PICTURE = Message("A sentence cut into coloured pieces, and bars of different lengths for the piece that may come next.")


def draw() -> None:
    """Steps 1 and 2."""
    words, picture = st.columns([7, 4], gap="large", vertical_alignment="center")
    picture.image(str(nav.STATIC / "lab_words.svg"), width="stretch", alt=_(PICTURE))
    words.markdown(
        _(
            "A GPT with every setting, in several sizes, from the same texts with the same time, tested alike. Then look inside: how "
            "likely each next piece is, how a text is cut into pieces, and where the model looks."
        )
    )
    states.step(1, _("The texts"))
    chosen = writing_data.choose(SCENARIO, SAMPLES)
    if chosen is None:
        states.later(2, _("The queue"), _("as soon as there are texts"))
        return
    states.step(2, _("The queue"))
    form.draw(chosen.ref, chosen.columns, chosen.ready)


def folded(entries: list[Member]) -> None:
    """Step 1, done: a line."""
    from bmcore.data import refs

    try:
        name = plain(_(refs.title(entries[0].run.spec["data"])), 100)
    except (BmcoreError, KeyError, TypeError):
        name = _("texts that are no longer known")
    st.markdown(f":green[:material/check_circle:] **1 · {_('The texts')}** — {name}")


def inside() -> None:
    """Models that are finished already, whatever page they come from."""
    known = queue.finished()
    if known:
        states.step(4, _("Look inside a finished model"))
        lab_words_inside.draw(known, "all")
    else:
        states.later(4, _("Look inside"), _("what comes next, the pieces of a text, attention, and two models side by side"))


def earlier() -> None:
    """The newest queues, to be opened again."""
    lab_queue_live.earlier(SCENARIO, queue.queues(), lambda code, entries: ", ".join(entry.title for entry in entries))

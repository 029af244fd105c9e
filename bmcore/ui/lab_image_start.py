"""The image lab before a queue is started: the pictures, what to compare, and the queues of before."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import lab_image_form as form
from bmcore.ui import lab_image_queue as queue
from bmcore.ui import lab_queue_live, nav, picture_data, states
from bmcore.ui.lab_image_queue import SCENARIO, Member
from bmcore.ui.picture_scenarios import STUDIO
from bmcore.ui.words import _, plain

PICTURE = Message("A digit on the left turns into noise on the right along upper arrows, and comes back along lower ones.")


def draw() -> None:
    """Steps 1 and 2."""
    words, picture = st.columns([7, 4], gap="large", vertical_alignment="center")
    picture.image(str(nav.STATIC / "lab_images.svg"), width="stretch", alt=_(PICTURE))
    words.markdown(
        _(
            "Diffusion and GAN with every setting, on the same pictures with the same time, tested alike. Then look inside: noise that "
            "becomes a picture frame by frame, and what one network thinks of the other's work."
        )
    )
    states.step(1, _("The pictures"))
    chosen = picture_data.choose(replace(STUDIO, key=SCENARIO))
    if chosen is None:
        states.later(2, _("The queue"), _("as soon as there are pictures"))
        return
    states.step(2, _("The queue"))
    form.draw(chosen)


def folded(entries: list[Member]) -> None:
    """Step 1, done: a line."""
    from bmcore.data import refs

    try:
        name = plain(_(refs.title(entries[0].run.spec["data"])), 100)
    except (BmcoreError, KeyError, TypeError):
        name = _("pictures that are no longer known")
    st.markdown(f":green[:material/check_circle:] **1 · {_('The pictures')}** — {name}")


def earlier() -> None:
    """The newest queues, to be opened again."""
    lab_queue_live.earlier(SCENARIO, queue.queues(), lambda code, entries: ", ".join(entry.title for entry in entries))

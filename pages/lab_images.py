"""What does each setting of a GAN and of a diffusion model change, and how do they make a picture? For people who want to see inside."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import lab_image_form as form
from bmcore.ui import lab_image_live as live
from bmcore.ui import lab_image_queue as queue
from bmcore.ui import lab_image_start, states
from bmcore.ui.words import _

st.title(_("Image lab"), anchor=False)
code = st.query_params.get("queue")
entries = queue.members(code) if code else []
if code and not entries:
    states.box("warning", _("There is no such queue here: it was deleted, or the address is wrong."), _("Start a new one below."))
if entries:
    lab_image_start.folded(entries)
    live.draw(code, entries)
    st.button(_("New queue"), key="lab_images.again", icon=":material/add:", on_click=form.fresh)
else:
    lab_image_start.draw()
    states.later(3, _("Result"), _("the pictures and numbers of all of them side by side"))
    states.later(4, _("Look inside"), _("noise to pictures frame by frame, and what the discriminator thinks"))
    lab_image_start.earlier()

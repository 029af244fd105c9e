"""Trainings cost computing time and runs hold customers' words: a server open to a network offers neither unless told to."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import states, web
from bmcore.ui.words import _

PERMISSION, open_to_all = web.PERMISSION, web.open_to_all


def warn() -> None:
    """Say that strangers could reach these pages, and what to do."""
    states.box(
        "warning",
        _("This server can be reached from the network and has no login, so training and past trainings are switched off."),
        _("Put a login in front of it and start it with BMCORE_OPEN_TO_NETWORK=1, or start it with STREAMLIT_SERVER_ADDRESS=127.0.0.1."),
    )


def stop_if_open_to_all() -> None:
    """End the page with the reason where `open_to_all`."""
    if open_to_all():
        warn()
        st.stop()

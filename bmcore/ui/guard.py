"""Trainings cost computing time and runs hold customers' words: a server open to a network offers neither unless told to."""

from __future__ import annotations

import os

import streamlit as st

from bmcore.ui import states, web
from bmcore.ui.words import _

PERMISSION = "BMCORE_OPEN_TO_NETWORK"


def open_to_all() -> bool:
    """Whether strangers could reach these pages and nobody said that they may."""
    return not web.is_loopback(web.bound_address()) and os.environ.get(PERMISSION) != "1"


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

"""Gemma's terms, read and agreed to on the page before anything of the model is fetched."""

from __future__ import annotations

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.ui import states
from bmcore.ui.words import _

_OPEN = "writing_gemma.open"


def agreed() -> bool:
    """Whether somebody agreed for this home folder; draws the terms and a button where nobody did."""
    from bmcore.text import gemma

    if gemma.gemma_accepted():
        if not gemma.gemma_present():
            st.caption(_("It is fetched once by the training, {size} MB, and kept on this computer.", size=gemma.DOWNLOAD // 10**6))
        return True
    with st.container(border=True):
        st.markdown(f"**{_('Google allows the use of Gemma under its own terms')}**")
        st.caption(_("Read them first. They forbid some uses, and they go along with every model that you make from it."))
        st.link_button(_("The terms on the web"), gemma.ADDRESS, icon=":material/open_in_new:")
        if not st.session_state.get(_OPEN):
            st.button(_("Read the terms here"), icon=":material/gavel:", key="writing_gemma.read", on_click=_open)
            return False
        return _read(gemma)


def _open() -> None:
    st.session_state[_OPEN] = True


def _read(gemma) -> bool:
    """The terms themselves, and the button below them."""
    try:
        with st.spinner(_("Fetching the terms")):
            terms = gemma.gemma_terms()
    except BmcoreError as error:
        states.problem(error)
        return False
    st.code(terms["text"], language=None, wrap_lines=True, height=320)
    if st.button(_("I agree to these terms"), type="primary", icon=":material/check:", key="writing_gemma.agree"):
        try:
            gemma.accept_gemma()
        except BmcoreError as error:
            states.problem(error)
            return False
        st.rerun()
    return False

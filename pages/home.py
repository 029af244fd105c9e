"""What bmcore is, what it can answer, and three ways to start. Imports nothing that a first visit would have to wait for."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import device, guard, nav, runlist
from bmcore.ui.scenario import SCENARIOS
from bmcore.ui.words import _, plain

st.title(_("Would AI help my business, and is that true?"), anchor=False)
st.markdown(
    _("bmcore trains a real model on real messages, compares it with something trivial, and tells you honestly which one is better.")
)
if guard.open_to_all():
    guard.warn()

for scenario in SCENARIOS:
    with st.container(border=True, key=f"home_card.{scenario.key}"):
        picture, words = st.columns([5, 7], gap="large", vertical_alignment="center")
        picture.image(str(nav.STATIC / scenario.picture), width="stretch", alt=_(scenario.alt))
        with words:
            st.subheader(_(scenario.title), anchor=False)
            st.markdown(f"**{_(scenario.question)}**")
            st.markdown(_(scenario.about))
            minutes = [preset.minutes for preset in scenario.presets]
            st.caption(
                _("A first answer in about {fast} minutes, a thorough one in {balanced}.", fast=minutes[0], balanced=minutes[1])
                + "  \n"
                + _("Trains on: {device}.", device=plain(device.describe()))
            )
            name = _("Open: {title}", title=_(scenario.title))
            if st.button(name, type="primary", icon=":material/arrow_forward:", icon_position="right", key=f"home.open:{scenario.key}"):
                nav.go(scenario.key)

st.subheader(_("Three ways to start"), anchor=False)
click, table, line = st.columns([5, 5, 7], gap="medium")
with click.container(border=True, height="stretch"):
    st.markdown(f"**{_('Click')}**")
    st.markdown(_("Use 22,641 messages by real shoppers. They are fetched once, 22 MB."))
    if st.button(_("Start with the sample"), icon=":material/play_arrow:", key="home.sample"):
        nav.go("customer_service", source="sample")
with table.container(border=True, height="stretch"):
    st.markdown(f"**{_('Bring a table')}**")
    st.markdown(_("A CSV or Excel file with your messages and the department each one went to. It never leaves this computer."))
    if st.button(_("Use my own table"), icon=":material/upload_file:", key="home.table"):
        nav.go("customer_service", source="file")
with line.container(border=True, height="stretch"):
    st.markdown(f"**{_('Write a line')}**")
    st.markdown(_("The same training from a terminal. It appears on these pages too."))
    st.code(
        "python -m bmcore train TextClassifier --sample clothing_reviews --text text --label department --preset fast",
        language="bash",
        wrap_lines=True,
    )

if not guard.open_to_all():
    runlist.recent(5)

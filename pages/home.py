"""What bmcore is, what it can answer, and three ways to start. Imports nothing that a first visit would have to wait for."""

from __future__ import annotations

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import device, guard, nav, runlist
from bmcore.ui.kinds import PictureScenario, WritingScenario
from bmcore.ui.scenario import SCENARIOS
from bmcore.ui.words import _, plain

# what a kind of scenario wants to be brought, and the button for it; tables where nothing is said
BRING = {
    PictureScenario: (Message("Bring pictures"), Message("Use my own pictures")),
    WritingScenario: (Message("Bring texts"), Message("Use my own texts")),
}

st.title(_("Would AI help my business, and is that true?"), anchor=False)
st.markdown(_("bmcore trains real models on real data, compares them with something trivial, and tells you honestly which one is better."))
if guard.open_to_all():
    guard.warn()

for first in range(0, len(SCENARIOS), 2):
    for column, scenario in zip(st.columns(2, gap="medium"), SCENARIOS[first : first + 2], strict=False):
        with column.container(border=True, height="stretch", key=f"home_card.{scenario.key}"):
            st.image(str(nav.STATIC / scenario.picture), width="stretch", alt=_(scenario.alt))
            st.subheader(_(scenario.title), anchor=False)
            st.markdown(f"**{_(scenario.question)}**")
            st.markdown(_(scenario.about))
            st.caption(_(scenario.time))
            name = _("Open: {title}", title=_(scenario.name))
            if st.button(name, type="primary", icon=":material/arrow_forward:", icon_position="right", key=f"home.open:{scenario.key}"):
                nav.go(scenario.key)
st.caption(_("Trains on: {device}.", device=plain(device.describe())))

st.subheader(_("Three ways to start"), anchor=False)
titles = {scenario.key: _(scenario.name) for scenario in SCENARIOS}
asked = st.pills(
    _("With the question"),
    list(titles),
    default=next(iter(titles)),
    required=True,
    format_func=titles.get,
    key="home.question",
    label_visibility="collapsed",
)
start = next(scenario for scenario in SCENARIOS if scenario.key == asked)
click, table, line = st.columns([5, 5, 7], gap="medium")
with click.container(border=True, height="stretch"):
    st.markdown(f"**{_('Click')}**")
    st.markdown(_(start.click))
    if st.button(_("Start with the sample"), icon=":material/play_arrow:", key="home.sample"):
        nav.go(start.key, source="sample")
with table.container(border=True, height="stretch"):
    bring, use = BRING.get(type(start), (Message("Bring a table"), Message("Use my own table")))
    st.markdown(f"**{_(bring)}**")
    st.markdown(_(start.bring))
    if st.button(_(use), icon=":material/upload_file:", key="home.table"):
        nav.go(start.key, source="file")
with line.container(border=True, height="stretch"):
    st.markdown(f"**{_('Write a line')}**")
    st.markdown(_("The same training from a terminal. It appears on these pages too."))
    st.code(start.line, language="bash", wrap_lines=True)

if not guard.open_to_all():
    runlist.recent(5)

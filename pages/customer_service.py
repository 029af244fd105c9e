"""Can a model sort our customers' messages? For a founder with a pile of messages and an hour."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import answers_section as answers
from bmcore.ui import data, evaluate, live, nav, states, steps, train, tryout
from bmcore.ui.scenario import CUSTOMER_SERVICE as scenario
from bmcore.ui.words import _, plain

answers.moved()
run = steps.asked_run(scenario)

st.title(_(scenario.title), anchor=False)
if run is None:
    words, picture = st.columns([7, 4], gap="large", vertical_alignment="center")
    picture.image(str(nav.STATIC / scenario.picture), width="stretch", alt=_(scenario.alt))
    with words:
        st.markdown(f"#### {_(scenario.question)}", anchors=False)
        st.markdown(_(scenario.about))
    question = steps.question(scenario)
    states.step(2, _("Your messages"))
    chosen = data.choose(scenario, question)
    if chosen is None:
        states.later(3, _("Train"), _("as soon as there is a table"))
    else:
        states.step(3, _("Train"))
        train.form(scenario, chosen)
    states.later(4, _("Result"), _("does it beat counting words, and how sure is that"))
    states.later(5, _("Try it"), _("type a message and see where it would go"))
else:
    steps.folded(run, scenario)
    if run.state in states.LIVE:
        states.step(3, _("Training"))
        live.watch(run)
        states.later(4, _("Result"), _("does it beat counting words, and how sure is that"))
        states.later(5, _("Try it"), _("type a message and see where it would go"))
    elif run.state == "done":
        steps.trained(run)
        states.step(4, _("Result"))
        evaluate.result(run)
        states.step(5, _("Try it"))
        left, right = st.columns([6, 5], gap="large")
        with left:
            tryout.message(run, steps.example(run, scenario))
        with right:
            st.markdown(f"**{_('Where it ends')}**")
            st.markdown("\n".join(f"- {plain(_(limit))}" for limit in scenario.limits))
    else:
        states.step(3, _("Training"))
        steps.ended(run)
    steps.again(scenario, run)

if run is None or run.state != "done":
    with st.expander(_("Where it ends: what this cannot do"), icon=":material/info:"):
        st.markdown("\n".join(f"- {plain(_(limit))}" for limit in scenario.limits))

answers.section(scenario)

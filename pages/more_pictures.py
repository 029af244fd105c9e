"""One kind of picture is rare: would generated ones help a classifier? For whoever inspects parts or sorts findings."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import flow, more_pictures_proof, more_pictures_try, picture_result, picture_steps
from bmcore.ui.more_pictures_form import form
from bmcore.ui.more_pictures_scenario import MORE as scenario
from bmcore.ui.more_pictures_scenario import PROMISE
from bmcore.ui.words import _, plain


def result(run, found: dict) -> None:
    if more_pictures_proof.whole(found):
        more_pictures_proof.draw(run, found)
        st.markdown(f"##### {_('What it makes, beside real ones')}", anchors=False)
        more_pictures_try.sheet(run, found, more_pictures_proof.rare(found))
    else:
        st.caption(_("This run has no proof on real pictures. What follows is only about the pictures themselves."))
    st.markdown(f"##### {_('The pictures themselves')}", anchors=False)
    with st.expander(_("Are they new and varied, or only copies?"), icon=":material/image_search:"):
        picture_result.verdict(found, run.id)
        picture_result.sheets(run, found)
    picture_result.more(run, found)


def tryout(run, found: dict) -> None:
    if more_pictures_proof.whole(found):
        label = more_pictures_proof.rare(found)
        st.markdown(_("Make more of “{label}”, and take them with you.", label=plain(label)))
        more_pictures_try.draw(run, label)
    with st.expander(_("Where it ends: what this cannot do"), icon=":material/info:", expanded=True):
        flow.limits(scenario)


picture_steps.page(scenario, result, tryout, form=form, promise=PROMISE)

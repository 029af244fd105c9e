"""A diffusion model frame by frame: a real picture becomes noise, and noise becomes new pictures."""

from __future__ import annotations

import base64

import streamlit as st

from bmcore.ui import more_pictures_real, picture_ask, picture_sheet
from bmcore.ui.words import _, number

FRAMES, REAL, MADE, STEPS = 11, 6, 6, 8


def draw(run) -> None:
    """Both ways."""
    st.markdown(f"##### {_('From a picture to noise')}", anchors=False)
    st.caption(
        _(
            "This is what it learns from. A real picture is mixed with noise, a little more from frame to frame; the model is shown a "
            "frame and has to say in which direction the picture lies. A model with a small learned space mixes the noise in there."
        )
    )
    _forward(run.id)
    st.markdown(f"##### {_('From noise to pictures')}", anchors=False)
    st.caption(
        _(
            "The same way back. It starts from nothing but noise and, step by step, follows the direction that the model says. More steps "
            "are slower and follow the bends of the way more closely."
        )
    )
    _reverse(run.id)


@st.fragment
def _forward(run_id: str) -> None:
    from bmcore import runs

    real = more_pictures_real.pictures(runs.get(run_id), None, REAL)
    if not real:
        st.caption(_("The real pictures of this run are no longer here."))
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        which = st.selectbox(_("Real picture"), range(1, len(real) + 1), key=f"lab_images.real:{run_id}", width=160)
        asked = st.button(_("Show the way to noise"), icon=":material/blur_on:", key=f"lab_images.forward:{run_id}")
    kept = f"lab_images.forward_asked:{run_id}"
    if asked:
        st.session_state[kept] = True
    if not st.session_state.get(kept):
        return
    times = [i / (FRAMES - 1) for i in range(FRAMES)]
    body = {"picture": base64.b64encode(real[which - 1]).decode(), "times": times, "seed": 0}
    made = picture_ask.ask(run_id, "forward", body)
    if not made:
        return
    at = st.slider(_("Frame"), 1, len(made.pngs), 1, key=f"lab_images.forward_at:{run_id}") if len(made.pngs) > 1 else 1
    share = f"{100 * (at - 1) / max(1, len(made.pngs) - 1):.0f}"
    alt = _("The picture with {share} % noise.", share=share)
    picture_sheet.sheet(made.pngs[at - 1], alt=alt, key=f"lab_images.forward_frame:{run_id}", room=240)
    st.markdown(_("**Frame {n} of {total}:** {share} % noise.", n=at, total=len(made.pngs), share=share))
    alts = [_("Frame {n}", n=i + 1) for i in range(len(made.pngs))]
    picture_sheet.row(made.pngs, alts=alts, key=f"lab_images.forward_row:{run_id}", room=60)


@st.fragment
def _reverse(run_id: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        steps = st.number_input(_("Steps"), 1, 50, STEPS, key=f"lab_images.steps:{run_id}", width=140)
        seed = st.number_input(_("Seed"), 0, 1_000_000, 1, key=f"lab_images.seed:{run_id}", width=140)
        asked = st.button(_("Show the way to pictures"), icon=":material/auto_awesome:", key=f"lab_images.trace:{run_id}")
    kept = f"lab_images.trace_asked:{run_id}"
    if asked:
        st.session_state[kept] = {"n": MADE, "seed": int(seed), "steps": int(steps)}
    if not st.session_state.get(kept):
        return
    made = picture_ask.ask(run_id, "trace", st.session_state[kept])
    if not made:
        return
    last = max(1, len(made.pngs) // MADE) - 1
    at = st.slider(_("Step"), 0, last, last, key=f"lab_images.trace_at:{run_id}:{last}") if last else 0
    shown = made.pngs[at * MADE : (at + 1) * MADE]
    st.markdown(picture_sheet.generated())
    alts = [_("Generated picture {n} after step {at}", n=i + 1, at=at) for i in range(len(shown))]
    picture_sheet.row(shown, alts=alts, key=f"lab_images.trace_row:{run_id}", room=112)
    words = _("**Step {n} of {total}.** ", n=number(at), total=number(last))
    more = _("Nothing but noise.") if at == 0 else _("Finished pictures.") if at == last else _("Coarse shapes come first, edges last.")
    st.markdown(words + more)

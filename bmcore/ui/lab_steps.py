"""K-Means step by step: centres move, points change sides, the sum of squared distances falls.

The steps are played by the server: so the slider, the words and the description for those who cannot see agree with the chart,
and a keyboard reaches all of it.
"""

from __future__ import annotations

import hashlib

import streamlit as st

from bmcore.ui import cluster_charts, lab_charts
from bmcore.ui.words import _

PLAYING, TICK_S = "lab_clusters.playing", 0.9


def draw(found: dict, sign: str) -> None:
    """The animation of the fit whose request is `sign`."""
    tail = hashlib.sha256(sign.encode()).hexdigest()[:12]
    playing = st.session_state.get(PLAYING) == tail
    st.fragment(_draw, run_every=TICK_S if playing else None)(found, tail)


def _draw(found: dict, tail: str) -> None:
    steps = found["kmeans"]["steps"]
    last, place = len(steps) - 1, f"lab_clusters.step:{tail}"
    playing = st.session_state.get(PLAYING) == tail
    left, right = st.columns([6, 5], gap="large")
    with left:
        at = _controls(place, tail, last, playing)
        lab_charts.step(found, steps, at, key="lab_clusters.steps", alt=_alt(steps, at))
    with right:
        st.markdown(_words(steps, at, found["kmeans"]["settled"]))
        curve = [(entry["pass"], entry["inertia"]) for entry in steps]
        y = _("Squared distances to the own centre, sum")
        alt = "; ".join(f"{number}: {value:.4g}" for number, value in curve)
        cluster_charts.line(curve, _("Pass"), y, key="lab_clusters.inertia", alt=f"{y}: {alt}", mark=steps[at]["pass"], height=300)
    if playing and at >= last:
        st.session_state.pop(PLAYING, None)
        st.rerun()  # the timer belongs to the page, so the page has to end it


def _controls(place: str, tail: str, last: int, playing: bool) -> int:
    """The button and the slider; returns the step to show, which is the next one while it plays."""
    at = st.session_state.get(place, 0)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        words, icon = (_("Pause"), ":material/pause:") if playing else (_("Play"), ":material/play_arrow:")
        if st.button(words, icon=icon, key="lab_clusters.play", on_click=_toggle, args=(place, tail, last, playing)):
            st.rerun()
        if playing:
            # a slider of its own for each step: a browser that is late would send the old value of a shared one back
            at = st.slider(_("Step"), 0, last, min(at + 1, last), key=f"{place}:{at}", disabled=True)
        else:
            at = st.slider(_("Step"), 0, last, min(max(at, 0), last), key=f"{place}:free")
    st.session_state[place] = at
    return at


def _toggle(place: str, tail: str, last: int, playing: bool) -> None:
    st.session_state.pop(f"{place}:free", None)  # it starts again where the playing ends
    if playing:
        st.session_state.pop(PLAYING, None)
        return
    st.session_state[PLAYING] = tail
    if st.session_state.get(place, 0) >= last:
        st.session_state[place] = -1


def _words(steps: list[dict], at: int, settled: bool) -> str:
    shown = steps[at]
    value = f"{shown['inertia']:,.4g}"
    if at == 0:
        return _("**The first centres.** Each point belongs to the nearest of them. Squared distances sum to {value}.", value=value)
    changed = sum(a != b for a, b in zip(shown["labels"], steps[at - 1]["labels"], strict=True))
    share = f"{100 * changed / max(1, len(shown['labels'])):.1f}"
    words = _(
        "**Pass {n} of {last}.** Each centre moved to the middle of its points; then {share} % of the points changed sides. "
        "Squared distances sum to {value}.",
        n=shown["pass"],
        last=steps[-1]["pass"],
        share=share,
        value=value,
    )
    if at < len(steps) - 1:
        return words
    return f"{words} {_('Nothing moves any more that matters: this is the result.') if settled else _('Here it was stopped.')}"


def _alt(steps: list[dict], at: int) -> str:
    centres = "; ".join(f"{x:.2f}, {y:.2f}" for x, y in steps[at]["centres"][:8])
    return _("Pass {n}: points in the colours of their groups, centres at {centres}.", n=steps[at]["pass"], centres=centres)

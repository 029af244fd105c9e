"""What a queue of the text lab found: bits per byte with intervals beside a simple rival, learning curves, every number."""

from __future__ import annotations

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import charts, lab_words_charts, lab_words_inside, picture_measures, states, writing_measures
from bmcore.ui.lab_words_queue import Member
from bmcore.ui.words import _, plain
from bmcore.ui.writing_measures import METRIC, RIVAL, baselines


def draw(code: str, entries: list[Member]) -> None:
    """Steps 3 and 4, of the runs that are done."""
    done = [entry for entry in entries if entry.found is not None]
    if not done:
        states.later(3, _("Result"), _("as soon as the first run has ended"))
        return
    states.step(3, _("Result"))
    left, right = st.columns(2, gap="large")
    with left:
        _compared(code, done)
    with right:
        _learned(code, done)
    _verdicts(done)
    with st.expander(_("Every number, with time"), icon=":material/table_chart:"):
        writing_measures.table([(entry.title, entry.found) for entry in done])
    states.step(4, _("Look inside"))
    lab_words_inside.draw({entry.run.id: entry.title for entry in done}, code)


def _compared(code: str, done: list[Member]) -> None:
    """Bits per byte of every run; the simple rival is the last row."""
    st.markdown(f"##### {_('How well it foresees new texts')}", anchors=False)
    rows = [(entry.title, entry.found["model"][METRIC], charts.OURS) for entry in done]
    rival = next((one for one in baselines(done[0].found) if one.get("name") == RIVAL), None)
    if rival and picture_measures.measured(rival.get(METRIC)):
        rows.append((_("Simple rival: counts of 5 pieces"), rival[METRIC], charts.BASELINE))
    alt = "; ".join(f"{name} {v['value']:.3g} ({v['low']:.3g} – {v['high']:.3g})" for name, v, _c in rows)
    title = _("Bits per byte, lower is better (bar: 95 % interval)")
    charts.intervals(rows, key=f"lab_words.intervals:{code}", alt=alt, title=title, most=1.1 * max(v["high"] for _n, v, _c in rows))
    st.caption(
        _(
            "How many bits of surprise a byte of texts that it never saw costs it. Two runs whose bars overlap much may differ by chance "
            "alone. All were tested on the same texts."
        )
    )


def _learned(code: str, done: list[Member]) -> None:
    st.markdown(f"##### {_('How it learned')}", anchors=False)
    if not lab_words_charts.losses([(entry.title, entry.run.curve()) for entry in done], key=f"lab_words.loss:{code}"):
        st.caption(_("These runs kept no learning curve."))
        return
    st.caption(
        _(
            "The error on the texts it learns from. A curve that falls does not prove that it learns the language: it may learn the texts "
            "by heart. Curves of models that cut texts into other pieces cannot be compared."
        )
    )


def _verdicts(done: list[Member]) -> None:
    for entry in done:
        verdict = entry.found.get("verdict")
        stored = verdict.get("message") if isinstance(verdict, dict) else None
        if isinstance(stored, dict) and isinstance(stored.get("template"), str):
            st.markdown(f"- **{plain(entry.title, 80)}**: {plain(_(Message.from_dict(stored)), 600)}")

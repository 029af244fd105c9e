"""Step "result" of texts: the verdict and its number, whether it copies, real texts gone on with by the model, how it learned."""

from __future__ import annotations

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import charts, lab_words_charts, steps, writing_drafts, writing_live, writing_measures
from bmcore.ui.picture_measures import measured
from bmcore.ui.words import _, lines, number, plain, signed
from bmcore.ui.writing_measures import BEFORE, METRIC, REAL, RIVAL, called, copied, entry

# verdict -> (box, icon)
LOOK = {
    "learned": ("success", ":material/verified:"),
    "not_proven": ("warning", ":material/balance:"),
    "memorised": ("error", ":material/content_copy:"),
    "worse": ("error", ":material/trending_down:"),
}
LONGEST, LONG_COPY = 700, 50  # characters shown of a text; from so many on a copy is worth showing


def draw(run, found: dict) -> None:
    """The whole step."""
    _verdict(run, found)
    _copies(found)
    st.markdown(f"##### {_('Real texts, gone on with by the model')}", anchors=False)
    _continued(run, found)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"##### {_('How its writing grew')}", anchors=False)
        _grown(run.id)
    with right:
        st.markdown(f"##### {_('Drafts of its own')}", anchors=False)
        _drafts(run, found)
    with st.expander(_("All that was measured"), icon=":material/table_chart:"):
        writing_measures.table([(called(found["model"]), found)])
    with st.expander(_("How it was trained"), icon=":material/show_chart:"):
        _how(run)


def _verdict(run, found: dict) -> None:
    """The sentence, then ours and the simple rival with their intervals drawn."""
    verdict = found.get("verdict") if isinstance(found.get("verdict"), dict) else {}
    if isinstance(verdict.get("message"), dict):
        box, icon = LOOK.get(verdict.get("kind"), LOOK["not_proven"])
        getattr(st, box)(f"**{plain(_(Message.from_dict(verdict['message'])), 2000)}**", icon=icon)
    ours, rival = found["model"][METRIC], entry(found, RIVAL)
    left, right = st.columns([5, 6], gap="large", vertical_alignment="center")
    with left:
        a, b = st.columns(2)
        about = _("How many bits of surprise a byte of a new text costs it. Fewer is better; 8 would be pure guessing.")
        known = bool(rival) and measured(rival.get(METRIC))
        change = signed(ours["value"] - rival[METRIC]["value"]).replace("−", "-") if known else None
        a.metric(_("This model"), number(ours["value"], 2), change, help=about, delta_color="inverse")
        if known:
            b.metric(_("Simple counting"), number(rival[METRIC]["value"], 2), help=about)
        st.caption(f"**{_('Surprise at new texts (bits a byte)')}.** {about}")
        words = _("Learned from {train} texts; judged on {test} others, whole texts that it never saw.",
                  train=number(found.get("n_train")), test=number(found.get("n_test")))  # fmt: skip
        st.caption(words)
    with right:
        _intervals(found, run.id)


def _intervals(found: dict, run_id: str) -> None:
    rows = [(called(found["model"]), found["model"][METRIC], charts.OURS)]
    for name, color in ((RIVAL, charts.BASELINE), (BEFORE, charts.CHANCE)):
        one = entry(found, name)
        if one and measured(one.get(METRIC)):
            rows.append((called(one), one[METRIC], color))
    alt = "; ".join(f"{name} {v['value']:.3g} ({v['low']:.3g} – {v['high']:.3g})" for name, v, _c in rows)
    title = _("Bits per byte, lower is better (bar: 95 % interval)")
    most = 1.1 * max(v["high"] for _n, v, _c in rows)
    charts.intervals(rows, key=f"writing_result.intervals:{run_id}", alt=alt, title=title, most=most)


def _copies(found: dict) -> None:
    """How much it repeats word for word, beside what real new texts repeat."""
    ours, real = copied(found["model"]), copied(entry(found, REAL))
    if ours is None or real is None:
        return
    st.markdown(f"##### {_('Is it new, or did it only remember?')}", anchors=False)
    a, b, c = st.columns(3)
    about = _("Share of the text that stands word for word, in pieces of over {n} characters, in the texts it learned from.", n=LONG_COPY)
    a.metric(_("Copied by the model"), f"{100 * ours[0]:.1f} %", help=about)
    b.metric(_("The same in real new texts"), f"{100 * real[0]:.1f} %", help=about)
    c.metric(_("Longest copied piece"), _("{n} characters", n=number(ours[1])), help=_("In real new texts: {n} characters.", n=real[1]))


def _continued(run, found: dict) -> None:
    """The start of a text it never saw, how it really goes on, and how the model goes on."""
    listed = found.get("continuations") if isinstance(found.get("continuations"), list) else []
    known = [one for one in listed if isinstance(one, dict) and all(isinstance(one.get(name), str) for name in ("prompt", "real", "ours"))]
    if not known:
        st.caption(_("No examples were kept."))
        return
    at = st.segmented_control(
        _("Example"), range(1, len(known) + 1), default=1, required=True, key=f"writing_result.example:{run.id}",
        label_visibility="collapsed",
    )  # fmt: skip
    one = known[at - 1]
    st.markdown(f"> {plain(one['prompt'], LONGEST)}")
    for column, badge, text in zip(
        st.columns(2, gap="large"), (f":green-badge[{_('Real')}]", writing_live.generated()), (one["real"], one["ours"]), strict=True
    ):
        with column:
            st.markdown(badge)
            with st.container(border=True):
                st.markdown(lines(text, LONGEST) or f"*{_('It wrote nothing.')}*")


def _grown(run_id: str) -> None:
    from bmcore import runs

    if len(writing_drafts.every(runs.get(run_id))) < 2:
        st.caption(_("No drafts from its training were kept."))
        return
    _slide(run_id)


@st.fragment
def _slide(run_id: str) -> None:
    """The same draft from the first moment to the last."""
    from bmcore import runs

    found = writing_drafts.every(runs.get(run_id))
    at = st.slider(_("From the first draft to the last"), 1, len(found), len(found), key=f"writing_result.at:{run_id}")
    writing_live.shown(found[min(at, len(found)) - 1])


def _drafts(run, found: dict) -> None:
    """Some drafts that it was judged by; long copied pieces are named."""
    listed = found.get("drafts") if isinstance(found.get("drafts"), list) else []
    known = [one for one in listed if isinstance(one, dict) and isinstance(one.get("text"), str) and one["text"].strip()][:20]
    if not known:
        st.caption(_("No examples were kept."))
        return
    st.markdown(writing_live.generated())
    with st.container(height=420, border=False, key=f"writing_result.drafts.{run.id}"):
        for one in known:
            with st.container(border=True):
                st.markdown(lines(one["text"], LONGEST))
                if isinstance(one.get("longest_copied"), int) and one["longest_copied"] > LONG_COPY:
                    passage = plain(one.get("nearest") or "", 240)
                    st.caption(_(":orange[:material/content_copy: Copied word for word:] {passage}", passage=passage))


def _how(run) -> None:
    """The curve, what the worker wants to be known, the settings."""
    left, right = st.columns([6, 5], gap="large")
    with left:
        lab_words_charts.losses([("", run.curve())], key=f"writing_result.curve:{run.id}")
        for note in run.notes[:12]:
            st.markdown(f"- {plain(_(note))}")
    with right:
        steps.settings(run)

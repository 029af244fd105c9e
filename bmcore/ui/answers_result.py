"""How well past answers are found, before any is offered: the verdict, ours beside counting words, and examples to judge by eye."""

from __future__ import annotations

import streamlit as st

from bmcore.evaluate.names import NAMES
from bmcore.messages import Message
from bmcore.ui import charts
from bmcore.ui.words import _, number, plain

# verdict -> (box, icon)
LOOK = {
    "better": ("success", ":material/verified:"),
    "not_proven": ("warning", ":material/balance:"),
    "worse": ("error", ":material/trending_down:"),
    "not_judged": ("info", ":material/help:"),
}


def whole(found: dict | None) -> bool:
    """Whether an evaluation has what the section cannot do without."""
    try:
        return found["task"] == "answers" and bool(found["verdict"]["message"]) and found["model"]["method"] in NAMES
    except (KeyError, TypeError):
        return False


def draw(run, found: dict) -> None:
    """The whole result."""
    box, icon = LOOK.get(found["verdict"]["kind"], LOOK["not_proven"])
    getattr(st, box)(f"**{plain(_(Message.from_dict(found['verdict']['message'])), 2000)}**", icon=icon)
    if found.get("why"):
        st.caption(plain(_(Message.from_dict(found["why"])), 1000))
    if found.get("n_judged"):
        _measures(run.id, found)
    if found.get("topics"):
        _topics(run.id, found["topics"])
    _examples(found)
    notes = [note for note in run.notes if note.to_dict() != found.get("why")]
    if notes:
        with st.expander(_("What was done with the table: {n}", n=len(notes)), icon=":material/info:"):
            st.markdown("\n".join(f"- {plain(_(note))}" for note in notes[:10]))


def _measures(run_id: str, found: dict) -> None:
    ours = found["model"]
    left, right = st.columns([4, 7], gap="large", vertical_alignment="center")
    with left:
        a, b = st.columns(2)
        a.metric(_("Right answer first"), _percent(ours["recall_1"]["value"]), help=_("Recall@1, of the questions that can be judged."))
        b.metric(
            _("In the first five"), _percent(ours["recall_5"]["value"]), help=_("Recall@5, of the questions that can be judged.")
        )
        st.caption(
            _(
                "Judged on {n} of {all} questions, each asked of all the others: those whose answer was also given to another question. "
                "An answer that is right in other words counts as wrong, so the true quality is higher. MRR, mean reciprocal rank: 1 where "
                "the right answer always stands first, 0.5 where it is always second.",
                n=number(found["n_judged"]), all=number(found["n_questions"]),
            )
        )
    with right:
        rows = [(_(NAMES[ours["method"]]), ours["mrr"], charts.OURS)]
        for entry in found["baselines"]:
            rows.append((_(NAMES[entry["name"]]), entry["mrr"], charts.BASELINE if entry["name"] == "BM25" else charts.CHANCE))
        alt = "; ".join(f"{name} {v['value']:.2f} ({v['low']:.2f} – {v['high']:.2f})" for name, v, _c in rows)
        most = min(1.0, 1.15 * max(v["high"] for _n, v, _c in rows) or 1.0)
        title = _("MRR (bar: 95 % interval)")
        charts.intervals(rows, key=f"answers_result.intervals:{run_id}", alt=alt, title=title, most=most)


def _topics(run_id: str, topics: dict) -> None:
    """A weaker sign, on every question."""
    ours, words = topics["ours"], topics["words"]
    st.caption(
        _(
            "Of the five answers found, {ours} are of the question's own topic ({low} to {high}), by shared words {words}; asked for {n} "
            "questions. The right topic is not yet the right answer.",
            ours=_percent(ours["value"]), low=_percent(ours["low"]), high=_percent(ours["high"]), words=_percent(words["value"]),
            n=number(topics["n"]),
        )
    )
    if not topics.get("by_topic"):
        return
    with st.expander(_("By topic"), icon=":material/category:"):
        st.dataframe(
            [
                {_("Topic"): entry["topic"], _("Questions"): entry["n"], _("Found in it"): _percent(entry["ours"]),
                 _("By shared words"): _percent(entry["words"])}
                for entry in topics["by_topic"]
            ],
            hide_index=True,
            key=f"answers_result.topics:{run_id}",
            alt=_("How many of the answers found are of the question's own topic, for each topic."),
        )


def _examples(found: dict) -> None:
    with st.expander(_("Examples: a question, what people answered, what is found"), icon=":material/quiz:"):
        for entry in found.get("examples") or []:
            st.markdown(f"**{plain(entry['question'], 200)}**  \n{_('People answered')}: {plain(entry['answer'], 300)}")
            lines = []
            for one in entry["found"]:
                sign = ":green[:material/check:]" if one["right"] else ":gray[:material/remove:]"
                lines.append(f"- {sign} {plain(one['answer'], 200)} :gray[({plain(one['question'], 80)})]")
            st.markdown("\n".join(lines) or f":gray[{_('Nothing near was found.')}]")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"

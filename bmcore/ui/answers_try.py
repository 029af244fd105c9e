"""A question, and the answers that were given to the nearest past questions; beside them a draft written from these."""

from __future__ import annotations

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import answers_draft, states
from bmcore.ui.served import ask
from bmcore.ui.words import _, number, plain

LONGEST, SHOWN = 2000, 5
# way of searching -> what its score is
SCORES = {
    "words": Message("Score: how many rare words are shared (BM25). Larger is nearer; there is no upper end."),
    "meaning": Message("Score: how alike in meaning (cosine). 1 is the same."),
    "both": Message(
        "Score: 1 is first both by words and by meaning. It compares these answers with each other only: also a question that nobody has "
        "asked before has a nearest one."
    ),
}


def draw(run, found: dict) -> None:
    """A question redraws this part of the page only."""
    examples = found.get("examples") or [{}]
    _draw(run.id, found["model"]["method"], str(examples[0].get("question", ""))[:LONGEST])


@st.fragment
def _draw(run_id: str, method: str, example: str) -> None:
    with st.form(f"answers.form:{run_id}", border=False):
        text = st.text_area(_("A question from a customer"), value=example, max_chars=LONGEST, height=90, key=f"answers.text:{run_id}")
        sent = st.form_submit_button(_("Find answers"), type="primary", icon=":material/search:")
    kept = f"answers.found:{run_id}"
    if sent:
        answers_draft.forget(run_id)
        st.session_state[kept] = _ask(run_id, text)
    if st.session_state.get(kept):
        left, right = st.columns([6, 5], gap="large")
        with left:
            _sources(st.session_state[kept]["rows"], method)
        with right:
            answers_draft.draw(run_id, st.session_state[kept])


def _ask(run_id: str, text: str) -> dict | None:
    if not text.strip():
        states.box("info", _("Write a question first."))
        return None
    answer = ask(run_id, "search", {"questions": [text], "k": SHOWN}, _("Searching"))
    return None if answer is None else {"question": text, "rows": answer["answers"][0]}


def _sources(rows: list[dict], method: str) -> None:
    st.markdown(f"**{_('Answered before')}**")
    if not rows:
        st.caption(_("No past question shares a word with this one. Ask in other words."))
        return
    for place, row in enumerate(rows, start=1):
        with st.container(border=True):
            st.markdown(f"**{place}** · {plain(row['answer'], 1500)}")
            st.caption(_("to “{question}” · score {score}", question=plain(row["question"], 300), score=number(row["score"], 2)))
    st.caption(_(SCORES[method]))

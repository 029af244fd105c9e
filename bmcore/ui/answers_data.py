"""Which questions and answers: a built-in sample or an own table, and which of its columns hold what."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import roles, source, states
from bmcore.ui.kinds import Role
from bmcore.ui.words import _, number, one_line, plain

SAMPLES = ("dialogues_en", "dialogues_zh")
KEY = "answers"
ROLES = (
    Role("question", Message("The question"), ("question", "text", "message", "request", "问题", "提问", "内容"), takes=("any", "text")),
    Role("answer", Message("The answer"), ("answer", "reply", "response", "solution", "回答", "答案", "回复"), takes=("any", "text")),
    Role("topic", Message("The topic, if there is one"), ("category", "topic", "department", "类别", "主题"), needed=False),
)
NONE = Message("none")


@dataclass(frozen=True)
class Chosen:
    """What a run needs to know about its data, and whether it may start."""

    ref: dict
    columns: dict[str, str]
    ready: bool


def choose() -> Chosen | None:
    """Draw the choice. Returns None until there is a table."""
    left, right = st.columns([5, 6], gap="large")
    with left:
        ref = _source()
        if ref is None:
            return None
        try:
            table = roles.seen({"ref": ref, "text": None, "label": None, "guesses": list(ROLES[1].guesses)})["table"]
        except BmcoreError as error:
            states.problem(error)
            return None
        columns = _columns(ref, table)
    with right:
        _preview(table, columns)
    return Chosen(ref, columns, ready=len(set(columns.values())) == len(columns) and {"question", "answer"} <= set(columns))


def _source() -> dict | None:
    words = {"sample": _("Sample"), "file": _("My table")}
    asked = st.segmented_control(
        _("Past questions and answers"), list(words), default="sample", required=True, format_func=words.get, key=f"{KEY}.source",
        persist_state="session",
    )
    if asked == "sample":
        return _sample()
    return source.upload(
        KEY,
        _("A table with one question and its answer a row: CSV, TSV, Excel, JSON lines or Parquet, up to 50 MB"),
        _("It needs a column with the question and one with the answer that was given. Leave out what nobody may read: names, numbers."),
    )


def _sample() -> dict:
    from bmcore.data import refs
    from bmcore.data.samples import SAMPLES as KNOWN

    name = st.selectbox(
        _("Sample"), SAMPLES, format_func=lambda name: one_line(_(KNOWN[name].title)), key=f"{KEY}.sample", persist_state="session"
    )
    st.caption(plain(_(KNOWN[name].about)))
    st.caption(_("Licence: {licence}. Source: {source}.", licence=plain(KNOWN[name].licence), source=plain(KNOWN[name].source)))
    return refs.sample(name)


def _columns(ref: dict, table: dict) -> dict[str, str]:
    """What each column is for, as guessed or as changed."""
    table = {"columns": table["columns"], "kinds": dict.fromkeys(table["columns"], "any"), "text": table["text"]}
    guessed = _guess(table)
    if ref["kind"] == "sample":
        with st.expander(_("What each column is for"), icon=":material/view_column:"):
            columns = roles.ask(KEY, list(ROLES), guessed, table, roles.tail(ref), NONE)
    else:
        columns = roles.ask(KEY, list(ROLES), guessed, table, roles.tail(ref), NONE)
    if len(set(columns.values())) < len(columns):
        states.box("info", _("One column has two uses. Choose a different column for each."))
    return columns


def _guess(table: dict) -> dict[str, str]:
    """By the names; the column with the longest words, where no name fits, is the answer if the question is known."""
    from bmcore.ui.recommend_look import guess

    found = guess(roles.plainly(ROLES), table["kinds"])
    if "question" not in found and table["text"] not in found.values():
        found["question"] = table["text"]
    free = [name for name in table["columns"] if name not in found.values()]
    if "answer" not in found and free:
        found["answer"] = free[0]
    return found


def _preview(table: dict, columns: dict[str, str]) -> None:
    st.caption(_("**{n}** rows. The first of them:", n=number(table["rows"])))
    shown = list(dict.fromkeys(columns.values()))
    st.dataframe(
        [{one_line(name, 40): one_line(row.get(name) or "", 400) for name in shown} for row in table["head"]],
        hide_index=True,
        height=246,
        key=f"{KEY}.preview",
        alt=_("The first questions of the table with their answers."),
    )

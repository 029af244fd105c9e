"""A draft in the house voice: a model that writes goes on from the three nearest answers and the question. A person sends it, or nobody."""

from __future__ import annotations

import contextlib

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.text.answers_words import unspaced
from bmcore.ui import nav, runlist, states
from bmcore.ui.words import _, one_line, plain

SOURCES, CLIP = 3, 600  # nearest answers in the prompt, and characters of each
TOKENS, MOST_RUNS = 120, 50
WRITERS = "write_like_us"  # the page where a model learns to write


def forget(run_id: str) -> None:
    """Another question: the draft of the last one goes."""
    st.session_state.pop(_key(run_id), None)


def draw(run_id: str, found: dict) -> None:
    """Choose a model that writes, and have it write."""
    st.markdown(f"**{_('A draft in your voice')}**")
    writers = _writers()
    if not writers:
        st.caption(_("To have a draft written, first train a model on your own texts. The answers beside this can be used as they are."))
        nav.link(WRITERS, icon=":material/arrow_forward:")
        return
    if not found["rows"]:
        st.caption(_("Without a past answer there is nothing to write from."))
        return
    names = {run.id: runlist.name(run) for run in writers}
    writer = st.selectbox(
        _("Written by"), list(names), format_func=lambda name: one_line(names[name], 80), key=f"answers.writer:{run_id}",
        persist_state="session",
    )
    st.caption(
        _(
            "A small model repeats words and wanders off: it does not know your orders, prices or promises. Read every word, compare with "
            "the sources, and send it yourself. Nothing is sent from here."
        )
    )
    kept = _key(run_id)
    if st.button(_("Write a draft"), icon=":material/edit_note:", key=f"answers.write:{run_id}"):
        _write(kept, writer, found)
    _written(kept, run_id)


def _key(run_id: str) -> str:
    return f"answers.draft:{run_id}"


def _writers() -> list:
    """Finished runs that write texts, the newest first."""
    from bmcore import runs

    try:
        return [run for run in runs.list_runs() if run.spec["task"] == "generation" and run.state == "done"][:MOST_RUNS]
    except BmcoreError as error:
        states.problem(error)
        return []


def prompt(question: str, rows: list[dict]) -> tuple[str, list[str]]:
    """(what the model goes on from, where it stops): the nearest answer stands last, next to the question.

    Examples
    --------
    >>> prompt("Is it late?", [{"question": "Where is it?", "answer": "On its way."}])
    ('Question: Where is it?\\nAnswer: On its way.\\n\\nQuestion: Is it late?\\nAnswer:', ['\\n\\n', '\\nQuestion:'])
    """
    asks, says = ("问题：", "回答：") if unspaced(question) else ("Question: ", "Answer: ")
    pairs = [f"{asks}{_clip(row['question'])}\n{says}{_clip(row['answer'])}" for row in reversed(rows[:SOURCES])]
    return "\n\n".join([*pairs, f"{asks}{_clip(question)}\n{says.rstrip()}"]), ["\n\n", f"\n{asks.rstrip()}"]


def _clip(text: str) -> str:
    return " ".join(str(text).split())[:CLIP]


def _write(kept: str, writer: str, found: dict) -> None:
    """Show the draft as it comes. Whoever presses Stop, or leaves, ends the model's work: the connection is closed."""
    from bmcore.serve import client

    n = st.session_state.get(kept, {}).get("n", 0) + 1
    draft = st.session_state[kept] = {"text": "", "n": n, "notes": []}
    text, stops = prompt(found["question"], found["rows"])
    body = {"prompt": text, "max_new_tokens": TOKENS, "temperature": 0.7, "stop": stops, "seed": n}
    first = not client.alive(writer)
    words = _("Loading the model. The first answer takes a few seconds, the next ones are quick.") if first else _("Writing")
    place = st.empty()
    halt = st.empty()
    halt.button(_("Stop"), icon=":material/stop:", key=f"{kept}.halt:{n}")
    try:
        with st.spinner(words), contextlib.closing(client.service(writer).stream("generate", body)) as pieces:
            for piece in pieces:
                if piece.get("text"):
                    draft["text"] += piece["text"]
                    place.markdown(plain(draft["text"], 4000))
                draft["notes"] = piece.get("notes") or []
    except BmcoreError as error:
        states.problem(error)
    place.empty()
    halt.empty()


def _written(kept: str, run_id: str) -> None:
    """What was written, to be changed by hand."""
    draft = st.session_state.get(kept)
    if not draft:
        return
    if not draft["text"].strip():
        st.caption(_("The model wrote nothing. Press the button again, or use an answer beside this."))
        return
    text = draft["text"].strip()
    st.text_area(_("The draft: change it before you use it"), value=text, height=180, key=f"{kept}.edit:{draft['n']}:{len(text)}")
    for note in draft["notes"]:
        st.caption(plain(_(Message.from_dict(note)), 600))
    st.caption(_("Copy it from here. Its sources are the first {n} answers beside it.", n=SOURCES))

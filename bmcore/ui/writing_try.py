"""Step "try it" of texts: several drafts at once, shown as they come, from safe to bold; the good ones are kept."""

from __future__ import annotations

import contextlib

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import lab_words_queue, look, states, writing_kept, writing_live
from bmcore.ui.words import _, lines, plain
from bmcore.ui.writing_result import LONG_COPY

MOST_PROMPT, MOST_DRAFTS, COLUMNS = 2000, 6, 3
SAFE, BOLD, USUAL, TOP_P = 0.3, 1.2, 0.8, 0.95


def draw(run) -> None:
    """The whole step. What is pressed here redraws this part of the page only."""
    _draw(run.id)


@st.fragment
def _draw(run_id: str) -> None:
    key = f"writing_try.written:{run_id}"
    body = _asked(run_id)
    if st.button(_("Write drafts"), type="primary", icon=":material/edit_note:", key=f"writing_try.go:{run_id}"):
        before = st.session_state.get(key, {}).get("n", 0)
        st.session_state[key] = {"n": before + 1, "prompt": body["prompt"], "texts": [""] * body["drafts"], "note": None}
        _write(run_id, st.session_state[key], {**body, "seed": before * MOST_DRAFTS})
    if key in st.session_state:
        _written(run_id, st.session_state[key])
    else:
        st.caption(_("Press the button, and the drafts appear here word by word."))
    _favourites(run_id)


def _asked(run_id: str) -> dict:
    """What is asked of the model."""
    left, right = st.columns(2, gap="large")
    start = lab_words_queue.start_of(run_id)
    beginning = " ".join(start.split()[:4]) if " " in start.strip()[:60] else start[:8]
    with left:
        prompt = st.text_area(
            _("How the drafts begin"), beginning, max_chars=MOST_PROMPT, height=130, key=f"writing_try.prompt:{run_id}",
            help=_("The model goes on from here. Leave it empty, and it begins by itself."),
        )  # fmt: skip
    with right:
        boldness = st.slider(
            _("Safe … bold"), SAFE, BOLD, USUAL, 0.1, key=f"writing_try.bold:{run_id}",
            help=_("Safe (low temperature) stays with what is usual and repeats itself; bold dares rare words and wanders off."),
        )  # fmt: skip
        a, b = st.columns(2, gap="medium")
        drafts = a.slider(_("Drafts at once"), 1, MOST_DRAFTS, 3, key=f"writing_try.drafts:{run_id}")
        pieces = b.slider(_("How long at most, in pieces of a word"), 20, 400, 100, 20, key=f"writing_try.pieces:{run_id}")
    # a space at the end would keep the model from beginning a word, since its pieces begin with one
    return {"prompt": prompt.rstrip(" "), "temperature": boldness, "top_p": TOP_P, "drafts": drafts, "max_new_tokens": pieces}


def _write(run_id: str, kept: dict, body: dict) -> None:
    """Show the drafts as they come. Whoever presses Stop, or leaves, ends the model's work: the connection is closed."""
    from bmcore.serve import client

    first = not client.alive(run_id)
    words = _("Loading the model. The first answer takes a few seconds, the next ones are quick.") if first else _("Writing")
    area = st.empty()
    try:
        with area.container():
            st.button(_("Stop"), icon=":material/stop:", key=f"writing_try.halt:{run_id}:{kept['n']}")
            places = _places(len(kept["texts"]))
            with st.spinner(words), contextlib.closing(client.service(run_id).stream("generate", body)) as events:
                for event in events:
                    _take(event, kept, places)
    except BmcoreError as error:
        states.problem(error)
    area.empty()


def _take(event: dict, kept: dict, places: list) -> None:
    """One event of the stream: a piece of a draft, or the end with what the model wants to be known."""
    at, text = event.get("draft"), event.get("text")
    if isinstance(at, int) and 0 <= at < len(places) and isinstance(text, str):
        kept["texts"][at] += text
        places[at].markdown(lines(kept["prompt"] + kept["texts"][at]))
    notes = event.get("notes")
    if isinstance(notes, list) and notes and isinstance(notes[0], dict) and "template" in notes[0]:
        kept["note"] = notes[0]


def _places(n: int) -> list:
    """A frame for each draft, some in a row."""
    found = []
    for first in range(0, n, COLUMNS):
        for column in st.columns(min(COLUMNS, n))[: n - first]:
            found.append(column.container(border=True).empty())
    return found


def _written(run_id: str, kept: dict) -> None:
    """The drafts as they are now, each with a button that keeps it."""
    from bmcore import runs

    st.markdown(writing_live.generated())
    liked = writing_kept.read(runs.get(run_id))
    n = len(kept["texts"])
    for first in range(0, n, COLUMNS):
        for at, column in enumerate(st.columns(min(COLUMNS, n))[: n - first], start=first):
            text = whole(kept["prompt"], kept["texts"][at])
            with column.container(border=True, height="stretch"):
                st.markdown(lines(text) or f"*{_('It wrote nothing.')}*")
                if kept.get("copies"):
                    _copied(kept["copies"][at])
                st.button(
                    _("Kept") if text in liked else _("Keep"), icon=":material/star:", key=f"writing_try.keep.{at}:{run_id}:{kept['n']}",
                    disabled=not text or text in liked, on_click=_keep, args=(run_id, text),
                )  # fmt: skip
    if kept["note"]:
        st.caption(plain(_(Message.from_dict(kept["note"]))))
    if not kept.get("copies"):
        st.button(
            _("Look for copies in my texts"), icon=":material/content_copy:", key=f"writing_try.copies:{run_id}:{kept['n']}",
            on_click=_look, args=(run_id, kept), help=_("Finds the longest piece of each draft that stands word for word in your texts."),
        )  # fmt: skip
    elif not kept.get("whole"):
        st.caption(_("Your texts are so many that only the first 20 million characters were looked at."))


def _look(run_id: str, kept: dict) -> None:
    """Before the page is drawn: how long a piece of each draft stands in the texts."""
    from bmcore import runs

    spec = runs.get(run_id).spec
    drafts = [whole(kept["prompt"], text) for text in kept["texts"]]
    try:
        found = look.request({"ref": spec["data"], "column": spec["columns"].get("text"), "copies": drafts})
    except BmcoreError as error:
        st.session_state[f"writing_try.problem:{run_id}"] = error.message
        return
    kept["copies"], kept["whole"] = found["copies"], found["whole"]


def _copied(found: dict) -> None:
    """What a look at the texts found of one draft."""
    if found["longest"] > LONG_COPY:
        st.caption(_(":orange[:material/content_copy: Copied word for word:] {passage}", passage=plain(found["passage"], 240)))
    elif found["longest"]:
        st.caption(_("Longest piece that stands in your texts: {n} characters. Common phrases do.", n=found["longest"]))
    else:
        st.caption(_("No piece of it stands in your texts."))


def whole(prompt: str, text: str) -> str:
    """A draft with its beginning.

    Examples
    --------
    >>> whole("The dress", " fits. ")
    'The dress fits.'
    """
    return (prompt + text).strip()


def _favourites(run_id: str) -> None:
    """The kept drafts, to be read, dropped and downloaded."""
    from bmcore import runs

    if problem := st.session_state.pop(f"writing_try.problem:{run_id}", None):
        states.problem(problem)
    liked = writing_kept.read(runs.get(run_id))
    if not liked:
        st.caption(_("Drafts that you keep stand here; they are there again when you come back."))
        return
    st.markdown(f"##### {_('Kept drafts: {n}', n=len(liked))}", anchors=False)
    for i, text in enumerate(liked):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(lines(text), width="stretch")
            st.button(_("Drop"), icon=":material/close:", key=f"writing_try.drop.{i}:{run_id}", on_click=_drop, args=(run_id, text))
    st.download_button(
        _("Download the kept drafts"), "\n\n---\n\n".join(liked), file_name="drafts.txt", mime="text/plain", icon=":material/download:",
        on_click="ignore", key=f"writing_try.download:{run_id}",
    )  # fmt: skip


def _keep(run_id: str, text: str) -> None:
    _change(writing_kept.keep, run_id, text)


def _drop(run_id: str, text: str) -> None:
    _change(writing_kept.drop, run_id, text)


def _change(change, run_id: str, text: str) -> None:
    from bmcore import runs

    try:
        change(runs.get(run_id), text)
    except BmcoreError as error:
        st.session_state[f"writing_try.problem:{run_id}"] = error.message

"""Texts to learn from: a built-in sample, own files or a data set from the hub; the column of a table; a look at them.

An upload is written to the home folder at once; it is opened only in a process of its own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import look, source, states
from bmcore.ui.words import _, number, one_line, plain

ENDINGS = ("txt", "md", "zip", "csv", "tsv", "xlsx", "jsonl", "json", "parquet")
MOST_KEPT = 8
_SAMPLES_SEEN: dict[str, dict] = {}


@dataclass(frozen=True)
class Chosen:
    """What a run needs to know about its texts, and whether it may start."""

    ref: dict
    columns: dict = field(default_factory=dict)  # {"text": column}, or nothing where there is no table
    ready: bool = True
    characters: int = 0  # of all texts; 0 where they were not looked at


@dataclass(frozen=True)
class _Hub:
    """What the hub's form wants to know of a page."""

    key: str


def choose(page: str, samples: tuple[str, ...]) -> Chosen | None:
    """Draw the step on that page. Returns None until there are texts."""
    left, right = st.columns([5, 6], gap="large")
    with left:
        words = {"sample": _("Sample"), "file": _("My texts"), "hub": _("From the hub")}
        asked = st.query_params.get("source")
        chosen = st.segmented_control(
            _("Where the texts come from"), list(words), default=asked if asked in words else "sample", required=True,
            format_func=words.get, key=f"{page}.source", persist_state="session",
        )  # fmt: skip
        ref = {"sample": lambda: _sample(page, samples), "file": lambda: _own(page), "hub": lambda: source.hub(_Hub(page))}[chosen]()
        if ref is None:
            return None
        if _waits(ref):
            st.caption(_("It is fetched once from the Python package index and checked. Training does that by itself."))
            return Chosen(ref)
        return _seen(page, ref, right)


def _sample(page: str, samples: tuple[str, ...]) -> dict:
    from bmcore.data import refs
    from bmcore.data.samples import SAMPLES as known

    names = [name for name in samples if name in known]
    name = st.selectbox(
        _("Sample"), names, format_func=lambda name: one_line(_(known[name].title)), key=f"{page}.sample", persist_state="session"
    )
    st.caption(plain(_(known[name].about)))
    st.caption(_("Licence: {licence}. Source: {source}.", licence=plain(known[name].licence), source=plain(known[name].source)))
    return refs.sample(name)


def _own(page: str) -> dict | None:
    """Files as they were uploaded, stored once."""
    from bmcore.data.texts import store_texts

    given = st.file_uploader(
        _("Text files (.txt, .md), a zip of them, or a table with a column of texts"), type=list(ENDINGS), accept_multiple_files=True,
        key=f"{page}.file", help=_("They stay on this computer: they are stored in bmcore's home folder and sent nowhere."),
    )  # fmt: skip
    kept = f"{page}.stored"
    mark = hashlib.sha256("\n".join(one.file_id for one in given).encode()).hexdigest()
    if given and st.session_state.get(f"{kept}.mark") != mark:
        st.session_state.pop(kept, None)
        try:
            st.session_state[kept] = store_texts([(one.name, one.getvalue()) for one in given])
            st.session_state[f"{kept}.mark"] = mark
        except BmcoreError as error:
            states.problem(error)
            return None
    if kept not in st.session_state:
        st.caption(_("In one file, put a line of three dashes between texts. Several files: a text each."))
        return None
    st.caption(_("Stored: {name}", name=plain(st.session_state[kept].get("name", ""), 80)))
    return st.session_state[kept]


def _waits(ref: dict) -> bool:
    """Whether it is a sample that was not fetched yet."""
    from bmcore.data.samples import present

    return ref.get("kind") == "sample" and not present(ref.get("name"))


def _seen(page: str, ref: dict, beside) -> Chosen | None:
    """Which column, how many texts, and some of them beside."""
    try:
        found = _look(page, ref, None)
        table = found.get("table")
        column = None
        if table and table["columns"]:
            names = table["columns"]
            at = names.index(table["column"]) if table["column"] in names else 0
            column = st.selectbox(
                _("Column with the texts"), names, at, format_func=lambda name: one_line(name, 60),
                key=f"{page}.column:{ref.get('stored') or ref.get('name') or ref.get('id')}",
            )  # fmt: skip
            found = found if column == table["column"] else _look(page, ref, column)
    except BmcoreError as error:
        states.problem(error)
        return None
    columns = {"text": column} if column else {}
    if found.get("problem"):
        states.problem(Message.from_dict(found["problem"]))
        return Chosen(ref, columns, ready=False)
    _facts(found)
    with beside:
        for example in found["examples"][:3]:
            with st.container(border=True):
                st.markdown(plain(example["text"], 320))
    return Chosen(ref, columns, characters=found["characters"])


def _look(page: str, ref: dict, column: str | None) -> dict:
    """What the reading process says, kept: for everybody where they are built in, else for this visitor only."""
    name = json.dumps([ref, column], sort_keys=True)
    kept = _SAMPLES_SEEN if ref.get("kind") == "sample" else st.session_state.setdefault(f"{page}.seen", {})
    if name not in kept:
        while len(kept) >= MOST_KEPT:
            kept.pop(next(iter(kept)), None)
        with st.spinner(_("Looking at the texts")):
            kept[name] = look.request({"ref": ref, "writing": True, "column": column})
    return kept[name]


def _facts(found: dict) -> None:
    """How many texts there are, and what was done with them."""
    values = {"n": number(found["documents"]), "characters": number(found["characters"]), "mean": number(found["mean"])}
    st.markdown(_(":green[:material/check:] **{n}** texts, {characters} characters, {mean} each on average", **values))
    if found["notes"]:
        with st.expander(_("What was done with the texts: {n}", n=len(found["notes"])), icon=":material/info:"):
            for note in found["notes"][:12]:
                st.markdown(f"- {plain(_(Message.from_dict(note)))}")

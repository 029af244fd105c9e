"""Step "your messages": a built-in sample, an own table, or a data set from the hub; which columns; a look at it; what is wrong with it.

A table is never opened in the server: an upload is written to the home folder at once, a process of its own looks into it
(`bmcore.ui.look`), and a small summary stays.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.ui import look, preview, source, states
from bmcore.ui.kinds import Question, TextScenario
from bmcore.ui.words import _, one_line

_SAMPLES_SEEN: dict[str, dict] = {}


@dataclass(frozen=True)
class Table:
    """What is known of a table: its columns and its first rows."""

    rows: int
    columns: list[str]
    text: str
    label: str | None
    head: list[dict]


@dataclass(frozen=True)
class Chosen:
    """What a training needs to know about its data, and whether it may start."""

    ref: dict
    text: str
    label: str
    rows: int
    mean_tokens: float
    classes: int
    ready: bool


@dataclass(frozen=True)
class Report:
    """What the look at the two chosen columns found."""

    rows: int
    mean_tokens: float
    counts: list
    classes: int
    errors: list
    warnings: list


def choose(scenario: TextScenario, question: Question) -> Chosen | None:
    """Draw the step. Returns None until there is a table with two columns to learn from."""
    left, right = st.columns([5, 6], gap="large")
    with left:
        ref = source.choose(scenario)
        if ref is None:
            return None
        try:
            table = _table(ref, question)
            text, label = _columns(scenario, question, ref, table)
            report = _report(ref, text, label, question) if table.head else None
        except BmcoreError as error:
            states.problem(error)
            return None
        if report is not None:
            preview.findings(report)
    with right:
        preview.preview(scenario, ref, table, report, text, label)
    ready = text != label and not (report and report.errors) and (report is not None or not table.head)
    return Chosen(
        ref,
        text,
        label,
        rows=report.rows if report else table.rows,
        mean_tokens=report.mean_tokens if report else 80.0,
        classes=report.classes if report else 6,
        ready=ready,
    )


def _table(ref: dict, question: Question) -> Table:
    """The table's summary; for a sample that is not here yet, what is known without fetching it."""
    from bmcore.data.samples import SAMPLES, present

    if ref["kind"] == "sample" and not present(ref["name"]):
        sample = SAMPLES[ref["name"]]
        known = [name for name in _guesses(ref, question) if name in sample.columns]
        return Table(sample.rows, list(sample.columns), sample.text_column, known[0], [])
    return Table(**_look(ref, None, None, _guesses(ref, question))["table"])


def _report(ref: dict, text: str, label: str, question: Question) -> Report | None:
    """What was found in two columns."""
    if text == label:
        return None
    first = _look(ref, None, None, _guesses(ref, question))
    if (first["table"]["text"], first["table"]["label"]) == (text, label):
        return Report(**first["report"])
    return Report(**_look(ref, text, label)["report"])


def _guesses(ref: dict, question: Question) -> tuple[str, ...]:
    """Names that the column with the answers may have, the likeliest first."""
    from bmcore.data.samples import SAMPLES

    of_sample = SAMPLES[ref["name"]].label_columns if ref["kind"] == "sample" else ()
    return (question.label, *of_sample, "label", "category", "department", "class", "intent", "target", "topic", "sentiment")


def _look(ref: dict, text: str | None, label: str | None, guesses: tuple[str, ...] = ()) -> dict:
    """The answer of the reading process, kept: for everybody where the table is built in, else for this visitor only."""
    asked = json.dumps([ref, text, label, guesses], sort_keys=True)
    kept = _SAMPLES_SEEN if ref["kind"] == "sample" else st.session_state.setdefault("data.seen", {})
    if asked not in kept:
        while len(kept) >= 24:
            kept.pop(next(iter(kept)), None)
        with st.spinner(_("Reading the table")):
            kept[asked] = look.ask(ref, text, label, guesses)
    return kept[asked]


def _columns(scenario: TextScenario, question: Question, ref: dict, table: Table) -> tuple[str, str]:
    """The two columns, guessed as well as possible and changeable."""
    names = table.columns
    # another table or question has other columns: its own widgets
    tail = f"{ref.get('name') or ref.get('id')}:{ref.get('sha256', '')[:8]}"
    left, right = st.columns(2)
    text = left.selectbox(
        _("Column with the message"),
        names,
        index=names.index(table.text),
        format_func=one_line,
        key=f"{scenario.key}.text:{tail}",
        persist_state="session",
    )
    label = right.selectbox(
        _("Column with the answer"),
        names,
        index=names.index(table.label) if table.label else 0,
        format_func=one_line,
        key=f"{scenario.key}.label:{question.key}:{tail}",
        persist_state="session",
    )
    if text == label:
        states.box("warning", _("The message and the answer are the same column. Choose two."))
    return text, label

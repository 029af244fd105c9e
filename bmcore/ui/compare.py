"""Ticked runs side by side: their results, their learning curves, and the settings in which they differ."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import charts, runlist
from bmcore.ui.words import _, ago, for_chart, one_line

MOST = 7


def runs(found: list) -> None:
    """Draw the comparison. One run alone shows its curve."""
    found = found[:MOST]
    names = _names(found)
    st.subheader(_("Comparison") if len(found) > 1 else _("The ticked training"), anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"##### {_('Result')}", anchors=False)
        _results(found, names)
    with right:
        st.markdown(f"##### {_('Learning')}", anchors=False)
        _curves(found, names)
    if len(found) > 1:
        st.markdown(f"##### {_('What differs')}", anchors=False)
        _differences(found, names)


def _names(found: list) -> list[str]:
    """A short name each: number, title if it has one of its own, thoroughness, time."""
    titles = [run.spec["title"] or runlist.preset_name(run) for run in found]
    return [f"{i + 1} · {one_line(title, 24)}, {ago(run.created)}" for i, (run, title) in enumerate(zip(found, titles, strict=True))]


def _results(found: list, names: list[str]) -> None:
    rows = [
        (name, {"value": line["value"], "low": line["low"], "high": line["high"]}, charts.SERIES[i % len(charts.SERIES)])
        for i, (run, name) in enumerate(zip(found, names, strict=True))
        if (line := run.headline) and line.get("value") is not None
    ]
    if not rows:
        st.caption(_("None of them has a result yet."))
        return
    alt = "; ".join(f"{name} {v['value']:.2f}" for name, v, _c in rows)
    charts.intervals(rows, key="compare.results", alt=alt)


def _curves(found: list, names: list[str]) -> None:
    curves = [(name, [p for p in run.curve() if p.get("phase") == "train"]) for run, name in zip(found, names, strict=True)]
    curves = [(name, points) for name, points in curves if len(points) > 1]
    if not curves:
        st.caption(_("None of them has a learning curve yet."))
        return
    charts.overlay([(for_chart(name), points) for name, points in curves], key="compare.curves")


def _differences(found: list, names: list[str]) -> None:
    rows = runlist.settings(found)
    differing = [name for name in dict.fromkeys(key for row in rows for key in row) if len({str(row.get(name)) for row in rows}) > 1]
    if not differing:
        st.caption(_("Nothing: they were given the same settings and the same data."))
        return
    table = [
        {_("Setting"): name, **{title: one_line(row.get(name, "–"), 80) for title, row in zip(names, rows, strict=True)}}
        for name in differing
    ]
    st.dataframe(table, hide_index=True, key="compare.settings", alt=_("The settings in which the ticked trainings differ."))

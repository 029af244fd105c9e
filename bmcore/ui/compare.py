"""Ticked runs side by side: their results, their learning curves, and the settings in which they differ."""

from __future__ import annotations

import streamlit as st

from bmcore.runs import asked
from bmcore.ui import charts, runlist, scores
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
    """A short name each: number, a title of its own or else what sets it apart, time."""
    alike = len({(run.spec["scenario"], run.spec["estimator"]) for run in found}) == 1
    titles = [run.spec["title"] or (runlist.preset_name(run) if alike else runlist.name(run)) for run in found]
    return [f"{i + 1} · {one_line(title, 24)}, {ago(run.created)}" for i, (run, title) in enumerate(zip(found, titles, strict=True))]


def _results(found: list, names: list[str]) -> None:
    """A chart for each measure: macro-F1 and silhouette have nothing to do with each other."""
    rows: dict[str, list] = {}
    for i, (run, name) in enumerate(zip(found, names, strict=True)):
        line = run.headline or {}
        span = {end: line.get(end) for end in ("value", "low", "high")}
        if all(isinstance(value, int | float) for value in span.values()):
            rows.setdefault(scores.metric(run), []).append((name, span, charts.SERIES[i % len(charts.SERIES)]))
    if not rows:
        st.caption(_("None of them has a result to compare."))
    for metric, measured in rows.items():
        alt = "; ".join(f"{name} {v['value']:.2f}" for name, v, _c in measured)
        # a distance has no largest value
        most = 1.1 * max(v["high"] for _n, v, _c in measured) if asked.lower_is_better(metric) else 1
        charts.intervals(measured, key=f"compare.results.{metric}", alt=alt, title=_(scores.METRICS[metric][1]), most=most or 1)


def _curves(found: list, names: list[str]) -> None:
    curves = [(name, [p for p in run.curve() if p.get("phase") == "train"]) for run, name in zip(found, names, strict=True)]
    learned = {i: (for_chart(name), points) for i, (name, points) in enumerate(curves) if _has(points, "loss", "dev_macro_f1")}
    settled = {i: curve for i, curve in enumerate(curves) if _has(curve[1], "inertia")}
    if learned:
        charts.overlay(learned, key="compare.curves")
    if settled:
        _settling(settled)
    if not learned and not settled:
        st.caption(_("None of them has a learning curve yet."))


def _has(points: list[dict], *fields: str) -> bool:
    """True if there are two points of one of these to draw a line through."""
    return any(sum(isinstance(p.get(field), int | float) for p in points) > 1 for field in fields)


def _settling(curves: dict[int, tuple[str, list[dict]]]) -> None:
    """How the groups of several runs settled, each as a share of its first step, so that tables of any size compare.

    A run's place in the list is its colour, as in the chart of results.
    """
    traces = []
    for i, (name, points) in curves.items():
        line = [(p["step"], p["inertia"]) for p in points if isinstance(p.get("inertia"), int | float) and "step" in p]
        first = next((value for _step, value in line if value > 0), 1.0)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [step for step, _value in line],
                "y": [value / first for _step, value in line],
                "name": charts.wrapped(for_chart(name), 36),
                "line": {"color": charts.SERIES[i % len(charts.SERIES)], "width": 2.5},
            }
        )
    y = charts.axis(_("Distance to the groups' centres (first step: 1)"))
    frame = charts.layout(340, showlegend=True, xaxis=charts.axis(_("Step"), rangemode="tozero"), yaxis=y)
    charts.show(traces, frame, key="compare.settling", alt=_("How the groups of {n} trainings settled, step by step.", n=len(curves)))


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

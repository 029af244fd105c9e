"""Charts of the recommender lab: quality against the time of learning, and quality along the values of a setting."""

from __future__ import annotations

import math

from bmcore.ui import charts
from bmcore.ui.words import _, for_chart

HEIGHT = 380
# the same algorithm has the same colour and sign in every queue
LOOK = {
    "EASE": (charts.OURS, "circle"),
    "ALS": ("#b0679b", "square"),
    "ItemKNN cosine": (charts.GOOD, "diamond"),
    "ItemKNN TF-IDF": ("#56b4e9", "triangle-up"),
    "ItemKNN BM25": (charts.BAD, "triangle-down"),
    "Popularity": (charts.BASELINE, "x"),
}
OTHER = (charts.CHANCE, "circle-open")
LEAST_S = 1e-3  # a logarithm has no zero


def against_time(rows: list[tuple[str, float, dict]], title: str, *, floor: float | None, key: str, alt: str) -> None:
    """A point an algorithm: (name, seconds of learning, {"value", "low", "high"}); `floor` is the popularity baseline."""
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": for_chart(name),
            "x": [max(seconds, LEAST_S)],
            "y": [span["value"]],
            "cliponaxis": False,
            "marker": {"color": LOOK.get(name, OTHER)[0], "symbol": LOOK.get(name, OTHER)[1], "size": 13},
            "error_y": _bar(span, LOOK.get(name, OTHER)[0]),
            "hovertemplate": f"{for_chart(name)}<br>{seconds:.3g} s<br>{span['low']:.3f} – {span['high']:.3f}<extra></extra>",
        }
        for name, seconds, span in rows
    ]
    times = [max(seconds, LEAST_S) for _name, seconds, _span in rows]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times) * 1.05))
    frame = _frame(title, _("Seconds of learning (each step is ten times as long)"), rows=[span for _n, _s, span in rows], floor=floor)
    frame["xaxis"] |= {"type": "log", "range": [low - 0.1, max(high, low + 1) + 0.1], "dtick": 1, "exponentformat": "none"}
    charts.show(traces, frame | {"showlegend": True}, key=key, alt=alt)


def along(points: list[tuple[float, dict]], label: str, title: str, *, best: float, floor: float | None, key: str, alt: str) -> None:
    """A curve over the values of a setting: (value, {"value", "low", "high"}), in order; the best is marked."""
    values = [value for value, _span in points]
    spans = [span for _value, span in points]
    marked = [value == best for value in values]
    trace = {
        "type": "scatter",
        "mode": "lines+markers+text",
        "x": values,
        "y": [span["value"] for span in spans],
        "cliponaxis": False,
        "line": {"color": charts.OURS, "width": 2.5},
        "marker": {"color": [charts.GOOD if mark else charts.OURS for mark in marked], "size": [16 if mark else 9 for mark in marked]},
        "text": [f"<b>{span['value']:.3f}</b>" if mark else "" for mark, span in zip(marked, spans, strict=True)],
        "textposition": "top center",
        "textfont": {"size": 14, "color": charts.ink()},
        "customdata": [[span["low"], span["high"]] for span in spans],
        "hovertemplate": "%{x}<br>%{y:.3f} (%{customdata[0]:.3f} – %{customdata[1]:.3f})<extra></extra>",
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [span["high"] - span["value"] for span in spans],
            "arrayminus": [span["value"] - span["low"] for span in spans],
            "color": charts.OURS,
            "thickness": 2,
            "width": 7,
        },
    }
    frame = _frame(title, for_chart(label, 60), rows=spans, floor=floor)
    frame["xaxis"] |= {"tickmode": "array", "tickvals": values, "ticktext": [f"{value:g}" for value in values]}
    if min(values) > 0 and max(values) >= 20 * min(values):
        frame["xaxis"] |= {"type": "log"}
    charts.show([trace], frame, key=key, alt=alt)


def _veil() -> str:
    """The page's own colour, so that words can be read over lines."""
    return "rgba(17,23,29,0.75)" if charts.ink() == "#e8edf2" else "rgba(255,255,255,0.75)"


def _bar(span: dict, color: str) -> dict:
    array, minus = [span["high"] - span["value"]], [span["value"] - span["low"]]
    return {"type": "data", "symmetric": False, "array": array, "arrayminus": minus, "color": color, "thickness": 2, "width": 8}


def _frame(title: str, across: str, *, rows: list[dict], floor: float | None) -> dict:
    """Both charts: the measure from zero upwards, the baseline as a line across."""
    top = max([span["high"] for span in rows] + [floor or 0.0])
    frame = charts.layout(HEIGHT, xaxis=charts.axis(across), yaxis=charts.axis(title, range=[0, 1.15 * top or 1.0]))
    if floor is not None:
        line = {"color": charts.BASELINE, "width": 2, "dash": "dash"}
        frame["shapes"] = [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": floor, "y1": floor, "line": line}]
        place = {"xref": "paper", "x": 1, "xanchor": "right", "y": floor, "yanchor": "top", "showarrow": False, "bgcolor": _veil()}
        frame["annotations"] = [{**place, "text": _("Popularity: {value}", value=f"{floor:.3f}"), "font": {"size": 13}}]
    return frame

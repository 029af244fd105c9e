"""Every chart of every page: one look, and the same colour for the same thing everywhere, in light and dark.

Figures are plain dictionaries until the last moment: plotly's own objects cost five times as much to build.
"""

from __future__ import annotations

import html
import re

import streamlit as st

from bmcore.i18n import width
from bmcore.ui.words import _, for_chart

OURS, BASELINE, CHANCE = "#1f83c4", "#c77b00", "#808890"
GOOD, BAD = "#009e73", "#d55e00"
SERIES = (OURS, BASELINE, GOOD, BAD, "#b0679b", "#56b4e9", CHANCE)
GRID = "rgba(128,136,144,0.22)"
_FONT = "'Source Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
_PARTS = re.compile(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]*\s*")  # where a label may break: between words, around a Chinese sign
CONFIG = {"displayModeBar": False, "scrollZoom": False, "responsive": True}


def ink() -> str:
    """The colour of words in the visitor's theme."""
    return "#e8edf2" if st.context.theme.type == "dark" else "#16222e"


def axis(title: str | None = None, **more) -> dict:
    """An axis with a plain title, a faint grid and room for its labels."""
    return {
        "title": {"text": title, "font": {"size": 13}, "standoff": 14} if title else None,
        "ticks": "",
        "gridcolor": GRID,
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,
        **more,
    }


def layout(height: int, **more) -> dict:
    """The one layout that every chart starts from."""
    return {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "font": {"family": _FONT, "size": 14, "color": ink()},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "hovermode": "closest",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "dragmode": False,
        **more,
    }


def show(traces: list[dict], frame: dict, *, key: str, alt: str) -> None:
    """Draw a figure with its description for those who cannot see it."""
    st.plotly_chart(figure({"data": traces, "layout": frame}), theme=None, key=key, config=CONFIG, alt=alt)


def figure(made: dict):
    """Plotly's own figure from a dictionary."""
    import pandas  # noqa: F401 - plotly asks a pandas that another visitor's thread is just importing for classes it has not got yet
    import plotly.graph_objects as go

    return go.Figure(made, skip_invalid=False)


def learning(points: list[dict], *, key: str) -> None:
    """The smoothed loss, and the quality on held-back messages after every look at them."""
    loss = smooth([(p["step"], p["loss"]) for p in points if p.get("loss") is not None])
    quality = [(p["step"], p["dev_macro_f1"]) for p in points if p.get("dev_macro_f1") is not None]
    traces = [
        _line(loss, _("Error while training (loss)"), CHANCE, yaxis="y"),
        {
            **_line(quality, _("Quality on held-back messages"), OURS, yaxis="y2"),
            "mode": "lines+markers",
            "marker": {"size": 8},
            "cliponaxis": False,
        },
    ]
    frame = layout(
        300,
        showlegend=True,
        xaxis=axis(_("Training step"), rangemode="tozero"),
        yaxis=axis(_("Loss"), rangemode="tozero"),
        yaxis2=axis(
            _("Quality (macro-F1)"),
            overlaying="y",
            side="right",
            range=[0, 1],
            tickmode="array",
            tickvals=[0, 0.25, 0.5, 0.75, 1],
            showgrid=False,
        ),
    )
    last = _("Latest quality {value}.", value=f"{quality[-1][1]:.2f}") if quality else ""
    show(traces, frame, key=key, alt=f"{_('Two curves over the training steps: the error falls, the quality rises.')} {last}".strip())


def smooth(points: list[tuple], keep: float = 0.9) -> list[tuple]:
    """A running average, since the loss of single batches jumps. The first points weigh as much as they should.

    Examples
    --------
    >>> [round(value, 2) for _step, value in smooth([(1, 4.0), (2, 2.0)])]
    [4.0, 2.95]
    """
    total, weight, out = 0.0, 0.0, []
    for step, value in points:
        total, weight = keep * total + value, keep * weight + 1
        out.append((step, total / weight))
    return out


def _line(points: list[tuple], name: str, color: str, **more) -> dict:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x for x, _y in points],
        "y": [y for _x, y in points],
        "name": wrapped(name, 36),
        "line": {"color": color, "width": 2.5},
        **more,
    }


def distinct(labels: list[str], longest: int) -> list[str]:
    """Names for an axis, shortened; two that became equal are numbered, since plotly would draw them as one.

    Examples
    --------
    >>> distinct(["delivery late", "delivery lost", "b"], 9)
    ['delivery…', 'delivery… (2)', 'b']
    """
    names: list[str] = []
    for label in labels:
        short = name = for_chart(label, longest)
        number = 1
        while name in names:
            number += 1
            name = f"{short} ({number})"
        names.append(name)
    return names


def folded(title: str) -> str:
    """The title of an axis, its bracket on a line of its own: in a narrow chart the whole would be cut.

    Examples
    --------
    >>> folded("Share (bar: 95 % interval)")
    'Share<br>(bar: 95 % interval)'
    """
    return title.replace(" (", "<br>(", 1).replace("（", "<br>（", 1)


def wrapped(label: str, columns: int = 20) -> str:
    """A label of `for_chart` on several lines, so that in a narrow chart it leaves room for what it names. Chinese breaks anywhere.

    Examples
    --------
    >>> wrapped("1 · Groups of customers, just now")
    '1 · Groups of<br>customers, just now'
    """
    lines = [""]
    for part in _PARTS.findall(html.unescape(label)):
        if lines[-1] and width(lines[-1] + part.rstrip()) > columns:
            lines.append("")
        lines[-1] += part
    return "<br>".join(html.escape(line.strip(), quote=False) for line in lines)


def intervals(
    rows: list[tuple[str, dict, str]], *, key: str, alt: str, title: str | None = None, most: float = 1, digits: int = 2
) -> None:
    """Values up to `most` with their 95 % intervals, the first on top. A row is (name, {"value", "low", "high"}, colour)."""
    names = [wrapped(name) for name in distinct([name for name, _v, _c in rows], 40)]
    traces = [
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [v["value"]],
            "y": [shown],
            "cliponaxis": False,
            "marker": {"color": color, "size": 10},
            "text": [f"<b>{v['value']:.{digits}f}</b>"],
            "textposition": "top center",
            "textfont": {"size": 14, "color": ink()},
            "hovertemplate": f"{v['low']:.3f} – {v['high']:.3f}<extra></extra>",
            "error_x": {
                "type": "data",
                "symmetric": False,
                "array": [v["high"] - v["value"]],
                "arrayminus": [v["value"] - v["low"]],
                "color": color,
                "thickness": 2.5,
                "width": 9,
            },
        }
        for shown, (_name, v, color) in zip(names, rows, strict=True)
    ]
    row = max(60, 20 + 20 * max(name.count("<br>") + 1 for name in names))
    frame = layout(
        row * len(rows) + 80,
        xaxis=axis(folded(title or _("Macro-F1 (bar: 95 % interval)")), range=[min([0, *(v["low"] for _n, v, _c in rows)]), most]),
        yaxis=axis(autorange="reversed", showgrid=False, ticksuffix="  "),
    )
    show(traces, frame, key=key, alt=alt)


def confusion(labels: list[str], counts: list[list[int]], *, key: str) -> None:
    """Where messages went: rows are the truth, columns what the model said, shade is the share of the row."""
    names = distinct(labels, 22)
    share = [[cell / (sum(row) or 1) for cell in row] for row in counts]
    few = len(labels) <= 12
    dark = st.context.theme.type == "dark"
    low = "#17212a" if dark else "#f3f6f9"
    trace = {
        "type": "heatmap",
        "z": share,
        "x": names,
        "y": names,
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "colorscale": [[0, low], [1, OURS]],
        "customdata": counts,
        "hovertemplate": f"{_('is')} %{{y}}<br>{_('model says')} %{{x}}<br>%{{customdata}}<extra></extra>",
    }
    if few:
        trace |= {"text": counts, "texttemplate": "%{text}", "textfont": {"size": 13}}
    frame = layout(
        min(760, 130 + 40 * len(labels)),
        xaxis=axis(_("What the model said"), type="category", showgrid=False, tickangle=-35 if len(labels) > 3 else 0),
        yaxis=axis(_("What it really is"), type="category", autorange="reversed", showgrid=False),
    )
    right, total = sum(counts[i][i] for i in range(len(counts))), sum(map(sum, counts))
    show(
        [trace],
        frame,
        key=key,
        alt=_("A grid of true against predicted classes: {right} of {total} on the diagonal.", right=right, total=total),
    )


def bars(rows: list[tuple[str, float]], title: str, *, key: str, alt: str, strong: int | None = None, percent: bool = True) -> None:
    """Horizontal bars from 0 to 1, as percentages or plain; the `strong`-th in the accent colour, the others grey."""
    colors = [OURS if strong is None or i == strong else CHANCE for i in range(len(rows))]
    scale, words = (100, "{:.0f} %") if percent else (1, "{:.2f}")
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [scale * v for _n, v in rows],
        "y": distinct([n for n, _v in rows], 26),
        "marker": {"color": colors, "cornerradius": 4},
        "text": [words.format(scale * v) for _n, v in rows],
        "textposition": "outside",
        "cliponaxis": False,
        "hoverinfo": "skip",
    }
    frame = layout(
        34 * len(rows) + 60,
        xaxis=axis(title, range=[0, 1.12 * scale], tickvals=[scale * tick for tick in (0, 0.25, 0.5, 0.75, 1)]),
        yaxis=axis(autorange="reversed", type="category", showgrid=False, ticksuffix="  "),
        bargap=0.35,
    )
    show([trace], frame, key=key, alt=alt)


def overlay(curves: dict[int, tuple[str, list[dict]]], *, key: str) -> None:
    """The learning of several runs in one picture: quality where it was measured, else the error. A run's place is its colour."""
    measured = any(p.get("dev_macro_f1") is not None for _n, points in curves.values() for p in points)
    field = "dev_macro_f1" if measured else "loss"
    traces = []
    for i, (name, points) in curves.items():
        line = [(p["step"], p[field]) for p in points if p.get(field) is not None]
        traces.append({**_line(line, for_chart(name), SERIES[i % len(SERIES)]), "mode": "lines+markers" if measured else "lines"})
    title = _("Quality on held-back messages (macro-F1)") if measured else _("Loss")
    frame = layout(340, showlegend=True, xaxis=axis(_("Training step"), rangemode="tozero"), yaxis=axis(title))
    show(traces, frame, key=key, alt=_("Learning curves of {n} trainings over their steps.", n=len(curves)))

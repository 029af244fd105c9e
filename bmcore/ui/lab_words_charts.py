"""Charts of the text lab: what comes next, how surprising each piece is, who reads from whom, how several runs learned."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import charts
from bmcore.ui.lab_words_read import Candidate, Piece, shown
from bmcore.ui.picture_charts import SMOOTH, _finite, _share
from bmcore.ui.words import _, for_chart

COLUMNS, MOST_BITS = 8, 12.0  # pieces in a row; a piece of more bits is not drawn darker


def following(rows: list[Candidate], *, key: str) -> None:
    """The likeliest next pieces: the model's own probability in grey, and in colour what the dials make of it."""
    names = charts.distinct([shown(row.text) for row in rows], 26)
    both = ((_("By the model alone"), [100 * row.raw for row in rows], charts.CHANCE, 0.75),
            (_("With the dials"), [100 * row.probability for row in rows], charts.OURS, 0.4))
    traces = [
        {"type": "bar", "orientation": "h", "x": values, "y": names, "name": name, "width": width, "marker": {"color": color},
         "opacity": 0.45 if color == charts.CHANCE else 1, "hovertemplate": "%{x:.2f} %<extra></extra>"}
        for name, values, color, width in both
    ]
    frame = charts.layout(
        28 * len(rows) + 90,
        showlegend=True,
        barmode="overlay",
        xaxis=charts.axis(_("Probability, %"), rangemode="tozero"),
        yaxis=charts.axis(autorange="reversed", type="category", showgrid=False, ticksuffix="  "),
    )
    alt = "; ".join(f"{shown(row.text)} {100 * row.probability:.0f} %" for row in rows[:8])
    charts.show(traces, frame, key=key, alt=_("The likeliest next pieces: {list}.", list=alt))


def surprises(pieces: list[Piece], *, key: str) -> None:
    """The pieces of a text as cells, the darker the more surprising."""
    lines = [pieces[at : at + COLUMNS] for at in range(0, len(pieces), COLUMNS)]
    filled = [[*line, *[None] * (COLUMNS - len(line))] for line in lines]
    trace = _cells(
        [[min(piece.surprise or 0.0, MOST_BITS) if piece else None for piece in line] for line in filled],
        charts.BAD,
        MOST_BITS,
        text=[[for_chart(shown(piece.text, 12)) if piece else "" for piece in line] for line in filled],
        texttemplate="%{text}",
        textfont={"size": 13},
        customdata=[["–" if piece is None or piece.surprise is None else f"{piece.surprise:.1f}" for piece in line] for line in filled],
        hovertemplate=f"%{{text}}<br>%{{customdata}} {_('bits')}<extra></extra>",
        ygap=4,
    )
    hidden = {"showticklabels": False, "showgrid": False}
    frame = charts.layout(38 * len(lines) + 20, xaxis=charts.axis(**hidden), yaxis=charts.axis(autorange="reversed", **hidden))
    most = max((piece for piece in pieces if piece.surprise is not None), key=lambda piece: piece.surprise, default=None)
    worst = _("The most surprising is {piece}.", piece=shown(most.text)) if most else ""
    charts.show([trace], frame, key=key, alt=f"{_('The text in {n} pieces.', n=len(pieces))} {worst}".strip())


def reading(tokens: list[str], weights: list[list[float]], *, key: str) -> None:
    """Who reads from whom: a row is a piece, a column one that stands before it."""
    names = charts.distinct([shown(token) for token in tokens], 14)
    trace = _cells(weights, charts.OURS, 1, x=names, y=names, hovertemplate="%{y} ← %{x}<br>%{z:.2f}<extra></extra>")
    frame = charts.layout(
        max(260, min(760, 150 + 20 * len(tokens))),
        xaxis=charts.axis(_("Read from"), type="category", showgrid=False, tickangle=-60, tickfont={"size": 11}),
        yaxis=charts.axis(_("Reader"), type="category", autorange="reversed", showgrid=False, tickfont={"size": 11}),
    )
    charts.show([trace], frame, key=key, alt=_("A grid of {n} by {n} pieces: how much each reads from those before it.", n=len(tokens)))


def _cells(values: list[list], color: str, most: float, **more) -> dict:
    low = "#17212a" if st.context.theme.type == "dark" else "#f3f6f9"
    return {
        "type": "heatmap", "z": values, "zmin": 0, "zmax": most, "showscale": False, "xgap": 2, "ygap": 2,
        "colorscale": [[0, low], [1, color]], "hoverongaps": False, **more,
    }  # fmt: skip


def losses(curves: list[tuple[str, list[dict]]], *, key: str) -> bool:
    """The loss of several runs over their training. False where there is nothing to draw."""
    traces = []
    for i, (name, points) in enumerate(curves):
        line = [(_share(point), point["loss"]) for point in points if point.get("phase") == "train" and _finite(point.get("loss"))]
        line = charts.smooth([(x, y) for x, y in line if x is not None], SMOOTH)
        if len(line) > 1:
            traces.append({
                "type": "scatter", "mode": "lines", "x": [x for x, _y in line], "y": [y for _x, y in line], "name": for_chart(name),
                "line": {"color": charts.SERIES[i % len(charts.SERIES)], "width": 2.5},
            })  # fmt: skip
    if not traces:
        return False
    frame = charts.layout(
        300,
        showlegend=len(traces) > 1,
        xaxis=charts.axis(_("Share of the training, %"), rangemode="tozero"),
        yaxis=charts.axis(_("Loss for each piece")),
    )
    charts.show(traces, frame, key=key, alt=_("Learning curves of {n} trainings over their steps.", n=len(traces)))
    return True

"""Charts of groups: the map, how columns spread, how many groups. One colour a group, the same on every chart and card."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import streamlit as st

from bmcore.ui import charts
from bmcore.ui.words import _, for_chart

# told apart with any colour vision as far as ten colours can be; beyond ten, the shape of the point changes
COLORS = ("#1f83c4", "#e07b00", "#009e73", "#b0679b", "#d0493f", "#56b4e9", "#7468c9", "#8f9000", "#a0522d", "#2f7f86")
NOISE, LOUD = "#808890", "#e07b00"
SHAPES = ("circle", "diamond", "square", "cross", "triangle-up")
MOST_POINTS = 5000


def color(cluster: int, *, alone: bool = False) -> str:
    """The colour of a group; what belongs to none is grey, unless the rows that stand `alone` are the matter."""
    if alone:
        return LOUD if cluster < 0 else charts.OURS
    return NOISE if cluster < 0 else COLORS[cluster % len(COLORS)]


def points(
    found: dict, names: dict[int, str], *, deep: bool, only: set[int], alone: bool = False, texts: list[str] | None = None
) -> list[dict]:
    """One trace a group. A point's `customdata` is its place in the map; `texts` has what each is called."""
    small = len(found["points"]) > 1500
    traces = []
    for cluster, at in places(found, only).items():
        name = for_chart(names[cluster], 40)
        trace = {
            "type": "scatter3d" if deep else "scatter",  # scattergl would need scripts that our content policy refuses
            "mode": "markers",
            "x": [found["points"][i][0] for i in at],
            "y": [found["points"][i][1] for i in at],
            "customdata": at,
            "name": name,
            "marker": {
                "color": color(cluster, alone=alone),
                "size": (2.6 if small else 3.5) if deep else 5 if small else 7,
                "opacity": 0.5 if (cluster < 0) != alone else 0.85,
                "symbol": "circle" if deep else SHAPES[max(0, cluster) // len(COLORS) % len(SHAPES)],
            },
            "hovertemplate": f"{name}<extra></extra>",
        }
        if texts:
            trace |= {"text": [for_chart(texts[i], 80) for i in at], "hovertemplate": f"%{{text}}<br>{name}<extra></extra>"}
        if deep:
            trace["z"] = [found["points"][i][2] for i in at]
        else:
            trace |= {"unselected": {"marker": {"opacity": 0.12}}, "selected": {"marker": {"opacity": 1.0}}}
        traces.append(trace)
    return traces


def places(found: dict, only: set[int]) -> dict[int, list[int]]:
    """Group -> where its points are in the map; what belongs to no group last."""
    out: dict[int, list[int]] = {}
    for i, cluster in enumerate(found["cluster"][:MOST_POINTS]):
        if not only or cluster in only:
            out.setdefault(cluster, []).append(i)
    return dict(sorted(out.items(), key=lambda pair: (pair[0] < 0, pair[0])))


def labels(found: dict, names: dict[int, str], only: set[int], alone: bool = False) -> list[dict]:
    """The name of each group over the middle of its points, instead of a legend."""
    out: list[dict] = []
    taken: list[tuple] = []
    spans = [[min(column), max(column)] for column in zip(*(point[:2] for point in found["points"]), strict=True)]
    for cluster, at in places(found, only).items():
        if cluster < 0 or alone:
            continue
        x, y = (sorted(found["points"][i][axis] for i in at)[len(at) // 2] for axis in (0, 1))
        text = for_chart(names[cluster], 30)
        shift = _free(taken, [(value - low) / ((high - low) or 1) for value, (low, high) in zip((x, y), spans, strict=True)], len(text))
        out.append(sign(x, y, text, shift, color(cluster)))
    return out if len(out) <= 16 else []


def sign(x: float, y: float, text: str, shift: int, border: str) -> dict:
    """A name on a map, `shift` pixels above its place."""
    dark = st.context.theme.type == "dark"
    look = {"showarrow": False, "font": {"size": 12, "color": charts.ink()}, "borderwidth": 1.5, "borderpad": 3, "captureevents": False}
    look["bgcolor"] = "rgba(17,23,29,0.78)" if dark else "rgba(255,255,255,0.82)"
    return {**look, "x": x, "y": y, "yshift": shift, "text": f"<b>{text}</b>", "bordercolor": border}


def _free(taken: list[tuple], place: list[float], letters: int, wide: int = 520, high: int = 380) -> int:
    """How many pixels up a label has to move so that it covers no other."""
    x, y, half = place[0] * wide, place[1] * high, 3.6 * letters + 6
    for shift in (0, 27, -27, 54, -54, 81, -81, 108, -108):
        if all(abs(x - a) > half + b or abs(y + shift - c) > 26 for a, b, c in taken):
            break
    taken.append((x, half, y + shift))
    return shift


def plane(axes: list[str], labels: list[dict], *, box: bool) -> dict:
    """The layout of a flat map: a click chooses a point, or dragging draws a box that chooses what is in it."""
    bare = {"showticklabels": False, "showgrid": True}
    return charts.layout(
        440,
        dragmode="select" if box else False,
        annotations=labels,
        xaxis=charts.axis(_axis(axes, 0), **bare),
        yaxis=charts.axis(_axis(axes, 1), **bare),
        newselection={"line": {"color": charts.ink(), "width": 1.5, "dash": "dot"}},
    )


def space(axes: list[str]) -> dict:
    """The layout of a map in three directions: dragging turns it."""
    side = {"showticklabels": False, "showbackground": False, "gridcolor": charts.CHANCE, "zeroline": False}
    scene = {f"{letter}axis": {**side, "title": {"text": _axis(axes, i), "font": {"size": 12}}} for i, letter in enumerate("xyz")}
    return charts.layout(
        440,
        showlegend=True,
        dragmode="orbit",
        scene={**scene, "aspectmode": "cube", "camera": {"eye": {"x": 1.5, "y": 1.5, "z": 0.9}}},
    )


def _axis(axes: list[str], i: int) -> str | None:
    return for_chart(axes[i], 60) if i < len(axes) else None


def heading(text: str, tail: str = "") -> dict:
    """What a small chart shows, above its left corner: easier to read than turned letters at its side."""
    place = {"xref": f"x{tail} domain", "yref": f"y{tail} domain", "x": 0, "y": 1.04, "xanchor": "left", "yanchor": "bottom"}
    return {"text": f"<b>{text}</b>", "showarrow": False, "font": {"size": 13}, **place}


def spread(found: dict[str, dict], *, key: str) -> None:
    """How each column of numbers is spread: small bars beside each other."""
    names = list(found)
    across = min(3, len(names))
    down = -(-len(names) // across)
    traces, frame = [], charts.layout(40 + 132 * down, bargap=0.08, margin={"l": 8, "r": 12, "t": 30, "b": 8})
    frame["grid"] = {"rows": down, "columns": across, "pattern": "independent", "ygap": 0.5, "xgap": 0.12}
    notes = []
    for i, name in enumerate(names):
        edges, counts = found[name]["edges"], found[name]["counts"]
        tail = "" if i == 0 else str(i + 1)
        middles = [(a + b) / 2 for a, b in itertools.pairwise(edges)]
        traces.append(
            {
                "type": "bar",
                "x": middles,
                "y": counts,
                "width": edges[1] - edges[0],
                "xaxis": f"x{tail}",
                "yaxis": f"y{tail}",
                "marker": {"color": charts.OURS},
                "hovertemplate": "%{x:.4g}: %{y}<extra></extra>",
            }
        )
        frame[f"xaxis{tail}"] = charts.axis(nticks=4, showgrid=False)
        frame[f"yaxis{tail}"] = charts.axis(showticklabels=False)
        notes.append(heading(for_chart(name, 24), tail))
    frame["annotations"] = notes
    charts.show(traces, frame, key=key, alt=_("How the values spread, one small chart a column: {names}.", names=", ".join(names)))


def sizes(rows: list[tuple[int, str, float]], *, key: str) -> None:
    """How large the groups are: (group, name, share)."""
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [100 * share for _c, _n, share in rows],
        "y": charts.distinct([name for _c, name, _s in rows], 26),
        "marker": {"color": [color(cluster) for cluster, _n, _s in rows], "cornerradius": 4},
        "text": [f"{100 * share:.0f} %" for _c, _n, share in rows],
        "textposition": "outside",
        "cliponaxis": False,
        "hoverinfo": "skip",
    }
    most = max((share for _c, _n, share in rows), default=1.0)
    frame = charts.layout(
        34 * len(rows) + 50,
        xaxis=charts.axis(range=[0, 115 * most], showticklabels=False, showgrid=False),
        yaxis=charts.axis(autorange="reversed", type="category", showgrid=False, ticksuffix="  "),
        bargap=0.35,
    )
    alt = "; ".join(f"{name} {100 * share:.0f} %" for _c, name, share in rows)
    charts.show([trace], frame, key=key, alt=alt)


def line(
    points: list[tuple], x: str, y: str, *, key: str, alt: str, mark: float | None = None, height: int = 280, other: tuple | None = None
) -> None:
    """One measured line, with the chosen place marked; `other` is (name, points) of a second one to compare with."""
    lines = [(y, points, charts.OURS, "solid"), *([(*other, charts.CHANCE, "dash")] if other else [])]
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers" if len(shown) <= 40 else "lines",
            "x": [a for a, _b in shown],
            "y": [b for _a, b in shown],
            "name": name,
            "line": {"color": tint, "width": 2.5, "dash": dash},
            "marker": {"size": 6},
            "cliponaxis": False,
        }
        for name, shown, tint, dash in lines
    ]
    frame = charts.layout(height, xaxis=charts.axis(x), yaxis=charts.axis(), margin={"l": 8, "r": 12, "t": 34, "b": 8})
    frame["annotations"] = [heading(y)]
    if other:
        last = other[1][-1]
        words = {"text": other[0], "showarrow": False, "font": {"size": 12, "color": charts.CHANCE}, "xanchor": "right", "yanchor": "top"}
        frame["annotations"].append({**words, "x": last[0], "y": last[1], "yshift": -4})
    if mark is not None:
        dotted = {"color": charts.BASELINE, "dash": "dot", "width": 2}
        frame["shapes"] = [{"type": "line", "x0": mark, "x1": mark, "yref": "paper", "y0": 0, "y1": 1, "line": dotted}]
    charts.show(traces, frame, key=key, alt=alt)


def select(
    traces: list[dict], frame: dict, *, key: str, alt: str, box: bool, changed: Callable[[], None] | str = "rerun"
) -> list[int]:
    """Draw a chart on which a click or a box selects; returns the `customdata` of what is selected. `changed()` is called before that."""
    figure = charts.figure({"data": traces, "layout": frame})
    mode = "box" if box else "points"
    state = st.plotly_chart(figure, theme=None, key=key, config=charts.CONFIG, alt=alt, on_select=changed, selection_mode=mode)
    return chosen(state)


def chosen(state) -> list[int]:
    """The `customdata` of what is selected on a chart."""
    found = [point.get("customdata") for point in ((state or {}).get("selection") or {}).get("points") or []]
    return [place[0] if isinstance(place, list | tuple) else place for place in found if place is not None]


def turn(traces: list[dict], frame: dict, *, key: str, alt: str) -> None:
    """Draw a map in three directions, which a mouse turns."""
    charts.show(traces, frame, key=key, alt=alt)

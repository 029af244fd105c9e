"""Charts of the lab: the plane with its groups and centres, and one step of K-Means."""

from __future__ import annotations

from bmcore.ui import charts, cluster_charts
from bmcore.ui.words import _, for_chart

HEIGHT = 360


def groups(found: dict, labels: list[int], *, key: str, alt: str, centres: list | None = None) -> None:
    """Every point in the colour of its group; centres as crosses."""
    names = {cluster: _("Group {n}", n=cluster + 1) if cluster >= 0 else _("In no group") for cluster in set(labels)}
    traces = cluster_charts.points({"points": found["points"], "cluster": labels}, names, deep=False, only=set())
    if centres:
        traces.append(_crosses(centres))
    charts.show(traces, _plane(found), key=key, alt=alt)


def step(found: dict, steps: list[dict], at: int, *, key: str, alt: str) -> None:
    """Points and centres at one step, with the way each centre has come."""
    shown = steps[at]
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": [x for x, _y in found["moving"]],
        "y": [y for _x, y in found["moving"]],
        "marker": {"color": [cluster_charts.color(cluster) for cluster in shown["labels"]], "size": 6, "opacity": 0.75},
        "hoverinfo": "skip",
    }
    ways: dict[str, list] = {"x": [], "y": []}
    for cluster in range(len(shown["centres"])):
        for past in steps[: at + 1]:
            ways["x"].append(past["centres"][cluster][0])
            ways["y"].append(past["centres"][cluster][1])
        ways["x"].append(None)
        ways["y"].append(None)
    way = {"type": "scatter", "mode": "lines", **ways, "line": {"color": charts.ink(), "width": 2, "dash": "dot"}, "hoverinfo": "skip"}
    frame = _plane(found)
    _fix(frame, found["moving"] + [place for past in steps for place in past["centres"]])
    # a redraw with the same key moves the centres instead of making them jump
    frame["transition"] = {"duration": 350, "easing": "cubic-in-out"}
    charts.show([points, way, _crosses(shown["centres"])], frame, key=key, alt=alt)


def _crosses(centres: list) -> dict:
    back = "#11171d" if charts.ink() == "#e8edf2" else "#ffffff"
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x for x, _y in centres],
        "y": [y for _x, y in centres],
        "name": _("Centre"),
        "marker": {"symbol": "x", "size": 15, "color": charts.ink(), "line": {"color": back, "width": 2}},
        "hovertemplate": f"{for_chart(_('Centre'))}<extra></extra>",
    }


def _plane(found: dict) -> dict:
    """A flat map on which a unit is as long in both directions."""
    bare = {"showticklabels": False, "showgrid": True, "constrain": "range"}
    across, up = _titles(found)
    return charts.layout(
        HEIGHT,
        xaxis=charts.axis(across, **bare),
        yaxis=charts.axis(up, **bare, scaleanchor="x"),
        uirevision="plane",
    )


def _titles(found: dict) -> tuple[str | None, str | None]:
    """The columns, or how much of the differences a direction shows; shapes have none."""
    if found["axes"] == ["x", "y"]:
        return None, None
    if found["axes"]:
        return for_chart(found["axes"][0], 60), for_chart(found["axes"][1], 60)
    first, second = (f"{100 * share:.0f}" for share in found["explained"])
    return _("Main direction, {share} % of the differences", share=first), _("Second direction, {share} %", share=second)


def _fix(frame: dict, places: list) -> None:
    """The same stretch of plane at every step, so that only what moves moves."""
    for axis, i in (("xaxis", 0), ("yaxis", 1)):
        low, high = min(place[i] for place in places), max(place[i] for place in places)
        frame[axis]["range"] = [low - 0.06 * (high - low), high + 0.06 * (high - low)]

"""How the number of groups, or how near is near, was chosen: the sentence and the curves."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import cluster_charts, groups
from bmcore.ui.words import _, plain


def draw(choice: dict, *, key: str) -> None:
    """The reason and the curves of a stored choice."""
    if reason := groups.sentence(choice.get("reason")):
        st.markdown(plain(reason, 1000))
    if choice.get("method") == "eps":
        _distance(choice, key)
    else:
        _number_of_groups(choice, key)


def _number_of_groups(choice: dict, key: str) -> None:
    x = _("Number of groups")
    drawn = [
        ("silhouette", _("Apart (silhouette)"), (_("one cloud"), "one_cloud")),
        ("stability", _("Comes out again (stability)"), None),
        ("inertia", _("Distance to the centres"), None),
    ]
    shown = [(y, series(choice, name), rival) for name, y, rival in drawn if len(series(choice, name)) > 1]
    for i, (column, (y, points, rival)) in enumerate(zip(st.columns(3), shown, strict=False)):
        other = (rival[0], series(choice, rival[1])) if rival and series(choice, rival[1]) else None
        with column:
            alt = f"{y}: " + "; ".join(f"{a:g}: {b:.3g}" for a, b in points[:20])
            cluster_charts.line(points, x, y, key=f"{key}:{i}", alt=alt, mark=choice.get("recommended"), height=250, other=other)


def _distance(choice: dict, key: str) -> None:
    points = [(100 * a, b) for a, b in pairs(choice.get("share"), choice.get("distance"))]
    if len(points) > 1:
        chosen = choice.get("recommended")
        alt = _("Sorted distances to a near neighbour; the line bends at {eps}.", eps=f"{chosen:.3g}" if chosen else "–")
        y = _("Distance to the nearest row number {n}", n=choice.get("min_samples", 5))
        mark = next((a for a, b in points if chosen and b >= chosen), None)
        cluster_charts.line(points, _("Share of the rows that are as near, %"), y, key=key, alt=alt, mark=mark)


def series(choice: dict, name: str) -> list[tuple]:
    """The points of one measure over the number of groups."""
    return pairs(choice.get("ks"), choice.get(name))


def pairs(x, y) -> list[tuple]:
    """Two stored lists as points; places without a number are left out."""
    if not isinstance(x, list) or not isinstance(y, list):
        return []
    return [(a, b) for a, b in zip(x, y, strict=False) if isinstance(a, int | float) and isinstance(b, int | float)]

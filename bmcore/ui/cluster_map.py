"""The map of a finished run beside its table: a click or a box on the map, or a group's button, chooses the rows of the table."""

from __future__ import annotations

import json

import streamlit as st

from bmcore.ui import cluster_charts, groups
from bmcore.ui.kinds import ClusterScenario
from bmcore.ui.words import _, number, one_line

MOST_ROWS, MOST_BUTTONS = 300, 20


def load(run) -> dict | None:
    """map.json of a run, or None where it is absent or damaged."""
    try:
        found = json.loads((run.folder / "map.json").read_bytes())
        n = len(found["points"])
        sound = n == len(found["cluster"]) == len(found["values"]) and isinstance(found["columns"], list)
        return found if sound and n and all(len(point) >= 2 for point in found["points"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def explore(run, scenario: ClusterScenario) -> None:
    """Draw both. Choosing redraws this part of the page only."""
    _explore(run.id, scenario.key)


@st.fragment
def _explore(run_id: str, scenario_key: str) -> None:
    from bmcore import runs
    from bmcore.ui.scenario import SCENARIOS

    run = runs.get(run_id)
    scenario = next(entry for entry in SCENARIOS if entry.key == scenario_key)
    found = load(run)
    if found is None:
        st.caption(_("The map of this run is missing."))
        return
    evaluation = run.evaluation or {}
    if scenario.alone:
        found["cluster"] = [min(cluster, 0) for cluster in found["cluster"]]
    purchases = run.spec["columns"].get("prepare") == "purchases"
    found["axes"] = [groups.direction(str(axis), purchases=purchases) for axis in found.get("axes") or []]
    names = groups.names(evaluation, scenario)
    names = {cluster: f"{_(scenario.group)} {cluster + 1}" for cluster in set(found["cluster"])} | names
    order = {entry["cluster"]: place for place, entry in enumerate(groups.clusters(evaluation))}
    only = _only(run_id, found, names, order)
    left, right = st.columns([6, 5], gap="large")
    with left:
        chosen = _map(run_id, scenario, found, names, only)
    with right:
        _said(scenario, found, only, chosen, evaluation.get("n"))
        _table(run_id, scenario, found, names, only, chosen, purchases=purchases)


def _only(run_id: str, found: dict, names: dict[int, str], order: dict[int, int]) -> set[int]:
    """The groups that are shown; none chosen means all. Buttons, so that a keyboard can do what a click on the map does."""
    present = sorted(set(found["cluster"]), key=lambda cluster: (cluster < 0, order.get(cluster, len(order)), cluster))
    present = present[:MOST_BUTTONS] + [cluster for cluster in present[MOST_BUTTONS:] if cluster < 0]
    picked = st.pills(
        _("Show"),
        present,
        selection_mode="multi",
        format_func=lambda cluster: one_line(names[cluster], 44),
        key=f"cluster_map.only:{run_id}",
        label_visibility="collapsed",
    )
    return set(picked or ())


def _map(run_id: str, scenario: ClusterScenario, found: dict, names: dict[int, str], only: set[int]) -> list[int]:
    mode = _mode(run_id, deep=len(found["points"][0]) >= 3)
    traces = cluster_charts.points(found, names, deep=mode == "turn", only=only, alone=scenario.alone)
    alt = _("A map of {n} points in {k} colours; near each other means alike.", n=number(len(found["points"])), k=len(traces))
    key, axes = f"cluster_map.{mode}_map:{run_id}", found.get("axes") or []
    if mode == "turn":
        cluster_charts.turn(traces, cluster_charts.space(axes), key=key, alt=alt)
        st.caption(_("Drag to turn it."))
        return []
    frame = cluster_charts.plane(axes, cluster_charts.labels(found, names, only, scenario.alone), box=mode == "box")
    chosen = cluster_charts.select(traces, frame, key=key, alt=alt, box=mode == "box")
    hints = {
        "points": _("Click a point, or several with the shift key: the table shows those rows."),
        "box": _("Drag a box: the table shows the rows in it. A double-click takes it back."),
    }
    st.caption(hints[mode] + " " + _explained(found))
    return [place for place in chosen if isinstance(place, int) and 0 <= place < len(found["points"])]


def _mode(run_id: str, *, deep: bool) -> str:
    """What the mouse does on the map. Streamlit gives a chart either clicks or boxes, and a finger must still be able to scroll past it."""
    words = {"points": _("Click points"), "box": _("Drag a box")} | ({"turn": _("Turn it")} if deep else {})
    return st.segmented_control(
        _("On the map"),
        list(words),
        default="points",
        required=True,
        format_func=words.get,
        key=f"cluster_map.mode:{run_id}",
        label_visibility="collapsed",
    )


def _explained(found: dict) -> str:
    """How much of the differences a flat map can show."""
    shares = [share for share in (found.get("explained") or [])[:2] if isinstance(share, int | float)]
    if not shares or not 0 < sum(shares) <= 1.001:
        return ""
    return _("These two directions show {share} % of all differences.", share=round(100 * sum(shares)))


def _places(found: dict, only: set[int], chosen: list[int]) -> list[int]:
    return [place for place in chosen or range(len(found["points"])) if not only or found["cluster"][place] in only]


def _said(scenario: ClusterScenario, found: dict, only: set[int], chosen: list[int], everybody: int | None) -> None:
    """How many rows the table has now, in a line."""
    here, total, unit = len(_places(found, only, chosen)), len(found["points"]), _(scenario.unit)
    if chosen:
        st.markdown(_("**{n}** chosen on the map", n=number(here)))
    elif only:
        st.markdown(_("**{n}** of {total} on the map", n=number(here), total=number(total)))
    elif everybody and everybody > total:
        st.markdown(_("**{n}** of {total} {unit} on the map, drawn by chance", n=number(total), total=number(everybody), unit=unit))
    else:
        st.markdown(_("**{total}** {unit} on the map", total=number(total), unit=unit))


def _table(
    run_id: str, scenario: ClusterScenario, found: dict, names: dict[int, str], only: set[int], chosen: list[int], *, purchases: bool
) -> None:
    places = _places(found, only, chosen)
    group = _(scenario.group)
    columns = [groups.column(name, purchases=purchases, short=True) for name in found["columns"]]
    rows = [
        {group: names[found["cluster"][place]], **dict(zip(columns, map(_cell, found["values"][place]), strict=False))}
        for place in places[:MOST_ROWS]
    ]
    st.dataframe(
        rows,
        hide_index=True,
        height=440,
        key=f"cluster_map.table:{run_id}",
        alt=_("The chosen rows with their group."),
        column_config={group: st.column_config.TextColumn(width=130)},
    )
    if len(places) > MOST_ROWS:
        st.caption(_("The first {n} are shown; the file below has all of them.", n=MOST_ROWS))


def _cell(value):
    return one_line(value, 300) if isinstance(value, str) else value

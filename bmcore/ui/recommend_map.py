"""The map of items beside its table: similar ones lie together; a click on one, or a choice from the list, shows what is most like it."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import charts, cluster_charts, recommend_ask, recommend_list
from bmcore.ui.kinds import RecommendScenario
from bmcore.ui.words import _, for_chart, number, one_line, plain

MOST_ROWS, MOST_GROUPS, SIMILAR = 300, 10, 10


def explore(run, scenario: RecommendScenario) -> None:
    """Draw both. Choosing redraws this part of the page only."""
    _explore(run.id, scenario)


@st.fragment
def _explore(run_id: str, scenario: RecommendScenario) -> None:
    from bmcore import runs

    known = recommend_ask.items(runs.get(run_id))
    if known is None:
        st.caption(_("The map of this run is missing."))
        return
    names, cluster = _groups(known)
    only = _only(run_id, names)
    left, right = st.columns([6, 5], gap="large")
    with left:
        _map(run_id, scenario, known, names, cluster, only)
    with right:
        chosen = st.selectbox(
            _("Find one"),
            known.ranked,
            index=None,
            format_func=lambda place: known.titles[place],
            placeholder=_("Search {n} {things}", n=number(len(known.ids)), things=_(scenario.items)),
            key=_key(run_id),
            on_change=_found,
            args=(run_id,),
        )
        if chosen is None:
            _table(run_id, scenario, known, [place for place in known.ranked if not only or cluster[place] in only])
        else:
            _similar(run_id, scenario, known, chosen)


def _key(run_id: str) -> str:
    """The widget that holds the chosen item: a click on the map or in a table sets it."""
    return f"recommend_map.chosen:{run_id}"


def _found(run_id: str) -> None:
    """Before the page is drawn: what was chosen beside the map gets a ring on it, and whatever was clicked before is forgotten."""
    turn, _ring = st.session_state.get(f"recommend_map.ring:{run_id}", (0, None))
    st.session_state[f"recommend_map.ring:{run_id}"] = (turn + 1, st.session_state.get(_key(run_id)))


def _groups(known: recommend_ask.Items) -> tuple[dict[int, str], list[int]]:
    """Number -> name, the largest group first, and the number of each item's group; -1 is one of the others, or none."""
    counts: dict[str, int] = {}
    for group in known.groups:
        if group is not None:
            counts[group] = counts.get(group, 0) + 1
    largest = sorted(counts, key=lambda group: (-counts[group], group))[:MOST_GROUPS]
    order = {group: i for i, group in enumerate(largest)}
    return dict(enumerate(largest)) | {-1: _("Others")}, [order.get(group, -1) for group in known.groups]


def _only(run_id: str, names: dict[int, str]) -> set[int]:
    """The groups that are shown; none chosen means all."""
    present = [number for number in names if number >= 0]
    if len(present) < 2:
        return set()
    picked = st.pills(
        _("Show"),
        present,
        selection_mode="multi",
        format_func=lambda number: one_line(names[number], 34),
        key=f"recommend_map.only:{run_id}",
        wrap=True,
        label_visibility="collapsed",
    )
    return set(picked or ())


def _map(run_id: str, scenario: RecommendScenario, known, names: dict[int, str], cluster: list[int], only: set[int]) -> None:
    found = {"points": known.points, "cluster": cluster}
    turn, ring = st.session_state.get(f"recommend_map.ring:{run_id}", (0, None))
    key = f"recommend_map.map:{run_id}:{turn}"
    traces = cluster_charts.points(found, names, deep=False, only=only, texts=known.titles)
    signs = []
    if ring is not None and ring < len(known.points):
        traces.append(_ring(*known.points[ring], ring))
        signs = [cluster_charts.sign(*known.points[ring], for_chart(known.titles[ring], 40), 24, charts.ink())]
    alt = _(
        "A map of {n} {things}; near each other means that the same people take them.", n=number(len(known.ids)), things=_(scenario.items)
    )
    frame = cluster_charts.plane([], signs, box=False)
    if len(names) > 2:  # groups of items mix on the map, so their names stand below it and not over their middle
        legend = {"orientation": "h", "y": -0.02, "yanchor": "top", "x": 0, "itemclick": False, "itemsizing": "constant"}
        frame |= {"showlegend": True, "legend": legend, "height": 520}
    cluster_charts.select(traces, frame, key=key, alt=alt, box=False, changed=lambda: _clicked(run_id, key))
    st.caption(_("Near each other means that the same people take them. Click a point: what is most like it appears beside the map."))


def _ring(x: float, y: float, place: int) -> dict:
    """A ring around an item."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x],
        "y": [y],
        "customdata": [place],
        "marker": {"symbol": "circle-open", "size": 19, "color": charts.ink(), "line": {"width": 2.5}},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _clicked(run_id: str, key: str) -> None:
    """Before the page is drawn: the clicked point is the chosen item."""
    places = cluster_charts.chosen(st.session_state.get(key))
    if places:
        st.session_state[_key(run_id)] = places[0]
        turn, _ring = st.session_state.get(f"recommend_map.ring:{run_id}", (0, None))
        st.session_state[f"recommend_map.ring:{run_id}"] = (turn, None)


def _table(run_id: str, scenario: RecommendScenario, known, places: list[int]) -> None:
    """The most popular; a click on a row chooses it."""
    shown, key = places[:MOST_ROWS], f"recommend_map.table:{run_id}"
    grouped = any(group is not None for group in known.groups)
    rows = [
        {
            _(scenario.item): known.titles[place],
            **({_("Group"): known.groups[place] or ""} if grouped else {}),
            _("Taken by"): round(known.popularity[place]),
        }
        for place in shown
    ]
    st.dataframe(
        rows,
        hide_index=True,
        height=400,
        key=key,
        alt=_("The items on the map, the most popular first."),
        on_select=lambda: _row(run_id, key, shown),
        selection_mode="single-row",
    )
    words = _("**{n}** {things} on the map, the most popular first.", n=number(len(places)), things=_(scenario.items))
    st.caption(words + (" " + _("The first {n} are shown.", n=MOST_ROWS) if len(places) > MOST_ROWS else ""))


def _row(run_id: str, key: str, places: list[int]) -> None:
    """Before the page is drawn: the clicked row is the chosen item."""
    picked = (st.session_state.get(key) or {}).get("selection", {}).get("rows") or []
    if picked and picked[0] < len(places) and places[picked[0]] >= 0:
        st.session_state[_key(run_id)] = places[picked[0]]
        _found(run_id)


def _similar(run_id: str, scenario: RecommendScenario, known, chosen: int) -> None:
    """What is most like the chosen item; a click on a row goes there."""
    st.markdown(
        _(
            "Most like **{title}**, which {n} {unit} have:",
            title=plain(known.titles[chosen], 80),
            n=number(known.popularity[chosen]),
            unit=_(scenario.unit),
        )
    )
    rows = recommend_ask.ask(run_id, "similar", {"items": [known.ids[chosen]], "k": SIMILAR})
    if not rows:
        return
    key = f"recommend_map.similar:{run_id}:{chosen}"
    places = [known.place.get(row.get("item"), -1) for row in rows]
    table = [{_(scenario.item): recommend_list.name(row), _("How alike"): _score(row)} for row in rows]
    most = max((row[_("How alike")] for row in table), default=1.0)
    st.dataframe(
        table,
        hide_index=True,
        height=388,
        key=key,
        alt=_("The {n} items most like the chosen one.", n=len(rows)),
        column_config={
            _(scenario.item): st.column_config.TextColumn(width=210),
            _("How alike"): st.column_config.ProgressColumn(format="%.2f", min_value=0.0, max_value=max(most, 1e-9), width=120),
        },
        on_select=lambda: _row(run_id, key, places),
        selection_mode="single-row",
    )
    st.caption(_("Click a row to go on from there; empty the field above to see all of them."))


def _score(row: dict) -> float:
    return float(row["score"]) if isinstance(row.get("score"), int | float) else 0.0

"""What only one scenario shows of its groups: does a segment predict spending, themes by a column and over time."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import charts, cluster_charts, groups
from bmcore.ui.kinds import ClusterScenario
from bmcore.ui.words import _, for_chart, plain

MOST = 8


def holdout(found: dict, scenario: ClusterScenario, run_id: str) -> None:
    """Whether the segment of the first half says what is spent in the second."""
    told = found.get("holdout")
    sentence = groups.sentence(((told or {}).get("verdict") or {}).get("message"))
    if not sentence:
        return
    st.markdown(f"##### {_('Does it predict what they spend next?')}", anchors=False)
    st.markdown(plain(sentence, 800))
    _captured(told, run_id)
    _later(told, scenario, run_id)


def _captured(told: dict, run_id: str) -> None:
    """What the best fifth spent later, chosen by segment, by past spending, and by chance."""
    names = {"segments": _("By segment"), "past_spending": _("By past spending"), "random": _("By chance")}
    tints = {"segments": charts.OURS, "past_spending": charts.BASELINE, "random": charts.CHANCE}
    rows = []
    for name, value in (told.get("captured") or {}).items():
        if name in names and isinstance(value.get("value"), int | float):
            middle = value["value"]
            rows.append((names[name], {"value": middle, "low": value.get("low", middle), "high": value.get("high", middle)}, tints[name]))
    if rows:
        top = round(100 * told.get("top", 0.2))
        alt = "; ".join(f"{name} {value['value']:.2f}" for name, value, _c in rows)
        title = _("Share of all later spending, by the best {top} % of customers", top=top)
        charts.intervals(rows, key=f"cluster_extra.captured:{run_id}", alt=alt, title=title)


def _later(told: dict, scenario: ClusterScenario, run_id: str) -> None:
    segments = [row for row in told.get("segments") or [] if isinstance(row, dict)]
    if not segments:
        return
    rows = [
        {
            _(scenario.group): groups.sentence(row.get("name")) or f"{_(scenario.group)} {row.get('cluster', 0) + 1}",
            _("Customers"): row.get("n"),
            _("Spent before"): _rounded(row.get("before")),
            _("Spent after"): _rounded((row.get("after") or {}).get("value")),
            _("Came back, %"): _rounded(100 * row["came_back"]) if isinstance(row.get("came_back"), int | float) else None,
        }
        for row in segments
    ]
    with st.expander(_("Segment by segment"), icon=":material/table_rows:"):
        st.dataframe(
            rows, hide_index=True, key=f"cluster_extra.later:{run_id}", alt=_("What each segment of the first half spent before and after.")
        )
        st.caption(
            _(
                "Segments made from purchases before {middle} only; money is the average of a customer.",
                middle=plain(told.get("middle", ""), 20),
            )
        )


def _rounded(value) -> float | None:
    return round(value, 1) if isinstance(value, int | float) else None


def where_and_when(run, found: dict, scenario: ClusterScenario) -> None:
    """The share of each theme by a column, and over time."""
    names = groups.names(found, scenario)
    order = [entry["cluster"] for entry in sorted(groups.clusters(found), key=lambda entry: -entry.get("n", 0)) if entry["cluster"] >= 0]
    by = _rows(found.get("by"), "value")
    if len(by) > 1:
        st.markdown(f"##### {_('Compared by {column}', column=plain(run.spec['columns'].get('by', ''), 60))}", anchors=False)
        _stacked(by, order, names, key=f"cluster_extra.by:{run.id}")
        st.caption(_("Each bar is everything that was said there; its colours are the themes of the map."))
    time = _rows(found.get("over_time"), "period")
    if len(time) > 2:
        st.markdown(f"##### {_('Over time')}", anchors=False)
        _lines(time, order[:MOST], names, key=f"cluster_extra.time:{run.id}")


def _rows(stored, name: str) -> list[dict]:
    rows = stored if isinstance(stored, list) else []
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("shares"), list) and name in row]


def _share(row: dict, cluster: int) -> float:
    return 100 * row["shares"][cluster] if cluster < len(row["shares"]) else 0.0


def _stacked(rows: list[dict], order: list[int], names: dict[int, str], *, key: str) -> None:
    """A bar a value, divided into the themes."""
    values = charts.distinct([f"{row['value']}" for row in rows], 22)
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "x": [_share(row, cluster) for row in rows],
            "y": values,
            "name": for_chart(names[cluster]),
            "marker": {"color": cluster_charts.color(cluster)},
            "hovertemplate": f"{for_chart(names[cluster])}<br>%{{y}}: %{{x:.0f}} %<extra></extra>",
        }
        for cluster in order
    ]
    frame = charts.layout(
        36 * len(rows) + 70,
        barmode="stack",
        xaxis=charts.axis(_("Share of the messages, %"), range=[0, 100]),
        yaxis=charts.axis(autorange="reversed", type="category", showgrid=False, ticksuffix="  "),
        bargap=0.3,
    )
    most = "; ".join(f"{row['value']}: {names[max(order, key=lambda cluster, row=row: _share(row, cluster))]}" for row in rows[:12])
    charts.show(traces, frame, key=key, alt=_("How the themes divide each value; the largest: {most}.", most=most))


def _lines(rows: list[dict], order: list[int], names: dict[int, str], *, key: str) -> None:
    """A line a theme over the periods."""
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [row["period"] for row in rows],
            "y": [_share(row, cluster) for row in rows],
            "name": for_chart(names[cluster]),
            "line": {"color": cluster_charts.color(cluster), "width": 2.5},
        }
        for cluster in order
    ]
    frame = charts.layout(300, xaxis=charts.axis(), yaxis=charts.axis(_("Share of the messages, %"), rangemode="tozero"))
    charts.show(traces, frame, key=key, alt=_("The share of {n} themes over {periods} periods.", n=len(order), periods=len(rows)))

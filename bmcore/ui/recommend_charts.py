"""Charts of recommendations: how well they work by how much is known of somebody."""

from __future__ import annotations

from bmcore.ui import charts
from bmcore.ui.kinds import RecommendScenario
from bmcore.ui.words import _, for_chart, number


def history(rows: list[dict], ours: str, rival: str, scenario: RecommendScenario, *, key: str) -> None:
    """Ours with its intervals, and the best simple way, a place on the axis for each length of history."""
    names = [f"{span(row)}<br>({number(row.get('n'))})" for row in rows]
    values = [row["ndcg_10"] for row in rows]
    bars = {
        "type": "data",
        "symmetric": False,
        "array": [v["high"] - v["value"] for v in values],
        "arrayminus": [v["value"] - v["low"] for v in values],
        "thickness": 2,
        "width": 7,
        "color": charts.OURS,
    }
    shared = {"type": "scatter", "mode": "lines+markers", "x": names, "cliponaxis": False, "hovertemplate": "%{y:.3f}<extra></extra>"}
    traces = [
        {
            **shared,
            "y": [row.get("baseline") for row in rows],
            "name": for_chart(rival),
            "line": {"color": charts.BASELINE, "width": 2, "dash": "dash"},
            "marker": {"size": 8, "symbol": "diamond"},
        },
        {
            **shared,
            "y": [v["value"] for v in values],
            "name": for_chart(ours),
            "line": {"color": charts.OURS, "width": 2.5},
            "marker": {"size": 9},
            "error_y": bars,
        },
    ]
    title = _("How many {things} were known of them", things=for_chart(_(scenario.items), 20))
    x = charts.axis(title, type="category", showgrid=False, tickangle=0)
    frame = charts.layout(320, showlegend=True, xaxis=x, yaxis=charts.axis(_("NDCG@10"), rangemode="tozero"))
    alt = "; ".join(f"{span(row)}: {row['ndcg_10']['value']:.3f}" for row in rows)
    charts.show(traces, frame, key=key, alt=alt)


def span(row: dict) -> str:
    """The lengths of history that a bin holds: "1", "10–29", "100+"."""
    low, high = row.get("low"), row.get("high")
    if high is None:
        return f"{low:,}+"
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"

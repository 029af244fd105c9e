"""Charts of picture runs: the loss, accuracy by class, one number of several methods."""

from __future__ import annotations

import math

from bmcore.messages import Message
from bmcore.ui import charts
from bmcore.ui.words import _, for_chart

# a name of a report -> (what it is called, its colour)
LOSSES = {
    "loss": (Message("Error while training (loss)"), charts.OURS),
    "loss_generator": (Message("Generator"), charts.OURS),
    "loss_discriminator": (Message("Discriminator"), charts.BASELINE),
}
SMOOTH = 0.8


def losses(run, *, key: str, height: int = 240) -> bool:
    """The loss over training time, or both where two networks learn against each other. False where there is nothing to draw."""
    points = [point for point in run.curve() if point.get("phase") == "train"]
    names = [name for name in {name: None for point in points for name in point} if name.startswith("loss") or name.endswith("_loss")]
    traces = [trace for i, name in enumerate(names[:3]) if (trace := _trace(points, name, i))]
    if not traces:
        return False
    frame = charts.layout(
        height,
        showlegend=len(traces) > 1,
        xaxis=charts.axis(_("Share of the training, %"), rangemode="tozero"),
        yaxis=charts.axis(_("Loss")),
    )
    last = traces[0]["y"][-1]
    alt = _("The error while training over the time it learned; the latest is {value}.", value=f"{last:.3g}")
    charts.show(traces, frame, key=key, alt=alt)
    return True


def _trace(points: list[dict], name: str, i: int) -> dict | None:
    line = [(_share(point), point[name]) for point in points if _finite(point.get(name)) and _share(point) is not None]
    if len(line) < 2:
        return None
    title, color = LOSSES.get(name, (Message("{name}", name=for_chart(name.replace("_", " "))), charts.SERIES[i]))
    line = charts.smooth(line, SMOOTH)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x for x, _y in line],
        "y": [y for _x, y in line],
        "name": _(title),
        "line": {"color": color, "width": 2.5},
    }


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _share(point: dict) -> float | None:
    """How far the training was, in percent: the one measure that steps and minutes have in common."""
    step, total = point.get("step"), point.get("total")
    return 100.0 * step / total if _finite(step) and _finite(total) and total > 0 else None


def by_class(rows: list[dict], *, key: str) -> bool:
    """How often a picture of each class is read as what was asked for."""
    whole = [row for row in rows if isinstance(row, dict) and _finite((row.get("accuracy") or {}).get("value"))][:24]
    if not whole:
        return False
    bars = [(str(row.get("class")), float(row["accuracy"]["value"])) for row in whole]
    alt = "; ".join(f"{name} {100 * value:.0f} %" for name, value in bars)
    charts.bars(bars, _("Read as what was asked for, %"), key=key, alt=alt)
    return True

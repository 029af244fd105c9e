"""Step "result" of groups: the verdict and its two numbers, and what stands behind "more"."""

from __future__ import annotations

import os

import streamlit as st

from bmcore.evaluate.names import NAMES
from bmcore.messages import Message
from bmcore.ui import charts, cluster_charts, cluster_choice, cluster_steps, groups
from bmcore.ui.kinds import ClusterScenario
from bmcore.ui.words import _, number, one_line, plain, signed

# verdict -> (box, icon)
LOOK = {
    "structure": ("success", ":material/verified:"),
    "weak": ("warning", ":material/balance:"),
    "none": ("error", ":material/blur_on:"),
}
METRICS = {
    "silhouette": (
        Message("Apart"),
        Message("Silhouette: how much nearer a row is to its own group than to the next one. 1 is far apart, 0 is no border at all."),
    ),
    "stability": (
        Message("Comes out again"),
        Message("How far the same groups come out from other samples of the rows (adjusted Rand index). 1 is always, 0 is by chance."),
    ),
}


def verdict(found: dict, run_id: str) -> None:
    """The sentence, then both measures beside those of data without groups, with their intervals drawn."""
    box, icon = LOOK.get(found["verdict"]["kind"], LOOK["weak"])
    getattr(st, box)(f"**{plain(_(Message.from_dict(found['verdict']['message'])), 2000)}**", icon=icon)
    shown = [name for name in METRICS if _measured((found.get("model") or {}).get(name))]
    for name, column in zip(shown, st.columns(2, gap="large"), strict=False):
        with column:
            _measure(name, found, run_id)
    if shown:
        st.caption(
            _(
                "Both comparisons have no groups by design, and the same method was let loose on them: a cloud of the same spread, and our "
                "columns, each in random order. What finds groups everywhere has found nothing."
            )
        )


def _measure(name: str, found: dict, run_id: str) -> None:
    """One measure: ours as a number, and every interval."""
    ours = found["model"][name]
    rivals = [(entry, entry[name]) for entry in reversed(found.get("baselines") or []) if _measured(entry.get(name))]
    delta = None
    if rivals:
        difference = signed(ours["value"] - rivals[0][1]["value"]).replace("−", "-")
        delta = _("{difference} against {other}", difference=difference, other=_rival(rivals[0][0]))
    clear = bool(rivals) and ours["low"] > rivals[0][1]["high"]
    color = "normal" if clear else "off"
    st.metric(_(METRICS[name][0]), f"{ours['value']:.2f}", delta, help=_(METRICS[name][1]), delta_color=color)
    rows = [(_("Ours"), ours, charts.OURS)]
    rows += [(_rival(entry), value, charts.BASELINE if entry["name"] == "one_cloud" else charts.CHANCE) for entry, value in rivals]
    alt = "; ".join(f"{row} {v['value']:.2f} ({v['low']:.2f} – {v['high']:.2f})" for row, v, _c in rows)
    charts.intervals(rows, key=f"cluster_result.{name}:{run_id}", alt=alt, title=_("1 is perfect (bar: 95 % interval)"))


def _rival(entry: dict) -> str:
    return _(NAMES.get(entry.get("name"), Message("no groups")))


def _measured(value) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), int | float) for name in ("value", "low", "high"))


def sizes(found: dict, names: dict[int, str], run_id: str) -> None:
    """How large each group is."""
    order = {entry["cluster"]: place for place, entry in enumerate(groups.clusters(found))}
    known = sorted(found["sizes"], key=lambda row: (row["cluster"] < 0, order.get(row["cluster"], len(order))))
    rows = [(row["cluster"], names.get(row["cluster"], "?"), row["share"]) for row in known if row.get("n")]
    cluster_charts.sizes(rows[:30], key=f"cluster_result.sizes:{run_id}")
    if len(rows) > 30:
        st.caption(_("The first 30 of {n}.", n=len(rows)))


def export(run, scenario: ClusterScenario) -> None:
    """clusters.csv, opened only when somebody presses the button."""
    path = run.folder / "clusters.csv"
    try:
        size = os.stat(path).st_size
    except OSError:
        return
    st.download_button(
        _("Download all {unit} with their group", unit=_(scenario.unit)),
        lambda: path.read_bytes(),
        file_name=f"{scenario.key}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"cluster_result.export:{run.id}",
        help=_(
            "A CSV file, {size} kB. Cells that a spreadsheet would run as a formula are made harmless.", size=number(max(1, size / 1000))
        ),
    )


def more(run, found: dict) -> None:
    """How the number of groups was chosen, how it was trained, every number: folded."""
    if found.get("choice"):
        with st.expander(_("How the number was chosen"), icon=":material/tune:"):
            cluster_choice.draw(found["choice"], key=f"cluster_result.choice:{run.id}")
    with st.expander(_("How it was trained"), icon=":material/show_chart:"):
        cluster_steps.how(run)
    with st.expander(_("Every number"), icon=":material/table_chart:"):
        _numbers(found, run.id)


def _numbers(found: dict, run_id: str) -> None:
    rows = []
    for entry in [found.get("model") or {}, *(found.get("baselines") or [])]:
        mine = entry is found.get("model")
        row = {_("Groups in"): _("our data") if mine else _rival(entry)}
        rows.append(row | {_(METRICS[name][0]): _interval(entry.get(name)) for name in METRICS})
    st.dataframe(
        rows, hide_index=True, key=f"cluster_result.numbers:{run_id}", alt=_("Both measures of our groups and of data without groups.")
    )
    facts = [_("{n} rows, {d} columns, {k} groups.", n=number(found.get("n")), d=found.get("n_features", 0), k=found.get("k", 0))]
    if found.get("noise"):
        facts.append(_("{n} rows are in no group.", n=number(found["noise"])))
    if found.get("columns"):
        facts.append(_("Columns: {columns}.", columns=plain(", ".join(one_line(name, 40) for name in found["columns"]), 400)))
    st.caption(" ".join(facts))


def _interval(value) -> str:
    return f"{value['value']:.3f}  ({value['low']:.3f} – {value['high']:.3f})" if _measured(value) else "–"

"""Rows without neighbours: how many, which first, what makes each unusual, and whether they were really bad."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import charts, groups
from bmcore.ui.words import _, for_chart, number, one_line, plain

MOST = 100


def headline(found: dict, run_id: str) -> None:
    """How many rows are unusual, and what that does not mean."""
    n, noise = found.get("n") or 0, found.get("noise") or 0
    if not noise:
        st.info(
            _("Every row has neighbours: nothing unusual was found at this distance. A smaller eps makes the screen stricter."),
            icon=":material/info:",
        )
        return
    share = 100 * noise / max(1, n)
    words = _(
        "{noise} of {n} rows have no neighbours ({share} %). A person should look at them first.",
        noise=number(noise),
        n=number(n),
        share=number(share, 1),
    )
    show = st.warning if share > 20 else st.info
    show(f"**{plain(words)}**", icon=":material/troubleshoot:")
    if share > 20:
        st.caption(
            _("That is too many to be unusual: the columns may be too many or too different. Choose fewer columns, or a larger eps.")
        )
    st.caption(_("Unusual is not wrong: this screen ranks rows for a person to read. It cannot tell fraud from a rare honest customer."))


def ranked(found: dict, run_id: str) -> None:
    """The rows, the most unusual first, each with the columns that make it so."""
    rows = [entry for entry in found.get("outliers") or [] if isinstance(entry, dict)]
    if not rows:
        return
    st.markdown(f"##### {_('Look at these first')}", anchors=False)
    reasons = _("Why it stands out")
    shown = [
        {
            _("Row"): entry.get("row", 0) + 2,
            reasons: "; ".join(_reason(why) for why in (entry.get("why") or [])[:3]),
            **_values(entry, first=(found.get("agreement") or {}).get("label")),
        }
        for entry in rows[:MOST]
    ]
    st.dataframe(
        shown,
        hide_index=True,
        height=min(420, 40 + 36 * len(shown)),
        key=f"cluster_outliers.table:{run_id}",
        alt=_("The {n} most unusual rows with their reasons.", n=len(shown)),
        column_config={
            reasons: st.column_config.TextColumn(width="large"),
            _("Row"): st.column_config.NumberColumn(width="small", format="%d"),
        },
    )
    st.caption(_("The row is its line in your file, where the header is line 1. Usual is what 90 of 100 rows have."))
    if len(rows) > MOST:
        st.caption(_("The first {n} are shown; the file below has all of them.", n=MOST))


def _reason(why: dict) -> str:
    """amount 14,896 (usual 700 to 9,300)"""
    parts = {name: _shown(why.get(name)) for name in ("value", "usual_low", "usual_high")}
    return _(
        "{column} {value} (usual {low} to {high})",
        column=one_line(why.get("column", ""), 40),
        value=parts["value"],
        low=parts["usual_low"],
        high=parts["usual_high"],
    )


def _shown(value) -> str:
    if isinstance(value, int | float):
        return number(value) if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return one_line("–" if value is None else value, 40)


def _values(entry: dict, first: str | None) -> dict:
    """The row's cells; the column that tells what was bad stands first."""
    given = entry.get("values") or {}
    ordered = {name: given[name] for name in sorted(given, key=lambda name: name != first)}
    return {one_line(name, 60): one_line(value, 200) if isinstance(value, str) else value for name, value in ordered.items()}


def agreement(run, found: dict) -> None:
    """Whether the unusual rows were really bad, where a column tells."""
    told = found.get("agreement")
    if not isinstance(told, dict):
        st.caption(_("No column tells which rows were really bad, so nobody knows how many of these are. Read the first twenty and count."))
        return
    st.markdown(f"##### {_('Were they really bad?')}", anchors=False)
    if sentence := groups.sentence(told.get("message")):
        st.markdown(plain(sentence, 600))
    rare = one_line(told.get("rare", ""), 60)
    rates = [(_("Among the unusual rows"), told.get("precision")), (_("Among all rows"), told.get("base_rate"))]
    rows = [(name, float(share)) for name, share in rates if isinstance(share, int | float)]
    if len(rows) == 2:
        alt = "; ".join(f"{name} {100 * share:.0f} %" for name, share in rows)
        charts.bars(rows, _("Share that is {rare}, %", rare=for_chart(rare)), key=f"cluster_outliers.agreement:{run.id}", alt=alt, strong=0)

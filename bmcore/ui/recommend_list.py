"""Recommendations as a list: the item, and why it is shown."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from bmcore.messages import Message
from bmcore.ui.kinds import RecommendScenario
from bmcore.ui.words import _, one_line, plain

REASONS = 3


def draw(rows: list[dict], scenario: RecommendScenario, *, key: str, take: Callable | None = None) -> None:
    """A line an item; `take(item)` is called when its button is pressed, where there is one."""
    if not rows:
        st.caption(_("There is nothing left to recommend."))
        return
    reasons = [why(row, scenario) for row in rows]
    same = len(rows) > 1 and len(set(reasons)) == 1
    if same and reasons[0]:
        st.caption(plain(reasons[0], 400))
    with st.container(border=True, gap="small", key=key.replace(".", "_").replace(":", "_")):
        for place, row in enumerate(rows):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                with st.container(width="stretch", gap=None):
                    st.markdown(f"{place + 1} · **{plain(name(row), 90)}**")
                    if reasons[place] and not same:
                        st.caption(plain(reasons[place], 400))
                if take:
                    words = _("Add {item} to the basket", item=plain(name(row), 60))
                    st.button(
                        _("Add"), key=f"{key}.take:{place}", icon=":material/add:", type="tertiary", help=words, on_click=take, args=(row,)
                    )


def name(row: dict) -> str:
    """What an item is called, else its id."""
    return one_line(row.get("title") or row.get("item"), 90)


def why(row: dict, scenario: RecommendScenario) -> str | None:
    """Why it is shown, as plain text: what speaks for it and how much, or the model's own sentence."""
    because = [one for one in row.get("because") or [] if isinstance(one, dict) and isinstance(one.get("share"), int | float)]
    said = [_("{item} ({share} %)", item=one_line(name(one), 50), share=round(100 * one["share"])) for one in because[:REASONS]]
    if said:
        return _(scenario.because.template, what=", ".join(said))
    reason = row.get("why")
    if isinstance(reason, dict) and isinstance(reason.get("template"), str):
        return one_line(_(Message.from_dict(reason)), 300)
    return None

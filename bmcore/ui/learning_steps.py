"""A learning path as cards in order: what to do, what speaks for it, what it requires, how hard it is."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import recommend_list
from bmcore.ui.kinds import RecommendScenario
from bmcore.ui.words import _, number, one_line, plain

DOTS = 5


def draw(found: dict, scenario: RecommendScenario, *, key: str) -> None:
    """Who it is for, the cards beside each other (on a phone below), and what the path could not keep to."""
    st.markdown(_done(found))
    if not found["steps"]:
        st.caption(_("Nothing that is left can be reached from here: allow harder steps, or tick more of what was done."))
        return
    cards = st.columns(len(found["steps"]), gap="small")
    for place, (column, step) in enumerate(zip(cards, found["steps"], strict=True), 1):
        with column.container(border=True, height="stretch", key=f"{key}.{place}".replace(".", "_").replace(":", "_")):
            _card(place, step, found, scenario)
    for sentence in _silent(found):
        st.caption(sentence)


def _done(found: dict) -> str:
    done, level = found["done"], found["level"]
    if not done["n"]:
        return _("**Nothing done so far.** The path begins with what most begin with.")
    titles = ", ".join(one_line(title, 40) for title in done["titles"])
    words = _(
        "**Done so far: {n}.** {titles}",
        n=number(done["n"]),
        titles=plain(titles, 600) + (", …" if done["n"] > len(done["titles"]) else ""),
    )
    return words if level is None else f"{words}  \n{_('Level reached: {level}', level=f'{level:g}')}"


def _card(place: int, step: dict, found: dict, scenario: RecommendScenario) -> None:
    st.markdown(f":blue-badge[{place}] **{plain(step['title'], 90)}**")
    if found["difficulty"]:
        st.markdown(_difficulty(step["difficulty"], *found["difficulty"]))
    for need in step["requires"]:
        st.markdown(_need(need))
    if step["toward"]:
        st.caption(_("It has to come before: {title}", title=plain(step["toward"], 90)))
    if reason := recommend_list.why(step, scenario):
        st.caption(plain(reason, 400))


def _difficulty(value: float | None, low: float, high: float) -> str:
    """Dots and the number, which a screen reader gets too."""
    if value is None:
        return f":gray[{_('difficulty not known')}]"
    filled = 1 + round((DOTS - 1) * (value - low) / ((high - low) or 1.0))
    return f"{'●' * filled}{'○' * (DOTS - filled)} {_('difficulty {value}', value=f'{value:g}')}"


def _need(need: dict) -> str:
    title = plain(need["title"], 60)
    if need["step"] is None:
        return f":green[:material/check: {_('needs {title}: done', title=title)}]"
    return f":gray[:material/subdirectory_arrow_right: {_('needs {title}: step {n}', title=title, n=need['step'])}]"


def _silent(found: dict) -> list[str]:
    """What the table does not say, and so the path cannot keep to."""
    if not found["ordered"] and not found["difficulty"]:
        return [
            _("This table says neither what has to come before what nor how hard anything is, so the order is only that of what fits best.")
        ]
    if not found["ordered"]:
        return [_("This table does not say what has to come before what, so the path keeps to no prerequisites.")]
    return [] if found["difficulty"] else [_("This table does not say how hard anything is, so a step may be too easy or too hard.")]

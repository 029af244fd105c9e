"""Where the pages are and how one links to another. The language travels in every link."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bmcore.i18n import LANGUAGES
from bmcore.messages import Message
from bmcore.ui.kinds import Scenario
from bmcore.ui.scenario import SCENARIOS
from bmcore.ui.words import _, language

FOLDER = Path(__file__).resolve().parents[2] / "pages"
STATIC = Path(__file__).resolve().parent / "static"
# pages for people who want to turn the knobs: key -> (name, icon)
LABS = {
    "lab_clusters": (Message("Clustering lab"), ":material/science:"),
    "lab_recommend": (Message("Recommender lab"), ":material/experiment:"),
    "lab_images": (Message("Image lab"), ":material/blur_on:"),
    "lab_words": (Message("Text lab"), ":material/match_word:"),
}


def title(key: str) -> str:
    """A page's name in the navigation."""
    if key in LABS:
        return _(LABS[key][0])
    return {"home": _("Home"), "runs": _("All trainings")}.get(key) or _(_scenario(key).name)


def icon(key: str) -> str:
    if key in LABS:
        return LABS[key][1]
    return {"home": ":material/home:", "runs": ":material/history:"}.get(key) or _scenario(key).icon


def _scenario(key: str) -> Scenario:
    return next(entry for entry in SCENARIOS if entry.key == key)


def page_of(run) -> str:
    """The key of the page that shows a run: its scenario's, else the one that fits what it learned."""
    spec = run.spec
    if any(entry.key == spec["scenario"] for entry in SCENARIOS):
        return spec["scenario"]
    if spec["task"] == "recommendation":
        return "product_recommendations"
    if spec["task"] == "pictures":
        return "image_studio"
    if spec["task"] == "generation":
        return "write_like_us"
    prepare = spec["columns"].get("prepare")
    if prepare == "numeric":
        return "unusual" if spec["estimator"] == "DBSCAN" else "customer_segments"
    return {"purchases": "customer_segments", "messages": "themes"}.get(prepare, "customer_service")


def page(key: str, **kwargs) -> st.Page:
    """The `st.Page` of that key: its address never changes with the language."""
    return st.Page(FOLDER / f"{key}.py", title=title(key), url_path=key, **kwargs)


def path(key: str) -> str:
    return str(FOLDER / f"{key}.py")


def query(**values: str | None) -> dict[str, str]:
    """The query of a link: the language and what else is given."""
    return {"lang": language(), **{name: value for name, value in values.items() if value}}


def link(key: str, label: str | None = None, *, icon: str | None = None, width="content", **values: str | None) -> None:
    """A link to another page."""
    st.page_link(path(key), label=label or title(key), icon=icon, query_params=query(**values), width=width)


def go(key: str, **values: str | None) -> None:
    """Leave for another page now."""
    st.switch_page(path(key), query_params=query(**values))


def sidebar() -> None:
    """The list of pages and the language switch."""
    with st.sidebar:
        st.caption(_("Workspace"))
        with st.container(gap="xxsmall"):
            link("home", icon=icon("home"), width="stretch")
            link("runs", icon=icon("runs"), width="stretch")
        st.caption(_("Scenarios"))
        with st.container(gap="xxsmall"):
            for scenario in SCENARIOS:
                link(scenario.key, icon=scenario.icon, width="stretch")
        st.caption(_("Labs"))
        with st.container(gap="xxsmall"):
            for key in LABS:
                link(key, icon=icon(key), width="stretch")
        st.space("small")
        st.session_state["map.language"] = language()
        st.segmented_control(
            "Language · 语言",
            list(LANGUAGES),
            format_func=LANGUAGES.get,
            required=True,
            key="map.language",
            on_change=_switch,
            width="stretch",
        )


def _switch() -> None:
    """The chosen language goes into the address; links carry it on from there."""
    st.query_params["lang"] = st.session_state["map.language"]

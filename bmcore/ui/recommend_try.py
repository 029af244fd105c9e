"""Step "try it" of recommendations: somebody known, a basket that is filled by clicking, or a stranger; each change is answered at once."""

from __future__ import annotations

import csv
import itertools

import streamlit as st

from bmcore import files
from bmcore.ui import recommend_ask, recommend_list
from bmcore.ui.kinds import RecommendScenario
from bmcore.ui.words import _, number, one_line, plain

MOST_KNOWN, SHOWN, CHIPS, MOST_TITLES = 200, 10, 14, 12
MOST_TRAITS, MOST_VALUES = 4, 200
FORMULA = tuple("=+-@\t\r")  # what the file has an apostrophe before


def draw(run, found: dict, scenario: RecommendScenario) -> None:
    """The whole step. A change redraws this part of the page only."""
    _draw(run.id, scenario)


@st.fragment
def _draw(run_id: str, scenario: RecommendScenario) -> None:
    from bmcore import runs

    run = runs.get(run_id)
    words = {"known": _(scenario.one), "basket": _(scenario.basket), "stranger": _("Somebody new")}
    mode = st.segmented_control(
        _("For whom"), list(words), default="basket", required=True, format_func=words.get, key=f"{scenario.key}.whom:{run_id}"
    )
    left, right = st.columns([5, 6], gap="large")
    with left:
        asked = {"known": somebody, "basket": basket, "stranger": _stranger}[mode](run, scenario)
        variety = st.slider(
            _("Variety, %"),
            0,
            100,
            0,
            10,
            key=f"{scenario.key}.variety:{run_id}",
            help=_("0 shows what fits best. More puts things further apart into the list, even if each fits a little less."),
        )
    with right:
        _answer(run, scenario, asked, variety, mode)


def _answer(run, scenario: RecommendScenario, asked: dict | None, variety: int, mode: str) -> None:
    """What comes back, or what to do first."""
    st.markdown(f"**{_('Recommendations')}**")
    if asked is None:
        st.caption(
            {
                "known": _("Choose somebody, and what they would be shown appears here."),
                "basket": _("Put something in, and recommendations appear here. They change with everything you add."),
                "stranger": _("Say what is known, or nothing, and press the button."),
            }[mode]
        )
        return
    rows = recommend_ask.ask(run.id, "recommend", {**asked, "k": SHOWN, "diversity": variety / 100})
    if rows is not None and mode == "known":
        _had(run, scenario, asked)
    if rows is not None:
        take = (lambda row: _add(scenario, run.id, row)) if mode == "basket" else None
        recommend_list.draw(rows, scenario, key=f"{scenario.key}.list:{run.id}", take=take)


def _had(run, scenario: RecommendScenario, asked: dict) -> None:
    """What somebody known has by now."""
    history = recommend_ask.ask(run.id, "history", {"users": asked["users"], "k": MOST_TITLES})
    titles = ", ".join(one_line(row.get("title"), 50) for row in history or ())
    if titles:
        st.caption(f"{_(scenario.had)}: {plain(titles, 600)}{', …' if len(history) == MOST_TITLES else ''}")
    elif history is not None:
        st.caption(_("The model does not know {who}: this is what most people take.", who=plain(str(asked["users"][0]), 60)))


def somebody(run, scenario: RecommendScenario) -> dict | None:
    """Somebody of the table, from a list or typed."""
    known = customers(run)
    chosen = st.selectbox(
        _("Choose or type an id"),
        list(known),
        index=None,
        placeholder=_(scenario.one),
        accept_new_options=True,
        key=f"{scenario.key}.customer:{run.id}",
        persist_state="session",
        help=_("The first {n} are listed. Type the id of anybody else.", n=MOST_KNOWN),
    )
    if chosen is None or not str(chosen).strip():
        return None
    typed = str(chosen).strip()
    user = known.get(typed, typed)  # the model knows a number that is written as a text
    return {"users": [user]}


def customers(run) -> dict[str, object]:
    """As it is shown -> the id: of the people in the examples and of the first in the file of recommendations."""
    examples = [entry.get("user") for entry in (run.evaluation or {}).get("examples") or [] if isinstance(entry, dict)]
    found = {one_line(user, 60): user for user in examples if isinstance(user, int | str)}
    try:
        with open(run.folder / "recommendations.csv", encoding="utf-8-sig", newline="") as file:
            for row in itertools.islice(csv.reader(file), 1, 10 * MOST_KNOWN + 1):
                if row and row[0] and len(found) < MOST_KNOWN:
                    user = row[0][1:] if row[0][0] == "'" and row[0][1:2] in FORMULA else row[0]
                    found.setdefault(one_line(user, 60), user)
    except (OSError, ValueError, csv.Error):
        pass
    return found


def basket_key(scenario: RecommendScenario, run_id: str) -> str:
    """The widget that holds the basket."""
    return f"{scenario.key}.basket:{run_id}"


def basket(run, scenario: RecommendScenario) -> dict | None:
    """A basket: a searchable list, and the most popular as buttons."""
    known = recommend_ask.items(run)
    if known is None:
        st.caption(_("The items of this run are missing."))
        return None
    key, chip = basket_key(scenario, run.id), f"{scenario.key}.chip:{run.id}"
    ranked, titles = [known.ids[place] for place in known.ranked], dict(zip(known.ids, known.titles, strict=True))
    more = {item: title for item, title in st.session_state.get(_more(run.id), {}).items() if item not in titles}
    titles |= more
    st.session_state[key] = [item for item in st.session_state.get(key, []) if item in titles]
    inside = st.multiselect(
        _(scenario.basket),
        [*ranked, *more],
        format_func=titles.get,
        placeholder=_("Search {n} {things}", n=number(len(ranked)), things=_(scenario.items)),
        key=key,
        max_selections=50,
        select_all=False,
        wrap=True,
        persist_state="session",
    )
    st.pills(
        _("Often taken: click to add"),
        [item for item in ranked[: CHIPS + len(inside)] if item not in inside][:CHIPS],
        format_func=lambda item: one_line(titles[item], 34),
        key=chip,
        wrap=True,
        on_change=_chip,
        args=(key, chip),
    )
    return {"histories": [inside]} if inside else None


def _more(run_id: str) -> str:
    """Recommended items that are in the basket and not on the map, which holds the most popular only: item -> title."""
    return f"recommend_try.more:{run_id}"


def _chip(key: str, chip: str) -> None:
    """Before the page is drawn: a pressed chip moves into the basket."""
    item = st.session_state.get(chip)
    if item is not None and item not in st.session_state[key]:
        st.session_state[key] = [*st.session_state[key], item]
    st.session_state[chip] = None


def _add(scenario: RecommendScenario, run_id: str, row: dict) -> None:
    """Before the page is drawn: a recommended item moves into the basket."""
    key, item = basket_key(scenario, run_id), row.get("item")
    if isinstance(item, int | float | str) and item not in st.session_state.get(key, []):
        st.session_state.setdefault(_more(run_id), {})[item] = recommend_list.name(row)
        st.session_state[key] = [*st.session_state.get(key, []), item]


def _stranger(run, scenario: RecommendScenario) -> dict | None:
    """Somebody without a history: what is known of them, if the table had such columns."""
    traits = [name for name in run.spec["columns"].get("traits") or [] if isinstance(name, str)]
    values = _values(run)
    like = {name: _trait(scenario, run.id, name, values.get(name)) for name in traits[:MOST_TRAITS]}
    if not traits:
        st.caption(
            _("The table says nothing about the {unit}, so everybody new sees the same: what most people take.", unit=_(scenario.unit))
        )
    asked = f"{scenario.key}.stranger:{run.id}"
    if st.button(_("What would they see?"), type="primary", icon=":material/send:", key=f"{scenario.key}.ask_stranger:{run.id}"):
        st.session_state[asked] = True
    if not st.session_state.get(asked):
        return None
    like = {name: value for name, value in like.items() if value not in (None, "")}
    return {"histories": [[]], **({"like": like} if like else {})}


def _values(run) -> dict[str, list[str]]:
    """Column -> the values that a model knows people by."""
    found = next(iter(sorted((run.folder / "model").rglob("people.json"))), None)
    stored = files.read_json(found) if found else None
    traits = stored.get("traits") if isinstance(stored, dict) else None
    return {
        entry["name"]: [value for value in entry["labels"] if isinstance(value, str)][:MOST_VALUES]
        for entry in (traits if isinstance(traits, list) else [])
        if isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get("labels"), list)
    }


def _trait(scenario: RecommendScenario, run_id: str, name: str, known: list[str] | None) -> str | None:
    """The value of one column: from those that the model knows, or typed."""
    key, label = f"{scenario.key}.trait.{name}:{run_id}", plain(name, 60)
    if known:
        return st.selectbox(label, known, index=None, placeholder=_("(not known)"), format_func=lambda value: one_line(value, 60), key=key)
    return st.text_input(label, key=key, max_chars=100, placeholder=_("(not known)")).strip()

"""What a queue of the recommender lab found: which is best and how sure that is, a chart, and every measure in a table."""

from __future__ import annotations

import streamlit as st

from bmcore import params
from bmcore.base import estimator_class
from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import lab_recommend_charts as charts
from bmcore.ui import recommend_result, states
from bmcore.ui.lab_recommend_queue import Member
from bmcore.ui.words import _, number, plain

# measure -> (its name, what it says); these have intervals
MEASURES = {
    "ndcg_10": (
        Message("NDCG@10"),
        Message("How much of what people took next is among the first ten, and how far up: 1 is perfect, 0 is none."),
    ),
    "recall_10": (Message("Recall@10"), Message("Which share of what people took next is among the first ten.")),
    "recall_20": (Message("Recall@20"), Message("Which share of what people took next is among the first twenty.")),
    "map_10": (Message("MAP@10"), Message("The precision at each hit among the first ten, averaged.")),
}
# what is told beside the quality, with no interval
ASIDE = {
    "coverage_10": (Message("Catalogue shown, %"), Message("Which share of all items is in at least one person's first ten."), "percent"),
    "novelty_10": (
        Message("Surprise, bits"),
        Message("How unusual the first ten are: bits of surprise, more for what few people took."),
        "%.2f",
    ),
    "popularity_bias_10": (
        Message("Towards the popular"),
        Message("How much more popular the first ten are than what people really took next: 1 is as popular, 2 twice."),
        "%.2f",
    ),
}
# what the best of n equal, independent values exceeds their mean by, in standard errors: the expected maximum of n normal numbers
_BEST_OF = {2: 0.564, 3: 0.846, 4: 1.029, 5: 1.163, 6: 1.267, 7: 1.352, 8: 1.424}


def draw(code: str, entries: list[Member]) -> None:
    """Step 3, of the runs that are done."""
    done = [entry for entry in entries if entry.model is not None]
    left = sum(entry.run.state in states.LIVE for entry in entries)
    if not done:
        states.later(3, _("Result"), _("as soon as the first run has ended"))
        return
    states.step(3, _("Result"))
    if code.startswith("s"):
        _sweep(done, left)
    else:
        _compared(done, left)
    table(done)


def _compared(done: list[Member], left: int) -> None:
    """Every algorithm once: quality against time."""
    measure = _measure()
    spans = [(entry, span) for entry in done if (span := of(entry.model, measure))]
    floor = popularity(done, measure)
    title = _(MEASURES[measure][0])
    rows = [(entry.name, entry.seconds or 0.0, span) for entry, span in spans]
    if not rows:
        st.caption(_("This measure was not taken."))
        return
    _verdict(spans, floor, title, left)
    alt = "; ".join(f"{name} {span['value']:.3f}, {seconds:.3g} s" for name, seconds, span in rows)
    charts.against_time(rows, _axis(measure), floor=floor, key="lab_recommend.time", alt=f"{title}: {alt}")
    words = _("The best place is the upper left corner: good and quick. A bar is the 95 % interval over the people it was tested on.")
    if much := flattered([span for _entry, span in spans]):
        words += " " + _("Choosing the best of several by the same test flatters it, here by up to {much}.", much=f"{much:.3f}")
    st.caption(words)


def _sweep(done: list[Member], left: int) -> None:
    """One setting: a curve, its best value, and what choosing it by the test is worth."""
    measure = _measure()
    named = [(entry, span) for entry in done if isinstance(entry.value, int | float) and (span := of(entry.model, measure))]
    spans = sorted(named, key=lambda pair: pair[0].value)
    if not spans:
        st.caption(_("This measure was not taken."))
        return
    floor, title = popularity(done, measure), _(MEASURES[measure][0])
    best, reached = max(spans, key=lambda pair: pair[1]["value"])
    points = [(entry.value, span) for entry, span in spans]
    words = _(
        "**{setting} = {value}** is the best of {n}: {title} {reached}.",
        setting=_setting(best),
        value=f"{best.value:g}",
        n=len(spans),
        title=title,
        reached=f"{reached['value']:.3f}",
    )
    st.markdown(" ".join([words, *_edge(spans, best), *_still(left)]))
    alt = "; ".join(f"{value:g}: {span['value']:.3f}" for value, span in points)
    charts.along(
        points,
        _setting(best),
        _axis(measure),
        best=best.value,
        floor=floor,
        key="lab_recommend.curve",
        alt=f"{_setting(best)}, {title}: {alt}",
    )
    st.markdown(_flattery(spans, best))


def _measure() -> str:
    return st.segmented_control(
        _("Measure"),
        list(MEASURES),
        default="ndcg_10",
        required=True,
        format_func=lambda name: _(MEASURES[name][0]),
        key="lab_recommend.measure",
        persist_state="session",
        label_visibility="collapsed",
    )


def _axis(measure: str) -> str:
    return _("{measure} (bar: 95 % interval)", measure=_(MEASURES[measure][0]))


def of(model: dict | None, measure: str) -> dict | None:
    """A measure with its interval, if all of it is there."""
    span = (model or {}).get(measure)
    whole = isinstance(span, dict) and all(isinstance(span.get(end), int | float) for end in ("value", "low", "high"))
    return span if whole else None


def popularity(done: list[Member], measure: str) -> float | None:
    """What showing everybody the same list reaches on the same test: of its own run, else of a baseline."""
    own = next((entry.model for entry in done if entry.name == "Popularity"), None)
    span = of(own, measure) or next((span for entry in done if (span := of(entry.popularity, measure))), None)
    return span["value"] if span else None


def _verdict(spans: list[tuple[Member, dict]], floor: float | None, title: str, left: int) -> None:
    """Which is best so far, and from which others its interval does not keep it apart."""
    best, reached = max(spans, key=lambda pair: pair[1]["value"])
    values = {"name": plain(best.name), "title": title, "value": f"{reached['value']:.3f}", "n": len(spans)}
    words = [
        _("**{name}** is the best of {n}: {title} {value}.", **values) if len(spans) > 1 else _("**{name}**: {title} {value}.", **values)
    ]
    words += _still(left)
    if floor is not None and best.name != "Popularity":
        words.append(_("The same list for everybody reaches {floor}.", floor=f"{floor:.3f}"))
    near = [entry.name for entry, span in spans if entry is not best and span["high"] >= reached["low"]]
    words += _paired(best)
    if near:
        names = plain(", ".join(near))
        words.append(_("Its interval overlaps with those of: {names}. That neither proves nor rules out a difference.", names=names))
    st.markdown(" ".join(words))


def _paired(best: Member) -> list[str]:
    """What the best run found out against the better of its own simple ways, asked on the same people: that settles more than intervals."""
    line = best.run.headline or {}
    if line.get("verdict") not in ("better", "not_proven", "worse"):
        return []
    rival = recommend_result.called({"name": line.get("baseline")})
    if line["verdict"] == "better":
        return [_("Asked about the same people it is proven better than {rival}.", rival=rival)]
    return [_("Asked about the same people it is not proven better than {rival}.", rival=rival)]


def _still(left: int) -> list[str]:
    return [_("{n} are not through yet.", n=left)] if left else []


def _edge(spans: list[tuple[Member, dict]], best: Member) -> list[str]:
    """Whether the search should go on beyond its first or last value."""
    if len(spans) < 3 or best not in (spans[0][0], spans[-1][0]):
        return []
    return [_("It is the outermost value: a better one may lie beyond it.")]


def _declared(entry: Member) -> params.Parameter | None:
    """The setting, unless it is one of an older version that is gone."""
    try:
        return params.declared(estimator_class(entry.run.spec["estimator"])).get(entry.parameter)
    except BmcoreError:
        return None


def _setting(entry: Member) -> str:
    """The setting's name for people."""
    found = _declared(entry)
    return _(found.label) if found else plain(entry.parameter, 60)


def flattered(spans: list[dict]) -> float:
    """By how much the best of several equally good values looks better than it is, at most.

    The standard error is that of the people tested. All values were tested on the same people, which makes the true figure smaller
    than this one for independent tests (Slepian's inequality).

    Examples
    --------
    >>> round(flattered([{"value": 0.3, "low": 0.28, "high": 0.32}] * 5), 4)
    0.0119
    """
    if len(spans) < 2:
        return 0.0
    errors = [(span["high"] - span["low"]) / 3.92 for span in spans]
    return _BEST_OF[min(len(spans), max(_BEST_OF))] * sum(errors) / len(errors)


def _flattery(spans: list[tuple[Member, dict]], best: Member) -> str:
    """What choosing by the test split does to the number of the chosen, and whether the chosen is worth leaving the default for."""
    if len(spans) < 2:
        return ""
    much = flattered([span for _entry, span in spans])
    words = _(
        ":material/info: Choosing by these numbers flatters the winner: the same people chose it and tested it. If all {n} values were "
        "equally good, the best would still look better than it is, by up to {much}.",
        n=len(spans),
        much=f"{much:.3f}",
    )
    promise = _("For a number to promise to others, test the chosen value once on people or days that took no part in this.")
    return " ".join(filter(None, [words, _against_default(spans, best, much), promise]))


def _against_default(spans: list[tuple[Member, dict]], best: Member, much: float) -> str:
    default = _declared(best).default if _declared(best) else None
    known = next((span for entry, span in spans if entry.value == default), None)
    if known is None:
        return ""
    if best.value == default:
        return _("The default is the best of them: keep it.")
    gain = max(span["value"] for _entry, span in spans) - known["value"]
    values = {"default": f"{default:g}", "gain": f"{gain:.3f}"}
    if gain <= much:
        return _("It is {gain} ahead of the default, {default}, which is no more than that: keep the default.", **values)
    return _("It is {gain} ahead of the default, {default}, which is more than that.", **values)


def table(done: list[Member]) -> None:
    """Every measure of every run that is done."""
    rows, settings = [], {}
    for entry in done:
        row = {_("Run"): entry.title}
        for name, (title, _about) in MEASURES.items():
            span = of(entry.model, name)
            row[_(title)] = span["value"] if span else None
        for name, (title, _about, _look) in ASIDE.items():
            row[_(title)] = _value(entry.model, name)
        row[_("Seconds of learning")] = entry.seconds
        rows.append(row)
    for title, about in MEASURES.values():
        settings[_(title)] = st.column_config.NumberColumn(help=_(about), format="%.3f")
    for title, about, look in ASIDE.values():
        settings[_(title)] = st.column_config.NumberColumn(help=_(about), format=look)
    settings[_("Seconds of learning")] = st.column_config.NumberColumn(help=_("One fit on the whole table."), format="%.2f")
    st.dataframe(
        rows,
        hide_index=True,
        key="lab_recommend.table",
        column_config=settings,
        alt=_("Every measure of the {n} runs that are done.", n=len(rows)),
    )


def _value(model: dict, name: str) -> float | None:
    found = model.get(name)
    value = found.get("value") if isinstance(found, dict) else found
    return value if isinstance(value, int | float) else None


def shown_seconds(entry: Member) -> str:
    """How long a fit takes: two digits that count."""
    seconds = entry.seconds
    return "–" if seconds is None else f"{seconds:.2g}" if seconds < 10 else number(seconds)

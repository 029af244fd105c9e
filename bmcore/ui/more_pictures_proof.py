"""Step "result" of the rare pictures: does a classifier that learned from generated ones too recognise more of the real ones?"""

from __future__ import annotations

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import charts
from bmcore.ui.words import _, number, one_line, plain, signed

# verdict -> (box, icon)
LOOK = {
    "better": ("success", ":material/verified:"),
    "not_proven": ("warning", ":material/balance:"),
    "worse": ("error", ":material/trending_down:"),
}
# what the classifier learned from -> (name, colour)
WAYS = {
    "without": (Message("Real pictures alone"), charts.CHANCE),
    "repeated": (Message("Rare ones repeated and shifted"), charts.BASELINE),
    "with": (Message("Real and generated"), charts.OURS),
}


def whole(found: dict | None) -> bool:
    """Whether an evaluation holds a proof with its sentence and its three measurements."""
    try:
        proof = found["proof"]
        said = found["task"] == "pictures" and bool(proof["verdict"]["message"]["template"])
        return said and all(measured(proof[way].get(name)) for way in WAYS for name in ("recall", "balanced_accuracy"))
    except (KeyError, TypeError, AttributeError):
        return False


def measured(value) -> bool:
    """Whether it is a value with an interval."""
    return isinstance(value, dict) and all(
        isinstance(value.get(name), int | float) and not isinstance(value[name], bool) for name in ("value", "low", "high")
    )


def rare(found: dict) -> str:
    """The name of the rare class, one line."""
    return one_line(found["proof"].get("class", "?"), 60)


def draw(run, found: dict) -> None:
    """The verdict, the three numbers, and what they mean."""
    proof = found["proof"]
    verdict = proof["verdict"]
    box, icon = LOOK.get(verdict.get("kind"), LOOK["not_proven"])
    getattr(st, box)(f"**{plain(_(Message.from_dict(verdict['message'])), 2000)}**", icon=icon)
    st.caption(_tested(proof))
    _numbers(proof, verdict.get("kind"))
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"##### {_('Of the real “{label}”, how many it recognises', label=plain(rare(found)))}", anchors=False)
        chart(proof, "recall", _("Recognised, %"), key=f"more_pictures.recall:{run.id}")
    with right:
        st.markdown(f"##### {_('All kinds, each counted alike')}", anchors=False)
        chart(proof, "balanced_accuracy", _("Right, average of the kinds, %"), key=f"more_pictures.all:{run.id}", digits=1)
    st.caption(_("Each bar is the 95 % interval."))
    st.markdown(f"##### {_('In plain words')}", anchors=False)
    st.markdown("\n".join(f"- {line}" for line in sentences(found)))


def _tested(proof: dict) -> str:
    return _(
        "Tested on {n} real pictures that were set aside before anything was learned, {k} of them of the rare kind. "
        "Neither the generator nor any classifier has seen one of them.",
        n=number(proof.get("n_test")),
        k=number(proof.get("n_test_class")),
    )


def _numbers(proof: dict, verdict: str | None) -> None:
    """The share of the rare kind that is recognised, three times."""
    start = proof["without"]["recall"]["value"]
    for column, (way, (name, _color)) in zip(st.columns(len(WAYS)), WAYS.items(), strict=True):
        value = proof[way]["recall"]["value"]
        change = None if way == "without" else signed(100 * (value - start), 0).replace("−", "-")
        certain = way == "with" and verdict in ("better", "worse")
        column.metric(_(name), f"{100 * value:.0f} %", change, delta_color="normal" if certain else "off", help=_about(way))


def _about(way: str) -> str:
    return {
        "without": _("The classifier learned from the real pictures as they are, with few of the rare kind."),
        "repeated": _("The simple remedy: the rare real pictures were shown more often, each time shifted a little."),
        "with": _("The classifier learned from the real pictures and from generated ones of the rare kind."),
    }[way]


def chart(proof: dict, name: str, title: str, *, key: str, digits: int = 0) -> None:
    """The three ways with their intervals, in percent."""
    rows = [
        (_(shown), {end: 100 * proof[way][name][end] for end in ("value", "low", "high")}, color) for way, (shown, color) in WAYS.items()
    ]
    alt = "; ".join(f"{shown} {v['value']:.0f} % ({v['low']:.0f} – {v['high']:.0f})" for shown, v, _c in rows)
    charts.intervals(rows, key=key, alt=f"{title}: {alt}", title=title, most=104, digits=digits)


def sentences(found: dict) -> list[str]:
    """What was recognised, missed and mistaken, counted, and how sure that is."""
    proof, label = found["proof"], plain(rare(found))
    lines = [_counted(proof, label), *_mistaken(proof, label)]
    if isinstance(proof.get("n_real"), int) and isinstance(proof.get("n_generated"), int):
        lines.append(
            _(
                "It learned “{label}” from **{real}** real pictures; **{made}** generated ones were added.",
                label=label,
                real=number(proof["n_real"]),
                made=number(proof["n_generated"]),
            )
        )
    difference = proof.get("difference")
    if measured(difference):
        lines.append(
            _(
                "Against repeating and shifting, the average over all kinds changes by **{value}** points of a hundred; the 95 % interval "
                "goes from {low} to {high}.",
                value=signed(100 * difference["value"], 1),
                low=signed(100 * difference["low"], 1),
                high=signed(100 * difference["high"], 1),
            )
            + " "
            + _certainty(difference)
        )
    few = proof.get("n_test_class")
    if isinstance(few, int) and few < 30:
        lines.append(_("Only {n} real pictures of the rare kind were left to test with: read these numbers with care.", n=few))
    return lines


def _certainty(difference: dict) -> str:
    if difference["low"] > 0:
        return _("It lies wholly above zero, so chance alone does not explain it.")
    if difference["high"] < 0:
        return _("It lies wholly below zero: they do harm here.")
    return _("It holds zero, so chance alone could explain it.")


def _counted(proof: dict, label: str) -> str:
    n = proof.get("n_test_class")
    if not isinstance(n, int) or n < 1:
        return _("How many “{label}” were in the test is not known.", label=label)
    hits = {way: round(n * proof[way]["recall"]["value"]) for way in WAYS}
    return _(
        "Of {n} real “{label}” it recognises about **{a}** when it learned from real pictures alone, **{b}** when the rare ones were "
        "repeated and shifted, **{c}** with generated ones. The other {missed} are still missed.",
        n=n,
        label=label,
        a=hits["without"],
        b=hits["repeated"],
        c=hits["with"],
        missed=n - hits["with"],
    )


def _mistaken(proof: dict, label: str) -> list[str]:
    """How often it is right when it names the rare class."""
    if not all(measured(proof[way].get("precision")) for way in ("without", "with")):
        return []
    return [
        _(
            "When it says “{label}”, it is right **{c} %** of the time with generated ones and {a} % without.",
            label=label,
            a=f"{100 * proof['without']['precision']['value']:.0f}",
            c=f"{100 * proof['with']['precision']['value']:.0f}",
        )
    ]

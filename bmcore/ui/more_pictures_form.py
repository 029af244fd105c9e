"""Step "learn" of the rare pictures: which kind is rare, how many of it there are, then the method and its time."""

from __future__ import annotations

import statistics

import streamlit as st

from bmcore.ui import picture_form, states
from bmcore.ui.kinds import PictureScenario
from bmcore.ui.picture_data import Chosen
from bmcore.ui.words import _, number, one_line

KEPT, LEAST, DIGITS = 25, 4, tuple(str(digit) for digit in range(10))
STARTS_WITH = "3"  # the digit that is made rare: it is easily taken for others


def form(scenario: PictureScenario, chosen: Chosen) -> None:
    """Draw the step. A press of the button makes one run."""
    sample = chosen.ref.get("kind") == "sample"
    _stand_in(sample)
    counts = dict(chosen.seen.counts) if chosen.seen else dict.fromkeys(DIGITS, None)
    if len(counts) < 2:
        return
    if not sample:
        counts = rare(counts)
        if not counts:
            states.box(
                "warning",
                _("No kind of picture is rare here: there are as many of each."),
                _("Bring pictures of which one kind has fewer than the others, or try the digits."),
            )
            return
    prove = _rare(scenario, counts, sample)
    if not sample and counts[prove["class"]] < LEAST:
        states.box(
            "warning",
            _("There are only {n} pictures of that kind.", n=counts[prove["class"]]),
            _("Bring at least {n}: some to learn from, and some real ones to test with.", n=LEAST),
        )
        return
    picture_form.form(scenario, chosen, {"prove": prove})


def rare(counts: dict[str, int]) -> dict[str, int]:
    """The classes that have fewer pictures than the others in the middle.

    Examples
    --------
    >>> rare({"fine": 90, "flaw": 12, "dent": 40})
    {'flaw': 12, 'dent': 40}
    """
    return {name: n for name, n in counts.items() if n < statistics.median(other for one, other in counts.items() if one != name)}


def _stand_in(sample: bool) -> None:
    """What the pictures stand for, and where others may be found."""
    if sample:
        states.box(
            "info",
            _("These are handwritten digits, standing in for a rare finding or flaw; one digit is made rare on purpose."),
            _(
                "bmcore comes with no labelled medical or factory pictures. To try it for real, bring your own, or name a data set "
                "of the hub that has pictures and labels: X-rays, skin spots, cell smears, parts from a line. Mind its licence and the "
                "people in it."
            ),
        )
    st.caption(_("It makes training pictures for a classifier. It is no diagnosis and no medical device."))


def _rare(scenario: PictureScenario, counts: dict[str, int | None], sample: bool) -> dict:
    """Which class, and how many of its pictures may be learned from."""
    names = sorted(counts, key=lambda name: (counts[name] or 0, name))
    start = STARTS_WITH if sample and STARTS_WITH in counts else names[0]
    left, right = st.columns([4, 5], gap="large")
    with left:
        name = st.selectbox(
            _("Make this digit rare") if sample else _("The rare kind"),
            names,
            index=names.index(start),
            format_func=lambda name: one_line(name if counts[name] is None or sample else f"{name} ({number(counts[name])})", 80),
            key=f"{scenario.key}.rare:{'sample' if sample else 'own'}",
        )
    if not sample:
        with right:
            st.caption(_("All {n} real pictures of it are used: some to learn from, some set aside for the test.", n=number(counts[name])))
        return {"class": name, "keep": counts[name]}
    with right:
        most = max(LEAST, min(200, round(0.8 * (counts[name] or 200))))
        help_ = _("The others of this digit are hidden from everything that learns. Those set aside for the test all stay there.")
        keep = st.slider(_("Real pictures of it that are left"), LEAST, most, min(KEPT, most), key=f"{scenario.key}.keep", help=help_)
    return {"class": name, "keep": int(keep)}

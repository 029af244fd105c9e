"""A run's result in a few characters, whatever it learned: its measure, ours against the comparison, and the verdict's colour."""

from __future__ import annotations

import streamlit as st

from bmcore.messages import Message
from bmcore.ui.words import _, signed

# metric -> (its name in a row of results, as the axis of a chart)
METRICS = {
    "macro_f1": (Message("Right answers (macro-F1)"), Message("Macro-F1 (bar: 95 % interval)")),
    "silhouette": (Message("Groups apart (silhouette)"), Message("Silhouette (bar: 95 % interval)")),
    "ndcg_10": (Message("Found at the top (NDCG@10)"), Message("NDCG@10 (bar: 95 % interval)")),
    "class_accuracy": (Message("Reads as what was asked for"), Message("Read as asked, share (bar: 95 % interval)")),
    "bits_per_byte": (Message("Surprise at new texts (bits a byte)"), Message("Bits per byte, lower is better (bar: 95 % interval)")),
    "mrr": (Message("Right answers found (MRR)"), Message("MRR (bar: 95 % interval)")),
    "feature_fid": (Message("Distance to real (feature-FID)"), Message("Feature-FID, lower is better (bar: 95 % interval)")),
}
# verdict on groups -> (word, colour)
GROUPS = {
    "structure": (Message("clear groups"), "green"),
    "weak": (Message("weak groups"), "orange"),
    "none": (Message("no clear groups"), "red"),
}
# verdict on pictures -> (word, colour)
PICTURES = {
    "varied": (Message("new and varied"), "green"),
    "not_proven": (Message("not proven"), "orange"),
    "copies": (Message("copies"), "red"),
    "collapsed": (Message("all alike"), "red"),
    "blurry": (Message("blurry"), "red"),
    "worse": (Message("worse than simple"), "red"),
}
# verdict on a model that writes -> (word, colour)
WRITING = {
    "learned": (Message("learned the style"), "green"),
    "not_proven": (Message("not proven"), "orange"),
    "memorised": (Message("memorised"), "red"),
    "worse": (Message("worse than simple"), "red"),
}
WORDS = {"clustering": GROUPS, "pictures": PICTURES, "generation": WRITING}  # task -> its verdicts
COLORS = {"better": "green", "worse": "red"}  # any other verdict on a model is orange


def metric(run) -> str:
    """What the run's result is measured in."""
    found = (run.headline or {}).get("metric")
    return found if found in METRICS else "silhouette" if clusters(run) else "macro_f1"


def clusters(run) -> bool:
    """True if the run looked for groups, also where an old one does not name its task."""
    return run.spec["task"] == "clustering" or "prepare" in run.spec["columns"]


def quality(run) -> tuple[float, float] | None:
    """Our measure and the comparison's; None without a result."""
    line = run.headline
    try:
        return float(line["value"]), float(line["baseline_value"])
    except (TypeError, KeyError, ValueError):
        return None


def draw(run) -> None:
    """Ours against the comparison and the verdict, and below it what is measured."""
    found, verdict = quality(run), (run.headline or {}).get("verdict")
    known = GROUPS if clusters(run) else WORDS.get(run.spec["task"], {})
    if verdict in known:
        word, color = known[verdict]
        badge = f":{color}-badge[{_(word)}]"
    elif found:
        badge = f":{COLORS.get(verdict, 'orange')}-badge[{signed(found[0] - found[1])}]"
    else:
        st.caption("–")  # keeps the columns of the rows in line
        return
    numbers = _("**{ours}** against {theirs}", ours=f"{found[0]:.2f}", theirs=f"{found[1]:.2f}") if found else "–"
    st.markdown(f"{numbers} {badge}")
    st.caption(_(METRICS[metric(run)][0]))

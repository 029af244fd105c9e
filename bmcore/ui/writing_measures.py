"""The numbers of an evaluation of a model that writes: what each is called, and tables of them."""

from __future__ import annotations

import streamlit as st

from bmcore.evaluate.names import NAMES
from bmcore.messages import Message
from bmcore.ui import picture_measures
from bmcore.ui.picture_measures import measured
from bmcore.ui.words import _, number, one_line

METRIC, RIVAL, BEFORE, REAL = "bits_per_byte", "5-gram Kneser-Ney", "Before fine-tuning", "Real texts"
# measure -> (its name, digits, whether it is a share)
NUMBERS = {
    METRIC: (Message("Bits per byte"), 3, False),
    "perplexity": (Message("Perplexity of a piece"), 1, False),
    "distinct_2": (Message("Different pairs of pieces, %"), 0, True),
    "repetition": (Message("Repetition, %"), 1, True),
    "share_over_50": (Message("Copied in long spans, %"), 1, True),
    "texts_over_50": (Message("Texts with a long copied span, %"), 0, True),
    "tokens_per_s": (Message("Pieces a second"), 0, False),
    "parameters": (Message("Parameters"), 0, False),
    "seconds": (Message("Learning time, s"), 0, False),
}


def whole(found: object) -> bool:
    """Whether an evaluation has the measure that everything is about."""
    model = found.get("model") if isinstance(found, dict) else None
    return isinstance(model, dict) and measured(model.get(METRIC))


def baselines(found: dict) -> list[dict]:
    """The simple rivals that were measured too."""
    return picture_measures.entries(found)


def entry(found: dict, name: str) -> dict | None:
    """The rival of that name."""
    return next((one for one in baselines(found) if one.get("name") == name), None)


def called(one: dict) -> str:
    """What a model or a rival is called; plain text."""
    name = one.get("name")
    return _(NAMES[name]) if name in NAMES else one_line(name or "?", 40)


def copied(one: dict | None) -> tuple[float, int] | None:
    """(share of the text in long copied spans, characters of the longest); None where it was not measured."""
    found = one.get("copied") if one else None
    if not isinstance(found, dict) or not measured(found.get("share_over_50")):
        return None
    longest = found["longest"].get("max") if isinstance(found.get("longest"), dict) else None
    return found["share_over_50"]["value"], int(longest) if isinstance(longest, int | float) else 0


def table(done: list[tuple[str, dict]]) -> None:
    """Every number of several runs (title, evaluation), beside the rivals of the first."""
    columns = [(title, found["model"]) for title, found in done]
    columns += [(called(one), one) for one in baselines(done[0][1]) if one.get("name") in NAMES]
    rows = [
        {" ": _(title), **{name: _text(_value(model, measure), digits, share) for name, model in columns}}
        for measure, (title, digits, share) in NUMBERS.items()
    ]
    st.dataframe(rows, hide_index=True, width="stretch")
    st.caption(_("Perplexity can be compared only between models that cut texts into the same pieces."))


def _value(model: dict, measure: str) -> float | None:
    held = model.get("copied") if measure in ("share_over_50", "texts_over_50") else model
    found = held.get(measure) if isinstance(held, dict) else None
    found = found.get("value") if isinstance(found, dict) else found
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def _text(value: float | None, digits: int, share: bool) -> str:
    return number(value if value is None or not share else 100 * value, digits)

"""What a finished run that makes pictures answers: its serving process is asked, once for each question."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass

import streamlit as st

from bmcore.errors import BmcoreError, ServiceError
from bmcore.ui import more_pictures_real, picture_sheet, states
from bmcore.ui import served as asking
from bmcore.ui.words import _, one_line

MOST_KEPT = 24


@dataclass(frozen=True)
class Near:
    """The training picture that a made one is most like."""

    png: bytes
    name: str
    label: str
    distance: float | None


@dataclass(frozen=True)
class Made:
    """Pictures that were made, with what each was asked to show and, where asked for, what it is nearest to."""

    pngs: list[bytes]
    labels: list[str]  # empty without classes
    nearest: list[Near | None]  # empty where nobody asked


def ask(run_id: str, method: str, body: dict) -> Made | None:
    """The pictures that `method` answers; None, and a sentence, where it cannot."""
    kept = st.session_state.setdefault(f"picture_ask.answers:{run_id}", {})
    name = hashlib.sha256(json.dumps([method, body], sort_keys=True, default=str).encode()).hexdigest()
    if name in kept:
        return kept[name]
    answer = served(run_id, method, body)
    if answer is None:
        return None
    try:
        made = _made(answer)
    except BmcoreError as error:
        states.problem(error)
        return None
    while len(kept) >= MOST_KEPT:
        kept.pop(next(iter(kept)), None)
    kept[name] = made
    return made


def served(run_id: str, method: str, body: dict) -> dict | None:
    """What the run's service answers, as it is; None, and a sentence, where it cannot."""
    return asking.ask(run_id, method, body, _("Making pictures"))


def _made(answer: object) -> Made:
    found = answer if isinstance(answer, dict) else {}
    given = found.get("pictures")
    pngs = picture_sheet.decoded(given)
    if not pngs or len(pngs) != len(given):
        raise ServiceError("The model answered something that cannot be read. Try again.")
    labels = found.get("labels") if isinstance(found.get("labels"), list) else []
    nearest = found.get("nearest") if isinstance(found.get("nearest"), list) else []
    return Made(
        pngs,
        [one_line(label, 60) for label in labels] if len(labels) == len(pngs) else [],
        [_near(entry) for entry in nearest] if len(nearest) == len(pngs) else [],
    )


def _near(entry: object) -> Near | None:
    pngs = picture_sheet.decoded([entry.get("picture")]) if isinstance(entry, dict) else []
    if not pngs:
        return None
    distance, label = entry.get("distance"), entry.get("label")
    return Near(
        pngs[0],
        one_line(entry.get("name") or "", 80),
        one_line(label, 60) if label is not None else "",
        float(distance) if isinstance(distance, int | float) else None,
    )


def zipped(pngs: list[bytes], labels: list[str], prefix: str = "generated") -> bytes:
    """The pictures as one zip; every file name says that they are generated."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for i, png in enumerate(pngs):
            label = "".join(c for c in labels[i] if c.isalnum() or c in "-_")[:40] if labels else ""
            archive.writestr(f"{prefix}_{i + 1:03d}{'_' + label if label else ''}.png", png)
    return out.getvalue()


def mask(width: int, height: int, box: tuple[float, float, float, float]) -> bytes:
    """A PNG that is white where a picture is to be made anew: `box` is left, top, right, bottom as shares of the whole.

    Examples
    --------
    >>> picture_sheet.size(mask(28, 28, (0.5, 0, 1, 1)))
    (28, 28)
    """
    left, right = round(box[0] * width), round(box[2] * width)
    top, bottom = round(box[1] * height), round(box[3] * height)
    white = (255 if left <= x < right and top <= y < bottom else 0 for y in range(height) for x in range(width))
    return more_pictures_real.png(bytes(white), width, height, 1)

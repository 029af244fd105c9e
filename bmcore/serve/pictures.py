"""Asking a model that makes pictures: a seed and a class in, pictures out as png files in base64; with the header `Accept: image/png` one
contact sheet of them all.

Which of the questions a model answers depends on what it is, so /docs shows those of this very model.
"""

from __future__ import annotations

from pathlib import Path

from bmcore.base import estimator_class
from bmcore.files import read_json
from bmcore.serve import picture_answers as answers
from bmcore.serve import picture_asked as asked
from bmcore.serve.endpoints import Endpoint

# 8 x 8 points: dark to light, and a mask whose right half is white
_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAGklEQVR42mMUYIAAFnkYQxHGUCDMYHwPZQAALeQB2gvqqowAAAAASUVORK5CYII="
_RIGHT = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAFklEQVR42mNkYGBg+M/AwMDEAAXkMQBFRQEPJug6iwAAAABJRU5ErkJggg=="
_FILE = {"type": "string", "contentEncoding": "base64", "description": "a png, jpg or webp file"}
_MASK = {**_FILE, "description": "a picture of the same size: what is white is made anew"}
_NAME = {"type": ["string", "integer"], "maxLength": 200}
_SEED = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1, "default": 0}
_NEAREST = {"type": "boolean", "default": False, "description": "also the training picture that each is most like"}
_NEAR = {
    "type": "object", "required": ["name", "label", "distance", "picture"],
    "properties": {"name": {"type": "string"}, "label": {"type": ["string", "null"]}, "distance": {"type": "number"}, "picture": _FILE},
}
_PNGS = {"type": "array", "items": {**_FILE, "description": "a png file"}}
_GIVES = {
    "type": "object", "required": ["pictures", "width", "height", "labels", "nearest", "judge"],
    "properties": {
        "pictures": _PNGS, "width": {"type": "integer"}, "height": {"type": "integer"},
        "labels": {"type": ["array", "null"], "items": {"type": "string"}}, "nearest": {"type": ["array", "null"], "items": _NEAR},
        "judge": {"type": "null"},
    },
}
_FRAMES = {
    **_GIVES, "required": [*_GIVES["required"], "frames"],
    "properties": {**_GIVES["properties"], "frames": {"type": "integer", "description": "the pictures of a frame follow each other"}},
}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_WIDE = {"most": asked.MOST_BODY}
_SCORES = {"type": "object", "required": ["scores"], "properties": {"scores": {"type": "array", "items": {"type": "number"}}}}


def _takes(needed: list[str], **properties: dict) -> dict:
    return {"type": "object", "required": needed, "additionalProperties": False, "properties": properties}


def _whole(low: int, high: int, usual: int | None = None) -> dict:
    return {"type": "integer", "minimum": low, "maximum": high} | ({} if usual is None else {"default": usual})


def _labels(classes: list[str]) -> dict:
    """One class or a list of them."""
    name = {**_NAME, "examples": classes[:10]} if classes else _NAME
    return {"oneOf": [name, {"type": "array", "items": name}]}


def endpoints(model: type, folder: Path | None) -> dict[str, Endpoint]:
    """What a model that makes pictures can be asked."""
    classes, able = _classes(folder), _able(folder)
    label, shown = _labels(classes), {"label": classes[0]} if classes else {}
    found = (*_made(label, shown), *_changed(label, shown), *_followed(label, shown), _SCORE)
    return {entry.name: entry for entry in found if able is None or hasattr(able, entry.name)}


def _made(label: dict, shown: dict) -> tuple[Endpoint, ...]:
    """Pictures from nothing."""
    guidance = {"type": "number", "minimum": 0, "maximum": 20}
    seeds = {"type": "array", "minItems": 2, "maxItems": 2, "items": _SEED}
    return (
        Endpoint(
            "sample", "New pictures",
            _takes([], n=_whole(1, asked.MOST, 16), label=label, seed=_SEED, steps=_whole(1, asked.MOST_STEPS), guidance=guidance,
                   nearest=_NEAREST),
            _GIVES, {"n": 4, **shown, "seed": 0}, asked.sample_of, answers.sample, answers.sample_sheet,
        ),
        Endpoint(
            "interpolate", "Pictures on the way from one to another",
            _takes([], n=_whole(2, asked.MOST, 8), seeds=seeds, labels=label),
            _GIVES, {"n": 4, "seeds": [0, 1]}, asked.interpolate_of, answers.interpolate, answers.interpolate_sheet,
        ),
    )


def _changed(label: dict, shown: dict) -> tuple[Endpoint, ...]:
    """Pictures from one that is brought."""
    strength = {**_SHARE, "default": 0.5, "description": "0: as it is, 1: made anew"}
    return (
        Endpoint(
            "edit", "A picture changed by so much",
            _takes(["picture"], picture=_FILE, strength=strength, label=label, seed=_SEED, nearest=_NEAREST),
            _GIVES, {"picture": _PNG, "strength": 0.5, **shown}, asked.edit_of, answers.edit, answers.edit_sheet, **_WIDE,
        ),
        Endpoint(
            "inpaint", "A picture with a part made anew",
            _takes(["picture", "mask"], picture=_FILE, mask=_MASK, label=label, seed=_SEED, nearest=_NEAREST),
            _GIVES, {"picture": _PNG, "mask": _RIGHT, **shown}, asked.inpaint_of, answers.inpaint, answers.inpaint_sheet, **_WIDE,
        ),
    )


def _followed(label: dict, shown: dict) -> tuple[Endpoint, ...]:
    """The way between noise and a picture."""
    times = {"type": "array", "minItems": 1, "maxItems": asked.MOST_FRAMES, "items": _SHARE, "description": "0: the picture, 1: noise"}
    return (
        Endpoint(
            "trace", "The way from noise to pictures, frame by frame",
            _takes([], n=_whole(1, asked.MOST, 4), label=label, seed=_SEED, steps=_whole(1, asked.MOST_FRAMES, 8)),
            _FRAMES, {"n": 2, **shown, "steps": 4}, asked.trace_of, answers.trace, answers.trace_sheet,
        ),
        Endpoint(
            "forward", "The way from a picture to noise, frame by frame", _takes(["picture"], picture=_FILE, times=times, seed=_SEED),
            _FRAMES, {"picture": _PNG, "times": [0, 0.5, 1]}, asked.forward_of, answers.forward, answers.forward_sheet, **_WIDE,
        ),
    )


_SCORE = Endpoint(
    "score", "How real each picture looks to the discriminator",
    _takes(["pictures"], pictures={"type": "array", "minItems": 1, "maxItems": asked.MOST_SCORED, "items": _FILE}),
    _SCORES, {"pictures": [_PNG]}, asked.score_of, answers.score, **_WIDE,
)


def _able(folder: Path | None) -> type | None:
    """The class of the saved model; None where that cannot be known."""
    stored = read_json(folder / "estimator.json") if folder else None
    try:
        return estimator_class(stored["estimator"])
    except (KeyError, TypeError, ValueError, ImportError, AttributeError):
        return None


def _classes(folder: Path | None) -> list[str]:
    stored = read_json(folder / "pictures.json") if folder else None
    classes = stored.get("classes") if isinstance(stored, dict) else None
    return [str(one)[:200] for one in classes] if isinstance(classes, list) else []

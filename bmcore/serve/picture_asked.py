"""What may be asked of a model that makes pictures: each body checked on the way in, with a sentence for what cannot be meant.

Only kinds and sizes are looked at here, in the server's loop; a picture is decoded on the model's thread.
"""

from __future__ import annotations

import math
from typing import Any

from bmcore.errors import DataError

MOST = 256  # pictures of an answer
MOST_STEPS = 1000
MOST_PASSES = 25_600  # pictures times steps: a minute on a small machine
MOST_FRAMES = 64
MOST_SCORED = 64
MOST_BODY = 8_000_000  # bytes
_MOST_SEED = 2**31 - 1
_MOST_GUIDANCE = 20.0
_LONGEST = 200  # characters of a class
_SHORT = 60


def sample_of(body: Any) -> dict[str, Any]:
    """The arguments of `sample` from a request body.

    Raises
    ------
    DataError
        If it is anything else, with a sentence that says what is expected.
    """
    body = _object(body, ("n", "label", "seed", "steps", "guidance", "nearest"))
    n = _whole(body, "n", 1, MOST, 16)
    steps = _whole(body, "steps", 1, MOST_STEPS, None)
    _passes(n, steps)
    return {
        "n": n, "label": _label(body.get("label"), n), "seed": _seed(body), "steps": steps,
        "guidance": _number(body, "guidance", 0, _MOST_GUIDANCE, None), "nearest": _switch(body, "nearest"),
    }


def interpolate_of(body: Any) -> dict[str, Any]:
    """The arguments of `interpolate` from a request body; raises as `sample_of` does."""
    body = _object(body, ("n", "seeds", "labels"))
    seeds = body.get("seeds", [0, 1])
    if not isinstance(seeds, list) or len(seeds) != 2 or not all(_is_whole(seed, 0, _MOST_SEED) for seed in seeds):
        raise DataError("The field seeds must be a list of two whole numbers from 0 to {most}.", most=_MOST_SEED)
    return {"n": _whole(body, "n", 2, MOST, 8), "seeds": tuple(seeds), "labels": _label(body.get("labels"), 2)}


def edit_of(body: Any) -> dict[str, Any]:
    """The arguments of `edit` from a request body; raises as `sample_of` does."""
    body = _object(body, ("picture", "strength", "label", "seed", "nearest"))
    return {
        "picture": _picture(body, "picture"), "strength": _number(body, "strength", 0, 1, 0.5), "label": _label(body.get("label"), 1),
        "seed": _seed(body), "nearest": _switch(body, "nearest"),
    }


def inpaint_of(body: Any) -> dict[str, Any]:
    """The arguments of `inpaint` from a request body; raises as `sample_of` does."""
    body = _object(body, ("picture", "mask", "label", "seed", "nearest"))
    return {
        "picture": _picture(body, "picture"), "mask": _picture(body, "mask"), "label": _label(body.get("label"), 1), "seed": _seed(body),
        "nearest": _switch(body, "nearest"),
    }


def trace_of(body: Any) -> dict[str, Any]:
    """The arguments of `trace` from a request body; raises as `sample_of` does."""
    body = _object(body, ("n", "label", "seed", "steps"))
    n, steps = _whole(body, "n", 1, MOST, 4), _whole(body, "steps", 1, MOST_FRAMES, 8)
    _frames(n, steps + 1)
    return {"n": n, "label": _label(body.get("label"), n), "seed": _seed(body), "steps": steps}


def forward_of(body: Any) -> dict[str, Any]:
    """The arguments of `forward` from a request body; raises as `sample_of` does."""
    body = _object(body, ("picture", "times", "seed"))
    times = body.get("times", [0.0, 0.25, 0.5, 0.75, 1.0])
    if not isinstance(times, list) or not 1 <= len(times) <= MOST_FRAMES or not all(_is_number(time, 0, 1) for time in times):
        raise DataError("The field times must be a list of 1 to {most} numbers from 0 (the picture) to 1 (noise).", most=MOST_FRAMES)
    return {"picture": _picture(body, "picture"), "times": [float(time) for time in times], "seed": _seed(body)}


def score_of(body: Any) -> dict[str, Any]:
    """The arguments of `score` from a request body; raises as `sample_of` does."""
    body = _object(body, ("pictures",))
    given = body.get("pictures")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_SCORED:
        raise DataError("The field pictures must be a list of 1 to {most} pictures: png, jpg or webp files in base64.", most=MOST_SCORED)
    return {"pictures": [_text(one, "pictures") for one in given]}


def _object(body: Any, known: tuple[str, ...]) -> dict[str, Any]:
    """The body without fields that are null."""
    if not isinstance(body, dict):
        raise DataError("The body must be a JSON object with some of the fields {fields}.", fields=", ".join(known))
    for name in body:
        if name not in known:
            raise DataError("There is no field {name!r}. The fields are: {fields}.", name=name[:_SHORT], fields=", ".join(known))
    return {name: value for name, value in body.items() if value is not None}


def _whole(body: dict, name: str, low: int, high: int, usual: int | None) -> int | None:
    value = body.get(name, usual)
    if value is not None and not _is_whole(value, low, high):
        raise DataError(
            "The field {field} is {value}. Give a whole number from {low} to {high}.",
            field=name, value=repr(value)[:_SHORT], low=low, high=high,
        )
    return value


def _number(body: dict, name: str, low: float, high: float, usual: float | None) -> float | None:
    value = body.get(name, usual)
    if value is None:
        return None
    if not _is_number(value, low, high):
        raise DataError(
            "The field {field} is {value}. Give a number from {low} to {high}.", field=name, value=repr(value)[:_SHORT], low=low, high=high
        )
    return float(value)


def _is_whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high and math.isfinite(value)


def _seed(body: dict) -> int:
    return _whole(body, "seed", 0, _MOST_SEED, 0)


def _switch(body: dict, name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise DataError("The field {field} is {value}. Give true or false.", field=name, value=repr(value)[:_SHORT])
    return value


def _label(given: Any, n: int) -> Any:
    """A class, a list of n classes, or None; whether they were learned only the model knows."""
    several = isinstance(given, list)
    if several and len(given) != n:
        raise DataError("There are {given} labels for {n} pictures. Give one label, or one for each picture.", given=len(given), n=n)
    for one in given if several else [given]:
        if (one is None and several) or isinstance(one, bool) or not isinstance(one, str | int | None) or len(str(one)[:1000]) > _LONGEST:
            raise DataError("A label cannot be {value}: give the name of a class.", value=repr(one)[:_SHORT])
    return given


def _passes(n: int, steps: int | None) -> None:
    if n * (steps or 1) > MOST_PASSES:
        raise DataError(
            "{n} pictures of {steps} steps are more than {most:,} steps. Ask for fewer pictures at a time, or fewer steps.",
            n=n, steps=steps, most=MOST_PASSES,
        )


def _frames(n: int, frames: int) -> None:
    if n * frames > MOST:
        raise DataError(
            "{n} pictures of {frames} frames are more than {most} pictures. Ask for fewer pictures or fewer steps.",
            n=n, frames=frames, most=MOST,
        )


def _picture(body: dict, name: str) -> str:
    if name not in body:
        raise DataError("The body needs the field {field}: a png, jpg or webp file in base64.", field=name)
    return _text(body[name], name)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise DataError("The field {field} must hold png, jpg or webp files in base64.", field=name)
    return value

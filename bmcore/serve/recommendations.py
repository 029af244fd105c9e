"""Asking a model that recommends: {"users": [...]} or {"histories": [[...], ...]} in, a list with reasons for each out; {"items": [...]}
in, similar items out; a path asks as a recommendation does, for the next steps in order.

The example in /docs names a customer and items of this very model.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from bmcore.errors import DataError
from bmcore.serve.endpoints import Endpoint

MAX_ASKED = 1000  # customers, histories or items of a request
MAX_HISTORY = 10_000  # items of a history
MAX_CANDIDATES = 20_000
MAX_K = 1000
MAX_STEPS = 50  # of a path
MAX_PATHS = 100
MAX_ROWS = 10_000  # k times those who ask: each row has its reasons
MAX_TRAITS = 100
_SHORT = 60
_LONGEST = 1000  # characters of an id
_ID = {"type": ["string", "integer", "number"]}
_MESSAGE = {"type": ["object", "null"], "description": "a template and its values, where no item of the history speaks for it"}
_SHOWN = {"item": _ID, "title": {"type": "string"}, "score": {"type": "number"}}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_REASON = {"type": "object", "properties": {"item": _ID, "title": {"type": "string"}, "share": _SHARE}}
_K = {"type": "integer", "minimum": 1, "maximum": MAX_K, "default": 10}
_RECOMMEND = {
    "type": "object", "additionalProperties": False,
    "oneOf": [{"required": ["users"]}, {"required": ["histories"]}],
    "properties": {
        "users": {"type": "array", "minItems": 1, "maxItems": MAX_ASKED, "items": _ID, "description": "known customers"},
        "histories": {
            "type": "array", "minItems": 1, "maxItems": MAX_ASKED, "description": "what each new visitor has chosen; [] for one without",
            "items": {"oneOf": [
                {"type": "array", "maxItems": MAX_HISTORY, "items": _ID},
                {"type": "object", "maxProperties": MAX_HISTORY, "additionalProperties": {"type": "number", "exclusiveMinimum": 0}},
            ]},
        },
        "k": _K,
        "diversity": {"type": "number", "minimum": 0, "maximum": 1, "default": 0, "description": "0: the best first; 1: most different"},
        "candidates": {"type": "array", "minItems": 1, "maxItems": MAX_CANDIDATES, "items": _ID, "description": "choose from these only"},
        "like": {
            "type": "object", "maxProperties": MAX_TRAITS, "description": "who a visitor without a history is: column and value",
            "additionalProperties": {"type": ["string", "number"]},
        },
        "difficulty": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}, "description": "lowest and highest"},
    },
}
_SIMILAR = {
    "type": "object", "required": ["items"], "additionalProperties": False,
    "properties": {"items": {"type": "array", "minItems": 1, "maxItems": MAX_ASKED, "items": _ID}, "k": _K},
}
_PATH = {
    "type": "object", "additionalProperties": False, "oneOf": _RECOMMEND["oneOf"],
    "properties": {
        **{name: {**_RECOMMEND["properties"][name], "maxItems": MAX_PATHS} for name in ("users", "histories")},
        "k": {**_K, "maximum": MAX_STEPS, "default": 5}, "diversity": _RECOMMEND["properties"]["diversity"],
        "reach": {
            "type": "number", "exclusiveMinimum": 0, "maximum": 1,
            "description": "how far from the level reached a step may lie, as a share of all difficulties",
        },
    },
}
_HISTORY = {
    "type": "object", "required": ["users"], "additionalProperties": False,
    "properties": {"users": _RECOMMEND["properties"]["users"], "k": _K},
}


def endpoints(model: type, folder: Path | None) -> dict[str, Endpoint]:
    """What a model that recommends can be asked."""
    shown = _example(folder)
    return {
        "recommend": Endpoint(
            name="recommend", summary="The best items for each customer or history", takes=_RECOMMEND,
            gives=_lists("recommendations", {**_SHOWN, "because": {"type": "array", "items": _REASON}, "why": _MESSAGE}),
            example={"users": shown["users"], "k": 5}, check=recommend_of, answer=recommendations,
        ),
        "similar": Endpoint(
            name="similar", summary="The items most like each of these", takes=_SIMILAR, gives=_lists("similar", _SHOWN),
            example={"items": shown["items"], "k": 5}, check=similar_of, answer=similar,
        ),
        "history": Endpoint(
            name="history", summary="What each customer has chosen", takes=_HISTORY,
            gives=_lists("histories", {"item": _ID, "title": {"type": "string"}, "weight": {"type": "number"}}),
            example={"users": shown["users"], "k": 5}, check=history_of, answer=histories,
        ),
        "path": Endpoint(
            name="path", summary="The next steps of each learner, what has to come before first", takes=_PATH,
            gives={
                "type": "object", "required": ["paths"],
                "properties": {"paths": {"type": "array", "items": {"type": "object", "required": ["steps", "done", "level", "ordered"]}}},
            },
            example={"users": shown["users"], "k": 5}, check=path_of, answer=paths,
        ),
    }


def _lists(name: str, shown: dict) -> dict:
    entry = {"type": "object", "required": list(shown), "properties": shown}
    return {"type": "object", "required": [name], "properties": {name: {"type": "array", "items": {"type": "array", "items": entry}}}}


def _example(folder: Path | None) -> dict[str, list]:
    """A customer and an item of the saved model."""
    if folder is None:
        return {"users": ["customer"], "items": ["item"]}
    from bmcore.recommend.listing import example

    return example(folder)


def recommend_of(body: Any) -> dict[str, Any]:
    """The arguments of `recommend` from a request body.

    Raises
    ------
    DataError
        If it is anything else, with a sentence that says what is expected.
    """
    body = _object(body, _RECOMMEND["properties"])
    _length(body, _asked(body, MAX_ASKED))
    _share(body, "diversity")
    if "candidates" in body:
        _ids("candidates", body["candidates"], MAX_CANDIDATES)
    if "like" in body:
        _like(body["like"])
    if "difficulty" in body and not (isinstance(body["difficulty"], list) and all(map(_number, body["difficulty"]))):
        raise DataError("The field difficulty must be a list of two numbers: the lowest and the highest.")
    return body


def path_of(body: Any) -> dict[str, Any]:
    """The arguments of `path` from a request body; raises as `recommend_of` does."""
    body = _object(body, _PATH["properties"])
    _asked(body, MAX_PATHS)
    k = body.get("k", 5)
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_STEPS:
        raise DataError("The field k is {value}. Give a whole number from 1 to {most:,}.", value=repr(k)[:_SHORT], most=MAX_STEPS)
    _share(body, "diversity")
    _share(body, "reach")
    return body


def history_of(body: Any) -> dict[str, Any]:
    """The arguments of `history` from a request body; raises as `recommend_of` does."""
    body = _object(body, _HISTORY["properties"])
    if "users" not in body:
        raise DataError("The body needs the field users: a list of customers' ids.")
    _ids("users", body["users"], MAX_ASKED)
    _length(body, len(body["users"]))
    return body


def _asked(body: dict[str, Any], most: int) -> int:
    """How many are asked about."""
    if ("users" in body) == ("histories" in body):
        raise DataError("The body needs exactly one of the fields users (known customers) and histories (lists of items of new visitors).")
    if "users" in body:
        _ids("users", body["users"], most)
    else:
        body["histories"] = _histories(body["histories"], most)
    return len(body.get("users") or body["histories"])


def _share(body: dict[str, Any], field: str) -> None:
    if field in body and not (_number(body[field]) and 0 <= body[field] <= 1):
        raise DataError("The field {field} is {value}. Give a number from 0 to 1.", field=field, value=repr(body[field])[:_SHORT])


def similar_of(body: Any) -> dict[str, Any]:
    """The arguments of `similar` from a request body; raises as `recommend_of` does."""
    body = _object(body, _SIMILAR["properties"])
    if "items" not in body:
        raise DataError("The body needs the field items: a list of item ids.")
    _ids("items", body["items"], MAX_ASKED)
    _length(body, len(body["items"]))
    return body


def _object(body: Any, known: dict) -> dict[str, Any]:
    """A copy of the body without fields that are null."""
    if not isinstance(body, dict):
        raise DataError("The body must be a JSON object with some of the fields {fields}.", fields=", ".join(known))
    for name in body:
        if name not in known:
            raise DataError("There is no field {name!r}. The fields are: {fields}.", name=name[:_SHORT], fields=", ".join(known))
    return {name: value for name, value in body.items() if value is not None}


def _ids(field: str, ids: Any, most: int, least: int = 1) -> None:
    if not isinstance(ids, list) or not least <= len(ids) <= most:
        raise DataError("The field {field} must be a list of {least} to {most:,} ids.", field=field, least=least, most=most)
    for number, one in enumerate(ids):
        if not _id(one):
            raise DataError(
                "Entry {number} of {field} is {value}. An id is a text of at most {longest:,} characters, or a number.",
                number=number, field=field, value=repr(one)[:_SHORT], longest=_LONGEST,
            )


def _id(value: Any) -> bool:
    return len(value) <= _LONGEST if isinstance(value, str) else _number(value)


def _histories(given: Any, most: int) -> list:
    if not isinstance(given, list) or not 0 < len(given) <= most:
        raise DataError("The field histories must be a list of 1 to {most:,} lists of item ids.", most=most)
    for number, history in enumerate(given):
        if isinstance(history, dict) and len(history) <= MAX_HISTORY:
            for item, weight in history.items():
                if not _number(weight) or not 0 < weight < 1e30 or not _id(item):
                    raise DataError(
                        "Entry {number} of histories gives item {item} the weight {weight}. A weight is a number above 0.",
                        number=number, item=repr(item)[:_SHORT], weight=repr(weight)[:_SHORT],
                    )
        elif isinstance(history, list):
            _ids("histories", history, MAX_HISTORY, least=0)
        else:
            raise DataError(
                "Entry {number} of histories must be a list of at most {most:,} item ids, or an object of items and weights.",
                number=number, most=MAX_HISTORY,
            )
    return given


def _length(body: dict, asked: int) -> None:
    k = body.get("k", 10)
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_K:
        raise DataError("The field k is {value}. Give a whole number from 1 to {most:,}.", value=repr(k)[:_SHORT], most=MAX_K)
    if k * asked > MAX_ROWS:
        raise DataError(
            "{asked:,} lists of {k:,} items are more than {most:,} rows. Ask for fewer at a time, or for shorter lists.",
            asked=asked, k=k, most=MAX_ROWS,
        )


def _like(like: Any) -> None:
    if not isinstance(like, dict) or len(like) > MAX_TRAITS or not all(_id(value) for value in like.values()):
        raise DataError("The field like must be an object of columns and values, such as {example}.", example='{"gender": "F"}')


def _number(value: Any) -> bool:
    """A number that a float can hold: JSON's have no bounds, and Python reads NaN and Infinity as well."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def recommendations(model: Any, asked: dict[str, Any]) -> dict:
    """A list for each who is asked about."""
    return {"recommendations": model.recommend(**asked)}


def similar(model: Any, asked: dict[str, Any]) -> dict:
    """A list for each item."""
    return {"similar": model.similar(**asked)}


def paths(model: Any, asked: dict[str, Any]) -> dict:
    """A path for each who is asked about."""
    return {"paths": model.path(**asked)}


def histories(model: Any, asked: dict[str, Any]) -> dict:
    """What each has chosen."""
    return {"histories": model.history(**asked)}

"""What may be asked of a model that writes: each body checked on the way in, with a sentence for what cannot be meant."""

from __future__ import annotations

from typing import Any

from bmcore.errors import DataError

MOST_CHARACTERS = 100_000
MOST_LOOKED_AT = 20_000  # characters of a text whose tokens are shown
MOST_DRAFTS = 8
MOST_TOKENS = 4096
MOST_TEMPERATURE = 10
MOST_NEXT = 1000
MOST_TEXTS = 1000
MOST_STOPS = 16
LONGEST_STOP = 1000
MOST_SEED = 2**31 - 1
_SHORT = 60


def generate_of(body: Any) -> dict[str, Any]:
    """The arguments of `generate` from a request body.

    Raises
    ------
    DataError
        If it is anything else, with a sentence that says what is expected.
    """
    body = _object(body, ("prompt", "drafts", "max_new_tokens", "temperature", "top_p", "stop", "seed", "stream"))
    stream = body.get("stream", False)
    if not isinstance(stream, bool):
        raise DataError("The field stream is {value}. Give true or false.", value=repr(stream)[:_SHORT])
    return {
        "prompt": _text(body.get("prompt", ""), "prompt", MOST_CHARACTERS), "drafts": _whole(body, "drafts", 1, MOST_DRAFTS, 1),
        "max_new_tokens": _whole(body, "max_new_tokens", 1, MOST_TOKENS, 120),
        "temperature": _number(body, "temperature", MOST_TEMPERATURE, 0.8), "top_p": _top_p(body, 0.95), "stop": _stop(body.get("stop")),
        "seed": _whole(body, "seed", 0, MOST_SEED, 0), "stream": stream,
    }


def next_of(body: Any) -> dict[str, Any]:
    """The arguments of `next_tokens` from a request body; raises as `generate_of` does."""
    body = _object(body, ("prompt", "temperature", "top_p", "k"))
    if "prompt" not in body:
        raise DataError("The body needs the field prompt: the text whose next token is asked for.")
    return {
        "prompt": _text(body["prompt"], "prompt", MOST_CHARACTERS), "temperature": _number(body, "temperature", MOST_TEMPERATURE, 1.0),
        "top_p": _top_p(body, 1.0), "k": _whole(body, "k", 1, MOST_NEXT, 20),
    }


def text_of(body: Any) -> dict[str, str]:
    """The text of a request body; raises as `generate_of` does."""
    body = _object(body, ("text",))
    if not body.get("text"):
        raise DataError("The body needs the field text, as in {example}.", example='{"text": "The dress fits."}')
    return {"text": _text(body["text"], "text", MOST_LOOKED_AT)}


def texts_of(body: Any) -> dict[str, list[str]]:
    """The texts of a request body; raises as `generate_of` does."""
    body = _object(body, ("texts",))
    texts = body.get("texts")
    if not isinstance(texts, list) or not 1 <= len(texts) <= MOST_TEXTS:
        raise DataError("The field texts must be a list of 1 to {most:,} texts.", most=MOST_TEXTS)
    return {"texts": [_text(text, "texts", MOST_CHARACTERS) for text in texts]}


def _object(body: Any, known: tuple[str, ...]) -> dict[str, Any]:
    """The body without fields that are null."""
    if not isinstance(body, dict):
        raise DataError("The body must be a JSON object with some of the fields {fields}.", fields=", ".join(known))
    for name in body:
        if name not in known:
            raise DataError("There is no field {name!r}. The fields are: {fields}.", name=name[:_SHORT], fields=", ".join(known))
    return {name: value for name, value in body.items() if value is not None}


def _text(value: Any, name: str, most: int) -> str:
    if not isinstance(value, str):
        raise DataError("The field {field} holds {value}. Give a text.", field=name, value=repr(value)[:_SHORT])
    if len(value) > most:
        raise DataError(
            "The field {field} holds {length:,} characters; at most {most:,} are read. Send a shorter text.",
            field=name, length=len(value), most=most)
    return value.encode("utf-8", "replace").decode()  # half a surrogate pair is no text for a tokenizer


def _whole(body: dict, name: str, low: int, high: int, usual: int) -> int:
    value = body.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise DataError(
            "The field {field} is {value}. Give a whole number from {low} to {high}.",
            field=name, value=_short(value), low=low, high=high,
        )
    return value


def _number(body: dict, name: str, high: float, usual: float) -> float:
    value = body.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= high:
        raise DataError(
            "The field {field} is {value}. Give a number from {low} to {high}.", field=name, value=_short(value), low=0, high=high)
    return float(value)


def _top_p(body: dict, usual: float) -> float:
    value = _number(body, "top_p", 1, usual)
    if value == 0:
        raise DataError("The field top_p is 0, which leaves nothing to choose from. Give a number above 0 and at most 1.")
    return value


def _stop(given: Any) -> tuple[str, ...]:
    stops = [given] if isinstance(given, str) else [] if given is None else given
    if not isinstance(stops, list) or len(stops) > MOST_STOPS or not all(isinstance(one, str) and one for one in stops):
        raise DataError("The field stop must be a text or a list of at most {most} texts, none of them empty.", most=MOST_STOPS)
    return tuple(_text(one, "stop", LONGEST_STOP) for one in stops)


def _short(value: Any) -> str:
    return repr(value)[:_SHORT]

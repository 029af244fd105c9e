"""Asking a model that writes: a prompt in, one or several drafts out, as a whole or as they come; and what can be seen of how it writes.

    curl -N http://127.0.0.1:8080/generate -H 'content-type: application/json' -d '{"prompt": "Dear", "drafts": 3, "stream": true}'
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bmcore.serve import writing_asked as asked
from bmcore.serve.endpoints import Endpoint

_PROMPT = {"type": "string", "maxLength": asked.MOST_CHARACTERS}
_TEMPERATURE = {"type": "number", "minimum": 0, "maximum": asked.MOST_TEMPERATURE}
_TOP_P = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}
_STOP = {"type": "string", "minLength": 1, "maxLength": asked.LONGEST_STOP}
_STRINGS = {"type": "array", "items": {"type": "string"}}
_GENERATE = {
    "prompt": {**_PROMPT, "default": "", "description": "what the drafts go on from; empty: a text of its own"},
    "drafts": {"type": "integer", "minimum": 1, "maximum": asked.MOST_DRAFTS, "default": 1},
    "max_new_tokens": {"type": "integer", "minimum": 1, "maximum": asked.MOST_TOKENS, "default": 120},
    "temperature": {**_TEMPERATURE, "default": 0.8, "description": "0: always the most probable"},
    "top_p": {**_TOP_P, "default": 0.95},
    "stop": {"oneOf": [_STOP, {"type": "array", "maxItems": asked.MOST_STOPS, "items": _STOP}], "description": "a draft ends before it"},
    "seed": {"type": "integer", "minimum": 0, "maximum": asked.MOST_SEED, "default": 0, "description": "of the first draft"},
    "stream": {"type": "boolean", "default": False, "description": "events as it comes, the whole answer last"},
}
_NEXT = {
    "prompt": _PROMPT, "temperature": {**_TEMPERATURE, "default": 1}, "top_p": {**_TOP_P, "default": 1},
    "k": {"type": "integer", "minimum": 1, "maximum": asked.MOST_NEXT, "default": 20},
}
_TEXT = {"text": {"type": "string", "minLength": 1, "maxLength": asked.MOST_LOOKED_AT}}
_TEXTS = {"texts": {
    "type": "array", "minItems": 1, "maxItems": asked.MOST_TEXTS, "items": {"type": "string", "maxLength": asked.MOST_CHARACTERS}}}
_WRITTEN = {
    "done": {"type": "boolean"}, "texts": _STRINGS, "tokens": {"type": "array", "items": {"type": "integer"}},
    "ended": {"type": "array", "items": {"enum": ["end", "stop", "length"]}}, "seconds": {"type": "number"},
    "notes": {"type": "array", "items": {"type": "object"}},
}
_TOKEN = {"token": {"type": "string"}, "id": {"type": "integer"}}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def endpoints(estimator: type, folder: Path | None) -> dict[str, Endpoint]:
    """What a model that writes can be asked."""
    found = (
        Endpoint(
            "generate", "Drafts that go on from a prompt", _takes(_GENERATE), _gives(_WRITTEN),
            {"prompt": "", "drafts": 2, "max_new_tokens": 60, "seed": 0}, asked.generate_of, whole, stream=written,
        ),
        Endpoint(
            "next_tokens", "The most probable next tokens", _takes(_NEXT, "prompt"),
            _rows("next", {**_TOKEN, "probability": _SHARE, "raw": _SHARE}), {"prompt": "The", "k": 5}, asked.next_of, next_tokens,
        ),
        Endpoint(
            "tokens", "A text cut into tokens, and how surprising each is", _takes(_TEXT, "text"),
            _rows("tokens", {**_TOKEN, "surprise": {"type": ["number", "null"]}}), {"text": "The dress fits."}, asked.text_of, tokens,
        ),
        Endpoint(
            "attention", "How much each token attends to each before it", _takes(_TEXT, "text"),
            _gives({"tokens": _STRINGS, "layers": {"type": "integer"}, "heads": {"type": "integer"}, "weights": {"type": "array"}}),
            {"text": "The dress fits."}, asked.text_of, attention,
        ),
        Endpoint(
            "perplexity", "How many tokens the model hesitates between", _takes(_TEXTS, "texts"),
            _gives({"perplexity": {"type": "number"}}), {"texts": ["The dress fits."]}, asked.texts_of, perplexity,
        ),
    )
    return {entry.name: entry for entry in found}


def _takes(properties: dict, *needed: str) -> dict:
    return {"type": "object", "required": list(needed), "additionalProperties": False, "properties": properties}


def _gives(properties: dict) -> dict:
    return {"type": "object", "required": list(properties), "properties": properties}


def _rows(name: str, properties: dict) -> dict:
    return _gives({name: {"type": "array", "items": _gives(properties)}})


def written(model: Any, given: dict[str, Any]) -> Iterator[list[dict] | dict]:
    """After each token what the drafts have grown by; last the answer as a whole."""
    from bmcore.text import gpt_decode

    n, started, notes = given["drafts"], time.monotonic(), []
    texts, ended, counts = [""] * n, [""] * n, [0] * n
    made = gpt_decode.pieces(
        model.model_, model.tokenizer_, [given["prompt"]] * n, seeds=range(given["seed"], given["seed"] + n), notes=notes,
        context=model.context_length, **{name: given[name] for name in ("max_new_tokens", "temperature", "top_p", "stop")})
    with contextlib.closing(made):
        for step in made:
            for piece in step:
                texts[piece.draft] += piece.text
                if piece.ended:
                    ended[piece.draft], counts[piece.draft] = piece.ended, piece.tokens
            yield [{"draft": piece.draft, "text": piece.text} for piece in step if piece.text]
    told = [note.to_dict() for note in notes[:1]]  # all drafts have the same prompt
    yield {"done": True, "texts": texts, "tokens": counts, "ended": ended, "seconds": round(time.monotonic() - started, 3), "notes": told}


def whole(model: Any, given: dict[str, Any]) -> dict:
    """The answer as a whole."""
    return [step for step in written(model, given) if isinstance(step, dict)][-1]


def next_tokens(model: Any, given: dict[str, Any]) -> dict:
    """The most probable next tokens."""
    return {"next": model.next_tokens(**given)}


def tokens(model: Any, given: dict[str, Any]) -> dict:
    """The tokens of a text."""
    return {"tokens": model.tokens(**given)}


def attention(model: Any, given: dict[str, Any]) -> dict:
    """Who attends to whom."""
    return model.attention(**given)


def perplexity(model: Any, given: dict[str, Any]) -> dict:
    """Perplexity of all texts together."""
    return {"perplexity": round(float(model.perplexity(**given)), 6)}

"""What a service can be asked: one endpoint for each method that an estimator marks as servable and that has an entry here.

An entry says what goes in, what comes out, how the body is checked and how the method is called. `openapi` turns the same
entries into the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bmcore.errors import DataError

_EXAMPLE = '{"texts": ["Where is my parcel?"]}'
MAX_BODY = 1_000_000  # bytes
MAX_TEXTS = 1000
MAX_CHARACTERS = 100_000
MAX_CLASSES = 100  # named in an answer, the most probable first; 1,000 texts by 3,000 classes would be 60 MB of JSON


@dataclass(frozen=True)
class Endpoint:
    """One servable method: its words, its JSON schemas, its check and its call."""

    name: str
    summary: str
    takes: dict
    gives: dict
    example: dict
    check: Callable[[Any], Any]
    answer: Callable[[Any, Any], dict]


def texts_of(body: Any) -> list[str]:
    """The list of texts in a request body.

    Raises
    ------
    DataError
        If it is anything else, with a sentence that says what is expected.
    """
    if not isinstance(body, dict) or set(body) != {"texts"}:
        raise DataError("The body must be a JSON object with one field, texts, as in {example}.", example=_EXAMPLE)
    texts = body["texts"]
    if not isinstance(texts, list) or not texts or len(texts) > MAX_TEXTS:
        raise DataError("The field texts must be a list of 1 to {most:,} texts.", most=MAX_TEXTS)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError("Entry {number} of texts is not a text. Each entry must be a string.", number=number)
        if len(text) > MAX_CHARACTERS:
            raise DataError(
                "Entry {number} of texts has {length:,} characters; at most {most:,} are read. Send a shorter text.",
                number=number, length=len(text), most=MAX_CHARACTERS)
    return [text.encode("utf-8", "replace").decode() for text in texts]  # half a surrogate pair is no text for a tokenizer


def predictions(estimator: Any, texts: list[str]) -> dict:
    """Label and probabilities of each text, from one call of the model."""
    from bmcore.evaluate.labels import label_names

    probabilities = estimator.predict_proba(texts)  # (n, k)
    names = label_names(estimator.classes_)
    answers = []
    for row in probabilities.astype(float).round(6).tolist():
        order = sorted(range(len(row)), key=row.__getitem__, reverse=True)[:MAX_CLASSES]
        shares = {names[code]: row[code] for code in order}
        answers.append({"label": names[order[0]], "probability": row[order[0]], "probabilities": shares})
    return {"predictions": answers}


_TEXTS = {
    "type": "object", "required": ["texts"], "additionalProperties": False,
    "properties": {"texts": {
        "type": "array", "minItems": 1, "maxItems": MAX_TEXTS, "items": {"type": "string", "maxLength": MAX_CHARACTERS}}},
}
_PREDICTION = {
    "type": "object", "required": ["label", "probability", "probabilities"],
    "properties": {
        "label": {"type": "string"}, "probability": {"type": "number", "minimum": 0, "maximum": 1},
        "probabilities": {
            "type": "object", "description": f"at most {MAX_CLASSES}, the most probable", "additionalProperties": {"type": "number"}},
    },
}
ALL = {
    "predict": Endpoint(
        name="predict", summary="Label and probabilities of each text", takes=_TEXTS,
        gives={"type": "object", "required": ["predictions"], "properties": {"predictions": {"type": "array", "items": _PREDICTION}}},
        example={"texts": ["The dress runs two sizes too small.", "Where is my parcel?"]}, check=texts_of, answer=predictions,
    ),
}


def of(estimator: type) -> dict[str, Endpoint]:
    """The endpoints of an estimator class by name."""
    return {name: entry for name, entry in ALL.items() if getattr(getattr(estimator, name, None), "servable", False)}


def openapi(title: str, endpoints: dict[str, Endpoint]) -> dict:
    """The OpenAPI 3.1 document of a service."""
    problem = {"description": "What was wrong, in one sentence", "content": {"application/json": {"schema": {
        "type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}}}}
    refused = dict.fromkeys(("400", "413", "415", "422", "500", "503"), problem)
    paths: dict[str, dict] = {"/health": {"get": {
        "summary": "Whether the model is loaded", "responses": {"200": {"description": "ready"}, "503": {"description": "loading"}}}}}
    for entry in endpoints.values():
        paths[f"/{entry.name}"] = {"post": {
            "summary": entry.summary, "operationId": entry.name,
            "requestBody": {"required": True, "content": {"application/json": {"schema": entry.takes, "example": entry.example}}},
            "responses": {"200": {"description": entry.summary, "content": {"application/json": {"schema": entry.gives}}}, **refused},
        }}
    return {"openapi": "3.1.0", "info": {"title": title, "version": "1"}, "paths": paths}

"""Asking a model that labels texts: {"texts": [...]} in, a label and probabilities for each out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bmcore.errors import DataError
from bmcore.serve.endpoints import MAX_CHARACTERS, MAX_TEXTS, Endpoint

MAX_CLASSES = 100  # named in an answer, the most probable first; 1,000 texts by 3,000 classes would be 60 MB of JSON
_EXAMPLE = '{"texts": ["Where is my parcel?"]}'


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


TEXTS = {
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


def endpoints(estimator: type, folder: Path | None) -> dict[str, Endpoint]:
    """What a text classifier can be asked."""
    return {
        "predict": Endpoint(
            name="predict", summary="Label and probabilities of each text", takes=TEXTS,
            gives={"type": "object", "required": ["predictions"], "properties": {"predictions": {"type": "array", "items": _PREDICTION}}},
            example={"texts": ["The dress runs two sizes too small.", "Where is my parcel?"]}, check=texts_of, answer=predictions,
        ),
    }

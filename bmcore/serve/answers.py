"""Asking a model that searches past answers: {"questions": [...]} in, the nearest questions with their answers for each out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bmcore.errors import DataError
from bmcore.serve.endpoints import MAX_CHARACTERS, Endpoint

MAX_ASKED = 1000  # questions of a request
MAX_K = 100
MAX_ROWS = 10_000  # k times the questions
_EXAMPLE = '{"questions": ["Where is my parcel?"], "k": 5}'
_TAKES = {
    "type": "object", "required": ["questions"], "additionalProperties": False,
    "properties": {
        "questions": {"type": "array", "minItems": 1, "maxItems": MAX_ASKED, "items": {"type": "string", "maxLength": MAX_CHARACTERS}},
        "k": {"type": "integer", "minimum": 1, "maximum": MAX_K, "default": 5},
    },
}
_ANSWER = {
    "type": "object", "required": ["question", "answer", "score", "row"],
    "properties": {
        "question": {"type": "string", "description": "the past question"}, "answer": {"type": "string"},
        "score": {"type": "number", "description": "larger is nearer"}, "row": {"type": "integer", "description": "which pair, from 0"},
    },
}


def endpoints(estimator: type, folder: Path | None) -> dict[str, Endpoint]:
    """What a search of answers can be asked."""
    return {
        "search": Endpoint(
            name="search", summary="The nearest past questions with their answers", takes=_TAKES,
            gives={"type": "object", "required": ["answers"], "properties": {
                "answers": {"type": "array", "items": {"type": "array", "items": _ANSWER}}}},
            example={"questions": ["How are you?"], "k": 5}, check=search_of, answer=answers,
        ),
    }


def search_of(body: Any) -> tuple[list[str], int]:
    """(questions, k) of a request body.

    Raises
    ------
    DataError
        If it is anything else, with a sentence that says what is expected.
    """
    if not isinstance(body, dict) or not {"questions"} <= set(body) <= {"questions", "k"}:
        raise DataError("The body must be a JSON object with questions and, if you like, k, as in {example}.", example=_EXAMPLE)
    questions, k = body["questions"], body.get("k", 5)
    if not isinstance(questions, list) or not questions or len(questions) > MAX_ASKED:
        raise DataError("The field questions must be a list of 1 to {most:,} texts.", most=MAX_ASKED)
    for number, text in enumerate(questions):
        if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
            raise DataError(
                "Entry {number} of questions is not a text of at most {most:,} characters. Send each question as a string.",
                number=number, most=MAX_CHARACTERS)
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_K:
        raise DataError("k cannot be {value}: it takes a whole number from 1 to {most}.", value=repr(k)[:60], most=MAX_K)
    if k * len(questions) > MAX_ROWS:
        raise DataError("k times the number of questions may be at most {most:,}. Send fewer questions at a time.", most=MAX_ROWS)
    return [text.encode("utf-8", "replace").decode() for text in questions], k


def answers(estimator: Any, asked: tuple[list[str], int]) -> dict:
    """The nearest of each question."""
    return {"answers": estimator.search(*asked)}

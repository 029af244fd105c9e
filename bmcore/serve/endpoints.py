"""What a service can be asked: one endpoint for each method that an estimator marks as servable and its task has an entry for.

An entry says what goes in, what comes out, how the body is checked and how the method is called. `openapi` turns the same
entries into the OpenAPI document.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_BODY = 1_000_000  # bytes
MAX_TEXTS = 1000
MAX_CHARACTERS = 100_000
MAX_RECORDS = 1000


@dataclass(frozen=True)
class Endpoint:
    """One servable method: its words, its JSON schemas, its check and its call.

    `sheet` answers with a png where that is accepted. `stream` answers step by step, the whole answer last, where the body says
    `"stream": true` or server-sent events are accepted; without, the last step is the answer, and `answer` is not called.
    """

    name: str
    summary: str
    takes: dict
    gives: dict
    example: dict
    check: Callable[[Any], Any]
    answer: Callable[[Any, Any], dict]
    sheet: Callable[[Any, Any], bytes] | None = None
    most: int = MAX_BODY  # bytes of a body
    stream: Callable[[Any, Any], Iterator[dict]] | None = None


# a task -> the module whose `endpoints(estimator, folder)` says what a model of this task can be asked
ASKED = {
    "classification": "bmcore.serve.texts", "clustering": "bmcore.serve.records", "recommendation": "bmcore.serve.recommendations",
    "pictures": "bmcore.serve.pictures", "answers": "bmcore.serve.answers", "generation": "bmcore.serve.writing",
}


def of(estimator: type, folder: Path | None = None) -> dict[str, Endpoint]:
    """The endpoints of an estimator class by name; `folder` is the saved model's, for what depends on its columns."""
    module = importlib.import_module(ASKED.get(getattr(estimator, "task", ""), ASKED["classification"]))
    return {
        name: entry
        for name, entry in module.endpoints(estimator, folder).items()
        if getattr(getattr(estimator, name, None), "servable", False)
    }


def openapi(title: str, endpoints: dict[str, Endpoint]) -> dict:
    """The OpenAPI 3.1 document of a service."""
    problem = {"description": "What was wrong, in one sentence", "content": {"application/json": {"schema": {
        "type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}}}}
    refused = dict.fromkeys(("400", "413", "415", "422", "500", "503"), problem)
    paths: dict[str, dict] = {"/health": {"get": {
        "summary": "Whether the model is loaded", "responses": {"200": {"description": "ready"}, "503": {"description": "loading"}}}}}
    for entry in endpoints.values():
        given = {"application/json": {"schema": entry.gives}}
        if entry.sheet:
            given["image/png"] = {"schema": {"type": "string", "format": "binary"}}
        if entry.stream:
            given["text/event-stream"] = {"schema": {"type": "string", "description": "lines data: {...}; the last says done"}}
        paths[f"/{entry.name}"] = {"post": {
            "summary": entry.summary, "operationId": entry.name,
            "requestBody": {"required": True, "content": {"application/json": {"schema": entry.takes, "example": entry.example}}},
            "responses": {"200": {"description": entry.summary, "content": given}, **refused},
        }}
    return {"openapi": "3.1.0", "info": {"title": title, "version": "1"}, "paths": paths}

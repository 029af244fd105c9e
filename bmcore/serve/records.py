"""Asking a model that has found groups: {"records": [{column: value}, ...]} or, for messages, {"texts": [...]} in, a group for each out.

Columns, their types and the example come from the saved preparation, so /docs shows a person's own column names.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

from bmcore.errors import DataError
from bmcore.serve import texts
from bmcore.serve.endpoints import MAX_CHARACTERS, MAX_RECORDS, Endpoint

MAX_COLUMNS = 1000  # of a record
_SHORT = 60
_PREDICTION = {
    "type": "object", "required": ["cluster", "name", "distance"],
    "properties": {
        "cluster": {"type": "integer", "minimum": -1, "description": "-1: no group is near enough"},
        "name": {"type": ["string", "null"]},
        "distance": {
            "type": ["number", "null"], "minimum": 0,
            "description": "to the group's centre or nearest dense point, on the scale of the model",
        },
    },
}


def endpoints(model: type, folder: Path | None) -> dict[str, Endpoint]:
    """What a model that has found groups can be asked."""
    from bmcore.data.prepared import load_preparation

    example = load_preparation(folder / "preparation").example() if folder else [{"column": 0.0}]
    if isinstance(example[0], str):
        body, takes, check = {"texts": example}, texts.TEXTS, texts.texts_of
    else:
        body, takes, check = {"records": example}, schema(example[0]), partial(records_of, example=example[0])
    return {
        "predict": Endpoint(
            name="predict", summary="The group of each record", takes=takes,
            gives={"type": "object", "required": ["predictions"], "properties": {"predictions": {"type": "array", "items": _PREDICTION}}},
            example=body, check=check, answer=predictions,
        ),
    }


def schema(example: dict[str, Any]) -> dict:
    """The JSON schema of a body, from one record."""
    kinds = {name: {"type": ["number", "null"] if _number(value) else ["string", "null"]} for name, value in example.items()}
    record = {"type": "object", "required": list(example), "properties": kinds}
    return {
        "type": "object", "required": ["records"], "additionalProperties": False,
        "properties": {"records": {"type": "array", "minItems": 1, "maxItems": MAX_RECORDS, "items": record}},
    }


def records_of(body: Any, example: dict[str, Any]) -> list[dict]:
    """The records of a request body, each with every column that is needed and nothing else.

    Raises
    ------
    DataError
        If it is anything else, with a sentence that says what is expected.
    """
    columns = ", ".join(example)[:500]
    if not isinstance(body, dict) or set(body) != {"records"}:
        raise DataError(
            "The body must be a JSON object with one field, records: a list of objects with the columns {columns}.", columns=columns)
    records = body["records"]
    if not isinstance(records, list) or not records or len(records) > MAX_RECORDS:
        raise DataError("The field records must be a list of 1 to {most:,} objects.", most=MAX_RECORDS)
    return [_checked(number, record, example, columns) for number, record in enumerate(records)]


def _checked(number: int, record: Any, example: dict[str, Any], columns: str) -> dict:
    if not isinstance(record, dict) or len(record) > MAX_COLUMNS:
        raise DataError("Entry {number} of records is not an object with the columns {columns}.", number=number, columns=columns)
    for name, shown in example.items():
        if name not in record:
            raise DataError(
                "Entry {number} of records has no column {column!r}. It needs the columns {columns}; null stands for an empty cell.",
                number=number, column=name[:_SHORT], columns=columns)
        value = record[name]
        if value is None:
            continue
        if _number(shown) and not _number(value):
            raise DataError("Entry {number} of records has {value} in column {column!r}, which is not a number.",
                            number=number, value=repr(value)[:_SHORT], column=name[:_SHORT])
        if not _number(shown) and (not isinstance(value, str) or len(value) > MAX_CHARACTERS):
            raise DataError(
                "Entry {number} of records has {value} in column {column!r}, which is not a text of at most {most:,} characters.",
                number=number, value=repr(value)[:_SHORT], column=name[:_SHORT], most=MAX_CHARACTERS)
    return {name: record[name] for name in example}


def _number(value: Any) -> bool:
    """A number that a float can hold: JSON's have no bounds, and Python reads NaN and Infinity as well."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def predictions(model: Any, records: list) -> dict:
    """Group, its name and the distance of each record, from one call of the model."""
    labels, distances = model.assign(records)
    return {"predictions": [
        {"cluster": cluster, "name": model.names_.get(cluster), "distance": round(distance, 6) if math.isfinite(distance) else None}
        for cluster, distance in zip(labels.tolist(), distances.tolist(), strict=True)
    ]}

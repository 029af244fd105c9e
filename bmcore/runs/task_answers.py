"""What a run that searches past answers may be asked for, and its result in a line."""

from __future__ import annotations

from typing import Any

from bmcore import params
from bmcore.errors import DataError, ParameterError
from bmcore.messages import Message
from bmcore.runs import asked

NO_MEMORY = Message(
    "The memory of this machine is too small for this run. Give fewer questions, or search by words, which needs less memory."
)
NEEDED = ("question", "answer")
ROLES = (*NEEDED, "topic")
_SPLIT = {"test": 0.2, "seed": 0}
_SPLIT_TAKES = {"test": (params.Range(0.01, 0.5),), "seed": (params.Range(0, 2**31 - 1),)}


def entries(request: dict[str, Any], preset: dict[str, Any]) -> dict[str, Any]:
    """The entries of a spec that only this task has, checked.

    Raises
    ------
    ParameterError, DataError
        If the request cannot be meant.
    """
    if request.get("choose"):
        raise ParameterError("There is no number of groups to choose where answers are searched. Leave choose out.")
    return {"columns": columns(request.get("columns")), "split": asked.split(request, preset, _SPLIT, _SPLIT_TAKES)}


def columns(given: Any) -> dict[str, str]:
    """Role -> column name; `topic` may be left out."""
    named: dict[str, str] = {}
    for role, name in (given if isinstance(given, dict) else {}).items():
        if role not in ROLES:
            raise DataError(
                "A search of answers has no use for {role!r}. What can be named is: {roles}.", role=str(role)[:60], roles=", ".join(ROLES)
            )
        if name is None:
            continue
        if not isinstance(name, str) or not name:
            raise DataError("The column for {role} cannot be {value}: give the name of a column.", role=role, value=repr(name)[:80])
        if name in named.values():
            raise DataError("Column {column!r} is chosen for two uses. Choose a different column for each.", column=name[:100])
        named[role] = name
    for role in NEEDED:
        if role not in named:
            raise DataError("This run does not say which column holds the {role}. Give the name of one.", role=role)
    return {role: named[role] for role in ROLES if role in named}


def of_sample(sample: Any, given: dict[str, Any]) -> dict[str, Any]:
    """`given`, and the sample's own columns where nothing is given."""
    own = {
        "question": sample.text_column, "answer": "answer" if "answer" in sample.columns else None,
        "topic": next(iter(sample.label_columns), None),
    }
    taken = {name for name in given.values() if name}
    return {role: given.get(role) or (None if own[role] in taken else own[role]) for role in ROLES}


def names(columns: dict[str, Any]) -> tuple[str, ...]:
    """The columns of the table that have to be kept."""
    return tuple(name for name in columns.values() if isinstance(name, str))


def title(spec: dict[str, Any], data: Message) -> Message:
    """What was learned from what."""
    return Message("Answer drafts from {data}", data=data)


def headline(evaluation: dict[str, Any]) -> dict[str, Any] | None:
    """The result in a line."""
    line = asked.headline(evaluation, "BM25")
    return line and {**line, "model": evaluation["model"].get("method")}


def model_class(spec: dict[str, Any]) -> type:
    """What opens the saved model."""
    from bmcore.base import estimator_class

    return estimator_class(spec["estimator"])

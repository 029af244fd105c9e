"""What a run that learns to write may be asked for, and its result in a line."""

from __future__ import annotations

from typing import Any

from bmcore import params
from bmcore.errors import DataError, ParameterError
from bmcore.messages import Message
from bmcore.runs import asked

NO_MEMORY = Message(
    "The memory of this machine is too small for this run. Choose a smaller size, context_length or batch_tokens, or give fewer texts."
)
ROLES = ("text",)
_SPLIT = {"test": 0.1, "seed": 0}
_SPLIT_TAKES = {"test": (params.Range(0.01, 0.5),), "seed": (params.Range(0, 2**31 - 1),)}


def entries(request: dict[str, Any], preset: dict[str, Any]) -> dict[str, Any]:
    """The entries of a spec that only this task has, checked.

    Raises
    ------
    ParameterError, DataError
        If the request cannot be meant.
    """
    if request.get("choose"):
        raise ParameterError("There is no number of groups to choose where texts are written. Leave choose out.")
    return {"columns": columns(request.get("columns")), "split": asked.split(request, preset, _SPLIT, _SPLIT_TAKES)}


def columns(given: Any) -> dict[str, str]:
    """{"text": column}, or nothing: a text file has no columns, and a table with one column of texts needs no name."""
    named: dict[str, str] = {}
    for role, name in (given if isinstance(given, dict) else {}).items():
        if role not in ROLES:
            raise DataError(
                "A model that writes has no use for {role!r}. What can be named is: {roles}.",
                role=str(role)[:60], roles=", ".join(ROLES),
            )
        if name is None:
            continue
        if not isinstance(name, str) or not name:
            raise DataError("The column for {role} cannot be {value}: give the name of a column.", role=role, value=repr(name)[:80])
        named[role] = name
    return named


def of_sample(sample: Any, given: dict[str, Any]) -> dict[str, Any]:
    """`given`, and the sample's own column where nothing is given."""
    return {"text": given.get("text") or sample.text_column}


def names(columns: dict[str, Any]) -> tuple[str, ...]:
    """The columns of the table that have to be kept."""
    return tuple(columns.values())


def title(spec: dict[str, Any], data: Message) -> Message:
    """What was learned from what."""
    return Message("Texts like those of {data}", data=data)


def headline(evaluation: dict[str, Any]) -> dict[str, Any] | None:
    """The result in a line. Less is better: bits that the model needs for a byte of texts it has not seen."""
    return asked.headline(evaluation, "5-gram Kneser-Ney")


def model_class(spec: dict[str, Any]) -> type:
    """What opens the saved model."""
    from bmcore.base import estimator_class

    return estimator_class(spec["estimator"])

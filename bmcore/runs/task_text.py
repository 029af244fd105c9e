"""What a run that learns to label texts may be asked for, and its result in a line."""

from __future__ import annotations

from typing import Any

from bmcore import params
from bmcore.errors import DataError, ParameterError
from bmcore.messages import Message
from bmcore.runs import asked

ROLES = ("text", "label")
NO_MEMORY = Message(
    "The memory of this machine is too small for this run. Choose the fast preset, a smaller model, or lower batch_tokens or max_length."
)
_SPLIT = {"test": 0.2, "seed": 0, "max_train": None, "max_test": None}
_ROWS = params.Range(2, 10_000_000)
_SPLIT_TAKES = {
    "test": (params.Range(0.01, 0.9),),
    "seed": (params.Range(0, 2**31 - 1),),
    "max_train": (_ROWS, params.Choice(None)),
    "max_test": (_ROWS, params.Choice(None)),
}


def entries(request: dict[str, Any], preset: dict[str, Any]) -> dict[str, Any]:
    """The entries of a spec that only this task has, checked.

    Raises
    ------
    ParameterError, DataError
        If the request cannot be meant.
    """
    if request.get("choose"):
        raise ParameterError("There is no number of groups to choose where texts are labelled. Leave choose out.")
    return {"columns": columns(request.get("columns")), "split": asked.split(request, preset, _SPLIT, _SPLIT_TAKES)}


def columns(given: Any) -> dict[str, str]:
    """Role -> column name."""
    given = given if isinstance(given, dict) else {}
    for role in ROLES:
        if not (isinstance(given.get(role), str) and given[role]):
            raise DataError("This run does not say which column holds the {role}. Give the name of one.", role=role)
    if given["text"] == given["label"]:
        raise DataError("Column {column!r} cannot be both the text and the label. Choose two columns.", column=given["text"])
    return {role: given[role] for role in ROLES}


def of_sample(sample: Any, given: dict[str, Any]) -> dict[str, Any]:
    """`given`, and the sample's own columns where nothing is given."""
    own = {"text": sample.text_column, "label": next(iter(sample.label_columns), None)}
    return {role: given.get(role) or own[role] for role in ROLES}


def names(columns: dict[str, Any]) -> tuple[str, ...]:
    """The columns of the table that have to be kept."""
    return tuple(name for name in columns.values() if isinstance(name, str))


def title(spec: dict[str, Any], data: Message) -> Message:
    """What was learned from what."""
    return Message("{label} from {data}", label=str(spec["columns"].get("label")), data=data)


def headline(evaluation: dict[str, Any]) -> dict[str, Any] | None:
    """The result in a line."""
    try:
        metric, against = evaluation["metric"], evaluation["difference"]["against"]
        rival = next(entry for entry in evaluation["baselines"] if entry["name"] == against)
        return {
            "metric": metric,
            **evaluation["model"][metric],
            "baseline": against,
            "baseline_value": rival[metric]["value"],
            "verdict": evaluation["verdict"]["kind"],
        }
    except (KeyError, TypeError, StopIteration):
        return None


def model_class(spec: dict[str, Any]) -> type:
    """What opens the saved model."""
    from bmcore.base import estimator_class

    return estimator_class(spec["estimator"])

"""What a run that learns to recommend may be asked for, and its result in a line."""

from __future__ import annotations

from typing import Any

from bmcore import params
from bmcore.errors import DataError, ParameterError
from bmcore.messages import Message
from bmcore.runs import asked

NO_MEMORY = Message(
    "The memory of this machine is too small for this run. Leave out items that hardly anybody has, give fewer rows, or choose ALS, which "
    "needs less memory than EASE when there are many items."
)
NEEDED = ("user", "item")
ONE = (*NEEDED, "weight", "time", "basket", "title", "difficulty", "requires")  # each the name of a column
SEVERAL = ("about", "traits")  # each a list of names
_ALIAS = {"name": "title"}  # where `title` already means the title of the run, as in a terminal
ROLES = (*ONE, *SEVERAL, *_ALIAS)
_SPLIT = {"test": 0.2, "seed": 0}
_SPLIT_TAKES = {"test": (params.Range(0.01, 0.9),), "seed": (params.Range(0, 2**31 - 1),)}


def entries(request: dict[str, Any], preset: dict[str, Any]) -> dict[str, Any]:
    """The entries of a spec that only this task has, checked.

    Raises
    ------
    ParameterError, DataError
        If the request cannot be meant.
    """
    if request.get("choose"):
        raise ParameterError("There is no number of groups to choose where items are recommended. Leave choose out.")
    return {"columns": columns(request.get("columns")), "split": asked.split(request, preset, _SPLIT, _SPLIT_TAKES)}


def columns(given: Any) -> dict[str, Any]:
    """Role -> column name, or for `about` and `traits` a list of them; roles that nobody named are left out."""
    given = given if isinstance(given, dict) else {}
    named: dict[str, Any] = {}
    for role, value in given.items():
        if role not in ROLES:
            raise DataError(
                "Recommendations have no use for {role!r}. What can be named is: {roles}.",
                role=str(role)[:60], roles=", ".join((*ONE, *SEVERAL)),
            )
        if value is not None and value != []:
            named[_ALIAS.get(role, role)] = value
    for role in NEEDED:
        if role not in named:
            raise DataError("This run does not say which column holds the {role}. Give the name of one.", role=role)
    _different(named)
    return {role: named[role] for role in (*ONE, *SEVERAL) if role in named}


def _different(named: dict[str, Any]) -> None:
    """Every role is the name of a column, or a list of them, and no column has two."""
    seen: list[str] = []
    for role, value in named.items():
        several = role in SEVERAL
        if several and not isinstance(value, list | tuple):
            raise DataError("{role} takes a list of column names, or nothing.", role=role)
        for name in value if several else [value]:
            if not isinstance(name, str) or not name:
                raise DataError("The column for {role} cannot be {value}: give the name of a column.", role=role, value=repr(name)[:80])
            if name in seen and not (role == "about" and name == named.get("title")):  # a title may be what it is about, too
                raise DataError("Column {column!r} is chosen for two uses. Choose a different column for each.", column=name[:100])
            seen.append(name)
        if several:
            named[role] = list(value)


def of_sample(sample: Any, given: dict[str, Any]) -> dict[str, Any]:
    """`given`, and the sample's own columns where nothing is given; a column that was given a use keeps only that one."""
    named = {_ALIAS.get(role, role): value for role, value in given.items() if value is not None}
    taken = {name for value in named.values() for name in (value if isinstance(value, list | tuple) else [value]) if isinstance(name, str)}
    own: dict[str, Any] = {}
    for role, value in sample.roles.items():
        if role in SEVERAL and isinstance(value, list):
            own[role] = [name for name in value if name not in taken]
        elif role in ONE and value not in taken:
            own[role] = value
    return {**own, **named}


def names(columns: dict[str, Any]) -> tuple[str, ...]:
    """The columns of the table that have to be kept."""
    found = [name for value in columns.values() for name in (value if isinstance(value, list | tuple) else [value])]
    return tuple(name for name in found if isinstance(name, str))


def title(spec: dict[str, Any], data: Message) -> Message:
    """What was learned from what."""
    if spec.get("scenario") == "learning_path":
        return Message("Learning path from {data}", data=data)
    return Message("Recommendations from {data}", data=data)


def headline(evaluation: dict[str, Any]) -> dict[str, Any] | None:
    """The result in a line."""
    return asked.headline(evaluation, "Popularity")


def model_class(spec: dict[str, Any]) -> type:
    """What opens the saved model."""
    from bmcore.recommend.model import RecommenderModel

    return RecommenderModel

"""What a run that looks for groups may be asked for, and its result in a line."""

from __future__ import annotations

from typing import Any, NamedTuple

from bmcore.cluster.kinds import KINDS as BOUNDED
from bmcore.cluster.kinds import kind_of
from bmcore.errors import DataError, ParameterError
from bmcore.messages import Message

NO_MEMORY = Message("The memory of this machine is too small for this run. Give fewer rows or fewer columns.")


class Kind(NamedTuple):
    """A kind of table: the columns it must and may name, and what one of its groups consists of."""

    needed: tuple[str, ...]
    may: tuple[str, ...]
    title: Message


KINDS = {
    "numeric": Kind((), ("features", "key", "label"), Message("Groups of rows in {data}")),
    "purchases": Kind(("customer", "date"), ("money", "quantity"), Message("Groups of customers in {data}")),
    "messages": Kind(("text",), ("time", "by"), Message("Groups of messages in {data}")),
}
ROLES = ("prepare", *dict.fromkeys(role for kind in KINDS.values() for role in (*kind.needed, *kind.may)))


def entries(request: dict[str, Any], preset: dict[str, Any]) -> dict[str, Any]:
    """The entries of a spec that only this task has, checked.

    Raises
    ------
    ParameterError, DataError
        If the request cannot be meant.
    """
    if request.get("split"):
        raise ParameterError("Groups are looked for in all rows, so nothing is split off for a test. Leave split out.")
    _compared(request.get("params") or {})
    choose = request.get("choose") or False
    if not isinstance(choose, bool):
        raise ParameterError("choose cannot be {value}: it takes true or false.", value=repr(choose)[:80])
    return {"columns": columns(request.get("columns")), "split": {}, "choose": choose}


def _compared(settings: dict[str, Any]) -> None:
    """Only distances that the tree bounds: the groups of a run are tried out and measured with them afterwards."""
    metric, power = settings.get("metric", "euclidean"), settings.get("p")
    if not isinstance(metric, str) or kind_of(metric, power, settings.get("metric_params")) is None:
        raise ParameterError(
            "A run compares rows by one of {known}, without settings and with a power of 1 or 2; this one asks for {metric}. Choose one of "
            "them (for cosine scale the rows to length 1), or call DBSCAN in a script.",
            known=", ".join(BOUNDED), metric=str(metric)[:60],
        )


def columns(given: Any) -> dict[str, Any]:
    """{"prepare": kind, role: column}; roles that nobody named are left out."""
    given = dict(given) if isinstance(given, dict) else {}
    kind = given.pop("prepare", None)
    known = ", ".join(KINDS)
    if kind is None:
        raise DataError("This run does not say how its table is prepared. Set prepare to one of: {known}.", known=known)
    if not isinstance(kind, str) or kind not in KINDS:
        raise DataError("A table cannot be prepared as {value}. Set prepare to one of: {known}.", value=repr(kind)[:80], known=known)
    named = {role: value for role, value in given.items() if value is not None}
    allowed = (*KINDS[kind].needed, *KINDS[kind].may)
    for role in named:
        if role not in allowed:
            raise DataError(
                "A table of {kind} has no use for {role!r}. What can be named is: {roles}.",
                kind=kind, role=str(role)[:60], roles=", ".join(allowed),
            )
    for role in KINDS[kind].needed:
        if role not in named:
            raise DataError("This run does not say which column holds the {role}. Give the name of one.", role=role)
    _different(named)
    return {"prepare": kind, **named}


def of_sample(sample: Any, given: dict[str, Any]) -> dict[str, Any]:
    """`given`, and the sample's own columns where nothing is given."""
    own = {"text": sample.text_column, **sample.roles}
    named = {role: value for role, value in given.items() if value is not None}
    kind = named.get("prepare") or ("purchases" if "customer" in own else "messages" if sample.text_column else "numeric")
    roles = (*KINDS[kind].needed, *KINDS[kind].may) if isinstance(kind, str) and kind in KINDS else ()
    return {"prepare": kind, **{role: own[role] for role in roles if own.get(role)}, **named}


def names(columns: dict[str, Any]) -> tuple[str, ...]:
    """The columns of the table that have to be kept; none where all are."""
    if columns.get("prepare") == "numeric" and not columns.get("features"):
        return ()
    found = [value for role, value in columns.items() if role not in ("prepare", "features")] + list(columns.get("features") or [])
    return tuple(name for name in found if isinstance(name, str))


def _different(named: dict[str, Any]) -> None:
    """Every role is the name of a column (features: a list of them), and no column has two."""
    seen: list[str] = []
    for role, value in named.items():
        several = role == "features"
        if several and (not isinstance(value, list | tuple) or not value):
            raise DataError("features takes a list of column names, or nothing for all columns with numbers.")
        for name in value if several else [value]:
            if not isinstance(name, str) or not name:
                raise DataError("The column for {role} cannot be {value}: give the name of a column.", role=role, value=repr(name)[:80])
            if name in seen:
                raise DataError("Column {column!r} is chosen for two uses. Choose a different column for each.", column=name[:100])
            seen.append(name)
    if "features" in named:
        named["features"] = list(named["features"])


def title(spec: dict[str, Any], data: Message) -> Message:
    """What was grouped, or looked through for rows that fit no group."""
    if spec.get("scenario") == "unusual":
        return Message("Unusual rows in {data}", data=data)
    return Message(KINDS[spec["columns"]["prepare"]].title.template, data=data)


def headline(evaluation: dict[str, Any]) -> dict[str, Any] | None:
    """The result in a line. Values are None where there are too few groups to measure how far apart they are."""
    try:
        metric = evaluation["metric"]
        ours, verdict = evaluation["model"].get(metric) or {}, evaluation["verdict"]["kind"]
        against = (evaluation.get("difference") or {}).get("against") or "shuffled_columns"
        rivals = [entry.get(metric) or {} for entry in evaluation.get("baselines", ()) if entry["name"] == against]
    except (KeyError, TypeError, AttributeError):
        return None
    return {
        "metric": metric,
        **{name: ours.get(name) for name in ("value", "low", "high")},
        "baseline": against,
        "baseline_value": rivals[0].get("value") if rivals else None,
        "verdict": verdict,
        "k": evaluation.get("k"),
    }


def model_class(spec: dict[str, Any]) -> type:
    """What opens the saved model."""
    from bmcore.cluster.model import ClusterModel

    return ClusterModel

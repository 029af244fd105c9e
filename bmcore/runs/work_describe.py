"""What a clustering's groups are like, in words and figures: a function for each kind of table, added to the evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bmcore.cluster.model import ClusterModel
from bmcore.data import refs
from bmcore.data.prepared import Prepared
from bmcore.errors import DataError
from bmcore.runs.report import Report

MOST_OUTLIERS = 200  # in the evaluation; clusters.csv has every row


def describe(spec: dict[str, Any], model: ClusterModel, prepared: Prepared, report: Report) -> dict[str, Any]:
    """clusters, holdout, outliers, agreement, over_time and by, as `evaluation.json` holds them; None or empty where they mean nothing."""
    nothing = {"clusters": [], "holdout": None, "outliers": [], "agreement": None, "over_time": None, "by": None}
    return {**nothing, **KINDS[spec["columns"]["prepare"]](spec, model, prepared, report)}


def _tried(make: Callable[[], Any], report: Report, instead: Any = None) -> Any:
    """What `make` gives; where the data cannot give it, a note instead of a failed run."""
    report.check()
    try:
        return make()
    except DataError as error:
        report.note(error.message)
        return instead


def _numeric(spec: dict, model: ClusterModel, prepared: Prepared, report: Report) -> dict:
    from bmcore.cluster.profile import profiles

    tell = report.within("describe")
    return {
        "clusters": _tried(lambda: profiles(prepared, model.labels_), report, []),
        "outliers": _tried(lambda: _outliers(model, prepared, tell), report, []),
        "agreement": _tried(lambda: _agreement(spec, model, prepared, tell), report),
    }


def _purchases(spec: dict, model: ClusterModel, prepared: Prepared, report: Report) -> dict:
    from bmcore.cluster.profile import profiles

    return {
        "clusters": _tried(lambda: profiles(prepared, model.labels_), report, []),
        "holdout": _tried(lambda: _holdout(spec, model, report.within("describe")), report),
    }


def _messages(spec: dict, model: ClusterModel, prepared: Prepared, report: Report) -> dict:
    from bmcore.cluster import themes

    columns, labels, table = spec["columns"], model.labels_, prepared.table
    return {
        "clusters": _tried(lambda: _themes(columns["text"], model, prepared), report, []),
        "over_time": _tried(lambda: themes.over_time(_times(table, columns["time"]), labels), report) if columns.get("time") else None,
        "by": _tried(lambda: themes.by_column(table[columns["by"]], labels), report) if columns.get("by") else None,
    }


def _themes(column: str, model: ClusterModel, prepared: Prepared) -> list[dict]:
    """Each group with the words that tell it from the others, and its most typical messages."""
    from bmcore.cluster import themes
    from bmcore.cluster.profile import profiles

    texts = prepared.table[column].astype("object").where(prepared.table[column].notna(), "").astype(str).tolist()
    words = themes.distinguishing_words(texts, model.labels_)
    typical = themes.nearest(prepared.X, model.labels_, getattr(model.clusterer, "cluster_centers_", None), texts)
    found = profiles(prepared, model.labels_)
    for group in found:
        own = words.get(group["cluster"], [])
        group |= {"words": own, "nearest": typical.get(group["cluster"], [])}
        if group["cluster"] >= 0 and own:
            group["name"] = ", ".join(own[:3])
    return found


def _times(table: Any, column: str) -> Any:
    """When each message was written, NaT where that cannot be read."""
    from bmcore.data import dates

    return dates.read(table[column], column).values


def _outliers(model: ClusterModel, prepared: Prepared, report: Callable) -> list[dict]:
    """The rows DBSCAN left in no group, the most unusual first."""
    clusterer = model.clusterer
    if not hasattr(clusterer, "core_sample_indices_"):
        return []
    from bmcore.cluster.outliers import outliers

    return outliers(prepared, prepared.X, model.labels_, clusterer.core_sample_indices_, clusterer.eps, most=MOST_OUTLIERS)


def _agreement(spec: dict, model: ClusterModel, prepared: Prepared, report: Callable) -> dict | None:
    """Whether what belongs to no group is what a named column calls rare."""
    label = spec["columns"].get("label")
    if not label or not (model.labels_ < 0).any():
        return None
    from bmcore.evaluate.agreement import agreement

    return {"label": label, **agreement(model.labels_, prepared.table[label], seed=spec["seed"], report=report)}


def _holdout(spec: dict, model: ClusterModel, report: Callable) -> dict:
    """Whether the groups of the first half of the time say what is spent in the second."""
    from bmcore.cluster.holdout import holdout

    columns = {role: name for role, name in spec["columns"].items() if role != "prepare"}
    learned = model.clusterer
    return holdout(refs.load(spec["data"]), columns, type(learned), learned.get_params(), seed=spec["seed"], report=report)


KINDS = {"numeric": _numeric, "purchases": _purchases, "messages": _messages}

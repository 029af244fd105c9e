"""What people take away from a clustering: `clusters.csv`, every row with its group, and `map.json`, a picture of at most 5,000 of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bmcore.cluster.model import ClusterModel
from bmcore.data.prepared import Prepared
from bmcore.runs import parts
from bmcore.runs.report import Report

if TYPE_CHECKING:
    import pandas as pd

MAP, TABLE = "map.json", "clusters.csv"


def write(folder: Path, model: ClusterModel, prepared: Prepared, evaluation: dict[str, Any], report: Report) -> None:
    """Both files; one that an earlier attempt finished stays."""
    from bmcore.cluster.projection import project
    from bmcore.data.export import safe_csv

    parts.document(folder / MAP, lambda: project(prepared, prepared.X, model.labels_))
    report(1, 2, phase="save")
    if not (folder / TABLE).is_file():
        safe_csv(with_groups(model, prepared, evaluation), folder / TABLE, report=report.within("save"))
    report(2, 2, phase="save")


def with_groups(model: ClusterModel, prepared: Prepared, evaluation: dict[str, Any]) -> pd.DataFrame:
    """The readable table with the group of each row, its name, how far out it lies, and why the most unusual rows are in none."""
    table = prepared.table.copy(deep=False)
    table[free(table, "cluster")] = model.labels_
    if model.names_:
        import pandas as pd

        table[free(table, "cluster_name")] = pd.Series(model.labels_).map(model.names_).to_numpy()
    distances = model.distances(prepared.X)
    if distances is not None:
        table[free(table, "distance")] = distances.round(6)
    if evaluation.get("outliers"):
        table[free(table, "why")] = _why(prepared, evaluation["outliers"])
    return table


def _why(prepared: Prepared, outliers: list[dict[str, Any]]) -> Any:
    """A cell a row: `amount 9000 (10 – 250); ...`, what it has and what is usual. Figures only, so it reads the same in every language."""
    import numpy as np

    cells = np.full(len(prepared.table), None, dtype=object)
    for entry in outliers:
        place = entry["row"] if prepared.rows is None else np.flatnonzero(prepared.rows == entry["row"])
        reasons = (f"{why['column']} {why['value']} ({why['usual_low']} – {why['usual_high']})" for why in entry["why"])
        cells[place] = "; ".join(reasons) or None
    return cells


def free(table: pd.DataFrame, name: str) -> str:
    """`name`, or one like it that no column of the table has."""
    while name in table.columns:
        name += "_by_model"
    return name

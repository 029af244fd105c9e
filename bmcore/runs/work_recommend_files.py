"""What people take away from a recommendation: `recommendations.csv`, a list for every customer, and `map.json`, a picture of the items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bmcore.recommend import everybody
from bmcore.recommend.model import RecommenderModel
from bmcore.runs import parts, work_recommend_map
from bmcore.runs.report import Report

if TYPE_CHECKING:
    import pandas as pd

MAP, TABLE = "map.json", "recommendations.csv"
K = 10
CUSTOMERS = 20_000  # whose lists are in memory at a time


def write(folder: Path, model: RecommenderModel, report: Report) -> None:
    """Both files: phases describe and save. One that an earlier attempt finished stays."""
    from bmcore.data.export import safe_csv_of

    report.phase("describe")
    parts.document(folder / MAP, lambda: work_recommend_map.draw(model, report.within("describe")))
    report.phase("save")
    if not (folder / TABLE).is_file():
        safe_csv_of(_lists(model, report.within("save")), folder / TABLE)
    report(1, 1, phase="save")


def _lists(model: RecommenderModel, report: Callable) -> Iterator[pd.DataFrame]:
    """The table of all customers, some at a time."""
    users = model.recommender.user_ids_
    for at in range(0, len(users), CUSTOMERS):
        table = everybody.of_customers(
            model, users[at : at + CUSTOMERS], K, report=lambda done, _all, at=at: report(at + done, len(users)))
        yield table[["customer", "item", "title", "score", "rank"]]

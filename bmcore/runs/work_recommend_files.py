"""What people take away from a recommendation: `recommendations.csv`, a list for every customer, and `map.json`, a picture of the items."""

from __future__ import annotations

from pathlib import Path

from bmcore.messages import Message
from bmcore.recommend import everybody
from bmcore.recommend.model import RecommenderModel
from bmcore.runs import parts, work_recommend_map
from bmcore.runs.report import Report

MAP, TABLE = "map.json", "recommendations.csv"
K = 10
MOST_ROWS = 1_000_000


def write(folder: Path, model: RecommenderModel, report: Report) -> None:
    """Both files: phases describe and save. One that an earlier attempt finished stays."""
    from bmcore.data.export import safe_csv

    report.phase("describe")
    parts.document(folder / MAP, lambda: work_recommend_map.draw(model, report.within("describe")))
    report.phase("save")
    users = model.recommender.user_ids_
    told = users[: MOST_ROWS // K]
    if len(told) < len(users):
        report.note(Message(
            "{file} holds the lists of the first {n:,} of {all:,} customers. Ask for others with: python -m bmcore predict",
            file=TABLE, n=len(told), all=len(users),
        ))
    if not (folder / TABLE).is_file():
        table = everybody.of_customers(model, told, K, report=report.within("save"))
        safe_csv(table[["customer", "item", "title", "score", "rank"]], folder / TABLE, report=report.within("save"))
    report(1, 1, phase="save")

"""The table of a clustering, ready: made once and kept among the checkpoints, since texts take minutes to embed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore import files
from bmcore.data import refs
from bmcore.data.prepared import Preparation, Prepared, load_preparation, preparation
from bmcore.messages import Message
from bmcore.runs import parts
from bmcore.runs.report import Report

if TYPE_CHECKING:
    import pandas as pd

LOOKED_AT = 20_000
TEXTS_A_SECOND = 85


def prepare(spec: dict[str, Any], folder: Path, report: Report) -> tuple[Preparation, Prepared]:
    """The fitted preparation and what it made of the run's data, from `folder` if an earlier attempt left it there."""
    report.phase("data")
    if not folder.is_dir():
        frame = refs.load(spec["data"])
        report.left.forecast = forecast(spec, len(frame))
        report.check()
        report.phase("prepare")
        columns = dict(spec["columns"])
        made = preparation(columns.pop("prepare"), columns)
        prepared = made.fit(frame, report=report.within("prepare"))
        prepared.table = storable(prepared.table)
        for note in prepared.notes:
            report.note(note)
        report.check()
        parts.folder(folder, lambda beside: _write(beside, made, prepared))
        return made, prepared
    prepared = _read(folder)
    report.left.forecast = forecast(spec, len(prepared.X))
    return load_preparation(folder), prepared


def forecast(spec: dict[str, Any], n: int) -> dict[str, float]:
    """Seconds by phase on two cores, for the time left. What is looked at stops to grow at 20,000 rows, but for reading texts."""
    looked = min(1.0, n / LOOKED_AT)
    texts = spec["columns"]["prepare"] == "messages"
    choose = {"choose": 2 + 13 * looked} if spec["choose"] else {}
    prepare = max(1.0, n / TEXTS_A_SECOND) if texts else 1.0
    return {"prepare": prepare, **choose, "train": 1.0, "evaluate": 3 + 17 * looked, "describe": 1.0, "save": 1.0}


def storable(table: pd.DataFrame) -> pd.DataFrame:
    """The table with nothing in a column that a file would give back as something else: columns of mixed things become text."""
    from pandas.api.types import infer_dtype

    plain = ("string", "boolean", "integer", "floating", "decimal", "date", "datetime64", "datetime", "empty")
    for at, kind in enumerate(table.dtypes):
        column = table.iloc[:, at]
        if kind.kind == "O" and infer_dtype(column, skipna=True) not in plain:
            table.isetitem(at, column.astype("object").where(column.isna(), column.astype(str)))
    return table.reset_index(drop=True)


def _write(folder: Path, made: Preparation, prepared: Prepared) -> None:
    made.save(folder)
    np.save(folder / "X.npy", prepared.X, allow_pickle=False)
    if prepared.rows is not None:
        np.save(folder / "rows.npy", prepared.rows, allow_pickle=False)
    prepared.table.to_parquet(folder / "table.parquet", index=False)
    notes = [note.to_dict() for note in prepared.notes]
    files.write_json(folder / "prepared.json", {"names": prepared.names, "key": prepared.key, "notes": notes})


def _read(folder: Path) -> Prepared:
    import pandas as pd

    stored = files.read_json(folder / "prepared.json", {})
    rows = folder / "rows.npy"
    return Prepared(
        np.load(folder / "X.npy", allow_pickle=False),
        stored["names"],
        pd.read_parquet(folder / "table.parquet"),
        stored["key"],
        np.load(rows, allow_pickle=False) if rows.is_file() else None,
        [Message.from_dict(note) for note in stored["notes"]],
    )

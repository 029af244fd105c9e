"""`predict RUN IN OUT.csv`: label every row of a table with a finished run."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bmcore.commands.output import _, emit, say
from bmcore.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)*|\.\d+)([eE][+-]?\d+)?%?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "=", "+", "-", "@")  # also the full-width signs


def add(commands: argparse._SubParsersAction) -> None:
    entry = commands.add_parser("predict", help=_("label every row of a table"))
    entry.add_argument("run", metavar=_("RUN"), help=_("id of a run, as `runs` lists it"))
    entry.add_argument("input", metavar="IN", help=_("a table: csv, tsv, xlsx, jsonl or parquet"))
    entry.add_argument("output", metavar="OUT.csv", help=_("the csv file to write"))
    entry.add_argument("--text", metavar=_("COLUMN"), help=_("the column to read; by default the one the run learned from"))
    entry.add_argument("--json", action="store_true", help=_("print one JSON document"))
    entry.set_defaults(command=_predict)


def _predict(options) -> int:
    from bmcore import files, runs
    from bmcore.data.read import read_table

    run, output = runs.get(options.run), Path(options.output)
    if output.suffix.lower() != ".csv":
        raise DataError("The result is written as csv, so its name has to end in .csv. But it was: {name}", name=output.name)
    if not output.parent.is_dir():
        raise DataError("The folder {folder} does not exist. Make it, or give another place.", folder=str(output.parent))
    frame = read_table(Path(options.input))
    column = text_column(frame, options.text, run.spec["columns"].get("text"))
    classifier = runs.load(run.id)
    say(_("Reading {n} rows ...", n=len(frame)))
    files.write_bytes(output, harmless(labelled(classifier, frame, column)).to_csv(index=False).encode("utf-8-sig", "replace"))
    if options.json:
        emit({"id": run.id, "state": run.state, "rows": len(frame), "output": str(output)})
    else:
        say(_("{n} rows are labelled in {file}.", n=len(frame), file=str(output)))
    return 0


def text_column(frame: pd.DataFrame, asked: str | None, learned: str | None) -> str:
    """The column to read: the one asked for, the one the run learned from, or the only one with text."""
    columns = [str(name) for name in frame.columns]
    if asked is not None:
        if asked not in columns:
            raise DataError(
                "Column {column!r} is not in the table. Its columns are: {columns}.", column=asked, columns=", ".join(columns)[:500]
            )
        return asked
    if learned in columns:
        return learned
    texts = [name for name in frame.columns if frame[name].dtype.kind not in "biufcmM"]
    if len(texts) == 1:
        return texts[0]
    raise DataError(
        "Which column holds the texts? Say it with --text COLUMN. The columns are: {columns}.", columns=", ".join(columns)[:500]
    )


def labelled(classifier: Any, frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The table with two more columns: label and probability. Rows without a text stay without."""
    texts = frame[column].astype("object").where(frame[column].notna(), "").astype(str)
    filled = texts.str.strip() != ""
    result = frame.copy()
    label, sure = _free(frame, "predicted"), _free(frame, "probability")
    result[label], result[sure] = None, None
    if filled.any():
        probabilities = classifier.predict_proba(texts[filled].tolist())
        result.loc[filled, label] = [str(name) for name in classifier.classes_[probabilities.argmax(1)]]
        result.loc[filled, sure] = [round(float(value), 4) for value in probabilities.max(1)]
    return result


def _free(frame: pd.DataFrame, name: str) -> str:
    while name in frame.columns:
        name += "_by_model"
    return name


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """No text cell that a spreadsheet would run as a formula; numbers stay as they are.

    Examples
    --------
    >>> import pandas as pd
    >>> harmless(pd.DataFrame({"a": ["=1+1", "-5", "fine"], "b": [-1, 2, 3]}))["a"].tolist()
    ["'=1+1", '-5', 'fine']
    """
    frame = frame.rename(columns=cell)
    for at, kind in enumerate(frame.dtypes):
        if kind.kind not in "biufcmM":
            frame.isetitem(at, frame.iloc[:, at].map(cell))
    return frame


def cell(value: Any) -> Any:
    """`value`, with an apostrophe before it if a spreadsheet would take it for a formula."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) and not _NUMBER.fullmatch(value.strip()):
        return "'" + value
    return value

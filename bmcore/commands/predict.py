"""`predict RUN IN OUT.csv`: what a finished run says about every row of a table, or its lists for the customers in it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bmcore.commands.output import _, emit, say
from bmcore.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def add(commands: argparse._SubParsersAction) -> None:
    entry = commands.add_parser("predict", help=_("label or group every row of a table, or recommend to every customer in it"))
    entry.add_argument("run", metavar=_("RUN"), help=_("id of a run, as `runs` lists it"))
    entry.add_argument("input", metavar="IN", help=_("a table: csv, tsv, xlsx, jsonl or parquet"))
    entry.add_argument("output", metavar="OUT.csv", help=_("the csv file to write"))
    entry.add_argument("--text", metavar=_("COLUMN"), help=_("the column to read; by default the one the run learned from"))
    entry.add_argument("--json", action="store_true", help=_("print one JSON document"))
    entry.set_defaults(command=_predict)


def _predict(options) -> int:
    from bmcore import runs
    from bmcore.data.export import safe_csv
    from bmcore.data.read import read_table

    run, output = runs.get(options.run), Path(options.output)
    if output.suffix.lower() != ".csv":
        raise DataError("The result is written as csv, so its name has to end in .csv. But it was: {name}", name=output.name)
    if not output.parent.is_dir():
        raise DataError("The folder {folder} does not exist. Make it, or give another place.", folder=str(output.parent))
    frame = read_table(Path(options.input))
    _refuse(run)
    found = ANSWERS.get(run.spec["task"], labels)(run, frame, options.text)
    safe_csv(found, output)
    if options.json:
        emit({"id": run.id, "state": run.state, "rows": len(found), "output": str(output)})
    else:
        say(_("{n} rows are written to {file}.", n=len(found), file=str(output)))
    return 0


def _refuse(run: Any) -> None:
    """Runs that have nothing to say about a table, and what they are for."""
    task = run.spec["task"]
    if task == "pictures":
        raise DataError(
            "Run {id} makes pictures and has nothing to say about a table. Make some with: python -m bmcore sample {id}", id=run.id
        )
    if task == "generation":
        raise DataError(
            "Run {id} writes texts and has nothing to say about a table. Write some with: python -m bmcore generate {id}", id=run.id
        )
    if task == "answers":
        raise DataError(
            'Run {id} answers one question at a time. Ask one with: python -m bmcore answer {id} "your question"', id=run.id
        )


def labels(run: Any, frame: pd.DataFrame, asked: str | None) -> pd.DataFrame:
    """The table with label and probability of each text."""
    from bmcore import runs

    column = text_column(frame, asked, run.spec["columns"].get("text"))
    classifier = runs.load(run.id)
    say(_("Reading {n} rows ...", n=len(frame)))
    return labelled(classifier, frame, column)


def groups(run: Any, frame: pd.DataFrame, asked: str | None) -> pd.DataFrame:
    """The table, or for a purchase log the table of its customers, with the group of each row."""
    from bmcore import runs

    columns = run.spec["columns"]
    column = text_column(frame, asked, columns.get("text")) if columns.get("prepare") == "messages" else None
    model = runs.load(run.id)
    say(_("Reading {n} rows ...", n=len(frame)))
    return grouped(model, frame, column)


def lists(run: Any, frame: pd.DataFrame, asked: str | None) -> pd.DataFrame:
    """A list for each customer of the table: customer, rank, item, title, score."""
    from bmcore import runs

    columns = run.spec["columns"]
    if asked is not None:
        raise DataError("--{name} has no meaning for {estimator}.", name="text", estimator=run.spec["estimator"])
    user, item = columns["user"], columns["item"]
    if user not in [str(name) for name in frame.columns]:
        raise DataError(
            "The table has no column {column!r}, which names the customers. Its columns are: {columns}.",
            column=user[:100], columns=", ".join(str(name) for name in frame.columns)[:500],
        )
    model = runs.load(run.id)
    say(_("Reading {n} rows ...", n=len(frame)))
    return recommended(model, frame.rename(columns=str), user, item)


ANSWERS = {"classification": labels, "clustering": groups, "recommendation": lists}


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


def grouped(model: Any, frame: pd.DataFrame, text: str | None = None) -> pd.DataFrame:
    """The table with cluster, its name where it has one, and distance. -1 is no group."""
    table, found, distances = model.assign_table(frame, text)
    result = table.copy()
    result[_free(table, "cluster")] = found
    if model.names_:
        result[_free(table, "cluster_name")] = [model.names_.get(int(cluster)) for cluster in found]
    result[_free(table, "distance")] = distances.round(6)
    return result


def recommended(model: Any, frame: pd.DataFrame, user: str, item: str) -> pd.DataFrame:
    """Lists for the customers in column `user`. Where the table has a column `item` too, it is a log of what they have chosen since, or
    of new visitors, and counts."""
    from bmcore.data.identifiers import identifiers
    from bmcore.recommend import everybody

    codes, users = identifiers(frame[user], user)
    if item not in frame.columns:
        if unknown := sum(not model.knows(one) for one in users):
            say(_("{n:,} of {all:,} customers are not known to the model and get what is popular.", n=unknown, all=len(users)))
        return everybody.of_customers(model, users.tolist())
    items, ids = identifiers(frame[item], item)
    histories: dict[Any, dict] = {one: {} for one in users}
    for who, what in zip(codes.tolist(), items.tolist(), strict=True):
        if who >= 0 and what >= 0:
            histories[users[who]][ids[what]] = 1.0
    return everybody.of_histories(model, histories)


def _free(frame: pd.DataFrame, name: str) -> str:
    while name in frame.columns:
        name += "_by_model"
    return name

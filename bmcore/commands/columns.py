"""The options of `train` that say which columns mean what, for every task."""

from __future__ import annotations

import argparse
import contextlib
import csv
from pathlib import Path
from typing import Any

from bmcore.commands.output import _
from bmcore.errors import BmcoreError, DataError

NAMES = (
    "text", "label", "prepare", "features", "key", "customer", "date", "money", "quantity", "time", "by",
    "user", "item", "weight", "basket", "name", "about", "traits", "difficulty", "requires",
    "question", "answer", "topic",
)
_SEVERAL = ("features", "about", "traits")


def add(entry: argparse.ArgumentParser) -> None:
    column = _("COLUMN")
    words = (
        ("text", column, _("the column of texts to read (a sample knows its own)")),
        ("label", column, _("the column to learn (a sample knows its own); for groups one to compare them with, never learned from")),
        ("prepare", _("KIND"), _("for groups: what the table holds, one of numeric, purchases, messages")),
        ("features", _("A,B,C"), _("numeric: the columns that count, by default every column of numbers")),
        ("key", column, _("numeric: the column that names a row")),
        ("customer", column, _("purchases: who bought")),
        ("date", column, _("purchases: when")),
        ("money", column, _("purchases: for how much")),
        ("quantity", column, _("purchases: how many")),
        ("time", column, _("messages: when they were written; to recommend: when it was bought, watched or done")),
        ("by", column, _("messages: a column to compare the themes by")),
        ("user", column, _("to recommend: the customer, viewer or learner")),
        ("item", column, _("to recommend: the product, film or exercise")),
        ("weight", column, _("to recommend: how many, how much, or the rating")),
        ("basket", column, _("to recommend: the order that an item was bought in")),
        ("name", column, _("to recommend: what an item is called")),
        ("about", _("A,B,C"), _("to recommend: columns with words about an item, so that new ones are recommended too")),
        ("traits", _("A,B,C"), _("to recommend: columns with what is known of a customer, so that new ones get an answer too")),
        ("difficulty", column, _("to recommend: how difficult an item is")),
        ("requires", column, _("to recommend: the items that come before an item, with commas between them")),
        ("question", column, _("past answers: what was asked")),
        ("answer", column, _("past answers: what was answered")),
        ("topic", column, _("past answers: what it is about, to see how well each topic is answered")),
    )
    for name, metavar, help in words:
        entry.add_argument(f"--{name}", metavar=metavar, help=help)


def given(options: Any, task: Any) -> dict[str, Any]:
    """Role -> column for the task's module, from the options and, where they are silent, from the sample.

    Raises
    ------
    DataError
        If an option has no meaning for this task.
    """
    found = {name: getattr(options, name) for name in NAMES if getattr(options, name) is not None}
    for name in found:
        if name not in task.ROLES:
            raise DataError("--{name} has no meaning for {estimator}.", name=name, estimator=options.estimator)
    for name in _SEVERAL:
        if name in found:
            found[name] = _several(found[name], options)
    if options.sample is None:
        return task.columns(found)
    from bmcore.data import samples

    return task.columns(task.of_sample(samples.sample(options.sample), found))


def _several(text: str, options: Any) -> list[str]:
    """The names in `text`: itself where a column is called that, else what its commas part; quotes hold a name with a comma together."""
    if "," in text and text.strip() in _columns(options):
        return [text.strip()]
    return [name.strip() for row in csv.reader(text.splitlines(), skipinitialspace=True) for name in row if name.strip()]


def _columns(options: Any) -> list[str]:
    """The columns of the file that is given; none where it cannot be read, which the run itself will say better."""
    if getattr(options, "data", None) is None:
        return []
    from bmcore.data.read import read_table

    with contextlib.suppress(BmcoreError, OSError):
        return [str(name) for name in read_table(Path(options.data)).columns]
    return []

"""What stands in the way of training on a table, each finding a sentence that names its column and rows.

Rows are counted as a spreadsheet does: the header is row 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bmcore.data import findings
from bmcore.data.findings import LONG_CELL, MAX_CLASSES, MIN_ROWS, Finding, folded, rows_of
from bmcore.errors import DataError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LONG_CELL", "MAX_CLASSES", "MIN_ROWS", "Finding", "check_training", "folded", "require", "rows_of", "usable", "usable_rows"]


_ONE_TYPE = ("string", "integer", "floating", "boolean", "mixed-integer-float", "empty")


def check_training(frame: pd.DataFrame, text: str, label: str) -> list[Finding]:
    """Everything that stands against learning `label` from `text`; errors first, none for a good table.

    Use it when two columns are chosen and before anything is trained.

    Parameters
    ----------
    frame : pandas.DataFrame
    text, label : str
        Names of the column to read and the column to predict.

    Returns
    -------
    list of Finding

    Notes
    -----
    About 0.2 s for 20,000 messages.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"text": ["a", "b"], "label": ["x", "x"]})
    >>> [finding.level for finding in check_training(table, "text", "label")]
    ['error', 'error']
    """
    notes = [Finding("warning", Message.from_dict(note)) for note in frame.attrs.get("notes", [])]
    early = findings.missing(frame, text, "text") + findings.missing(frame, label, "label") or findings.same_column(text, label)
    if early:
        return early
    rows = usable_rows(frame, text, label)
    good = frame[rows]
    found = findings.empty(frame, text) + findings.empty(frame, label)
    for one in (findings.too_few, findings.one_class, findings.too_many_classes, findings.all_duplicates, findings.numeric_text):
        found += one(good, text, label)
    if not any(finding.level == "error" for finding in found):
        for one in (findings.single_examples, findings.some_duplicates, findings.contradictions, findings.long_cells, findings.leak):
            found += one(good, text, label)
    return sorted(notes + found, key=lambda finding: finding.level != "error")


def require(found: Iterable[Finding]) -> None:
    """Raise DataError with the first error among the findings."""
    for finding in found:
        if finding.level == "error":
            raise DataError(finding.message)


def usable_rows(frame: pd.DataFrame, text: str, label: str) -> pd.Series:
    """True for each row that has both a text and a label."""
    return findings.filled(frame[text]) & findings.filled(frame[label])


def usable(frame: pd.DataFrame, text: str, label: str) -> pd.DataFrame:
    """The rows training uses: with text and label, and without classes of one example.

    Labels of several types, and dates, become text here: an estimator learns them as text, and the test must compare text with text.
    """
    from pandas.api.types import infer_dtype

    good = frame[usable_rows(frame, text, label)]
    if infer_dtype(good[label].tolist()) not in _ONE_TYPE:
        good = good.assign(**{label: good[label].map(str).astype(object)})
    counts = good[label].map(good[label].value_counts())
    return good[(counts > 1).to_numpy(bool)]

"""The small checks behind `check`, one a function: each gives a sentence that names column and rows, or nothing."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd

MIN_ROWS = 8
MAX_CLASSES = 500  # of 20,000 messages that is 40 a class: fewer teach little, and the head of a model grows with their number
LONG_CELL = 100_000
_SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """One thing about a table: an error stops training, a warning does not."""

    level: str
    message: Message
    rows: tuple[int, ...] = ()


def folded(texts: pd.Series) -> pd.Series:
    """Texts without differences of case and space: equal ones count as duplicates."""
    import pandas as pd

    return pd.Series([" ".join(str(one).casefold().split()) for one in texts.tolist()], index=texts.index, dtype=object)


def rows_of(mask: pd.Series) -> tuple[int, ...]:
    """Spreadsheet rows where `mask` is true, for a table as it was read."""
    return tuple(int(row) + 2 for row in mask.to_numpy(bool).nonzero()[0])


def _labels_of(good: pd.DataFrame, mask: pd.Series) -> tuple[int, ...]:
    """Spreadsheet rows of a part of a table, from the index that it kept."""
    return tuple(int(row) + 2 for row in good.index[mask.to_numpy(bool)] if isinstance(row, int) or hasattr(row, "__index__"))


def filled(column: pd.Series) -> pd.Series:
    if column.dtype.kind in "iufb":
        return column.notna()
    return column.notna() & (column.astype(str).str.strip() != "")


def _some(rows: tuple[int, ...]) -> str:
    return ", ".join(map(str, rows[:_SHOWN])) + (", …" if len(rows) > _SHOWN else "")


def missing(frame: pd.DataFrame, column: str, use: str) -> list[Finding]:
    if column in frame.columns:
        return []
    names = [str(name) for name in frame.columns]
    near = difflib.get_close_matches(str(column).casefold(), [name.casefold() for name in names], n=1, cutoff=0.6)
    if near:
        meant = next(name for name in names if name.casefold() == near[0])
        message = Message("The table has no column {column!r}. Did you mean {meant!r}?", column=str(column)[:100], meant=meant)
    else:
        shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
        message = Message(
            "The table has no column {column!r}. Choose the {use} column among: {names}.",
            column=str(column)[:100],
            use=_use(use),
            names=shown,
        )
    return [Finding("error", message, (1,))]


def _use(use: str) -> Message:
    return Message("text") if use == "text" else Message("label")


def same_column(text: str, label: str) -> list[Finding]:
    if text != label:
        return []
    return [Finding("error", Message("Column {column!r} is chosen as text and as label. Choose two different columns.", column=text), (1,))]


def empty(frame: pd.DataFrame, column: str) -> list[Finding]:
    rows = rows_of(~filled(frame[column]))
    if not rows:
        return []
    if len(rows) == len(frame):
        return [
            Finding(
                "error",
                Message(
                    "Column {column!r} is empty in all {n} rows (row 2 and on). Choose another column or fill it.",
                    column=column,
                    n=len(rows),
                ),
                rows,
            )
        ]
    return [
        Finding(
            "warning",
            Message("Column {column!r} is empty in {n} rows ({rows}); they are left out.", column=column, n=len(rows), rows=_some(rows)),
            rows,
        )
    ]


def too_few(good: pd.DataFrame, text: str, label: str) -> list[Finding]:
    if len(good) >= MIN_ROWS:
        return []
    message = Message(
        "Only {n} rows have both {text!r} and {label!r}, the header being row 1; at least {least} are needed. Add more examples, 8 or "
        "more of each kind.",
        n=len(good),
        text=text,
        label=label,
        least=MIN_ROWS,
    )
    return [Finding("error", message)]


def one_class(good: pd.DataFrame, text: str, label: str) -> list[Finding]:
    counts = good[label].value_counts()
    if len(counts) == 1:
        return [Finding("error", Message(
            "Column {column!r} has only one value, {value!r}: there is nothing to tell apart. Add rows with another value, or "
            "choose another column.",
            column=label, value=str(counts.index[0])[:100],
        ))]
    if len(counts) > 1 and (counts > 1).sum() < 2:
        return [Finding("error", Message(
            "Fewer than two values of column {column!r} occur twice or more. It looks like an identifier or free text: choose a "
            "column whose values repeat.",
            column=label,
        ))]
    return []


def too_many_classes(good: pd.DataFrame, text: str, label: str) -> list[Finding]:
    counts = good[label].value_counts()
    share = len(counts) / max(len(good), 1)
    if len(counts) <= MAX_CLASSES and not (len(counts) > 50 and share > 0.5):
        return []
    if (counts > 1).sum() < 2:
        return []  # said already
    return [Finding("error", too_many(Message("Column {column!r}", column=label), len(counts), len(good), counts.index[-1]))]


def too_many(where: Message, n: int, rows: int, example: object) -> Message:
    """The sentence for more classes than can be learned, said of a column of a table or of the labels given to `fit`."""
    return Message(
        "{where} has {n} different values in {rows} rows, such as {example!r}; at most {most} that repeat can be learned. It looks like "
        "an identifier or free text: choose a column with fewer values, or group them.",
        where=where, n=n, rows=rows, example=str(example)[:60], most=MAX_CLASSES,
    )


def all_duplicates(good: pd.DataFrame, text: str, label: str) -> list[Finding]:
    if len(good) < 2 or folded(good[text].iloc[:1000]).nunique() > 1 or folded(good[text]).nunique() > 1:
        return []
    return [
        Finding(
            "error",
            Message("Every row of column {column!r} holds the same text. Choose the column with the messages.", column=text),
            _labels_of(good, good[text].notna()),
        )
    ]


def numeric_text(good: pd.DataFrame, text: str, label: str) -> list[Finding]:
    if good[text].dtype.kind not in "iufb":
        return []
    return [
        Finding(
            "error",
            Message(
                "Column {column!r} holds numbers (row 2: {example}), not texts. Choose the column with the messages.",
                column=text,
                example=str(good[text].iloc[0]) if len(good) else "",
            ),
            (1,),
        )
    ]


def _named(rows: tuple[int, ...]) -> dict[str, object]:
    """How many rows, and the first of them, for a sentence."""
    return {"n": len(rows), "rows": _some(rows)}


def single_examples(good: pd.DataFrame, text: str, label: str) -> list[Finding]:
    counts = good[label].value_counts()
    single = counts.index[counts == 1]
    if not len(single):
        return []
    rows = _labels_of(good, good[label].isin(single))
    values = ", ".join(str(value)[:40] for value in single[:_SHOWN])
    return [Finding("warning", Message(
        "{n} values of column {column!r} have only one example and are left out: {values} (row {rows}). Add examples, at least 8 of each.",
        column=label, values=values, **_named(rows),
    ), rows)]


def some_duplicates(good: pd.DataFrame, text: str, label: str) -> list[Finding]:
    mask = folded(good[text]).duplicated()
    if mask.sum() * 20 < len(good):
        return []
    rows = _labels_of(good, mask)
    return [Finding("warning", Message(
        "{n} rows repeat an earlier text in column {column!r} (row {rows}); copies stay on one side of the test.",
        column=text, **_named(rows),
    ), rows)]


def contradictions(good: pd.DataFrame, text: str, label: str) -> list[Finding]:
    key = folded(good[text])
    twice = key.duplicated(keep=False)
    mask = good[label][twice].groupby(key[twice].to_numpy()).transform("nunique") > 1
    if not mask.any():
        return []
    rows = _labels_of(good[twice], mask)
    return [Finding("warning", Message(
        "{n} rows have the same text but different values of {column!r} (row {rows}). No model can get both right: decide for one.",
        column=label, **_named(rows),
    ), rows)]


def long_cells(good: pd.DataFrame, text: str, label: str) -> list[Finding]:
    lengths = good[text].astype(str).str.len()
    mask = lengths > LONG_CELL
    if not mask.any():
        return []
    rows = _labels_of(good, mask)
    return [Finding("warning", Message(
        "Column {column!r} has a very long text in row {rows} ({longest} characters): only its beginning is read.",
        column=text, rows=_some(rows), longest=int(lengths.max()),
    ), rows)]


def leak(good: pd.DataFrame, text: str, label: str) -> list[Finding]:
    """The label's own words in nearly every message give the answer away."""
    sample = good if len(good) <= 2000 else good.sample(2000, random_state=0)
    pairs = [(str(one).casefold(), str(value).casefold()) for one, value in zip(sample[text], sample[label], strict=True)]
    told = [len(value) > 2 and value in one for one, value in pairs]
    if sum(told) < 0.9 * len(told):
        return []
    return [
        Finding(
            "warning",
            Message(
                "Nearly every text in column {text!r} contains its own value of {label!r} (for example row {row}), so the test will look "
                "too good. Take that word out of the texts.",
                text=text,
                label=label,
                row=int(sample.index[told.index(True)]) + 2 if sample.index.dtype.kind == "i" else 2,
            ),
        )
    ]

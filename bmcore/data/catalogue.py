"""Tables beside a log: what the items are called and about, what is known of the users. One row an item, one a user."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bmcore.data import amounts
from bmcore.data.identifiers import identifiers
from bmcore.data.prepared import named, need_columns
from bmcore.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_BETWEEN = re.compile(r"\s*[,;|、，；]\s*")
_LONGEST = 2000


def catalogue(
    frame: pd.DataFrame, item: str, title: str | None = None, about: Sequence[str] = (), difficulty: str | None = None,
    requires: str | None = None,
) -> pd.DataFrame:
    """One row an item, from a list of items or from the log itself.

    Use it when items should be shown by a name, recommended by what they are about, or in an order of difficulty.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any number of rows an item: the first that fills a cell counts.
    item : str
        Column of identifiers, as in the log.
    title : str, optional
        Column with what people call it; without one the identifier is shown.
    about : sequence of str
        Columns with words about it (category, genre, description).
    difficulty : str, optional
        Column of numbers, or of words such as easy and hard, which are put in the order easy, medium, hard.
    requires : str, optional
        Column with the identifiers of what comes before it, with commas, semicolons or | between them.

    Returns
    -------
    pandas.DataFrame
        Columns item (int or str), title (str), about (str, the texts joined), difficulty (float64, NaN where unknown), requires
        (list of identifiers), in order of first appearance.

    Raises
    ------
    DataError
        If a column is missing, empty or cannot be read.

    Notes
    -----
    O(rows); a million rows with a title take about 2 s. What an item requires that is not in the table stays as text.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"id": [1, 2, 1], "name": ["Sums", "Products", ""], "needs": [None, "1", None], "level": ["easy", "hard", ""]})
    >>> catalogue(table, "id", "name", difficulty="level", requires="needs").values.tolist()
    [[1, 'Sums', '', 1.0, []], [2, 'Products', '', 3.0, [1]]]
    """
    import pandas as pd

    about = list(about)
    frame = named(frame)
    need_columns(frame, [str(name) for name in (item, *dict.fromkeys(about), difficulty, requires) if name])
    need_columns(frame, [str(title)] if title else [])  # a title may be what an item is about, too
    codes, ids = _coded(frame, item)
    titles = [str(one) for one in ids]
    if title:
        titles = [text or one for text, one in zip(_texts(frame[title], codes, len(ids)), titles, strict=True)]
    parts = [_texts(frame[name], codes, len(ids)) for name in dict.fromkeys(about)]
    return pd.DataFrame({
        "item": ids,
        "title": pd.Series(titles, dtype=object),
        "about": pd.Series([" ".join(one for one in row if one) for row in zip(*parts, strict=True)] or [""] * len(ids), dtype=object),
        "difficulty": _difficulty(frame[difficulty], difficulty, codes, len(ids)) if difficulty else np.full(len(ids), np.nan),
        "requires": pd.Series(_required(frame[requires], codes, ids) if requires else [[] for _ in ids], dtype=object),
    })


def traits(frame: pd.DataFrame, user: str, columns: Sequence[str]) -> pd.DataFrame:
    """One row a user: the column `user` and the columns asked for, as text.

    Use it when something is known about users (age group, region, class) and new ones should be asked for it.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any number of rows a user: the first that fills a cell counts.
    user : str
    columns : sequence of str

    Returns
    -------
    pandas.DataFrame
        Columns "user" and `columns`; "" where unknown. Numbers stay as they are: a recommender makes its own ranges of them.

    Raises
    ------
    DataError
        If a column is missing or empty.

    Examples
    --------
    >>> import pandas as pd
    >>> traits(pd.DataFrame({"who": ["a", "b", "a"], "city": ["", "Rome", "Oslo"]}), "who", ["city"]).values.tolist()
    [['a', 'Oslo'], ['b', 'Rome']]
    """
    import pandas as pd

    columns = list(dict.fromkeys(columns))
    frame = named(frame)
    need_columns(frame, [str(user), *map(str, columns)])
    if "user" in columns:
        raise DataError("A column of traits cannot be called 'user'. Rename it.")
    codes, ids = _coded(frame, user)
    table = {"user": ids}
    for name in columns:
        table[name] = pd.Series(_texts(frame[name], codes, len(ids)), dtype=object)
    return pd.DataFrame(table)


def _coded(frame: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    codes, ids = identifiers(frame[name], name)
    if not len(ids):
        raise DataError("Column {column!r} is empty in all {n:,} rows. Choose another column.", column=name, n=len(frame))
    return codes, ids


def _firsts(given: np.ndarray, codes: np.ndarray, n: int) -> np.ndarray:
    """Position of each code's first row that is filled (`given`); -1 without one."""
    rows = np.flatnonzero(given & (codes >= 0))[::-1]
    out = np.full(n, -1, np.int64)
    out[codes[rows]] = rows
    return out


def _texts(column: pd.Series, codes: np.ndarray, n: int) -> list[str]:
    """A text for each code; "" where no row has one."""
    kinds, values = identifiers(column, str(column.name))
    first = _firsts(kinds >= 0, codes, n)
    texts = np.append(np.array([" ".join(str(one).split())[:_LONGEST] for one in values], dtype=object), "")
    return texts[np.where(first >= 0, kinds[first], -1)].tolist()


_WORDS = (
    ("easy", "beginner", "basic", "introductory", "low", "简单", "容易", "初级", "入门"),
    ("medium", "intermediate", "normal", "moderate", "中等", "中级"),
    ("hard", "difficult", "advanced", "high", "expert", "困难", "难", "高级"),
)


def _difficulty(column: pd.Series, name: str, codes: np.ndarray, n: int) -> np.ndarray:
    """(n,) numbers; words count 1, 2 and 3."""
    texts = _texts(column, codes, n)
    level = {word: float(rank) for rank, words in enumerate(_WORDS, 1) for word in words}
    filled = [one for one in texts if one]
    if filled and all(one.casefold() in level for one in filled):
        return np.array([level.get(one.casefold(), np.nan) for one in texts])
    found = amounts.read(column, name)
    if np.isnan(found.values).all() or found.bad.sum() > 0.2 * len(column):
        raise DataError(
            "Column {column!r} holds no difficulty that can be read (for example {example}). Give numbers, or the words easy, medium and "
            "hard.", column=name, example=(filled or [""])[0][:40],
        )
    first = _firsts(~np.isnan(found.values), codes, n)
    return np.where(first >= 0, found.values[first], np.nan)


def _required(column: pd.Series, codes: np.ndarray, ids: np.ndarray) -> list[list]:
    """The identifiers named in a cell, each once, never the item itself; text where the table has no such item."""
    known = {str(one): one for one in ids}
    cells = _texts(column, codes, len(ids))
    parts = [_BETWEEN.split(cell.strip("[](){} ")) for cell in cells]
    asked = [[known.get(part.removesuffix(".0"), known.get(part, part)) for part in some] for some in parts]
    return [[one for one in dict.fromkeys(some) if one != "" and one != own] for some, own in zip(asked, ids, strict=True)]

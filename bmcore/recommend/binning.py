"""A column of traits as a few groups that people can read: categories as they are, numbers as ranges.

    labels, lows, codes = bins(table["age"])        # ["under 25", "25 to 34", ...], [-inf, 25, ...], (n,) int
    code_of(27, labels, lows)                       # 1
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_RANGES = 5
_FEW = 8  # different numbers that stay as they are: a class, a number of children
_DIGITS = (2, 3, 4, 6)  # of borders between ranges of numbers that are not whole, until they differ
_LONGEST = 80  # characters of a value
_RANGE = re.compile(r"(-?[\d.]+(?:e[+-]?\d+)?) (?:to|-|–) -?[\d.]+(?:e[+-]?\d+)?", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)


def bins(column: pd.Series) -> tuple[list[str], list[float] | None, np.ndarray]:
    """(labels, where each begins if they are ranges, the label of each row or -1).

    Parameters
    ----------
    column : Series of shape (n,)
        Numbers with more than 8 different values become up to five ranges of about as many rows each. Texts such as "25 to 34" are ranges
        already. Everything else is a category, folded.

    Examples
    --------
    >>> import pandas as pd
    >>> bins(pd.Series([18, 21, 25, 28, 31, 36, 44, 52, 60, 71]))[0]
    ['under 25', '25 to 29', '30 to 39', '40 to 53', '54 or more']
    >>> labels, lows, codes = bins(pd.Series(["Oslo", "Rome", None, "oslo"]))
    >>> labels, lows, codes.tolist()
    (['Oslo', 'Rome'], None, [0, 1, -1, 0])
    """
    if hasattr(column, "columns"):
        refuse_repeated(column)
    texts = [text_of(value) for value in column.tolist()]
    numbers = _numbers(texts)
    if numbers is not None and len(np.unique(numbers[~np.isnan(numbers)])) > _FEW:
        return _ranges(numbers)
    return _categories(texts)


def code_of(value: Any, labels: Sequence[str], lows: Sequence[float] | None) -> int:
    """Which label a value belongs to; -1 for none. A number belongs to the range it lies in.

    Examples
    --------
    >>> code_of("ROME ", ["Oslo", "Rome"], None), code_of(40, ["under 30", "30 or more"], [-np.inf, 30]), code_of("x", ["a"], None)
    (1, 1, -1)
    """
    text = text_of(value)
    if text is None:
        return -1
    folded = text.casefold()
    for code, label in enumerate(labels):
        if label.casefold() == folded:
            return code
    if lows is not None and _NUMBER.fullmatch(text):
        return max(0, int(np.searchsorted(lows, float(text), side="right")) - 1)
    return -1


def text_of(value: Any) -> str | None:
    """A value as people write it, None where it is missing: 3.0 is "3", True is "True"."""
    if _missing(value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split())[:_LONGEST] or None


def blank(value: Any) -> bool:
    """Whether a cell that should hold an id holds none.

    Examples
    --------
    >>> [blank(value) for value in (None, float("nan"), "  ", 0, "nan")]
    [True, True, True, False, False]
    """
    return _missing(value) or (isinstance(value, str) and not value.strip())


def refuse_repeated(table: pd.DataFrame) -> None:
    """Raise DataError for a table of descriptions or traits that has two columns of one name."""
    names = list(table.columns)
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise DataError("Two columns are named {column!r}. Rename one of them.", column=str(repeated)[:100])


def _missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and math.isnan(value)


def _numbers(texts: list[str | None]) -> np.ndarray | None:
    """(n,) float, NaN where missing; None unless all are numbers. "007" is a code, not a number."""
    filled = [text for text in texts if text is not None]
    plain = all(_NUMBER.fullmatch(text) and not re.match(r"[+-]?0\d", text) for text in filled)
    if not filled or not plain:
        return None
    found = np.array([np.nan if text is None else float(text) for text in texts])
    return None if np.isinf(found).any() else found


def _ranges(numbers: np.ndarray) -> tuple[list[str], list[float], np.ndarray]:
    known = numbers[~np.isnan(numbers)]
    whole = bool((known == np.floor(known)).all())
    borders = np.unique(np.quantile(known, np.arange(1, _RANGES) / _RANGES))
    borders = np.unique(np.ceil(borders)) if whole else _rounded(borders)
    borders = borders[(borders > known.min()) & (borders <= known.max())]
    if not len(borders):  # nearly all are the smallest
        borders = known[known > known.min()].min(keepdims=True)
    borders = borders.tolist()
    codes = np.where(np.isnan(numbers), -1, np.searchsorted(borders, numbers, side="right")).astype(np.int32)
    return _names(borders, whole), [-math.inf, *borders], codes


def _names(borders: list[float], whole: bool) -> list[str]:
    """What the ranges are called; of whole numbers both ends are in."""
    shown = [f"{border:,.0f}" if whole else f"{border:.12g}" for border in borders]
    ends = [f"{border - 1:,.0f}" for border in borders] if whole else shown
    between = [low if low == high else f"{low} to {high}" for low, high in zip(shown[:-1], ends[1:], strict=True)]
    return [f"under {shown[0]}", *between, f"{shown[-1]} or more"] if borders else []


def _rounded(borders: np.ndarray) -> np.ndarray:
    """The borders with as few digits as keep them apart."""
    for digits in _DIGITS:
        found = np.unique([float(f"{border:.{digits}g}") for border in borders])
        if len(found) == len(borders):
            return found
    return borders


def _categories(texts: list[str | None]) -> tuple[list[str], list[float] | None, np.ndarray]:
    """Each value once, as it is first written, in the order of their names, or of their numbers where they are ranges."""
    first: dict[str, str] = {}
    for text in texts:
        if text is not None:
            first.setdefault(text.casefold(), text)
    starts = {key: _start(key) for key in first}
    ranged = bool(first) and all(start is not None for start in starts.values())
    keys = sorted(first, key=lambda key: (starts[key], key)) if ranged else sorted(first)
    place = {key: code for code, key in enumerate(keys)}
    codes = np.array([-1 if text is None else place[text.casefold()] for text in texts], dtype=np.int32)
    return [first[key] for key in keys], [starts[key] for key in keys] if ranged else None, codes


def _start(text: str) -> float | None:
    """Where a range such as "25 to 34" begins; None for other text."""
    found = _RANGE.fullmatch(text)
    return float(found.group(1)) if found and _NUMBER.fullmatch(found.group(1)) else None

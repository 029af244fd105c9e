"""Identifiers of customers and items, whatever a column holds: 12, 12.0, " A-7 ", True.

    codes, ids = identifiers(column, "customer")        # of a log
    meant(12.0, {12: 0, 15: 1})                         # of what is asked: 12; as reading a log would have kept it
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_LONGEST_NUMBER = 19  # digits of a text that may be a number
_NOBODY = {"null", "nan", "none", "n/a", "#n/a", "<na>", "nat"}  # how databases and spreadsheets write a cell without a value


def identifiers(column: pd.Series, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n,), -1 where the cell is blank or says NULL, and the identifiers they stand for: int, or text without space around it.

    Raises
    ------
    DataError
        If cells hold lists or the like.
    """
    import pandas as pd

    values = column if column.dtype.kind in "iuf" else column.astype(object)
    if column.dtype.kind == "f":
        values = values.where(np.isfinite(values.to_numpy(np.float64, na_value=np.nan)))
    try:
        codes, unique = pd.factorize(values)
    except TypeError as error:
        raise DataError("Column {column!r} holds lists, not identifiers. Give it one number or name a cell.", column=name) from error
    if column.dtype.kind in "iu":
        return codes, _objects(np.asarray(unique).tolist())
    cleaned = [identifier(one) for one in unique.tolist()]
    if not all(isinstance(one, int) or one is None for one in cleaned):
        cleaned = [one if one is None else str(one) for one in cleaned]
    again, ids = pd.factorize(_objects(cleaned))
    return np.append(again, -1)[codes], _objects(list(ids))


def identifier(value: Any) -> int | str | None:
    """One cell as a log keeps it: int, or text without space around it; None for a text of nothing, such as NULL."""
    value = plain(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else str(value)
    text = str(value).strip()
    return text if text and text.casefold() not in _NOBODY else None


def meant(value: Any, known: Mapping) -> Any:
    """The id among `known` that a value stands for, as any cell of the log that was read does; None if there is none.

    A log of numbers and texts keeps all of them as text, and who asks may hold a number as text: those are tried last.
    """
    if type(value) in (int, str) and value in known:
        return value
    return next((one for one in _ways(value) if one in known), None)


def plain(value: Any) -> Any:
    """numpy's scalars as Python's, its moments as those of pandas, which a column of them gives."""
    if isinstance(value, np.datetime64 | np.timedelta64):
        import pandas as pd

        return pd.Series([value]).astype(object).iloc[0]
    return value.item() if isinstance(value, np.generic) else value


def _ways(value: Any) -> Iterator[int | float | str]:
    """How ids may be kept that this value was read as, the likeliest first."""
    value = plain(value)
    if _blank(value):
        return
    if isinstance(value, str) or (isinstance(value, float) and not value.is_integer()):
        yield value  # ids that came from no table
    kept = identifier(value)
    if kept is None:
        return
    yield kept
    if isinstance(kept, int):
        if kept.bit_length() < 4096:  # Python writes out no longer ones
            yield str(kept)
    elif kept.isdecimal() and kept.isascii() and len(kept) < _LONGEST_NUMBER and str(int(kept)) == kept:
        yield int(kept)


def _blank(value: Any) -> bool:
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):  # pandas's NA, an array
        return True


def _objects(values: list) -> np.ndarray:
    out = np.empty(len(values), object)
    out[:] = values
    return out

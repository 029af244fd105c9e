"""Identifiers of customers and items, whatever a column holds: 12, 12.0, " A-7 ", True."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def identifiers(column: pd.Series, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n,), -1 where the cell is blank, and the identifiers they stand for: int, or text without space around it.

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
    cleaned = [_identifier(one) for one in unique.tolist()]
    if not all(isinstance(one, int) or one is None for one in cleaned):
        cleaned = [one if one is None else str(one) for one in cleaned]
    again, ids = pd.factorize(_objects(cleaned))
    return np.append(again, -1)[codes], _objects(list(ids))


def _identifier(value: Any) -> int | str | None:
    if isinstance(value, bool | np.bool_):
        return str(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return int(value) if float(value).is_integer() else str(value)
    return str(value).strip() or None


def _objects(values: list) -> np.ndarray:
    out = np.empty(len(values), object)
    out[:] = values
    return out

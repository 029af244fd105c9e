"""A table of finite numbers, or a sentence that says what is wrong with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from bmcore.cluster.inputs import check_finite
from bmcore.errors import DataError


def numbers(X: Any) -> np.ndarray:
    """X as an (n, d) array of float32 (kept) or float64.

    Raises
    ------
    DataError
        If it has no rows or columns, cells that are not numbers, missing or infinite ones, or some beyond 1e150.

    Examples
    --------
    >>> numbers([[1, 2], [3, 4]]).dtype
    dtype('float64')
    """
    try:
        X = np.asarray(X)
        X = np.asarray(X, dtype=np.float32 if X.dtype == np.float32 else np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataError("The table has cells that are not numbers. Choose columns of numbers, or prepare the table first.") from None
    if X.ndim != 2 or 0 in X.shape:
        raise DataError("A table of rows and columns is needed, with at least one of each. Its shape is {shape}.", shape=str(X.shape))
    if not np.isfinite(X).all():
        raise DataError("The table has missing or infinite numbers. Fill them or leave these rows out.")
    check_finite(X)
    return X


def distinct_rows(X: np.ndarray, most: int = 10) -> int:
    """Number of different rows, counted up to about `most`: O(n d) at worst with a sort, usually a look at the first 1,000."""
    head = np.unique(X[:1000], axis=0)
    return len(head) if len(head) >= most else len(np.unique(X, axis=0))

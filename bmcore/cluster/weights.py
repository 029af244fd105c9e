"""How often each row counts: what a user gives as `sample_weight`, checked.

    weights = weights_of(sample_weight, len(X))       # (n,) float64, or None if every row counts once
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bmcore.cluster import torch_pick
from bmcore.errors import DataError


def weights_of(sample_weight: Any, n: int) -> np.ndarray | None:
    """Checked weights of at least zero: (n,) float64, or None if every row counts once.

    Raises
    ------
    DataError
        Not one finite weight of at least zero a row, or all of them zero.
    """
    if sample_weight is None:
        return None
    weights = _numbers(sample_weight, n)
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(bad):
        raise DataError(
            "The weight of row {row} is {value}. A weight is a finite number of at least 0.", row=int(bad[0]), value=str(weights[bad[0]])
        )
    if not weights.any():
        raise DataError("Every weight is zero, so no row counts. Give a weight above zero to at least one row.")
    return None if (weights == 1).all() else weights


def signed_weights(sample_weight: Any, n: int) -> np.ndarray | None:
    """Checked weights of DBSCAN, which may be zero or negative: (n,) float64, or None if every row counts once.

    Raises
    ------
    DataError
        Not one finite number a row, or nothing but zeros.
    """
    if sample_weight is None:
        return None
    weights = _numbers(sample_weight, n)
    bad = np.flatnonzero(~np.isfinite(weights))
    if len(bad):
        raise DataError(
            "The weight of row {row} is {value}. Give a finite number; it may be zero or negative.",
            row=int(bad[0]), value=str(weights[bad[0]]),
        )
    if not weights.any():
        raise DataError("Every weight is zero, so no row counts. Give a weight other than zero to at least one row.")
    return None if (weights == 1).all() else weights


def _numbers(sample_weight: Any, n: int) -> np.ndarray:
    """One number a row; a single one stands for all."""
    try:
        weights = np.array(torch_pick.host(sample_weight), dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataError("sample_weight must hold one number a row.") from None
    weights = np.full(n, float(weights)) if weights.ndim == 0 else weights
    if weights.shape != (n,):
        raise DataError(
            "sample_weight has the shape {shape}, but there are {n} rows. Give one weight a row.", shape=str(weights.shape), n=n
        )
    return weights

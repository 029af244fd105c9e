"""What is meant by what somebody asks: an id however it is written, a span of difficulties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bmcore.errors import DataError


def bounds_of(difficulty: Sequence[float] | None) -> tuple[float, float] | None:
    """(middle, half the width) of the difficulties that are wanted."""
    if difficulty is None:
        return None
    try:
        low, high = (float(one) for one in difficulty)
    except (TypeError, ValueError):
        low, high = np.nan, np.nan
    if not -np.inf < low <= high < np.inf:
        raise DataError("The difficulty is {given}. Give two numbers: the lowest and the highest.", given=repr(difficulty)[:80])
    return (low + high) / 2, (high - low) / 2


def match(given: Any, known: Mapping) -> Any:
    """The id that is meant: itself, or a number written as a text and a text written as a number; None if there is none."""
    given = given.item() if hasattr(given, "item") else given
    others = (int(given),) if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 19 else (str(given),)
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    return next((one for one in (given, *others) if one in known), None)

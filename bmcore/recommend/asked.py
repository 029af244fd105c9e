"""What is meant by what somebody asks a model: histories of visitors, a span of difficulties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bmcore.data.identifiers import meant
from bmcore.errors import DataError
from bmcore.recommend import inputs


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


def histories_of(given: Any) -> list:
    """What each visitor has chosen: list of items or mapping of item to weight.

    Raises
    ------
    DataError
        For one history instead of a list of them, or an item instead of a history: read letter by letter nobody would notice.
    """
    wrong = given if isinstance(given, Mapping) or not _several(given) else None
    found = [] if wrong is not None else list(given)
    for one in [wrong] if wrong is not None else [one for one in found if not _several(one)]:
        raise DataError(
            "{given} is no history. Give a list with a history for each visitor, and in each the items, or the items with their weights.",
            given=inputs.shown(one),
        )
    return found


def _several(given: Any) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, str | bytes)


def known_of(history: Any, rows: Mapping) -> dict:
    """{item id: weight} of what is known of a history.

    Raises
    ------
    DataError
        For a weight that is negative or no number.
    """
    weighted, found = isinstance(history, Mapping), {}
    for item, weight in history.items() if weighted else ((one, 1.0) for one in inputs.listed(history)):
        weight = inputs.weight_of(item, weight)
        if (one := meant(item, rows)) is not None:
            found[one] = found.get(one, 0.0) + weight if weighted else 1.0
    return found

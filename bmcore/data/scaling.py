"""Columns brought to one scale: logarithm where a few values are far larger than the rest, then mean 0 and spread 1."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bmcore.errors import DataError, ModelError
from bmcore.messages import Message

_SKEWED = 1.0
_FURTHEST = 1e15  # in spreads; the square of more would be infinite in float32


@dataclass(frozen=True)
class Scale:
    """How one column becomes a column of X."""

    name: str
    log: bool
    centre: float
    spread: float
    fill: float  # for an empty cell, in the column's own unit

    def apply(self, values: np.ndarray) -> np.ndarray:
        """float32; values below 0 count as 0 where the logarithm is taken."""
        given = values = np.where(np.isnan(values), self.fill, values)
        if self.log:
            values = np.log1p(np.maximum(values, 0))
        values = (values - self.centre) / self.spread
        far = np.abs(values) > _FURTHEST
        if far.any():
            place = int(far.argmax())
            raise DataError(
                "{name!r} of record {place} is {value}, far beyond every value the groups were found in. Check its unit, or leave it out.",
                name=self.name,
                place=place + 1,
                value=f"{given[place]:g}",
            )
        return values.astype(np.float32)

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Scale:
        """Raise ModelError unless every figure is a finite number."""
        try:
            centre, spread, fill = (float(state[figure]) for figure in ("centre", "spread", "fill"))
            sound = np.isfinite([centre, spread, fill]).all() and spread > 0 and isinstance(state["name"], str)
        except (TypeError, ValueError, KeyError, OverflowError, IndexError):
            sound = False
        if not sound:
            raise ModelError(
                "The saved scale {scale} cannot be used: centre, spread and fill have to be numbers. Give the folder that a run wrote.",
                scale=repr(state)[:200],
            )
        return cls(state["name"], bool(state.get("log")), centre, spread, fill)


class Scaling:
    """One `Scale` a column that varies.

    Use it when several columns in different units should count alike in a distance.

    Examples
    --------
    >>> scaling = Scaling()
    >>> X, notes = scaling.fit({"age": np.array([20.0, 40.0, np.nan]), "one": np.ones(3)})
    >>> X.ravel().tolist() == [-1.2247449159622192, 1.2247449159622192, 0.0], str(notes[1])
    (True, "Column 'one' has the same value in every row and is left out.")
    """

    def __init__(self, scales: list[Scale] | None = None):
        self.scales = scales or []

    @property
    def names(self) -> list[str]:
        return [scale.name for scale in self.scales]

    def fit(self, columns: dict[str, np.ndarray], always_log: tuple[str, ...] = ()) -> tuple[np.ndarray, list[Message]]:
        """The scaled columns, float32 of shape (n, d), and what was done to them."""
        notes, self.scales, kept = [], [], []
        for name, values in columns.items():
            scale = _scale(name, values, name in always_log, notes)
            if scale:
                self.scales.append(scale)
                kept.append(scale.apply(values))
        if not kept:
            raise DataError(
                "Every chosen column has the same value in all rows ({names}), so there is nothing to group by. Choose columns that "
                "differ.",
                names=", ".join(list(columns)[:10]),
            )
        return np.column_stack(kept), notes

    def apply(self, columns: dict[str, np.ndarray]) -> np.ndarray:
        """New rows on the same scales."""
        return np.column_stack([scale.apply(columns[scale.name]) for scale in self.scales])

    def state(self) -> list[dict[str, Any]]:
        return [asdict(scale) for scale in self.scales]

    @classmethod
    def restore(cls, state: list[dict[str, Any]]) -> Scaling:
        return cls([Scale.restore(one) for one in state])


def _scale(name: str, values: np.ndarray, always_log: bool, notes: list[Message]) -> Scale | None:
    filled = values[~np.isnan(values)]
    fill = float(np.median(filled))
    if len(filled) < len(values):
        notes.append(
            Message(
                "Column {column!r} is empty in {n:,} rows; its middle value {value:,} stands in there.",
                column=name,
                n=len(values) - len(filled),
                value=round(fill, 4),
            )
        )
    if filled.min() == filled.max():
        notes.append(Message("Column {column!r} has the same value in every row and is left out.", column=name))
        return None
    log = bool(filled.min() >= 0 and (always_log or skew(filled) > _SKEWED))
    if log:
        notes.append(
            Message("Column {column!r} is put on a log scale, since a few of its values are far larger than the rest.", column=name)
        )
    whole = np.where(np.isnan(values), fill, values)
    whole = np.log1p(whole) if log else whole
    spread = float(whole.std())
    if not spread > 1e-12 * float(np.abs(whole).max()):  # equal but for rounding
        notes.append(Message("Column {column!r} has the same value in every row and is left out.", column=name))
        return None
    return Scale(name, log, float(whole.mean()), spread, fill)


def skew(values: np.ndarray) -> float:
    """Third standardised moment; 0 for a symmetric column."""
    away = values - values.mean()
    largest = np.abs(away).max()
    if not largest > 0:
        return 0.0
    away = away / largest  # no power overflows
    return float((away**3).mean() / max((away**2).mean() ** 1.5, 1e-300))

"""Rows of a log to pairs of a user and an item: copies dropped, repeats added up or replaced, returns taken off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bmcore.errors import DataError
from bmcore.messages import Message


@dataclass
class Rows:
    """Usable rows of a log, or the pairs they became.

    Attributes
    ----------
    users, items : ndarray of shape (n,), int
    weights : ndarray of shape (n,), float64
        Below 0 for something given back.
    times : ndarray of shape (n,), float64, or None
        Seconds since 1970; of a pair, its last.
    baskets : ndarray of shape (n,), int, or None
    first : ndarray of shape (n,), float64, or None
        Of a pair: its first time.
    """

    users: np.ndarray
    items: np.ndarray
    weights: np.ndarray
    times: np.ndarray | None
    baskets: np.ndarray | None
    first: np.ndarray | None = None

    def part(self, which: np.ndarray) -> Rows:
        """Some of the rows: a mask or positions."""
        columns = (self.users, self.items, self.weights, self.times, self.baskets, self.first)
        return Rows(*(None if one is None else one[which] for one in columns))


def orders(users: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """A number for each order: of one user, and a row without a basket is an order of its own."""
    codes = np.where(codes < 0, codes.max(initial=0) + 1 + np.arange(len(codes)), codes)
    return np.unique(users.astype(np.int64) * (int(codes.max()) + 1) + codes, return_inverse=True)[1]


def merged(rows: Rows, rated: bool) -> tuple[Rows, list[Message]]:
    """One row a pair, by user and then item, and notes on what was merged.

    Raises
    ------
    DataError
        If everything that was bought was given back.
    """
    key = rows.users.astype(np.int64) * (int(rows.items.max()) + 1) + rows.items
    order = np.lexsort((key,) if rows.times is None else (rows.times, key))  # stable: the table's order decides ties
    rows, key = rows.part(order), key[order]
    copies = _copies(rows, key)
    notes = [_copied(copies)] if copies.any() else []
    if copies.any():
        rows, key = rows.part(~copies), key[~copies]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    ends = np.r_[starts[1:], len(key)] - 1
    if len(starts) < len(key):
        notes.append(_repeated(len(key) - len(starts), rated))
    weights = rows.weights[ends] if rated else np.add.reduceat(rows.weights, starts)
    times, first = (None if rows.times is None else rows.times[some] for some in (ends, starts))
    baskets = None if rows.baskets is None else rows.baskets[starts]
    pairs = Rows(rows.users[starts], rows.items[starts], weights, times, baskets, first)
    return _bought(pairs, notes), notes


def _bought(pairs: Rows, notes: list[Message]) -> Rows:
    """The pairs of which something is left when returns are taken off. (Sums of decimals that cancel may miss 0 by a little.)"""
    left = pairs.weights > 1e-9
    if not left.any():
        raise DataError("Everything that was bought was given back, so nothing is left to learn from. Check the sign of the amounts.")
    if not left.all():
        notes.append(Message(
            "{n:,} pairs of a customer and an item were given back as a whole; they are left out.", n=int((~left).sum())))
    return pairs.part(left)


def _copies(rows: Rows, key: np.ndarray) -> np.ndarray:
    """Rows that repeat an earlier one in everything, where a time or a basket says that it is the same event."""
    if rows.times is None and rows.baskets is None:
        return np.zeros(len(key), bool)
    fields = [rows.weights, *(one for one in (rows.baskets, rows.times) if one is not None), key]
    order = np.lexsort(fields)
    same = np.ones(len(key) - 1, bool)
    for one in fields:
        ordered = one[order]
        same &= ordered[1:] == ordered[:-1]
    copies = np.zeros(len(key), bool)
    copies[order[1:]] = same
    return copies


def _copied(copies: np.ndarray) -> Message:
    return Message("{n:,} rows are exact copies of another row: each event counts once.", n=int(copies.sum()))


def _repeated(n: int, rated: bool) -> Message:
    if rated:
        return Message("{n:,} rows rate an item again: the last rating of a customer counts.", n=n)
    return Message("{n:,} rows repeat a customer and an item: they are one entry, with the amounts added up.", n=n)

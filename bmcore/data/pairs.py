"""Rows of a log to pairs of a user and an item: copies dropped, repeats added up or replaced, returns taken off.

    rows, notes = in_order(rows)
    pairs, more = merged(rows)              # of the whole log
    before, _ = merged(rows.part(rows.times < border))
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
    rated : bool
        The weights are ratings: the last one of a pair counts, and they are not added up.
    """

    users: np.ndarray
    items: np.ndarray
    weights: np.ndarray
    times: np.ndarray | None
    baskets: np.ndarray | None
    first: np.ndarray | None = None
    rated: bool = False

    def __len__(self) -> int:
        return len(self.users)

    def part(self, which: np.ndarray) -> Rows:
        """Some of the rows: a mask or positions."""
        columns = (self.users, self.items, self.weights, self.times, self.baskets, self.first)
        return Rows(*(None if one is None else one[which] for one in columns), self.rated)


def orders(users: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """A number for each order: of one user, and a row without a basket is an order of its own."""
    codes = np.where(codes < 0, codes.max(initial=0) + 1 + np.arange(len(codes)), codes)
    return np.unique(users.astype(np.int64) * (int(codes.max()) + 1) + codes, return_inverse=True)[1]


def in_order(rows: Rows) -> tuple[Rows, list[Message]]:
    """Rows by user, item and time, exact copies left out, and a note on those."""
    key = rows.users.astype(np.int64) * (int(rows.items.max()) + 1) + rows.items
    order = np.lexsort((key,) if rows.times is None else (rows.times, key))  # stable: the table's order decides ties
    rows, key = rows.part(order), key[order]
    copies = _copies(rows, key)
    return (rows.part(~copies), [_copied(copies)]) if copies.any() else (rows, [])


def merged(rows: Rows) -> tuple[Rows, list[Message]]:
    """One row a pair of which something is left, by user and then item, and notes on what was merged. Takes rows as `in_order` gives."""
    users, items = rows.users, rows.items
    starts = np.flatnonzero(np.r_[True, (users[1:] != users[:-1]) | (items[1:] != items[:-1])][: len(rows)])
    ends = np.r_[starts[1:], len(rows)][: len(starts)] - 1
    notes = [_repeated(len(rows) - len(starts), rows.rated)] if len(starts) < len(rows) else []
    weights = rows.weights[ends] if rows.rated or not len(rows) else np.add.reduceat(rows.weights, starts)
    times, first = (None if rows.times is None else rows.times[some] for some in (ends, starts))
    baskets = None if rows.baskets is None else rows.baskets[starts]
    pairs = Rows(users[starts], items[starts], weights, times, baskets, first, rows.rated)
    left = weights > 1e-9  # sums of decimals that cancel may miss 0 by a little
    if left.all():
        return pairs, notes
    return pairs.part(left), [*notes, _given_back(~left)]


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


def _given_back(gone: np.ndarray) -> Message:
    return Message("{n:,} pairs of a customer and an item were given back as a whole; they are left out.", n=int(gone.sum()))


def _copied(copies: np.ndarray) -> Message:
    return Message("{n:,} rows are exact copies of another row: each event counts once.", n=int(copies.sum()))


def _repeated(n: int, rated: bool) -> Message:
    if rated:
        return Message("{n:,} rows rate an item again: the last rating of a customer counts.", n=n)
    return Message("{n:,} rows repeat a customer and an item: they are one entry, with the amounts added up.", n=n)

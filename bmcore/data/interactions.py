"""Reading an interaction log: who bought, watched or did what, how often and when. One entry a pair of user and item."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bmcore.data import dates
from bmcore.data.identifiers import identifiers
from bmcore.data.log_weights import places, refuse_large_sums, weights
from bmcore.data.pairs import Rows, in_order, merged, orders
from bmcore.data.prepared import named, need_columns
from bmcore.errors import DataError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix


@dataclass
class Interactions:
    """Who has to do with what: one entry a pair, in the order of users and within a user of items.

    Use it when a recommender is to learn from a log, or a log is to be split. `read_interactions` makes it from a table.

    Attributes
    ----------
    users, items : ndarray of shape (n,), int32
        Positions in `user_ids` and `item_ids`.
    weights : ndarray of shape (n,), float32
        Above 0: the sum over all rows of the pair (1 a row without a weight column), or its last rating.
    times : ndarray of shape (n,), float64, or None
        Seconds since 1970 of the pair's last row.
    user_ids, item_ids : ndarray, object
        Identifiers as given: int or str.
    baskets : ndarray of shape (n,), int32, or None
        The basket that the pair came with first. A basket is of one user.
    notes : list of Message
        What a person should know about how the log was read.
    first : ndarray of shape (n,), float64, or None
        Seconds since 1970 of the pair's first row. A split in time goes by it: what is bought every week would by its last time lie
        in the test for everybody, and nobody could have learned it.
    rows : Rows or None
        The events that were merged, with the same positions, by user, item and time; None without times and baskets, when a log is not
        parted between the events of a pair. With them, a user or item all of whose purchases were given back keeps its number, since
        an earlier part of the log has it.
    """

    users: np.ndarray
    items: np.ndarray
    weights: np.ndarray
    times: np.ndarray | None
    user_ids: np.ndarray
    item_ids: np.ndarray
    baskets: np.ndarray | None = None
    notes: list[Message] = field(default_factory=list)
    first: np.ndarray | None = None
    rows: Rows | None = None

    def __len__(self) -> int:
        return len(self.users)

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)

    def part(self, mask: np.ndarray) -> Interactions:
        """The entries where `mask` is true, with the same positions of users and items; no notes.

        Each keeps its weight and its last time, in which all of its events count. What was known at an earlier time `part_of_rows` makes.
        """
        times, baskets, first = (None if one is None else one[mask] for one in (self.times, self.baskets, self.first))
        part = Interactions(
            self.users[mask], self.items[mask], self.weights[mask], times, self.user_ids, self.item_ids, baskets, [], first
        )
        if self.rows is not None:
            part.rows = self.rows.part(self.rows_of(part))
        return part

    def part_of_rows(self, mask: np.ndarray) -> Interactions:
        """The entries that the events where `mask` (over `rows`) is true make by themselves, as if the log had no others; no notes."""
        rows = self.rows.part(mask)
        return _entries(merged(rows)[0], rows, self.user_ids, self.item_ids, [])

    def rows_of(self, part: Interactions) -> np.ndarray:
        """Which of `rows` are of a pair of `part`: (len(rows),) bool."""
        learned, asked = (one.users.astype(np.int64) * max(self.n_items, 1) + one.items for one in (part, self.rows))
        places = np.minimum(np.searchsorted(learned, asked), max(len(learned) - 1, 0))
        return learned[places] == asked if len(learned) else np.zeros(len(asked), bool)

    def csr(self, binary: bool = False) -> csr_matrix:
        """Weights (or 1) as a sparse matrix of shape (n_users, n_items), float32."""
        from scipy.sparse import csr_matrix

        data = np.ones(len(self), np.float32) if binary else self.weights.astype(np.float32)
        matrix = csr_matrix((data, (self.users, self.items)), shape=(self.n_users, self.n_items))
        matrix.sort_indices()
        return matrix


def read_interactions(
    frame: pd.DataFrame, *, user: str, item: str, weight: str | None = None, time: str | None = None, basket: str | None = None
) -> Interactions:
    """An interaction log from any table that names users and items.

    Use it when you have a log of purchases, ratings, views or exercises, one a row.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row an event. Identifiers may be of any type; 12.0 is taken as 12, and space around a text is dropped.
    user, item : str
        Columns.
    weight : str, optional
        Column with a quantity, an amount or a rating. A column whose name says rating (stars) and whose numbers lie between 0 and 10, or
        score (grade, marks) between 0 and 100, holds ratings: the last one of a pair counts. Other numbers are added up, so that
        something given back (below 0) cancels what was bought.
    time : str, optional
        Column of dates, in any usual form.
    basket : str, optional
        Column that tells orders apart; the same number for two users means two orders.

    Returns
    -------
    Interactions

    Raises
    ------
    DataError
        If a column is missing or cannot be read as what it should be, if there is one user or one item, if no user has two
        items, or if nothing but returns is left.

    Notes
    -----
    Exact copies of a row count once where there is a time or a basket, since an event happens once; else they add up. A million rows
    take about 2 s and 200 MB, and 3 s more where the time is a text that differs in every row.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({"who": ["ann", "ann ", "bob", "bob", "bob"], "what": [7, 8, 7, 7, 9], "n": [1, 2, 1, 1, -1]})
    >>> found = read_interactions(log, user="who", item="what", weight="n")
    >>> found.user_ids[found.users].tolist(), found.item_ids[found.items].tolist(), found.weights.tolist()
    (['ann', 'ann', 'bob'], [7, 8, 7], [1.0, 2.0, 2.0])
    """
    frame = named(frame)
    need_columns(frame, [str(name) for name in (user, item, weight, time, basket) if name])
    if not len(frame):
        raise DataError("The table has no rows. Give one with a row for everything a customer bought, watched or did.")
    notes = [Message.from_dict(note) for note in frame.attrs.get("notes", [])]
    (users, user_ids), (items, item_ids) = identifiers(frame[user], user), identifiers(frame[item], item)
    keep = _present(users, user, notes) & _present(items, item, notes)
    amount, rated = weights(frame, weight, keep, notes)
    moments = _moments(frame, time, keep, notes)
    baskets = orders(users, identifiers(frame[basket], basket)[0]) if basket else None
    if not keep.any():
        raise DataError(
            "No row has everything at once: {names}. Check that these columns belong together.",
            names=", ".join(str(name) for name in (user, item, weight, time) if name),
        )
    refuse_large_sums(users, items, np.where(keep & (amount > 0), amount, 0), rated, (weight, user_ids, item_ids))
    rows, told = in_order(Rows(users, items, amount, moments, baskets, rated=rated).part(keep))
    rows, user_ids, item_ids = _numbered(rows, rows.weights > 0, user_ids, item_ids)
    pairs, more = merged(rows)
    if rows.times is None and rows.baskets is None:
        pairs, user_ids, item_ids = _numbered(pairs, np.ones(len(pairs), bool), user_ids, item_ids)
        rows = None
    _refuse_useless(pairs, user_ids, item_ids, user, item)
    return _entries(pairs, rows, user_ids, item_ids, [*notes, *told, *more])


def _entries(pairs: Rows, rows: Rows | None, user_ids: np.ndarray, item_ids: np.ndarray, notes: list[Message]) -> Interactions:
    return Interactions(
        pairs.users, pairs.items, pairs.weights.astype(np.float32), pairs.times, user_ids, item_ids, pairs.baskets, notes, pairs.first, rows
    )


def _refuse_useless(pairs: Rows, user_ids: np.ndarray, item_ids: np.ndarray, user: str, item: str) -> None:
    """Raise DataError where nothing can be learned from the pairs."""
    if not len(pairs):
        raise DataError("Everything that was bought was given back, so nothing is left to learn from. Check the sign of the amounts.")
    if (pairs.users == pairs.users[0]).all():
        raise DataError(
            "All rows of column {column!r} are of one customer ({value}), so there is nobody to compare. Choose the column that tells "
            "customers apart.", column=user, value=str(user_ids[pairs.users[0]])[:60],
        )
    if (pairs.items == pairs.items[0]).all():
        raise DataError(
            "Column {column!r} holds one item only ({value}), so there is nothing to choose from. Choose the column that tells items "
            "apart.",
            column=item, value=str(item_ids[pairs.items[0]])[:60],
        )
    if np.bincount(pairs.users).max() < 2:
        raise DataError(
            "No value of column {user!r} has two different values of {item!r}, so nothing tells which items go together. If {user!r} "
            "is the number of an order or a row, choose the column that names the customer.", user=user, item=item,
        )


def _numbered(rows: Rows, which: np.ndarray, user_ids: np.ndarray, item_ids: np.ndarray) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Users, items and baskets numbered anew without gaps, those of the rows `which`; rows of others are left out."""
    used_users, used_items = (
        np.bincount(codes[which], minlength=len(ids)) > 0 for codes, ids in ((rows.users, user_ids), (rows.items, item_ids)))
    rows = rows.part(used_users[rows.users] & used_items[rows.items])
    rows.users, rows.items = (
        (np.cumsum(used) - 1).astype(np.int32)[codes] for used, codes in ((used_users, rows.users), (used_items, rows.items)))
    if rows.baskets is not None:
        rows.baskets = np.unique(rows.baskets, return_inverse=True)[1].astype(np.int32)
    return rows, user_ids[used_users], item_ids[used_items]


def _present(codes: np.ndarray, name: str, notes: list[Message]) -> np.ndarray:
    blank = codes < 0
    if blank.all():
        raise DataError("Column {column!r} is empty in all {n:,} rows. Choose another column.", column=name, n=len(codes))
    if blank.any():
        notes.append(Message("Column {column!r} is empty in {n:,} rows ({rows}); they are left out.", column=name, **places(blank)))
    return ~blank


def _moments(frame: pd.DataFrame, name: str | None, keep: np.ndarray, notes: list[Message]) -> np.ndarray | None:
    """Seconds since 1970 a row. Takes rows without a date out of `keep`."""
    if not name:
        return None
    found = dates.read(frame[name], name)
    notes += [*found.notes, *dates.left_out(found.bad & keep, name)]
    empty = np.isnat(found.values) & ~found.bad & keep
    if empty.any():
        notes.append(Message("Column {column!r} is empty in {n:,} rows ({rows}); they are left out.", column=name, **places(empty)))
    keep &= ~np.isnat(found.values)
    return found.values.astype("M8[s]").astype(np.int64).astype(np.float64)

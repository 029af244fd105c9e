"""Reading an interaction log: who bought, watched or did what, how often and when. One entry a pair of user and item."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.data import amounts, dates
from bmcore.data.findings import _some
from bmcore.data.identifiers import identifiers
from bmcore.data.pairs import Rows, merged, orders
from bmcore.data.prepared import named, need_columns
from bmcore.errors import DataError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix

_MOST_BAD = 0.2
_LARGEST_RATING = 10
_RATING = re.compile(r"rating|(?<![a-z])(rate|rated|stars?|score|grade)(?![a-z])|评分|打分|星级", re.IGNORECASE)


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

    def __len__(self) -> int:
        return len(self.users)

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)

    def part(self, mask: np.ndarray) -> Interactions:
        """The entries where `mask` is true, with the same positions of users and items; no notes."""
        times, baskets, first = (None if one is None else one[mask] for one in (self.times, self.baskets, self.first))
        return Interactions(
            self.users[mask], self.items[mask], self.weights[mask], times, self.user_ids, self.item_ids, baskets, [], first
        )

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
        Column with a quantity, an amount or a rating. A column whose name says rating (stars, score) and whose numbers lie between 0 and
        10 holds ratings: the last one of a pair counts. Other numbers are added up, so that something given back (below 0) cancels
        what was bought.
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
    amount, rated = _weights(frame, weight, keep, notes)
    moments = _moments(frame, time, keep, notes)
    baskets = orders(users, identifiers(frame[basket], basket)[0]) if basket else None
    if not keep.any():
        raise DataError(
            "No row has everything at once: {names}. Check that these columns belong together.",
            names=", ".join(str(name) for name in (user, item, weight, time) if name),
        )
    rows, again = merged(Rows(users, items, amount, moments, baskets).part(keep), rated)
    notes += again
    return _checked(rows, user_ids, item_ids, user, item, notes)


def _checked(rows: Rows, user_ids: np.ndarray, item_ids: np.ndarray, user: str, item: str, notes: list[Message]) -> Interactions:
    """Users and items that are left, numbered anew; refused where nothing can be learned from them."""
    users, user_ids = _renumbered(rows.users, user_ids)
    items, item_ids = _renumbered(rows.items, item_ids)
    if len(user_ids) == 1:
        raise DataError(
            "All rows of column {column!r} are of one customer ({value}), so there is nobody to compare. Choose the column that tells "
            "customers apart.", column=user, value=str(user_ids[0])[:60],
        )
    if len(item_ids) == 1:
        raise DataError(
            "Column {column!r} holds one item only ({value}), so there is nothing to choose from. Choose the column that tells items "
            "apart.",
            column=item, value=str(item_ids[0])[:60],
        )
    if np.bincount(users).max() < 2:
        raise DataError(
            "No value of column {user!r} has two different values of {item!r}, so nothing tells which items go together. If {user!r} "
            "is the number of an order or a row, choose the column that names the customer.", user=user, item=item,
        )
    baskets = None if rows.baskets is None else np.unique(rows.baskets, return_inverse=True)[1].astype(np.int32)
    return Interactions(users, items, rows.weights.astype(np.float32), rows.times, user_ids, item_ids, baskets, notes, rows.first)


def _renumbered(codes: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    used = np.bincount(codes, minlength=len(ids)) > 0
    return (np.cumsum(used) - 1)[codes].astype(np.int32), ids[used]


def _rows(mask: np.ndarray) -> dict[str, Any]:
    """How many rows, and the first of them as a spreadsheet numbers them."""
    places = np.flatnonzero(mask)
    return {"n": len(places), "rows": _some(tuple((places[:6] + 2).tolist()))}


def _present(codes: np.ndarray, name: str, notes: list[Message]) -> np.ndarray:
    blank = codes < 0
    if blank.all():
        raise DataError("Column {column!r} is empty in all {n:,} rows. Choose another column.", column=name, n=len(codes))
    if blank.any():
        notes.append(Message("Column {column!r} is empty in {n:,} rows ({rows}); they are left out.", column=name, **_rows(blank)))
    return ~blank


def _weights(frame: pd.DataFrame, name: str | None, keep: np.ndarray, notes: list[Message]) -> tuple[np.ndarray, bool]:
    """A number a row, and whether they are ratings. Takes rows without one out of `keep`."""
    if not name:
        return np.ones(len(frame)), False
    column = frame[name]
    if column.dtype.kind in "mM":
        raise DataError("Column {column!r} holds dates, not amounts. Choose a column of numbers, or none.", column=name)
    found = amounts.read(column, name)
    if found.bad.sum() > _MOST_BAD * len(column):
        row = int(found.bad.argmax())
        raise DataError(
            "Column {column!r} holds words, not amounts (row {row}: {example}). Choose a column of numbers, or none.",
            column=name, row=row + 2, example=str(column.iloc[row])[:40],
        )
    values, missing = found.values, np.isnan(found.values)
    if missing.all():
        raise DataError("Column {column!r} is empty in all {n:,} rows. Choose another column, or none.", column=name, n=len(column))
    notes += found.notes
    if (missing & keep).any():
        notes.append(
            Message("Column {column!r} holds no number in {n:,} rows ({rows}); they are left out.", column=name, **_rows(missing & keep))
        )
    keep &= ~missing
    low, high = np.nanmin(values), np.nanmax(values)
    rated = bool(_RATING.search(name)) and low >= 0 and 0 < high <= _LARGEST_RATING
    if rated:  # a weight is above 0
        values = np.where(values == 0, values[values > 0].min(), values)
    _signs(values, keep, name, notes)
    if rated:
        notes.append(Message(
            "Column {column!r} holds ratings from {low:g} to {high:g}. Each of them, also a low one, counts as interest: somebody chose "
            "that item.", column=name, low=float(low), high=float(high),
        ))
    return values, rated


def _signs(values: np.ndarray, keep: np.ndarray, name: str, notes: list[Message]) -> None:
    """Notes on returns; rows of nothing (0) leave `keep`."""
    zero, negative = keep & (values == 0), keep & (values < 0)
    if keep.any() and not (keep & (values > 0)).any():
        raise DataError(
            "Column {column!r} has no number above 0, so nothing was bought or liked. Turn the signs around, or choose no column for it.",
            column=name,
        )
    if zero.any():
        notes.append(Message("Column {column!r} is 0 in {n:,} rows ({rows}); they are left out.", column=name, **_rows(zero)))
        keep &= ~zero
    if negative.any():
        notes.append(Message(
            "Column {column!r} is negative in {n:,} rows ({rows}): they are taken as things given back, and cancel what was bought.",
            column=name, **_rows(negative),
        ))


def _moments(frame: pd.DataFrame, name: str | None, keep: np.ndarray, notes: list[Message]) -> np.ndarray | None:
    """Seconds since 1970 a row. Takes rows without a date out of `keep`."""
    if not name:
        return None
    found = dates.read(frame[name], name)
    notes += [*found.notes, *dates.left_out(found.bad & keep, name)]
    empty = np.isnat(found.values) & ~found.bad & keep
    if empty.any():
        notes.append(Message("Column {column!r} is empty in {n:,} rows ({rows}); they are left out.", column=name, **_rows(empty)))
    keep &= ~np.isnat(found.values)
    return found.values.astype("M8[s]").astype(np.int64).astype(np.float64)

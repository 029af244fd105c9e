"""Hold out a part of an interaction log: the latest events, or some of each user's items where no time is known.

    parts = split_log(log)
    model = EASE().fit(parts.train)

The rule: the training part is what one would have read without the held-out events. Its weights, ratings, returns and last times are
merged anew from the events before the border (or outside the held-out baskets), never taken from the whole log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bmcore.errors import DataError, ParameterError
from bmcore.messages import Message

if TYPE_CHECKING:
    from bmcore.data.interactions import Interactions

_FEW, _MUCH = 0.02, 0.6  # a border in time that leaves less or more than this share for the test is no split


@dataclass
class LogSplit:
    """What is for learning and what for the test.

    Attributes
    ----------
    train, test : Interactions
        With the positions of users and items of the whole log. No pair is in both, and a pair of the whole log is in neither only if
        all that was bought of it by then had been given back.
    kind : str
        "time" or "per_user".
    at : float or None
        Seconds since 1970: the test begins here.
    new_users, new_items : int
        Users and items of the test that the training part does not have.
    notes : list of Message
    """

    train: Interactions
    test: Interactions
    kind: str
    at: float | None
    new_users: int = 0
    new_items: int = 0
    notes: list[Message] = field(default_factory=list)


def split_log(interactions: Interactions, *, test: float = 0.2, seed: int = 0) -> LogSplit:
    """Training part and test part of a log, by time if there is a time.

    Use it when a recommender is to be judged on what users did that it was not told.

    Parameters
    ----------
    interactions : Interactions
    test : float, default 0.2
        Share of the entries that is held out, above 0 and below 1.
    seed : int, default 0
        The same seed gives the same parts. A split in time needs none.

    Returns
    -------
    LogSplit
        In time, one border for everybody: pairs whose first event is at or after it are the test, and the training part is merged from
        the events before it alone, so nothing is learned from the future: what was bought again, rated again or given back later
        is as it was then. Without times (or where most entries carry the same one) `test` of each user's items, at least one for users
        with two or more; whole baskets where there are baskets, but a user's only basket is divided. A pair goes with the basket it came
        with first, and what a held-out basket repeats or takes back does not count in training.

    Raises
    ------
    DataError
        If nobody has two items, so nothing can be held out.
    ParameterError
        If `test` is not between 0 and 1.

    Notes
    -----
    O(n log n); about 1 s for a million entries. Entries without `rows` (not from `read_interactions`) are parted as they are.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmcore.data.interactions import read_interactions
    >>> log = pd.DataFrame({"u": list("aabbb"), "i": list("xyxyz"), "t": pd.date_range("2024-01-01", periods=5)})
    >>> parts = split_log(read_interactions(log, user="u", item="i", time="t"), test=0.4)
    >>> parts.kind, len(parts.train), len(parts.test), parts.new_items
    ('time', 3, 2, 1)
    """
    if not 0 < test < 1:
        raise ParameterError(
            "Setting {name} cannot be {value}: it takes a share above 0 and below 1, such as 0.2.", name="test", value=str(test)[:40]
        )
    notes: list[Message] = []
    parts = _in_time(interactions, test, notes) or _per_user(interactions, test, seed, notes)
    _count_new(interactions, parts)
    refuse_leak(parts.train, parts.test)
    return parts


def refuse_leak(train: Interactions, test: Interactions) -> None:
    """Raise DataError if a pair of the test is also in the training part.

    Use it when somebody else made the two parts. Both must count users and items alike.
    """
    if not all(one is two or np.array_equal(one, two) for one, two in ((train.user_ids, test.user_ids), (train.item_ids, test.item_ids))):
        raise DataError("The training part and the test do not number users and items alike. Read one log, and split it with split_log.")
    n_items = max(train.n_items, 1)
    learned, asked = (np.sort(one.users.astype(np.int64) * n_items + one.items) for one in (train, test))
    # searchsorted, since numpy's sets hash, which takes seconds for keys as regular as these
    places = np.minimum(np.searchsorted(learned, asked), max(len(learned) - 1, 0))
    both = asked[learned[places] == asked] if len(learned) else learned
    if len(both):
        user, item = divmod(int(both[0]), n_items)
        raise DataError(
            "{n:,} pairs of a customer and an item are in the test and in the training part, such as {user} with {item}: the test would "
            "only show what was learned by heart. Split the log again with split_log.",
            n=len(both), user=str(test.user_ids[user])[:60], item=str(test.item_ids[item])[:60],
        )


def _in_time(log: Interactions, test: float, notes: list[Message]) -> LogSplit | None:
    """The latest entries; None where their times do not tell them apart."""
    times = log.first if log.first is not None else log.times
    if times is None:
        return None
    # the border's own time is in the test or not, whichever comes nearer to the share that was asked
    place = min(max(round(len(times) * (1 - test)), 1), len(times) - 1)
    ordered = np.sort(times)
    near = ordered[place]
    after = ordered[min(np.searchsorted(ordered, near, side="right"), len(ordered) - 1)]
    at = min((near, after), key=lambda border: abs(float((times >= border).mean()) - test))
    held_out = times >= at
    if not min(_FEW, test / 2) <= held_out.mean() <= max(_MUCH, (1 + test) / 2):
        notes.append(Message(
            "Most events have the same time, so they could not be split into earlier and later ones: some of each customer's items were "
            "held out instead."))
        return None
    train = log.part(~held_out) if log.rows is None else log.part_of_rows(log.rows.times < at)
    known = np.bincount(train.users, minlength=log.n_users) > 0
    if not known[log.users[held_out]].any():
        notes.append(Message(
            "No customer of the last days had bought anything before, so the log was not split by time: some of each customer's items were "
            "held out instead."))
        return None
    return LogSplit(train, log.part(held_out), "time", float(at), notes=notes)


def _per_user(log: Interactions, test: float, seed: int, notes: list[Message]) -> LogSplit:
    """Some of each user's items, whole baskets together."""
    draw = np.random.default_rng(seed)
    counts = np.bincount(log.users, minlength=log.n_users)
    if counts.max(initial=0) < 2:
        raise DataError("No customer has two items, so none can be held out for a test. Add more rows, or choose another customer column.")
    groups = np.arange(len(log)) if log.baskets is None else _divisible(log)
    rank = draw.permutation(int(groups.max()) + 1)[groups]  # of a group, in random order
    order = np.lexsort((rank, log.users))
    users, rank = log.users[order], rank[order]
    before = np.arange(len(order)) - (np.cumsum(counts) - counts)[users]  # entries of the same user before this one
    opens = np.r_[True, (users[1:] != users[:-1]) | (rank[1:] != rank[:-1])]
    starts = np.flatnonzero(opens)
    sizes = np.diff(np.r_[starts, len(order)])
    target = np.maximum(np.round(counts * test), counts > 1)[users[starts]]
    # whole groups, as long as the user's share is not passed by more than half a group; one group always stays
    taken = ((before[starts] == 0) | (before[starts] + sizes / 2 <= target)) & (before[starts] + sizes < counts[users[starts]])
    held_out = np.zeros(len(order), bool)
    held_out[order] = np.repeat(taken, sizes)
    test_part = log.part(held_out)
    return LogSplit(_without(log, held_out, test_part), test_part, "per_user", None, notes=notes)


def _without(log: Interactions, held_out: np.ndarray, test: Interactions) -> Interactions:
    """What is known without the held-out pairs and the baskets that were held out whole."""
    if log.rows is None:
        return log.part(~held_out)
    away = log.rows_of(test)
    if log.baskets is not None:
        whole = np.zeros(int(log.rows.baskets.max()) + 1, bool)
        whole[log.baskets[held_out]] = True
        whole[log.baskets[~held_out]] = False
        away |= whole[log.rows.baskets]
    return log.part_of_rows(~away)


def _divisible(log: Interactions) -> np.ndarray:
    """Basket of each entry; of a user with a single basket, every entry counts as its own."""
    baskets = log.baskets.astype(np.int64)
    opened = np.zeros(int(baskets.max()) + 1, np.int64)
    opened[baskets] = log.users + 1  # a basket is of one user
    of_user = np.bincount(opened[opened > 0] - 1, minlength=log.n_users)
    alone = of_user[log.users] == 1
    groups = np.where(alone, int(baskets.max()) + 1 + np.arange(len(log)), baskets)
    return np.unique(groups, return_inverse=True)[1]


def _count_new(log: Interactions, parts: LogSplit) -> None:
    """Count, and say, who and what the training part does not have."""
    parts.new_users = new_codes(parts.train.users, parts.test.users, log.n_users)
    parts.new_items = new_codes(parts.train.items, parts.test.items, log.n_items)
    if parts.new_users:
        parts.notes.append(Message(
            "{n:,} customers of the test are new: nothing was known of them before, so they are counted and not scored.",
            n=parts.new_users))
    if parts.new_items:
        parts.notes.append(Message(
            "{n:,} items of the test are new: nobody had bought them before. Missing them counts against every method alike.",
            n=parts.new_items))


def new_codes(train: np.ndarray, test: np.ndarray, n: int) -> int:
    """How many of the codes 0 to n - 1 are in the test and not in the training part."""
    return int(((np.bincount(test, minlength=n) > 0) & (np.bincount(train, minlength=n) == 0)).sum())

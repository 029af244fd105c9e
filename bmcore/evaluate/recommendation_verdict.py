"""One sentence, computed: does a recommender beat showing everybody what is popular, and the simplest rule of neighbours."""

from __future__ import annotations

from dataclasses import dataclass

from bmcore.evaluate.verdict import Difference, needed_messages
from bmcore.messages import Message

NAMES = {
    "Popularity": Message("showing everybody the most popular items"),
    "ItemKNN": Message("the simple rule \"who chose this also chose that\""),
}
LEAST_USERS = 50
_TOO_MANY = 1_000_000


@dataclass(frozen=True)
class Side:
    """What one method did: NDCG@10, and how many of the 10 items shown were right, on average."""

    ndcg: float
    right: float


def judge(ours: Side, theirs: Side, against: str, difference: Difference, n_users: int) -> tuple[str, Message]:
    """The kind of verdict and its sentence.

    Use it when a recommender and the best baseline have answered the same test users.

    Parameters
    ----------
    ours, theirs : Side
    against : str
        Key of `NAMES`.
    difference : Difference
        NDCG@10 of the recommender less that of the baseline, with its 95 % interval.
    n_users : int
        Test users. Below 50 an interval means little, so nothing is proven.

    Returns
    -------
    (str, Message)
        `"better"` if the whole interval is above 0, `"worse"` if it is below, else `"not_proven"`.

    Examples
    --------
    >>> kind, message = judge(Side(0.31, 2.4), Side(0.22, 1.8), "Popularity", Difference(0.09, 0.07, 0.11), 900)
    >>> print(message)
    Better: of 10 items shown to a person, 2.40 are ones that this person really chose, against 1.80 for showing everybody the most \
popular items. Asked for 900 people; the quality of the ranking (NDCG@10) is 0.310 against 0.220, and the difference is almost surely \
(95 %) between 0.070 and 0.110.
    """
    fields = {"n": n_users, "ours": ours.right, "theirs": theirs.right, "rival": NAMES[against], "ndcg": ours.ndcg, "other": theirs.ndcg}
    if n_users < LEAST_USERS:
        return "not_proven", Message(
            "Not proven: only {n:,} people could be asked, and with fewer than {least} luck decides. Of 10 items shown to one of "
            "them, {ours:.2f} are ones that this person really chose, against {theirs:.2f} for {rival}. Give a longer log, or one of more "
            "people.",
            least=LEAST_USERS, **fields)
    if difference.low > 0:
        return "better", Message(
            "Better: of 10 items shown to a person, {ours:.2f} are ones that this person really chose, against {theirs:.2f} for {rival}. "
            "Asked for {n:,} people; the quality of the ranking (NDCG@10) is {ndcg:.3f} against {other:.3f}, and the difference is almost "
            "surely (95 %) between {low:.3f} and {high:.3f}.", low=float(difference.low), high=float(difference.high), **fields)
    if difference.high < 0:
        return "worse", Message(
            "Worse: of 10 items shown to a person, {ours:.2f} are ones that this person really chose, against {theirs:.2f} for {rival}. "
            "Asked for {n:,} people; the quality of the ranking (NDCG@10) is {ndcg:.3f} against {other:.3f}. Use the simple one.", **fields)
    return "not_proven", _not_proven(difference, n_users, fields)


def _not_proven(difference: Difference, n_users: int, fields: dict) -> Message:
    """What to do while the interval holds 0: keep the simple method, or ask more people."""
    if difference.value <= 0:
        return Message(
            "Not proven: of 10 items shown to a person, {ours:.2f} are ones that this person really chose, against {theirs:.2f} for "
            "{rival} (NDCG@10 {ndcg:.3f} against {other:.3f}, {n:,} people). For now the simple one is the better choice: it is cheaper "
            "and not behind.", **fields)
    needed = needed_messages(difference, n_users)
    if needed > _TOO_MANY:
        return Message(
            "Not proven: of 10 items shown to a person, {ours:.2f} are ones that this person really chose, against {theirs:.2f} for "
            "{rival} (NDCG@10 {ndcg:.3f} against {other:.3f}, {n:,} people). The two are so close that more people would hardly tell them "
            "apart.", **fields)
    return Message(
        "Not proven: of 10 items shown to a person, {ours:.2f} are ones that this person really chose, against {theirs:.2f} for {rival}, "
        "but with {n:,} people asked that may be luck (NDCG@10 {ndcg:.3f} against {other:.3f}). It would take about {needed:,} people in "
        "the test to prove a difference of this size, {more:,} more than now.", needed=needed, more=needed - n_users, **fields)

"""One sentence, computed: is the model better than the best simple model, worse, or is neither proven."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bmcore.messages import Message

NAMES = {
    "majority": Message("always answering with the most frequent class"),
    "tfidf_logistic": Message("the simple word-count model"),
    "tfidf_centroid": Message("the simple word-count model"),
}
_TOO_MANY = 1_000_000


@dataclass(frozen=True)
class Difference:
    """Macro-F1 of the model minus that of a baseline, with its 95 % interval."""

    value: float
    low: float
    high: float


def judge(model: float, baseline: float, against: str, difference: Difference, n_test: int) -> tuple[str, Message]:
    """The kind of verdict and its sentence.

    Use it when a model and the best baseline have answered the same test rows.

    Parameters
    ----------
    model, baseline : float
        Macro-F1 of both, from 0 to 1.
    against : str
        Key of `NAMES`.
    difference : Difference
        Model minus baseline.
    n_test : int
        Messages both have answered.

    Returns
    -------
    (str, Message)
        `"better"` if the whole interval is above 0, `"worse"` if it is below, else `"not_proven"`.

    Examples
    --------
    >>> kind, message = judge(0.71, 0.62, "tfidf_logistic", Difference(0.09, 0.05, 0.13), 1500)
    >>> print(message)
    Better: on 1,500 messages it never saw, this model scores 0.71 against 0.62 for the simple word-count model. The \
difference is almost surely (95 %) between 0.05 and 0.13.
    """
    fields = {"n": n_test, "ours": float(model), "theirs": float(baseline), "rival": NAMES[against]}
    bounds = {"low": float(difference.low), "high": float(difference.high)}
    if difference.low > 0:
        return "better", Message(
            "Better: on {n:,} messages it never saw, this model scores {ours:.2f} against {theirs:.2f} for {rival}. "
            "The difference is almost surely (95 %) between {low:.2f} and {high:.2f}.", **fields, **bounds)
    if difference.high < 0:
        return "worse", Message(
            "Worse: on {n:,} messages it never saw, this model scores {ours:.2f} against {theirs:.2f} for {rival}. "
            "Use the simple one, or train longer or with a larger model.", **fields)
    return "not_proven", _not_proven(difference, n_test, fields)


def _not_proven(difference: Difference, n_test: int, fields: dict) -> Message:
    """What to do while the interval holds 0: keep the simple model, or ask more messages."""
    if difference.value <= 0:
        return Message(
            "Not proven: on {n:,} messages it never saw, this model scores {ours:.2f} against {theirs:.2f} for {rival}. "
            "For now the simple one is the better choice: it is cheaper and not behind.", **fields)
    needed = needed_messages(difference, n_test)
    if needed > _TOO_MANY:
        return Message(
            "Not proven: on {n:,} messages it never saw, this model scores {ours:.2f} against {theirs:.2f} for {rival}. "
            "The two are so close that more test messages would hardly tell them apart.", **fields)
    return Message(
        "Not proven: on {n:,} messages it never saw, this model scores {ours:.2f} against {theirs:.2f} for {rival}, but that may be luck. "
        "It would take about {needed:,} test messages to prove a difference of this size, {more:,} more than now.",
        **fields, needed=needed, more=needed - n_test)


def needed_messages(difference: Difference, n_test: int) -> int:
    """Test messages at which an interval around the same value would no longer hold 0: its width goes with 1/sqrt(n).

    Examples
    --------
    >>> needed_messages(Difference(0.02, -0.02, 0.06), 1000)
    4000
    """
    margin = max(difference.value - difference.low, 0.0)
    if difference.value <= 0 or not math.isfinite(margin / difference.value):
        return _TOO_MANY + 1
    return max(n_test + 1, round_up(n_test * (margin / difference.value) ** 2))


def round_up(number: float) -> int:
    """Up to two leading digits, since these are estimates.

    Examples
    --------
    >>> round_up(1234), round_up(17), round_up(4000)
    (1300, 17, 4000)
    """
    if number < 100:
        return math.ceil(number - 1e-9)
    unit = 10 ** (math.floor(math.log10(number) + 1e-12) - 1)
    return math.ceil(number / unit - 1e-9) * unit

"""What can be told before a training: whether its pictures can be judged, and whether anything can be proved of a rare class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.errors import DataError

if TYPE_CHECKING:
    from bmcore.data.pictures import Pictures


def judged(train: Pictures, test: Pictures) -> Pictures:
    """Those of `test` that can be judged: a class of few pictures may lie on the held-out side alone.

    Raises
    ------
    DataError
        If a side has fewer than 2 pictures.
    """
    if train.labels is not None and test.labels is not None:
        test = test.take(np.flatnonzero(np.isin(test.labels, train.labels)))
    if min(len(train), len(test)) < 2:
        raise DataError(
            "There are {train} pictures to learn from and {test} to judge by. At least two of each are needed: give more pictures.",
            train=len(train), test=len(test),
        )
    return test


def provable(train: Pictures, test: Pictures, rare: Any, goal: int | None = None) -> tuple[Any, int, int]:
    """The class as the labels have it, how many pictures to add, and how many there are then.

    Raises
    ------
    DataError
        If there are no classes, the rare one has no pictures on one of the two sides, or it is not rare.
    """
    if train.labels is None or test.labels is None:
        raise DataError("These pictures have no classes, so none is rare. Put each class in a folder of its own.")
    counts = dict(zip(*(found.tolist() for found in np.unique(train.labels, return_counts=True)), strict=True))
    label = next((one for one in counts if str(one) == str(rare)), None)
    if label is None or len(counts) < 2 or not (test.labels == label).any():
        raise DataError(
            "Class {rare} needs pictures both to learn from and to judge by, and another class beside it. There are: {known}.",
            rare=str(rare)[:60], known=", ".join(f"{one} ({n})" for one, n in list(counts.items())[:20]),
        )
    others = [n for one, n in counts.items() if one != label]
    goal = int(np.median(others)) if goal is None else int(goal)
    if goal <= counts[label]:
        raise DataError(
            "Class {rare} has {n} pictures already, and the goal is {goal}. Choose a class with fewer pictures, or a larger goal.",
            rare=str(label), n=counts[label], goal=goal,
        )
    return label, goal - counts[label], goal

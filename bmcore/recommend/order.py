"""The order to learn things in: prerequisites first, neither too easy nor too hard.

    requires, notes = check_requires({"sums": [], "algebra": ["sums"], "calculus": ["algebra"]})
    steps = path(scores, requires, difficulty, done={"sums"}, k=5)
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from bmcore.errors import DataError
from bmcore.messages import Message

_REACHED = 75  # percentile of what was done: one item far too hard, or many easy ones, should not set the level
_SHOWN = 5  # items named in a sentence


@dataclass(frozen=True)
class Step:
    """One item of a learning path.

    Attributes
    ----------
    item : hashable
    toward : hashable
        The item this one prepares for; the item itself where it is recommended for its own sake.
    """

    item: Hashable
    toward: Hashable


def check_requires(requires: Mapping[Any, Sequence[Any]]) -> tuple[dict[Any, list[Any]], list[Message]]:
    """Prerequisites that can be followed, and notes on what was left out of them.

    Use it when a catalogue with prerequisites has been read.

    Parameters
    ----------
    requires : mapping of item to the items it needs
        Every item of the catalogue is a key; most need nothing.

    Returns
    -------
    (dict, list of Message)
        Only items that need something, each with what it needs once; a prerequisite that is no item is left out and noted.

    Raises
    ------
    DataError
        If items need each other in a circle: nobody could ever begin. The sentence names the circle.

    Examples
    --------
    >>> kept, notes = check_requires({"sums": [], "algebra": ["sums", "logic"]})
    >>> kept, str(notes[0])
    ({'algebra': ['sums']}, "1 prerequisites are no items of the catalogue and were left out: 'logic'.")
    >>> check_requires({"hen": ["egg"], "egg": ["hen"]})
    Traceback (most recent call last):
    bmcore.errors.DataError: 'hen' needs 'egg' needs 'hen': nobody could ever begin. Take one of these prerequisites out.
    """
    kept: dict[Any, list[Any]] = {}
    unknown: dict[Any, None] = {}
    for item, needs in requires.items():
        if known := [one for one in dict.fromkeys(needs) if one in requires]:
            kept[item] = known
        unknown.update(dict.fromkeys(one for one in needs if one not in requires))
    _in_order(list(kept), kept, frozenset())
    if not unknown:
        return kept, []
    return kept, [Message(
        "{n} prerequisites are no items of the catalogue and were left out: {names}.", n=len(unknown), names=_names(list(unknown)),
    )]


def level_of(difficulties_done: Sequence[float]) -> float | None:
    """The difficulty somebody has reached: the upper quartile of what was done; None where no difficulty is known.

    Examples
    --------
    >>> level_of([1, 1, 2, 2, 2]), level_of([])
    (2.0, None)
    """
    known = np.asarray(list(difficulties_done), dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(np.percentile(known, _REACHED)) if len(known) else None


def fits(difficulty: Sequence[float], level: float | None, width: float) -> np.ndarray:
    """Which items are about as difficult as somebody can take: within `width` of `level`, both ways. (n,) bool.

    An item of unknown difficulty (NaN) is not refused, and nothing is while the level is unknown (None).

    Examples
    --------
    >>> fits([1, 2, 3, 9, np.nan], level=2, width=1).tolist()
    [True, True, True, False, True]
    """
    difficulty = np.asarray(difficulty, dtype=np.float64)
    if level is None:
        return np.ones(len(difficulty), dtype=bool)
    return ~(np.abs(difficulty - level) > width)


def path(
    scores: Mapping[Any, float], requires: Mapping[Any, Sequence[Any]], difficulty: Mapping[Any, float] | None, done: Collection[Any],
    k: int, width: float | None = None,
) -> list[Step]:
    """An order to learn in: the most promising items, each after everything it needs.

    Use it when a learner asks what to do next and then, not only what would be good.

    Parameters
    ----------
    scores : mapping of item to score
        The items to aim at; those that are not finite are never aimed at. A prerequisite may be missing here.
    requires : mapping
        As `check_requires` gives it.
    difficulty : mapping of item to number, or None
        What is easier comes first among prerequisites of one item; with `width` it also limits what is aimed at.
    done : collection of items
    k : int
        Steps at most. There are fewer where nothing that is left can be reached within k steps.
    width : float, optional
        How far above or below the level reached an aim may lie, and how far above it a step towards it. Every step raises the level
        to its own difficulty; who has done nothing starts at that of the easiest item.

    Returns
    -------
    list of Step

    Raises
    ------
    DataError
        If items need each other in a circle.

    Notes
    -----
    Greedy: aims in order of score, each with the missing prerequisites in front of it, as long as they fit into k steps. Time
    O(k n) besides the walks through prerequisites.

    Examples
    --------
    >>> needs = {"calculus": ["algebra"], "algebra": ["sums"]}
    >>> [step.item for step in path({"calculus": 0.9, "poetry": 0.5}, needs, None, {"sums"}, k=3)]
    ['algebra', 'calculus', 'poetry']
    """
    difficulty = difficulty or {}
    aims = sorted((item for item, score in scores.items() if np.isfinite(score)), key=lambda item: -scores[item])
    reached, steps = set(done), []
    level = None if width is None else standing(reached, difficulty)
    while len(steps) < k:
        found = _next(aims, requires, difficulty, reached, k - len(steps), level, width)
        if not found:
            break
        steps.extend(Step(item, found[-1]) for item in found)
        reached.update(found)
        if level is not None:
            level = max([level, *(difficulty[item] for item in found if difficulty.get(item, level) > level)])
    return steps


def _next(
    aims: list[Any], requires: Mapping[Any, Sequence[Any]], difficulty: Mapping[Any, float], reached: set, room: int,
    level: float | None, width: float | None,
) -> list[Any]:
    """The best aim that is left, after what it still needs; empty where none can be reached."""
    for aim in aims:
        if aim in reached:
            continue
        if level is not None and abs(difficulty.get(aim, level) - level) > width:  # as `fits`, without an array for each item
            continue
        chain = _in_order([aim], requires, reached, difficulty)
        if len(chain) > room or (level is not None and any(difficulty.get(item, level) > level + width for item in chain)):
            continue
        return chain
    return []


def standing(done: Collection[Any], difficulty: Mapping[Any, float]) -> float | None:
    """Where a learner stands: what was reached, else the easiest that there is; None where no difficulty is known."""
    reached = level_of([difficulty[item] for item in done if item in difficulty])
    return reached if reached is not None else min((value for value in difficulty.values() if np.isfinite(value)), default=None)


def _in_order(
    aims: list[Any], requires: Mapping[Any, Sequence[Any]], reached: Collection[Any], difficulty: Mapping[Any, float] | None = None,
) -> list[Any]:
    """The aims and everything they still need, what is needed first; DataError for a circle. No recursion: chains may be long."""
    found: dict[Any, None] = {}
    for aim in aims:
        trail: dict[Any, list[Any]] = {} if aim in reached or aim in found else {aim: _needs(aim, requires, difficulty)}
        while trail:
            item, left = next(reversed(trail.items()))
            while left and (left[-1] in found or left[-1] in reached):
                left.pop()
            if not left:
                found[item] = None
                del trail[item]
            elif left[-1] in trail:
                _refuse([*list(trail)[list(trail).index(left[-1]) :], left[-1]])
            else:
                trail[left[-1]] = _needs(left[-1], requires, difficulty)
    return list(found)


def _needs(item: Any, requires: Mapping[Any, Sequence[Any]], difficulty: Mapping[Any, float] | None) -> list[Any]:
    """What an item needs, the easiest last, where the walk begins."""
    needs = list(requires.get(item, ()))[::-1]
    return sorted(needs, key=lambda one: -_number(difficulty.get(one))) if difficulty else needs


def _number(value: float | None) -> float:
    return float(value) if value is not None and np.isfinite(value) else np.inf


def _refuse(circle: list[Any]) -> NoReturn:
    shown = circle if len(circle) <= 2 * _SHOWN else [*circle[:_SHOWN], circle[-1]]
    told = Message("{item!r}", item=_plain(shown[0]))
    for item in shown[1:]:
        told = Message("{before} needs {item!r}", before=told, item=_plain(item))
    raise DataError("{circle}: nobody could ever begin. Take one of these prerequisites out.", circle=told)


def _names(items: list[Any]) -> str:
    return ", ".join(repr(_plain(item)) for item in items[:_SHOWN]) + (", …" if len(items) > _SHOWN else "")


def _plain(item: Any) -> Any:
    item = item.item() if hasattr(item, "item") else item
    return item[:60] if isinstance(item, str) else item

"""What a clustering parameter may be beyond numbers and names: a random state, an array, a callable, a dict.

A spec has `takes(value)`, `parse(text)` and `allowed()`, as those of `bmcore.params`. What cannot be typed on a command line
or in a form raises ValueError in `parse`, which means: try the next spec.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bmcore.messages import Message
from bmcore.params import Choice


class RandomState:
    """None, a whole number from 0 to 2^32 - 1, or numpy's RandomState or Generator."""

    def takes(self, value: Any) -> bool:
        if value is None or isinstance(value, np.random.RandomState | np.random.Generator):
            return True
        return not isinstance(value, bool | str) and hasattr(value, "__index__") and 0 <= int(value) < 2**32

    def parse(self, text: str) -> int | None:
        return None if text.lower() in ("none", "") else int(text)

    def allowed(self) -> Message:
        return Message("none, a whole number from 0 to 4294967295, or a numpy RandomState")


class ArrayLike:
    """Rows of numbers: an array, a frame or a list."""

    def takes(self, value: Any) -> bool:
        return not isinstance(value, str | bytes | dict) and (hasattr(value, "__array__") or isinstance(value, list | tuple))

    def parse(self, text: str) -> Any:
        raise ValueError(text)

    def allowed(self) -> Message:
        return Message("an array of numbers")


class Scripted(Choice):
    """Names that a script may give and no form offers."""

    offered = False


class Function:
    """Something that can be called."""

    offered = False

    def takes(self, value: Any) -> bool:
        return callable(value)

    def parse(self, text: str) -> Any:
        raise ValueError(text)

    def allowed(self) -> Message:
        return Message("a function")


class Settings:
    """A dict of named values, or None."""

    def takes(self, value: Any) -> bool:
        return value is None or isinstance(value, dict)

    def parse(self, text: str) -> None:
        if text.lower() in ("none", ""):
            return None
        raise ValueError(text)

    def allowed(self) -> Message:
        return Message("none or a dict of named values")


def generator_of(random_state: Any) -> np.random.RandomState | np.random.Generator:
    """What draws the random numbers: the given generator, one from a seed, or numpy's own for None."""
    if random_state is None:
        return np.random.mtrand._rand
    if isinstance(random_state, np.random.RandomState | np.random.Generator):
        return random_state
    return np.random.RandomState(int(random_state))

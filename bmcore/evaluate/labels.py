"""Labels of any type as codes, and as texts for people and for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class Classes:
    """Labels of any type as codes 0..k-1, in order of first appearance: the model's own classes come first."""

    def __init__(self, labels: Sequence[Any]):
        known: dict[Any, Any] = {}
        for label in map(_plain, labels):
            known.setdefault(_key(label), label)
        self._code = {key: code for code, key in enumerate(known)}
        self.names = label_names(list(known.values()))

    def codes(self, labels: Sequence[Any]) -> np.ndarray:
        return np.array([self._code[_key(_plain(label))] for label in labels], dtype=np.int64)


def label_names(labels: Sequence[Any]) -> list[str]:
    """Labels as texts that differ from each other: 1 and "1" in one column become 1 and '1'.

    Examples
    --------
    >>> label_names(["yes", "no"]), label_names([1, "1"])
    (['yes', 'no'], ['1', "'1'"])
    """
    plain = [_plain(label) for label in labels]
    names = [clean(str(label)) for label in plain]
    return names if len(set(names)) == len(names) else [clean(repr(label)) for label in plain]


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label


def _key(label: Any) -> Any:
    return (type(label), label) if isinstance(label, bool) else label  # True == 1 in Python, but not as a label


def clean(text: str) -> str:
    """`text` with halves of surrogate pairs replaced: they cannot be written to a file."""
    return text.encode("utf-8", "replace").decode()

"""Labels of any type to class numbers and back, and the checks of texts and labels that training needs. numpy only."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from bmcore import files
from bmcore.errors import DataError, ModelError

_LARGEST = 2**63 - 1  # of a whole number that a column of labels can hold
_KINDS = {"bool": bool, "int": int, "float": float, "str": str}


def texts_of(X: Iterable[Any]) -> list[str]:
    """The texts as a plain list.

    Raises
    ------
    DataError
        If X is a single text, or an entry is not a text; names its row, counted from 0.
    """
    if isinstance(X, str | bytes):
        raise DataError("X is one single text. Give a list of texts, even for one: [text].")
    texts = X.tolist() if hasattr(X, "tolist") else list(X)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(
                "Row {row} (counted from 0) has {value} in place of a text. Fill in the text or drop the row.",
                row=row, value=repr(text)[:60],
            )
    return texts


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "str"
    if isinstance(value, bool | np.bool_):
        return "bool"
    if isinstance(value, numbers.Integral):
        return "int"
    if value is None or repr(value) in ("<NA>", "NaT", "nan"):
        return None
    if isinstance(value, numbers.Real):
        return "float" if value == value else None
    return "other"


def labels_of(y: Iterable[Any], n: int) -> list[Any]:
    """The labels as a list of one type: bool, int, float or str; mixed ones, moments and all others become their text.

    Raises
    ------
    DataError
        If one is missing, or there are not `n`.
    """
    if isinstance(y, str | bytes):
        raise DataError("y is one single text. Give a list with one label for each text.")
    if getattr(getattr(y, "dtype", None), "kind", "") in ("m", "M"):
        y = [None if value != value else str(value) for value in y]  # tolist() would count nanoseconds
    labels = y.tolist() if hasattr(y, "tolist") else list(y)
    if len(labels) != n:
        raise DataError("There are {texts} texts and {labels} labels. Give exactly one label for each text.", texts=n, labels=len(labels))
    kinds = [_kind(label) for label in labels]
    if None in kinds:
        raise DataError("Row {row} (counted from 0) has no label. Fill it in or drop the row.", row=kinds.index(None))
    found = set(kinds)
    if found == {"int"} and max(map(abs, labels)) > _LARGEST:
        return [str(label) for label in labels]
    if len(found) == 1 and "other" not in found:
        return [_KINDS[kinds[0]](label) for label in labels]
    if found == {"int", "float"}:
        return [float(label) for label in labels]
    return [str(label) for label in labels]


class Labels:
    """The classes of a fit, sorted.

    Attributes
    ----------
    classes : (k,) array of bool, int64, float64 or (for text) object
    """

    def __init__(self, classes: list[Any]):
        kind = _kind(classes[0])
        dtype = object if kind == "str" else {"bool": bool, "int": np.int64, "float": np.float64}[kind]
        self.classes = np.array(classes, dtype=dtype)
        self._number = {label: number for number, label in enumerate(self.classes.tolist())}

    @classmethod
    def learn(cls, labels: list[Any]) -> Labels:
        """Raises DataError if there is only one class."""
        classes = sorted(set(labels))
        if len(classes) < 2:
            raise DataError(
                "Every row has the same label, {label}. There is nothing to tell apart: give rows of at least 2 labels.",
                label=repr(classes[0])[:60] if classes else "none",
            )
        return cls(classes)

    def encode(self, labels: list[Any]) -> np.ndarray:
        """(n,) int64 class numbers; -1 for a label that was not learned."""
        return np.array([self._number.get(label, -1) for label in labels], dtype=np.int64)

    def names(self) -> list[str]:
        """Class names as a transformers config can hold them."""
        return [str(label) for label in self.classes.tolist()]

    def save(self, path: Path) -> None:
        """Write the labels with their type."""
        files.write_json(path, {"type": _kind(self.classes[0]), "labels": self.classes.tolist()})

    @classmethod
    def load(cls, path: Path) -> Labels:
        """Read what `save` wrote."""
        stored = files.read_json(path)
        try:
            kind = _KINDS[stored["type"]]
            return cls([kind(label) for label in stored["labels"]])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ModelError("{name} in the model folder is missing or damaged. Train or save the model again.", name=path.name) from error

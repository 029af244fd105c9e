"""A table made ready for clustering: numbers on one scale for the machine, a readable table for people, and notes on what was done.

A `Preparation` learns from a table once and turns new rows into the same numbers later, so it is saved beside the model.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bmcore import files
from bmcore.errors import DataError, ModelError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd

# kind -> where its class is, so that a kind costs no import until it is used
PREPARATIONS = {
    "numeric": "bmcore.data.features",
    "purchases": "bmcore.data.rfm",
    "messages": "bmcore.text.embedding",
}
_FILE = "preparation.json"


@dataclass
class Prepared:
    """What a clustering sees, and what people read.

    Attributes
    ----------
    X : ndarray of shape (n, d), float32
        Scaled numbers; no cell is missing or infinite.
    names : list of str
        The d columns of `X`, each also a column of `table`; empty for messages.
    table : pandas.DataFrame
        n rows as people read them: the key column first, if there is one, then the values in their own units.
    key : str or None
        The column of `table` that names a row, such as "customer".
    rows : ndarray of shape (n,), int, or None
        Positions in the table that was given; None where several of its rows became one.
    notes : list of Message
        What a person should know about how the table was read.
    """

    X: np.ndarray
    names: list[str]
    table: pd.DataFrame
    key: str | None = None
    rows: np.ndarray | None = None
    notes: list[Message] = field(default_factory=list)


class Preparation:
    """How a table of one kind becomes numbers. Subclasses learn in `fit` and keep it in `_state`.

    Parameters
    ----------
    columns : dict
        Role -> column name, as in a run's spec; the entry "prepare" is the kind and may be there.
    """

    kind: ClassVar[str] = ""
    roles: ClassVar[tuple[str, ...]] = ()

    def __init__(self, columns: dict[str, Any]):
        self.columns = {role: value for role, value in dict(columns).items() if role != "prepare"}
        unknown = [role for role in self.columns if role not in self.roles]
        if unknown:
            raise DataError(
                "A table of {kind} has no use for {role!r}. What can be named is: {roles}.",
                kind=self.kind,
                role=str(unknown[0])[:60],
                roles=", ".join(self.roles),
            )

    def fit(self, frame: pd.DataFrame, report: Callable | None = None) -> Prepared:
        """Learn from a table and make it ready.

        Raises
        ------
        DataError
            If the table cannot be used, naming column, rows (the header is row 1) and a remedy.
        """
        raise NotImplementedError

    def transform(self, records: list, report: Callable | None = None) -> np.ndarray:
        """The numbers of new rows, float32 of shape (m, d), exactly as `fit` would have made them."""
        raise NotImplementedError

    def example(self) -> list:
        """A list with one record that `transform` takes."""
        raise NotImplementedError

    def save(self, folder: str | Path) -> Path:
        """Write everything that was learned into `folder`, as JSON."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        files.write_json(folder / _FILE, {"kind": self.kind, "columns": self.columns, "state": self._state()})
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Preparation:
        """Read what `save` wrote."""
        found = load_preparation(folder)
        if not isinstance(found, cls):
            raise ModelError("{folder} prepares {found}, not {asked}.", folder=str(folder), found=found.kind, asked=cls.kind)
        return found

    def _state(self) -> dict[str, Any]:
        """What was learned, as JSON."""
        return {}

    def _restore(self, state: dict[str, Any]) -> None:
        """Take back what `_state` gave."""

    def _column(self, role: str) -> str:
        """The name given for a role that has to be given."""
        name = self.columns.get(role)
        if not isinstance(name, str) or not name:
            raise DataError("Say which column holds the {role}: there is none named for it.", role=role)
        return name


def preparation(kind: str, columns: dict[str, Any]) -> Preparation:
    """An unfitted preparation.

    Use it when a table is about to be clustered.

    Parameters
    ----------
    kind : str
        "numeric", "purchases" or "messages".
    columns : dict
        Role -> column name.

    Raises
    ------
    DataError
        If there is no such kind, or a role that it does not know.

    Examples
    --------
    >>> preparation("purchases", {"customer": "who", "date": "when"}).kind
    'purchases'
    """
    return _class(kind)(columns)


def load_preparation(folder: str | Path) -> Preparation:
    """A fitted preparation of any kind, from the folder that `save` wrote.

    Raises
    ------
    ModelError
        If the folder does not hold one.
    """
    stored = files.read_json(Path(folder) / _FILE)
    try:
        found = _class(stored["kind"])(stored["columns"])
        found._restore(stored["state"])
    except (DataError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            "{folder} does not say how its table was prepared: {file} is missing or damaged. Give the folder that a run wrote.",
            folder=str(folder),
            file=_FILE,
        ) from error
    return found


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with names that are text, each once."""
    frame = frame.rename(columns=str)
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise DataError("Two columns are named {column!r}. Rename one of them.", column=twice[0][:100])
    return frame


def need_columns(frame: pd.DataFrame, names: list[str]) -> None:
    """Raise DataError for the first name that the table does not have, or that is asked for twice."""
    import difflib

    have = [str(name) for name in frame.columns]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise DataError("Column {column!r} is chosen for two uses. Choose a different column for each.", column=str(name)[:100])
        if name in have:
            continue
        near = difflib.get_close_matches(str(name), have, n=1, cutoff=0.6)
        if near:
            raise DataError("The table has no column {column!r}. Did you mean {meant!r}?", column=str(name)[:100], meant=near[0])
        shown = ", ".join(have[:20]) + (", …" if len(have) > 20 else "")
        raise DataError("The table has no column {column!r}. Choose among: {names}.", column=str(name)[:100], names=shown)


def _class(kind: str) -> type[Preparation]:
    if kind not in PREPARATIONS:
        known = ", ".join(PREPARATIONS)
        raise DataError("A table is prepared as {known}, not as {kind!r}. Choose one of these.", known=known, kind=str(kind)[:60])
    return getattr(importlib.import_module(PREPARATIONS[kind]), kind.capitalize())

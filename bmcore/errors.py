"""Every error a user can cause. A message says what you gave, what is allowed, what to do next.

Each error carries a `Message` (template and values), so a page can show it in the visitor's language:

    raise DataError("Column {column!r} is not in the table. Its columns are: {columns}.", column=name, columns=", ".join(names))
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from bmcore.messages import Message


class BmcoreError(Exception):
    """Anything a user can cause and mend. Faces show its text and no traceback."""

    def __init__(self, template: str | Message, /, **values: Any):
        self.message = template if isinstance(template, Message) else Message(template, **values)
        super().__init__(str(self.message))

    def __reduce__(self):
        return type(self), (self.message,)


class ParameterError(BmcoreError, ValueError):
    """A setting is unknown, of the wrong type or out of range."""


class DataError(BmcoreError, ValueError):
    """A table or a column cannot be used as it is."""


class DataTypeError(DataError, TypeError):
    """A cell or a table is of a kind that is no number at all. (TypeError as in numpy and scikit-learn.)"""


class NotFittedError(BmcoreError, ValueError, AttributeError):
    """`fit` or `load` has to come first. It is scikit-learn's NotFittedError too wherever scikit-learn is loaded."""

    def __new__(cls, *args: Any, **values: Any):
        return super().__new__(_also_sklearns(cls), *args)

    def __reduce__(self):
        return NotFittedError, (self.message,)


class AssetError(BmcoreError, OSError):
    """A sample or a model could not be fetched, checked or stored."""


class ModelError(BmcoreError, ValueError):
    """A model folder or hub id cannot be opened safely."""


class RunError(BmcoreError):
    """A run cannot do what was asked in the state it is in."""


class RunNotFoundError(RunError, LookupError):
    """There is no run of this id in this home folder."""


class ServiceError(BmcoreError):
    """The process that serves a model could not be started or did not answer."""


class StorageError(BmcoreError, OSError):
    """The home folder cannot be written: disk full, read-only, no permission."""


class Cancelled(BmcoreError):
    """Somebody asked this work to stop. Raised by `report`; not a failure."""


@functools.cache
def _joined(cls: type, theirs: type) -> type:
    return type(cls.__name__, (cls, theirs), {"__module__": cls.__module__, "__doc__": cls.__doc__})


def _also_sklearns(cls: type) -> type:
    """The class that `except` clauses of both libraries catch, without an import of scikit-learn for it."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), "NotFittedError", None)
    return cls if theirs is None or issubclass(cls, theirs) else _joined(cls, theirs)

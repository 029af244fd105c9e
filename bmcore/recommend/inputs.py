"""What users hand to a recommender, checked: a log in any form, lists of ids, histories.

    log = inputs.log_of(frame, user="customer", item="product")     # log.X: (n_users, n_items) csr float32, log.user_ids, log.item_ids
    rows = inputs.positions_of(ids, {id: position}, kind="user")      # DataError names the first unknown id
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np

from bmcore.data.identifiers import meant, plain
from bmcore.errors import DataError, DataTypeError, ParameterError

SHOWN = 3  # ids named in a sentence
LONGEST_LIST = 100_000  # or as many as there are items: beyond that a list is only padding
_LARGEST = float(np.finfo(np.float32).max)


@dataclass
class Log:
    """A log as every recommender learns from it."""

    X: Any  # (n_users, n_items) csr float32, weights above 0, indices sorted
    user_ids: np.ndarray  # (n_users,) object
    item_ids: np.ndarray  # (n_items,) object


def log_of(given: Any, *, user: str, item: str, weight: str | None = None, time: str | None = None) -> Log:
    """A log from Interactions, a DataFrame or a sparse matrix.

    Raises
    ------
    DataError
        If there is nothing to learn from, a weight is negative or missing in a matrix, or a column is not there.
    """
    if hasattr(given, "tocsr") and hasattr(given, "nnz"):
        return _of_matrix(given)
    if not hasattr(given, "item_ids"):
        if not hasattr(given, "columns") or not hasattr(given, "dtypes"):
            raise DataTypeError(
                "A recommender learns from a DataFrame with a user and an item column, from a sparse matrix of users by items, or from "
                "what read_interactions returns, not from a {kind}.",
                kind=type(given).__name__,
            )
        from bmcore.data.interactions import read_interactions

        columns = {"user": user, "item": item, "weight": weight, "time": time}
        given = read_interactions(given, **{role: _name(column) for role, column in columns.items()})
    X = given.csr()
    X.sum_duplicates()
    _refuse_empty(X)
    return Log(X, identities(given.user_ids), identities(given.item_ids))


def _name(column: Any) -> Any:
    """The name of a column as read_interactions knows it: text, also where the table counts its columns."""
    return column if column is None or isinstance(column, str | tuple) else str(column)


def _of_matrix(given: Any) -> Log:
    X = weights_of(given, copy=True)
    _refuse_empty(X)
    return Log(X, identities(range(X.shape[0])), identities(range(X.shape[1])))


def weights_of(given: Any, copy: bool = False) -> Any:
    """A sparse matrix of any kind as csr float32, weights above 0, repeats added; the one given is not changed.

    Raises
    ------
    DataError
        For a weight that is negative, missing or no float32.
    """
    from scipy.sparse import csr_matrix

    if given.ndim != 2 or given.dtype.kind not in "fiub":
        raise DataError("The matrix of users by items must have two dimensions and hold numbers.")
    # the others keep lists, blocks or places outside the matrix; these three keep repeats apart, so that -1 and 2 are no 1
    plainly = given if getattr(given, "format", "") in ("csr", "csc", "coo") else given.tocsr()
    _refuse_weights(plainly.data)
    with np.errstate(over="ignore"):  # repeats may add up to too much
        X = csr_matrix(plainly, dtype=np.float32, copy=copy)
    if not X.has_canonical_format or not X.data.all():
        X = X if copy else X.copy()
        X.sum_duplicates()
        X.eliminate_zeros()
    _refuse_weights(X.data)
    if X.indices.dtype != np.int32:  # what sparse arrays have; the compiled kernels read numbers of 32 bits
        X = csr_matrix((X.data, X.indices.astype(np.int32), X.indptr), shape=X.shape)
        X.has_canonical_format = True
    return X


def _refuse_weights(data: np.ndarray) -> None:
    if not ((data >= 0) & (data <= _LARGEST)).all():
        raise DataError(
            "The matrix of users by items holds a weight that is negative, missing or above {largest:.1e}. A weight says how much somebody "
            "has to do with an item: give numbers above 0, and leave out what was given back.",
            largest=_LARGEST,
        )


def _refuse_empty(X: Any) -> None:
    if not X.nnz:
        raise DataError("There is no interaction to learn from. Give at least one user who has to do with at least one item.")


def identity(value: Any) -> Any:
    """An id as it is kept: Python's own int, str or float; anything else as its text."""
    value = plain(value)
    return value if isinstance(value, int | str | float) and not isinstance(value, bool) else str(value)


def identities(values: Iterable) -> np.ndarray:
    """(n,) object."""
    kept = [identity(value) for value in _cells(values)]
    made = np.empty(len(kept), dtype=object)
    made[:] = kept
    return made


def listed(values: Any) -> list:
    """Ids that somebody asked for; a single one counts as a list of one."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        values = [values]
    return list(_cells(values))


def _cells(values: Iterable) -> Iterable:
    if not isinstance(values, np.ndarray):
        return values
    values = np.atleast_1d(values)
    if values.dtype.kind not in "mM":
        return values.tolist()
    import pandas as pd

    return pd.Series(values).astype(object).tolist()  # for numpy a moment is a number of nanoseconds


def shown(value: Any) -> str:
    """A value in a sentence, however long it is."""
    try:
        return repr(value)[:80]
    except ValueError:  # Python writes out no number of many thousand digits
        return type(value).__name__


def positions_of(ids: Any, known: Mapping, *, kind: str) -> np.ndarray:
    """Position of each id: (n,) int64.

    Raises
    ------
    DataError
        For the first id that is not known.
    """
    asked = listed(ids)
    found = [_place(one, known) for one in asked]
    if -1 not in found:
        return np.array(found, dtype=np.int64)
    missing, examples = shown(asked[found.index(-1)]), ", ".join(repr(one)[:40] for one in list(known)[:SHOWN])
    if kind == "user":
        raise DataError(
            "There is no user {user} among the {n} that were learned (such as {examples}). For somebody new, call recommend_for with the "
            "items they chose.",
            user=missing, n=len(known), examples=examples,
        )
    raise DataError(
        "There is no item {item} among the {n} that were learned (such as {examples}). Give the id as it is in the log, or fit again "
        "with a list of items that has it.",
        item=missing, n=len(known), examples=examples,
    )


def _place(one: Any, known: Mapping) -> int:
    found = meant(one, known)
    return -1 if found is None else known[found]


def known_positions(ids: Any, known: Mapping) -> np.ndarray:
    """Positions of those candidates that are known, each once, ascending: (n,) int64.

    Raises
    ------
    DataError
        If none of them is.
    """
    asked = listed(ids)
    found = sorted({_place(one, known) for one in asked} - {-1})
    if not found:
        raise DataError(
            "None of the {n} candidates is an item that was learned. Give ids as they are in the log, or leave candidates out to "
            "choose from all items.",
            n=len(asked),
        )
    return np.array(found, dtype=np.int64)


def history_of(history: Any, known: Mapping) -> tuple[np.ndarray, np.ndarray]:
    """Positions and weights of a history, ascending, without the items nobody knows: (h,) int32, (h,) float32.

    Raises
    ------
    DataError
        For a weight that is negative or no number.
    """
    pairs = history.items() if isinstance(history, Mapping) else ((one, 1.0) for one in listed(history))
    weights: dict[int, float] = {}
    for one, weight in pairs:
        at, value = _place(one, known), weight_of(one, weight)
        if at >= 0 and value:
            weights[at] = min(weights.get(at, 0.0) + value, _LARGEST)
    order = sorted(weights)
    return np.array(order, dtype=np.int32), np.array([weights[one] for one in order], dtype=np.float32)


def weight_of(item: Any, weight: Any) -> float:
    """A checked weight of an item in a history: a number of at least 0 that is a float32."""
    try:
        value = float(weight)
    except (TypeError, ValueError, OverflowError):
        value = float("nan")
    if not 0 <= value <= _LARGEST:
        raise DataError(
            "The weight of item {item} in the history is {weight}. Give a number of at least 0, or a plain list of items.",
            item=shown(item), weight=shown(weight),
        )
    return value


def how_many(k: Any, n_items: int) -> int:
    """A checked length of a list.

    Raises
    ------
    DataError
        Unless it is a whole number of at least 1.
    ParameterError
        If it is far more than there are items.
    """
    try:
        whole = 0 if isinstance(k, bool) else index(k)
    except TypeError:  # an array has __index__, and is none
        whole = 0
    if whole < 1:
        raise DataError("k, the length of a list, is {k}. Give a whole number of at least 1.", k=shown(k))
    if whole > max(n_items, LONGEST_LIST):
        raise ParameterError(
            "k, the length of a list, is {k}, and there are {n:,} items. Give a number up to {most:,}.",
            k=shown(k), n=n_items, most=max(n_items, LONGEST_LIST),
        )
    return whole


def matrix_of(histories: Any, n_items: int) -> Any:
    """Histories as a csr float32 matrix of shape (m, n_items).

    Raises
    ------
    DataError
        If it is no sparse matrix of that many columns, or a weight in it is none.
    """
    from scipy.sparse import issparse

    if not issparse(histories) or histories.ndim != 2 or histories.shape[1] > n_items:
        raise DataError(
            "Histories are a sparse matrix with one row a user and one column an item ({n_items} columns).", n_items=n_items
        )
    return widened(weights_of(histories), n_items)


def widened(H: Any, n_items: int) -> Any:
    """The same rows with columns added or taken away at the end, which must be empty; nothing is copied."""
    from scipy.sparse import csr_matrix

    if H.shape[1] == n_items:
        return H
    return csr_matrix((H.data, H.indices, H.indptr), shape=(H.shape[0], n_items), copy=False)

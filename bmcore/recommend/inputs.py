"""What users hand to a recommender, checked: a log in any form, lists of ids, histories.

    log = inputs.log_of(frame, user="customer", item="product")     # log.X: (n_users, n_items) csr float32, log.user_ids, log.item_ids
    rows = inputs.positions_of(ids, {id: position}, kind="user")      # DataError names the first unknown id
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bmcore.errors import DataError, DataTypeError

SHOWN = 3  # ids named in a sentence


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

        given = read_interactions(given, user=user, item=item, weight=weight, time=time)
    X = given.csr()
    X.sum_duplicates()
    _refuse_empty(X)
    return Log(X, identities(given.user_ids), identities(given.item_ids))


def _of_matrix(given: Any) -> Log:
    from scipy.sparse import csr_matrix

    if given.ndim != 2 or given.dtype.kind not in "fiub":
        raise DataError("The matrix of users by items must have two dimensions and hold numbers.")
    data = given.data if hasattr(given, "data") and isinstance(given.data, np.ndarray) else given.tocsr().data
    if given.nnz and not (np.isfinite(data).all() and (data >= 0).all()):
        raise DataError(
            "The matrix of users by items holds a weight that is negative or missing. A weight says how much somebody has to do with an "
            "item: give numbers above 0, and leave out what was given back."
        )
    X = csr_matrix(given, dtype=np.float32, copy=True)
    X.sum_duplicates()
    X.eliminate_zeros()
    _refuse_empty(X)
    return Log(X, identities(range(X.shape[0])), identities(range(X.shape[1])))


def _refuse_empty(X: Any) -> None:
    if not X.nnz:
        raise DataError("There is no interaction to learn from. Give at least one user who has to do with at least one item.")


def identity(value: Any) -> Any:
    """An id as it is kept: Python's own int, str, float or bool; anything else as its text."""
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, int | str | float) else str(value)


def identities(values: Iterable) -> np.ndarray:
    """(n,) object."""
    listed = values.tolist() if isinstance(values, np.ndarray) else values
    listed = [identity(value) for value in listed]
    made = np.empty(len(listed), dtype=object)
    made[:] = listed
    return made


def listed(values: Any) -> list:
    """Ids that somebody asked for; a single one counts as a list of one."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        values = [values]
    return [identity(value) for value in (values.tolist() if isinstance(values, np.ndarray) else values)]


def positions_of(ids: Any, known: Mapping, *, kind: str) -> np.ndarray:
    """Position of each id: (n,) int64.

    Raises
    ------
    DataError
        For the first id that is not known.
    """
    asked = listed(ids)
    found = [known.get(one, -1) for one in asked]
    if -1 not in found:
        return np.array(found, dtype=np.int64)
    missing, examples = repr(asked[found.index(-1)])[:80], ", ".join(repr(one)[:40] for one in list(known)[:SHOWN])
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


def known_positions(ids: Any, known: Mapping) -> np.ndarray:
    """Positions of those candidates that are known, each once, ascending: (n,) int64.

    Raises
    ------
    DataError
        If none of them is.
    """
    asked = listed(ids)
    found = sorted({known[one] for one in asked if one in known})
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
        one, value = identity(one), _weight(one, weight)
        if one in known and value:
            weights[known[one]] = weights.get(known[one], 0.0) + value
    order = sorted(weights)
    return np.array(order, dtype=np.int32), np.array([weights[one] for one in order], dtype=np.float32)


def _weight(item: Any, weight: Any) -> float:
    try:
        value = float(weight)
    except (TypeError, ValueError, OverflowError):
        value = float("nan")
    if not 0 <= value <= np.finfo(np.float32).max:
        raise DataError(
            "The weight of item {item} in the history is {weight}. Give a number of at least 0, or a plain list of items.",
            item=repr(item)[:80], weight=repr(weight)[:80],
        )
    return value


def how_many(k: Any) -> int:
    """A checked length of a list.

    Raises
    ------
    DataError
        Unless it is a whole number of at least 1.
    """
    if isinstance(k, bool) or not hasattr(k, "__index__") or int(k) < 1:
        raise DataError("k, the length of a list, is {k}. Give a whole number of at least 1.", k=repr(k)[:80])
    return int(k)


def matrix_of(histories: Any, n_items: int) -> Any:
    """Histories as a csr float32 matrix of shape (m, n_items).

    Raises
    ------
    DataError
        If it is no sparse matrix of that many columns.
    """
    from scipy.sparse import csr_matrix, issparse

    if not issparse(histories) or histories.ndim != 2 or histories.shape[1] > n_items:
        raise DataError(
            "Histories are a sparse matrix with one row a user and one column an item ({n_items} columns).", n_items=n_items
        )
    H = csr_matrix(histories, dtype=np.float32)
    H.sum_duplicates()
    return widened(H, n_items)


def widened(H: Any, n_items: int) -> Any:
    """The same rows with columns added or taken away at the end, which must be empty; nothing is copied."""
    from scipy.sparse import csr_matrix

    if H.shape[1] == n_items:
        return H
    return csr_matrix((H.data, H.indices, H.indptr), shape=(H.shape[0], n_items), copy=False)

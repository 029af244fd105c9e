"""A map of the groups for people: principal directions, and few enough points for a chart, with small groups kept visible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.cluster.outliers import plain

if TYPE_CHECKING:
    from bmcore.data.prepared import Prepared

MOST = 5_000
_CHUNK = 65_536
_COLUMNS = 12


def project(prepared: Prepared, X: np.ndarray, labels: np.ndarray, *, most: int = MOST, seed: int = 0) -> dict[str, Any]:
    """The content of a run's map.json.

    Use it when groups should be seen.

    Parameters
    ----------
    prepared : Prepared
    X : ndarray of shape (n, d)
        What was clustered.
    labels : ndarray of shape (n,), int
        -1 is noise.
    most : int
        Points on the map. Every group, and noise, keeps at least 50 of its rows, or all if it has fewer.
    seed : int

    Returns
    -------
    dict
        "axes": what each direction consists of, such as "+money −recency_days" (empty for messages); "points": two numbers each, three
        where there are exactly three columns; "cluster"; "row": position in `prepared.table`; "columns" and "values" of these rows;
        "explained": share of all variance in each direction.

    Notes
    -----
    Principal components from the covariance matrix; two columns are drawn as they are. Time O(n d^2), memory O(d^2) besides X.
    Source: Pearson, On lines and planes of closest fit (1901).

    Examples
    --------
    >>> import pandas as pd
    >>> from bmcore.data.prepared import Prepared
    >>> X = np.array([[0, 0, 0], [1, 1, 0], [2, 2, 0], [3, 3, 1]], "float32")
    >>> found = project(Prepared(X, ["a", "b", "c"], pd.DataFrame(X, columns=["a", "b", "c"])), X, np.array([0, 0, 1, 1]))
    >>> found["axes"][0], len(found["points"][0]), sum(found["explained"]) > 0.99
    ('+a +b', 3, True)
    """
    labels, X = np.asarray(labels), np.asarray(X)
    rows = choose(labels, most, seed)
    centre, directions, explained = axes(X)
    points = (X[rows].astype(np.float64) - centre) @ directions.T
    table = prepared.table.iloc[rows]
    columns = [str(name) for name in prepared.table.columns[:_COLUMNS]]
    values = [[plain(one) for one in row] for row in table[table.columns[:_COLUMNS]].itertuples(index=False, name=None)]
    return {
        "axes": [_title(direction, prepared.names) for direction in directions] if len(prepared.names) == X.shape[1] else [],
        "points": np.round(points, 4).tolist(),
        "cluster": labels[rows].astype(int).tolist(),
        "row": rows.tolist(),
        "columns": columns,
        "values": values,
        "explained": [round(float(share), 4) for share in explained],
    }


def axes(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mean, directions, explained shares): three directions for three columns, else two; the largest part of each is positive.

    Examples
    --------
    >>> _, directions, explained = axes(np.array([[0.0, 0.0, 0.0, 1.0], [2.0, 0.0, 0.0, 1.0]]))
    >>> directions.round(6).tolist()[0], explained.tolist()
    ([1.0, 0.0, 0.0, 0.0], [1.0, 0.0])
    """
    d = X.shape[1]
    centre = X.mean(axis=0, dtype=np.float64)
    covariance = np.zeros((d, d))
    for start in range(0, len(X), _CHUNK):
        part = X[start : start + _CHUNK].astype(np.float64) - centre
        covariance += part.T @ part
    total = max(float(np.trace(covariance)), 1e-300)
    if d <= 2:  # two columns are their own best map
        directions = np.eye(2)[:, :d]
        return centre, directions, np.append(np.diag(covariance), 0.0)[:2] / total
    values, vectors = np.linalg.eigh(covariance)
    count = 3 if d == 3 else 2
    directions = vectors[:, ::-1].T[:count]
    largest = np.abs(directions).argmax(axis=1)
    directions = directions * np.sign(directions[np.arange(count), largest])[:, None]
    return centre, directions, np.maximum(values[::-1][:count], 0) / total


def choose(labels: np.ndarray, most: int = MOST, seed: int = 0) -> np.ndarray:
    """At most `most` rows, in order: each group in proportion to its size, but at least 50 of it.

    Examples
    --------
    >>> labels = np.repeat([0, 1, -1], [9000, 990, 10])
    >>> np.unique(labels[choose(labels, 1000)], return_counts=True)[1].tolist()
    [10, 892, 98]
    """
    labels = np.asarray(labels)
    if len(labels) <= most:
        return np.arange(len(labels))
    _, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    share = _allot(counts, most)
    # a random order, then the first few of each group: one sort, whatever the number of groups
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(places[order], kind="stable")]
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    chosen = np.arange(len(labels)) - starts < np.repeat(share, counts)
    return np.sort(order[chosen])


def _allot(counts: np.ndarray, most: int) -> np.ndarray:
    """Points a group: a floor for each, the rest in proportion to what is left of it."""
    floor = np.minimum(counts, max(1, min(50, most // len(counts))))
    if len(counts) > most:  # more groups than points: the largest are shown
        out = np.zeros(len(counts), np.int64)
        out[np.argsort(-counts, kind="stable")[:most]] = 1
        return out
    wanted = np.maximum(floor, counts * most // counts.sum())
    over = int(wanted.sum() - most)
    while over > 0:  # the floors took more than there is: the large groups give it back
        spare = wanted - floor
        give = np.minimum(spare, np.ceil(spare * over / spare.sum()).astype(np.int64))
        excess = int(give.sum() - over)
        if excess > 0:
            give[np.argmax(give)] -= min(excess, int(give.max()))
        wanted -= give
        over = int(wanted.sum() - most)
    rest = most - int(wanted.sum())
    for place in np.argsort(-(counts - wanted), kind="stable")[:rest]:
        wanted[place] += int(wanted[place] < counts[place])
    return wanted


def _title(direction: np.ndarray, names: list[str]) -> str:
    """The columns that make up most of a direction, with their signs: readable in any language."""
    order = np.argsort(-np.abs(direction), kind="stable")
    parts = []
    for place in order[:3]:
        if abs(direction[place]) >= 0.4 * abs(direction[order[0]]):
            parts.append((("+" if direction[place] > 0 else "−") + names[place])[:40])
    if len(parts) == 1 and parts[0][0] == "+":
        return parts[0][1:]
    return " ".join(parts)

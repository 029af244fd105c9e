"""Does "unusual" mean what somebody meant by it: flagged rows against a column that knows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from bmcore.cluster.silhouette import Bounded
from bmcore.errors import DataError
from bmcore.messages import Message

_RESAMPLES, _CELLS = 1000, 40_000_000


def agreement(labels_or_scores: Any, truth: Any, *, seed: int = 0, report: Callable | None = None) -> dict:
    """How well rows that a clustering calls unusual agree with a known label.

    Use it when a table has a column such as "fraud" that the clustering did not see.

    Parameters
    ----------
    labels_or_scores : array of shape (n,)
        Whole numbers are cluster labels, -1 is flagged. Other numbers are scores, higher is more unusual; then as many rows are
        flagged, highest first, as belong to the rarer class.
    truth : sequence of shape (n,)
        The known label. Rows without one are left out. All but the most frequent label are the rarer class.
    seed : int
    report : callable, optional
        `report(step, total, phase="evaluate")`; may raise `Cancelled`.

    Returns
    -------
    dict
        JSON: n, rare (label or labels), base_rate, flagged (share), precision, precision_interval ({low, high}: Wilson, 95 %),
        recall, average_precision ({value, low, high}: a bootstrap over rows), message. Precision and average_precision are to be
        compared with base_rate; precision and its interval are None where no row is flagged.

    Raises
    ------
    DataError
        If lengths differ, scores are not finite or all rows have the same label.

    Notes
    -----
    Time O(n log n + resamples x n), at most 1,000 resamples and fewer for large n: a few seconds at most. Ties share a threshold.

    Examples
    --------
    >>> result = agreement(np.array([0, 0, 0, -1, 1, -1]), ["ok", "ok", "ok", "fraud", "ok", "ok"])
    >>> result["rare"], result["precision"], result["recall"], round(result["average_precision"]["value"], 3)
    ('fraud', 0.5, 1.0, 0.5)
    """
    values, is_rare, rare = _checked(labels_or_scores, truth)
    scored = not np.issubdtype(values.dtype, np.integer)
    scores = values.astype(np.float64) if scored else (values == -1).astype(np.float64)
    flagged = _top(scores, int(is_rare.sum())) if scored else values == -1
    hits, base = int((flagged & is_rare).sum()), float(is_rare.mean())
    precise = _average_precision(scores, is_rare, seed, report)
    result = {
        "n": len(scores), "rare": rare, "base_rate": base, "flagged": float(flagged.mean()),
        "precision": hits / int(flagged.sum()) if flagged.any() else None, "precision_interval": _wilson(hits, int(flagged.sum())),
        "recall": hits / int(is_rare.sum()),
        "average_precision": precise.to_dict(),
    }
    return {**result, "message": _sentence(result).to_dict()}


def _checked(values: Any, truth: Any) -> tuple[np.ndarray, np.ndarray, str]:
    import pandas as pd

    values, truth = np.asarray(values), pd.Series(list(truth), dtype=object)
    if len(values) != len(truth):
        raise DataError("There are {rows:,} clustered rows and {labels:,} known labels. Each row needs one.",
                        rows=len(values), labels=len(truth))
    if not np.isfinite(values).all():
        raise DataError("Some scores are not finite numbers. Leave these rows out.")
    known = truth.notna().to_numpy()
    codes, names = pd.factorize(truth[known].astype(str), sort=True)
    if len(names) < 2:
        raise DataError("The label column has {n} different labels in the rows that have one. Choose a column with at least two.",
                        n=len(names))
    counts = np.bincount(codes)
    usual = int(counts.argmax())
    rare = [str(name)[:80] for at, name in enumerate(names) if at != usual]
    return values[known], codes != usual, ", ".join(rare[:10])


def _top(scores: np.ndarray, count: int) -> np.ndarray:
    flagged = np.zeros(len(scores), dtype=bool)
    flagged[np.argsort(-scores, kind="stable")[:count]] = True
    return flagged


def _average_precision(scores: np.ndarray, is_rare: np.ndarray, seed: int, report: Callable | None) -> Bounded:
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # last row of each threshold
    rare = np.diff(np.concatenate([[0], np.cumsum(is_rare[order])[ends]]))
    usual = np.diff(np.concatenate([[0], ends + 1])) - rare
    cells = np.stack([rare, usual])
    value, draw = _from_counts(cells), np.random.default_rng(seed)
    resamples = int(np.clip(_CELLS // len(ends), 100, _RESAMPLES))
    again = []
    for step in range(resamples):
        # independent Poisson counts: the bootstrap for many rows, without a draw over all of them
        again.append(_from_counts(draw.poisson(cells)))
        if report and step % 20 == 0:
            report(step, resamples, phase="evaluate")
    low, high = np.quantile(again, [0.025, 0.975])
    return Bounded(value, float(low), float(high))


def _from_counts(cells: np.ndarray) -> float:
    right, asked = np.cumsum(cells[0]), np.cumsum(cells.sum(axis=0))
    if right[-1] == 0:
        return 0.0
    return float((cells[0] * np.divide(right, asked, out=np.zeros(len(asked)), where=asked > 0)).sum() / right[-1])


def _wilson(hits: int, n: int) -> dict[str, float] | None:
    """95 % interval of a share of n rows (Wilson 1927): right for few rows, and near 0 and 1, too."""
    if n == 0:
        return None
    share, z = hits / n, 1.96
    middle, reach = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return {"low": max(0.0, (middle - reach) / (1 + z * z / n)), "high": min(1.0, (middle + reach) / (1 + z * z / n))}


def _sentence(result: dict) -> Message:
    """What the interval of the precision says against the share in all rows."""
    if result["precision"] is None:
        return Message("No row was flagged, so nothing can be said about {rare}.", rare=result["rare"])
    fields = {name: result[name] for name in ("flagged", "precision", "recall", "rare")}
    fields |= {"base": result["base_rate"], **result["precision_interval"]}
    if fields["low"] > fields["base"]:
        return Message("Of all rows {flagged:.1%} are flagged; {precision:.0%} of these are {rare} (95 % interval {low:.0%} to "
                       "{high:.0%}), against {base:.1%} of all rows. The flags catch {recall:.0%} of {rare}.", **fields)
    if fields["high"] < fields["base"]:
        return Message("Unusual is the opposite of {rare} here: {precision:.1%} of the flagged rows are {rare} (95 % interval {low:.1%} to "
                       "{high:.1%}), against {base:.1%} of all rows.", **fields)
    return Message("Not proven that unusual rows are more often {rare}: {precision:.1%} of the flagged rows are, against {base:.1%} of all "
                   "rows, but the 95 % interval from {low:.1%} to {high:.1%} includes that.", **fields)

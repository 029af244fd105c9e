"""What is done with scores before they become a list: variety, prerequisites, difficulty, and the order to learn things in.

    chosen = diverse(items, scores, alike(vectors), k=10, diversity=0.3)
    steps = path(scores, requires, difficulty, done={"numbers"}, k=5)

Pure functions: nothing is learned and nothing is changed. What prerequisites ask for is in `order`, offered here too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from bmcore.errors import DataError
from bmcore.recommend.order import Step, check_requires, fits, level_of, path

__all__ = ["Step", "alike", "allowed", "check_requires", "diverse", "fits", "level_of", "path"]


def diverse(
    candidates: Sequence[Any], scores: np.ndarray, similarity: np.ndarray | Callable[[int], np.ndarray], k: int, diversity: float,
) -> np.ndarray:
    """The k candidates that are good and unlike each other (maximal marginal relevance).

    Use it when a list of recommendations shows the same kind of thing ten times.

    Parameters
    ----------
    candidates : sequence of n
        Ids or positions, the best first. More than k of them, or there is nothing to choose from.
    scores : array of shape (n,)
        Of each candidate. Candidates that are not finite (padding) are never chosen.
    similarity : array of shape (n, n), or callable
        How alike two candidates are, from 0 to 1; or a function that gives row i of it, shape (n,).
    k : int
    diversity : float from 0 to 1
        0 keeps the order by score; 1 starts with the best and then always takes what is least like anything taken.

    Returns
    -------
    ndarray of shape (min(k, finite candidates),)
        Entries of `candidates`, in the order chosen.

    Notes
    -----
    Scores are brought to 0..1 first, so that the dial means the same for every algorithm. Time O(n k), memory O(n).

    References
    ----------
    Carbonell and Goldstein, The use of MMR, diversity-based reranking for reordering documents and producing summaries (1998).

    Examples
    --------
    >>> same = np.array([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]])
    >>> diverse(["red shoe", "blue shoe", "hat"], np.array([3.0, 2.9, 1.0]), same, 2, 0.0).tolist()
    ['red shoe', 'blue shoe']
    >>> diverse(["red shoe", "blue shoe", "hat"], np.array([3.0, 2.9, 1.0]), same, 2, 0.7).tolist()
    ['red shoe', 'hat']
    """
    if not isinstance(diversity, Real) or not 0 <= diversity <= 1:
        given = diversity if isinstance(diversity, Real) else repr(diversity)[:80]
        raise DataError("Diversity is {given}. Give a number from 0 (the best first) to 1 (as different as possible).", given=given)
    named, scores = _entries(candidates), np.asarray(scores, dtype=np.float64)
    row = similarity if callable(similarity) else np.asarray(similarity).__getitem__
    left, worth = np.isfinite(scores), _unit(scores)
    nearest, chosen = np.zeros(len(scores)), []
    for _ in range(min(k, int(left.sum()))):
        value = (1 - diversity) * worth - diversity * nearest
        # the first pick has nothing to differ from, so it is the best whatever the dial says
        best = int(np.argmax(np.where(left, value if chosen else worth, -np.inf)))
        chosen.append(best)
        left[best] = False
        if diversity:
            alike_best = np.asarray(row(best), dtype=np.float64)
            nearest = np.maximum(nearest, alike_best) if len(chosen) > 1 else alike_best
    return named[np.array(chosen, dtype=np.int64)]


def alike(vectors: Any) -> np.ndarray:
    """Cosine of every pair of rows: (n, n) float32. For the few hundred candidates of one person, not for a catalogue.

    Parameters
    ----------
    vectors : array or CSR of shape (n, d)
        A row of zeros is like nothing.

    Examples
    --------
    >>> alike(np.array([[2.0, 0.0], [1.0, 0.0], [0.0, 3.0]])).tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    product = vectors @ vectors.T
    product = np.asarray(product.toarray() if hasattr(product, "toarray") else product, dtype=np.float32)
    lengths = np.sqrt(np.diag(product))
    lengths[lengths == 0] = 1
    return product / np.outer(lengths, lengths)


def allowed(done: Collection[Any], requires: Mapping[Any, Sequence[Any]], items: Sequence[Any]) -> np.ndarray:
    """Which items somebody is ready for: (n,) bool.

    Parameters
    ----------
    done : collection of items
        What the person has done.
    requires : mapping
        As `check_requires` gives it; an item that is no key needs nothing.
    items : sequence of n
        The items asked about.

    Notes
    -----
    Only an item's own prerequisites count: who has done them has shown to be past what they needed.

    Examples
    --------
    >>> allowed({"sums"}, {"algebra": ["sums"], "calculus": ["algebra"]}, ["sums", "algebra", "calculus"]).tolist()
    [True, True, False]
    """
    done = set(done)
    return np.array([all(need in done for need in requires.get(item, ())) for item in items], dtype=bool)


def _entries(candidates: Sequence[Any]) -> np.ndarray:
    """(n,) of any type; ids that are sequences themselves stay whole."""
    if isinstance(candidates, np.ndarray):
        return candidates
    found = np.empty(len(candidates), dtype=object)
    found[:] = list(candidates)
    return found


def _unit(scores: np.ndarray) -> np.ndarray:
    """Scores from 0 to 1; 0 for all where they are the same."""
    finite = scores[np.isfinite(scores)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
    return np.where(np.isfinite(scores), (scores - low) / ((high - low) or 1.0), 0.0)

"""A map of items on which those chosen by the same people lie together."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags
from sklearn.decomposition import TruncatedSVD
from sklearn.manifold import TSNE  # before a limit is set, which only what is loaded keeps
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from bmcore.recommend.model import RecommenderModel

MOST = 3000  # items: as many as can be told apart, and drawn in half a minute
_LEAST = 10  # fewer are laid out by principal directions
_DIRECTIONS, _PERPLEXITY, _ROUNDS = 50, 30.0, 500
_SECONDS_AN_ITEM = 2e-3
_MOST_GROUPS = 20  # more have no colours
_BETWEEN = re.compile(r"\s*[,;|/、，；]\s*")
_LOOK_S = 0.2


def draw(model: RecommenderModel, report: Callable) -> dict[str, Any]:
    """The content of a run's map.json: the most popular items, similar ones together. The same log gives the same map.

    `report(step, total)` is called a few times a second and may raise to stop.
    """
    counts, ids = model.recommender.popularity_, model.recommender.item_ids_
    shown = np.argsort(-counts, kind="stable")[:MOST]
    shown = shown[counts[shown] > 0]
    points = _aside(lambda: place(model.recommender.history_[:, shown]), len(shown) * _SECONDS_AN_ITEM, report)
    return {
        "axes": [],
        "points": np.round(points, 4).tolist(),
        "item": [ids[at] for at in shown],
        "title": [model.listing.titles[at] for at in shown],
        "group": groups([model.listing.about[at] for at in shown]),
        "popularity": counts[shown].tolist(),
    }


def place(X: csr_matrix) -> np.ndarray:
    """A point for each column of X (users, items): (n, 2), centred. One thread, so that the sums have one order and the map one shape."""
    with threadpool_limits(1):
        vectors = _vectors(X)
        points = _spread(vectors) if len(vectors) >= _LEAST else _flat(vectors)
    return points - points.mean(axis=0)


def _vectors(X: csr_matrix) -> np.ndarray:
    """Items as rows of length 1, few numbers each. Somebody who chose nearly everything tells little about each choice."""
    sizes = np.diff(X.indptr)
    weights = np.log1p(X.shape[1] / np.maximum(sizes, 1))
    binary = csr_matrix((np.ones(X.nnz, dtype=np.float32), X.indices, X.indptr), shape=X.shape)
    by_item = normalize((diags(weights.astype(np.float32)) @ binary).T.tocsr())
    directions = min(_DIRECTIONS, min(by_item.shape) - 1)
    if directions < 2:
        return np.asarray(by_item.toarray(), dtype=np.float64)
    return normalize(TruncatedSVD(directions, random_state=0).fit_transform(by_item))


def _spread(vectors: np.ndarray) -> np.ndarray:
    # neighbours by perplexity need three times as many items
    perplexity = min(_PERPLEXITY, (len(vectors) - 1) / 3)
    start = _flat(vectors)
    start = start / (start[:, 0].std() or 1.0) * 1e-4
    rng = np.random.default_rng(0)
    start = start + rng.normal(0, 1e-6, start.shape)  # equal items would never part
    made = TSNE(2, perplexity=perplexity, init=start.astype(np.float32), random_state=0, max_iter=_ROUNDS, n_jobs=1)
    return made.fit_transform(vectors.astype(np.float32)).astype(np.float64)


def _flat(vectors: np.ndarray) -> np.ndarray:
    """The two directions along which they differ most: (n, 2)."""
    apart = vectors - vectors.mean(axis=0)
    U, S, _ = np.linalg.svd(apart, full_matrices=False)
    found = np.zeros((len(vectors), 2))
    found[:, : min(2, len(S))] = (U * S)[:, :2]
    return found


def groups(about: list[str]) -> list[str | None]:
    """What comes first in each description, if few different things do; else None for all.

    Examples
    --------
    >>> groups(["Comedy, Drama", "Drama", ""])
    ['Comedy', 'Drama', None]
    """
    first = [_BETWEEN.split(text.strip(), maxsplit=1)[0] or None for text in about]
    kinds = {one for one in first if one}
    return first if 2 <= len(kinds) <= _MOST_GROUPS and len(kinds) < len(first) else [None] * len(first)


def _aside(make: Callable[[], np.ndarray], seconds: float, report: Callable) -> np.ndarray:
    """What `make` gives, worked out on a thread of its own, so that a wish to stop is met at once."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(make())
        except BaseException as error:  # handed to the caller's thread
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    start = time.monotonic()
    thread.start()
    while thread.is_alive():
        spent = time.monotonic() - start
        report(spent, max(seconds, spent * 1.1, 1.0))
        thread.join(_LOOK_S)
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]

"""ItemKNN: items chosen by the same users are alike; a user gets what is like what they have.

    knn = ItemKNN(similarity="bm25", neighbours=100).fit(frame, user="customer", item="product")
    ids, scores = knn.recommend(["anna"], k=10)

This file is the face: it imports no engine. `engine_itemknn` and the compiled kernels are imported in methods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import numpy as np

from bmcore.params import Choice, Doc, Label, Range
from bmcore.recommend.weights import ItemWeights


class ItemKNN(ItemWeights):
    """Recommends the items most alike to those of a user, where items are alike that the same users chose.

    Use it when the log is small, or when everybody must understand why something is recommended: it is counting, not learning.

    {parameters}

    Attributes
    ----------
    weights_ : (n_items, n_items) csr float32
        Similarity of the item of the row to the item of the column; at most `neighbours` in a column, none on the diagonal.
    user_ids_, item_ids_ : (n_users,) and (n_items,) object
        Ids as given.
    history_ : (n_users, n_items) csr float32
        Who chose what, and how much.
    popularity_ : (n_items,) int64
        How many users chose each item.
    seconds_ : float
        Time of the fit.

    Notes
    -----
    The similarity of two items is the product of their columns of weights. "cosine" divides a column by its length; "tfidf" takes the
    square root of a weight times log(1 + n_items / items of the user) first; "bm25" lets weights of an item saturate (k1 = 1.2,
    b = 0.75), times the same logarithm, and does not divide, so that popular items count more. A score is the sum of the similarities to
    the items of a history, each times the square root of its weight.

    Time: the sum of the squares of the lengths of histories, in multiplications. Memory: twice the log and n_items x neighbours x 16
    bytes; no matrix of items by items is ever held.
    Threads: as many as there are processors, or OMP_NUM_THREADS. The first call compiles for some seconds, once a machine.

    Raises
    ------
    DataError
        A log that holds nothing to learn from.
    ParameterError
        A setting out of its range.

    References
    ----------
    Deshpande and Karypis (2004), Item-based top-N recommendation algorithms; Robertson and Zaragoza (2009), The probabilistic relevance
    framework: BM25 and beyond.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({"user": ["a", "a", "b", "b", "c", "d", "d"], "item": ["tea", "milk", "tea", "milk", "tea", "jam", "bread"]})
    >>> knn = ItemKNN().fit(log)
    >>> knn.recommend(["c"], k=1)[0].tolist()
    [['milk']]
    >>> knn.similar_items(["jam"], k=1)[0].tolist()
    [['bread']]
    """

    presets: ClassVar[dict[str, dict]] = {
        "fast": {"params": {"neighbours": 50}},
        "balanced": {"params": {"neighbours": 100}},
        "best": {"params": {"neighbours": 300}},
    }

    def __init__(
        self,
        *,
        similarity: Annotated[
            str, Choice("cosine", "tfidf", "bm25"), Label("Similarity"),
            Doc("How two items are compared: cosine; cosine where busy users count less (tfidf); or also with a limit to repeats (bm25)."),
        ] = "bm25",
        neighbours: Annotated[
            int, Range(1, 100_000, log=True), Label("Neighbours"), Doc("How many of the most similar items speak for an item."),
        ] = 100,
    ):
        self.similarity = similarity
        self.neighbours = neighbours

    def _weigh(self, X: Any, report: Callable[..., Any]) -> Any:
        from bmcore.recommend import engine_itemknn

        made = engine_itemknn.fit(X, self.similarity, int(self.neighbours), lambda share: report(int(100 * share), 100))
        report(100, 100)
        return made

    def _said(self, H: Any) -> Any:
        from scipy.sparse import csr_matrix

        return csr_matrix((np.sqrt(H.data), H.indices, H.indptr), shape=H.shape)

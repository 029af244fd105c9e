"""ItemKNN against a brute force in float64, and where there is little to compare."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from bmcore.recommend import engine_itemknn
from bmcore.recommend.itemknn import ItemKNN
from tests.recommend.suite import Suite


def log(n_users: int, n_items: int, density: float, seed: int = 0) -> sp.csr_matrix:
    """A log with weights that are not whole numbers, so that no two similarities are equal."""
    X = sp.random(n_users, n_items, density, format="csr", dtype=np.float32, random_state=seed)
    X.data = (0.5 + 5 * X.data).astype(np.float32)
    X.sort_indices()
    return X


def similarities(X: sp.csr_matrix, similarity: str) -> np.ndarray:
    """All products of the weights as the documentation of ItemKNN defines them, in float64."""
    W = X.toarray().astype(np.float64)
    chosen = W > 0
    rare = np.log1p(W.shape[1] / np.maximum(chosen.sum(1, keepdims=True), 1))
    if similarity == "tfidf":
        W = np.sqrt(W) * rare
    if similarity == "bm25":
        totals = W.sum(0)
        W = np.where(chosen, W * 2.2 / (1.2 * (0.25 + 0.75 * totals / totals.mean()) + W), 0) * rare
    else:
        W = W / np.maximum(np.sqrt((W**2).sum(0)), 1e-30)
    S = W.T @ W
    np.fill_diagonal(S, 0)
    return S


@pytest.mark.parametrize("similarity", ["cosine", "tfidf", "bm25"])
@pytest.mark.parametrize(("shape", "k"), [((80, 30, 0.3), 5), ((80, 30, 0.3), 1000), ((60, 900, 0.01), 7), ((300, 200, 0.1), 20)])
def test_equals_a_brute_force(similarity, shape, k):
    X = log(*shape)
    S = similarities(X, similarity)
    weights = engine_itemknn.fit(X, similarity, k, lambda share: None)
    assert weights.dtype == np.float32
    dense = weights.toarray()
    np.testing.assert_allclose(dense[dense > 0], S[dense > 0], rtol=2e-5)
    # the largest of each column, whichever of equal ones
    np.testing.assert_allclose(-np.sort(-dense, axis=0), np.pad(-np.sort(-S, axis=0)[:k], ((0, max(0, len(S) - k)), (0, 0))), rtol=2e-5)


def test_one_thread_and_many_agree():
    X = log(300, 200, 0.1)
    one, many = (engine_itemknn.fit(X, "bm25", 20, lambda share: None, n_jobs=n) for n in (1, 3))
    np.testing.assert_array_equal(one.toarray(), many.toarray())


def test_a_history_speaks_with_the_roots_of_its_weights():
    X = log(80, 30, 0.3)
    knn = ItemKNN(neighbours=10).fit(X)
    expected = np.sqrt(X.toarray()) @ knn.weights_.toarray()
    np.testing.assert_allclose(knn.scores(X), expected, rtol=1e-5)


def test_neighbours_are_of_the_item_that_is_scored():
    knn = ItemKNN(neighbours=4).fit(log(80, 30, 0.3))
    assert np.diff(knn.weights_.tocsc().indptr).max() == 4
    assert not knn.weights_.diagonal().any()


@pytest.mark.parametrize("matrix", [[[1.0]], [[1.0, 1.0]], [[1.0], [1.0]], [[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]])
def test_next_to_nothing(matrix):
    knn = ItemKNN().fit(sp.csr_matrix(matrix))
    ids, scores = knn.recommend([0], k=3)
    assert ids.shape == scores.shape == (1, 3)
    assert np.isfinite(knn.weights_.data).all()


def test_an_item_nobody_chose_and_a_user_without_items():
    X = sp.csr_matrix(np.array([[1, 1, 0, 0], [1, 1, 0, 1], [0, 0, 0, 0]], dtype=np.float32))
    weights = engine_itemknn.fit(X, "cosine", 3, lambda share: None).toarray()
    assert not weights[2].any() and not weights[:, 2].any()
    assert weights[0, 1] == pytest.approx(1)


def test_a_repeat_counts_less_and_less():
    often = np.array([[100.0, 1, 0], [1, 0, 1], [1, 1, 1]], dtype=np.float32)
    once = np.minimum(often, 1)
    ratios = [engine_itemknn.fit(sp.csr_matrix(X), "bm25", 2, lambda share: None)[0, 1] for X in (often, once)]
    assert ratios[0] < 3 * ratios[1]


@pytest.mark.parametrize("similarity", ["cosine", "tfidf", "bm25"])
@pytest.mark.parametrize("scale", [1e-30, 1e37])
def test_weights_of_any_scale(similarity, scale):
    X = log(80, 30, 0.3)
    X.data = (scale * X.data).astype(np.float32)
    weights = engine_itemknn.fit(X, similarity, 5, lambda share: None)
    assert np.isfinite(weights.data).all() and (similarity == "bm25" or weights.nnz == 150)


def test_stopping_is_prompt():
    class Stop(Exception):
        pass

    def stop(step, total, **rest):
        raise Stop

    with pytest.raises(Stop):
        ItemKNN().fit(log(80, 30, 0.3), report=stop)


class TestSuite(Suite):
    def make(self, **settings):
        return ItemKNN(**settings)

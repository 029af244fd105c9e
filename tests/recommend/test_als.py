"""ALS against the normal equations in float64, and what each pass promises."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse as sp

from bmcore.recommend import contract, engine_als, kernels_als
from bmcore.recommend.als import ALS
from tests.recommend.suite import Suite

LOSS = engine_als.Loss(0.3, 0.2, 0.5, 1.2)


def log(n_users: int = 40, n_items: int = 25, density: float = 0.25, seed: int = 0) -> sp.csr_matrix:
    X = sp.random(n_users, n_items, density, format="csr", dtype=np.float32, random_state=seed)
    X.data = np.ceil(4 * X.data).astype(np.float32)
    X.sort_indices()
    return X


def quiet(*told) -> None:
    """Progress that nobody asked for."""


def ridges(X: np.ndarray) -> np.ndarray:
    return LOSS.regularization * ((X > 0).sum(1) + LOSS.unobserved * X.shape[1]) ** LOSS.exponent


def solved(X: np.ndarray, fixed: np.ndarray, typical: float = LOSS.typical) -> np.ndarray:
    """The normal equations of every row."""
    found = np.zeros((len(X), fixed.shape[1]))
    for u, row in enumerate(X):
        weights = np.log1p(row) / typical
        matrix = LOSS.unobserved * fixed.T @ fixed + (fixed.T * weights) @ fixed + ridges(X)[u] * np.eye(fixed.shape[1])
        found[u] = np.linalg.solve(matrix, fixed.T @ weights)
    return found


def loss(X: np.ndarray, users: np.ndarray, items: np.ndarray) -> float:
    """The sum that ALS makes smaller."""
    users, items = users.astype(np.float64), items.astype(np.float64)
    scores, weights = users @ items.T, np.log1p(X) / LOSS.typical
    total = (weights * (1 - scores) ** 2).sum() + LOSS.unobserved * (scores**2).sum()
    return total + (ridges(X) * (users**2).sum(1)).sum() + (ridges(X.T) * (items**2).sum(1)).sum()


def weighed(X: sp.csr_matrix) -> sp.csr_matrix:
    made = X.copy()
    made.data = LOSS.counted(X)
    return made


@pytest.mark.parametrize("factors", [1, 3, 8, 20, 64])
def test_a_half_step_solves_the_normal_equations(factors):
    X = log()
    fixed = np.random.default_rng(0).normal(size=(25, factors)).astype(np.float32)
    users = np.random.default_rng(1).normal(size=(40, factors)).astype(np.float32)  # where it starts does not matter
    engine_als.half_step(weighed(X), fixed, users, LOSS, "block", quiet)
    np.testing.assert_allclose(users, solved(X.toarray().astype(np.float64), fixed.astype(np.float64)), atol=1e-4)


def test_conjugate_steps_come_close_to_them():
    X = log()
    fixed = np.random.default_rng(0).normal(size=(25, 6)).astype(np.float32)
    users = np.zeros((40, 6), np.float32)
    for _ in range(10):
        engine_als.half_step(weighed(X), fixed, users, LOSS, "conjugate", quiet)
    np.testing.assert_allclose(users, solved(X.toarray().astype(np.float64), fixed.astype(np.float64)), atol=1e-4)


@pytest.mark.parametrize(("solver", "factors"), [("block", 8), ("block", 96), ("conjugate", 8)])
def test_the_loss_never_rises(solver, factors):
    X = log()
    by_user, by_item = weighed(X), weighed(X).T.tocsr()
    items = np.random.default_rng(0).normal(0, 0.1, (25, factors)).astype(np.float32)
    users = np.zeros((40, factors), np.float32)
    losses = []
    for _ in range(12):
        for matrix, fixed, moved in ((by_user, items, users), (by_item, users, items)):
            engine_als.half_step(matrix, fixed, moved, LOSS, solver, quiet)
            losses.append(loss(X.toarray().astype(np.float64), users, items))
    assert losses[-1] < losses[0]
    assert all(later <= sooner * (1 + 1e-6) for sooner, later in itertools.pairwise(losses))


@pytest.mark.parametrize("factors", [7, 65, 100])
def test_factors_that_blocks_do_not_divide(factors):
    items = engine_als.fit(log(), factors, 2, LOSS, "block", 0, quiet)
    assert items.shape == (25, factors) and np.isfinite(items).all()


def test_known_and_new_users_are_answered_alike():
    X = log()
    als = ALS(factors=6, unobserved=0.3, regularization=0.2, exponent=0.5).fit(X)
    items = als.item_factors_.astype(np.float64)
    expected = solved(X.toarray().astype(np.float64), items, np.log1p(X.data).mean()) @ items.T
    np.testing.assert_allclose(als.scores(X), expected, atol=2e-5)
    history = {int(item): float(weight) for item, weight in zip(X[3].indices, X[3].data, strict=True)}
    np.testing.assert_array_equal(als.recommend([3], k=4)[0][0], als.recommend_for(history, k=4)[0])


def test_parts_sum_to_the_score():
    X = log()
    als = ALS(factors=6).fit(X)
    scores = als.scores(X)
    for user, item in ((0, 3), (7, 20), (39, 0)):
        assert als._contributions(X[user], item).sum() == pytest.approx(scores[user, item], abs=1e-5)


def test_similar_items_are_near_in_angle():
    als = ALS(factors=6).fit(log())
    unit = als.item_factors_ / np.linalg.norm(als.item_factors_, axis=1, keepdims=True)
    angles = unit @ unit[4]
    angles[4] = -2
    found, scores = als.similar_items([4], k=3)
    assert found[0].tolist() == np.argsort(-angles)[:3].tolist()
    np.testing.assert_allclose(scores[0], np.sort(angles)[::-1][:3], atol=1e-5)


@pytest.mark.parametrize("n", [1, 63, 64, 200])
def test_gram(n):
    factors = np.random.default_rng(0).normal(size=(n, 9)).astype(np.float32)
    np.testing.assert_allclose(kernels_als.gram(factors), factors.T.astype(np.float64) @ factors, rtol=1e-5, atol=1e-4)


def test_seeds():
    one, same, other = (ALS(factors=4, seed=seed, iterations=2).fit(log()).item_factors_ for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.parametrize("matrix", [[[1.0]], [[1.0, 1.0]], [[1.0], [1.0]], [[1.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]])
@pytest.mark.parametrize("solver", ["block", "conjugate"])
def test_next_to_nothing(matrix, solver):
    als = ALS(factors=16, solver=solver).fit(sp.csr_matrix(matrix))
    assert np.isfinite(als.item_factors_).all()
    assert als.recommend([0], k=3)[0].shape == (1, 3)


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e30])
def test_the_scale_of_weights_matters_little(scale):
    X = log()
    X.data = (scale * X.data).astype(np.float32)
    als = ALS(factors=4).fit(X)
    assert np.isfinite(als.item_factors_).all() and als.item_factors_.any()
    assert np.isfinite(als.scores(X)).all()


def test_progress_rises_and_can_stop():
    class Stop(Exception):
        pass

    told = []

    def report(step, total, **rest):
        told.append(step / total)
        if step / total > 0.4:
            raise Stop

    with pytest.raises(Stop):
        ALS(factors=4, iterations=10).fit(log(), report=report)
    assert told == sorted(told) and told[-1] < 0.6


def test_changed_settings_do_not_change_what_was_learned(tmp_path):
    X = log()
    als = ALS(factors=6).fit(X)
    before = als.scores(X)
    als.set_params(factors=3, regularization=5.0)
    np.testing.assert_array_equal(als.scores(X), before)
    from bmcore.recommend import stored

    stored.write_arrays(tmp_path / "factors.npz", {})
    als._save_learned(tmp_path)
    als._load_learned(tmp_path)
    np.testing.assert_allclose(als.scores(X), before, atol=1e-6)


class TestSuite(Suite):
    def make(self, **settings):
        return ALS(**{"factors": 8, **settings})

    def test_order_of_rows_changes_nothing(self, frame):
        """Among users and items in the same order; in another one they draw other first factors."""
        X = log()
        order = np.random.default_rng(0).permutation(X.nnz)
        rows = X.tocoo()
        shuffled = sp.coo_matrix((rows.data[order], (rows.row[order], rows.col[order])), shape=X.shape)
        np.testing.assert_array_equal(self.make().fit(shuffled).item_factors_, self.make().fit(X).item_factors_)

    def test_small_blocks_change_nothing(self, fitted, monkeypatch):
        """But the rounding of matrix products of other shapes."""
        whole = fitted.recommend(range(40), k=5)
        monkeypatch.setattr(contract, "BLOCK_BYTES", 3 * 40 * 4)
        parts = fitted.recommend(range(40), k=5)
        assert parts[0].tolist() == whole[0].tolist()
        np.testing.assert_allclose(parts[1], whole[1], rtol=1e-5, atol=1e-6)

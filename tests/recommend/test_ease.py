"""EASE against the textbook formula, its counts, its memory, and what truncation costs."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

from bmcore import device as devices
from bmcore.errors import ParameterError
from bmcore.recommend import engine_ease, engine_torch_ease
from bmcore.recommend.ease import EASE
from tests.recommend.suite import Suite


class TestEASE(Suite):
    def make(self, **settings):
        return EASE(**{"regularization": 5.0, **settings})


def log(n_users=300, n_items=120, density=0.08, seed=0):
    X = sp.random(n_users, n_items, density, format="csr", dtype=np.float32, random_state=seed)
    X.data[:] = np.random.default_rng(seed).integers(1, 6, X.nnz)
    return X


def textbook(X, regularization):
    """Steck (2019), in double precision."""
    dense = (X.toarray() > 0).astype(np.float64)
    P = np.linalg.inv(dense.T @ dense + regularization * np.eye(dense.shape[1]))
    B = -P / np.diag(P)
    np.fill_diagonal(B, 0)
    return B


@pytest.mark.parametrize("regularization", [0.5, 20.0, 500.0])
def test_textbook_formula(regularization):
    X = log()
    weights = EASE(regularization=regularization).fit(X).weights_.toarray()
    expected = textbook(X, regularization)
    np.testing.assert_allclose(weights, expected, atol=1e-4 * np.abs(expected).max())
    assert not weights.diagonal().any()


def test_scores_are_history_times_weights():
    X = log()
    ease = EASE(regularization=20.0).fit(X)
    np.testing.assert_allclose(ease.scores(X), (X.toarray() > 0) @ textbook(X, 20.0), atol=1e-4)


def test_counts_are_exact():
    X = log(200, 90)
    dense = (X.toarray() > 0).astype(np.int64)
    gram = engine_ease.shared(X, lambda share: None)
    np.testing.assert_array_equal(np.triu(gram), np.triu(dense.T @ dense))


@pytest.mark.parametrize(("head", "neighbours"), [(0, 5), (7, 4), (7, 500), (120, 1)])
def test_which_weights_are_kept(head, neighbours, monkeypatch):
    monkeypatch.setattr(engine_ease, "HEAD", head)
    X = log()
    ease = EASE(regularization=20.0, neighbours=neighbours).fit(X)
    expected = textbook(X, 20.0)
    popular = np.argsort(-ease.popularity_, kind="stable")[:head]
    kept = ease.weights_.toarray()
    np.testing.assert_allclose(kept[:, popular], expected[:, popular], atol=1e-5)
    others = np.setdiff1d(np.arange(120), popular)
    for row in range(120):
        sizes = np.sort(np.abs(expected[row, others]))[::-1]
        most = min(neighbours, len(others))
        np.testing.assert_allclose(np.sort(np.abs(kept[row, others]))[::-1][:most], sizes[:most], atol=1e-5)
    # lists are made from the same weights, dense or sparse
    scores = (X.toarray() > 0) @ kept
    np.testing.assert_allclose(ease.scores(X), scores, atol=1e-5)
    np.testing.assert_allclose(ease.recommend(range(300), 9, exclude_seen=False)[1], -np.sort(-scores, axis=1)[:, :9], atol=1e-5)


@pytest.mark.parametrize("k", [1, 32, 33, 64, 65, 300])
def test_lists_of_any_length(k):
    """However long the list, whether or not the quick look for a floor is worth its while: the largest scores, each item once."""
    X = log(60, 200)
    ease = EASE(regularization=20.0).fit(X)
    for exclude in (False, True):
        items, found = ease.recommend(range(60), k, exclude_seen=exclude)
        hidden = ((X.toarray() > 0) & exclude) | (ease.popularity_ == 0)  # nobody has it, so nothing speaks for it
        scores = np.where(hidden, -np.inf, ease.scores(X))
        expected = -np.sort(-scores, axis=1)[:, :k]
        np.testing.assert_allclose(found[:, : expected.shape[1]], expected, atol=1e-5)
        assert np.isneginf(found[:, expected.shape[1] :]).all()
        assert all(len({item for item in row if item is not None}) == sum(item is not None for item in row) for row in items)


def quiet(done, total):
    """A report that nobody reads."""


@pytest.mark.parametrize(("head", "neighbours", "block"), [(0, 5, 1 << 28), (7, 4, 20_000), (7, 500, 20_000), (120, 1, 1)])
def test_a_card_finds_the_same_weights(head, neighbours, block, monkeypatch):
    """The engine for graphics cards, on this processor, in blocks of any size."""
    monkeypatch.setattr(engine_ease, "HEAD", head)
    monkeypatch.setattr(engine_torch_ease, "BLOCK", block)
    X = log()
    theirs = engine_ease.fit(X, 20.0, neighbours, quiet)
    ours = engine_torch_ease.fit(X, 20.0, neighbours, quiet, "cpu")
    assert abs(ours - theirs).max() < 1e-5
    assert abs(ours.nnz - theirs.nnz) <= 2  # a weight of nearly nothing may come out as nothing
    assert not ours.diagonal().any()


def test_a_card_counts_exactly(monkeypatch):
    monkeypatch.setattr(engine_torch_ease, "BLOCK", 5000)
    X = log(200, 90)
    dense = (X.toarray() > 0).astype(np.int64)
    shares = []
    np.testing.assert_array_equal(engine_torch_ease.shared(X, "cpu", shares.append).numpy(), dense.T @ dense)
    assert shares == sorted(shares) and shares[-1] == 1.0


@pytest.mark.skipif(not devices.card(), reason="needs a CUDA card")
def test_on_a_card():
    X = log(3000, 1500, 0.02)
    found = [EASE(device=name).fit(X).recommend(range(100), 10) for name in ("cuda", "cpu")]
    np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-3)


def test_what_goes_to_a_card(monkeypatch):
    monkeypatch.setattr(devices, "card", lambda: False)
    assert EASE()._card(5000) is None
    monkeypatch.setattr(devices, "card", lambda: True)
    monkeypatch.setattr(devices, "resolve", lambda name: "cuda")
    monkeypatch.setattr(engine_torch_ease, "fits", lambda n, device: n < 6000)
    assert [EASE()._card(n) for n in (999, 5000, 7000)] == [None, "cuda", None]
    assert EASE(device="cpu")._card(5000) is None and EASE(device="cuda")._card(7000) == "cuda"


def test_equal_scores_come_by_popularity():
    X = np.zeros((9, 6))
    X[0, 0] = 1  # user 0 tells nothing of the others, which all score 0
    for item, users in ((1, 2), (2, 5), (3, 5), (4, 1)):
        X[1 : 1 + users, item] = 1
    assert EASE().fit(sp.csr_matrix(X)).recommend([0], k=5)[0].tolist() == [[2, 3, 1, 4, None]]


def test_memory_is_one_matrix():
    n = 3000
    X = log(2000, n, 0.004)
    EASE().fit(log())  # compiled before it is measured
    tracemalloc.start()
    ease = EASE(neighbours=20).fit(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    kept = ease.weights_.nnz * 12
    assert peak < 1.1 * n * n * 4 + 2 * kept
    assert peak < 1.2 * 2 * n * n * 4


def test_too_little_regularization():
    with pytest.raises(ParameterError, match="too small"):
        engine_torch_ease.fit(sp.csr_matrix(np.ones((40_000, 3), np.float32)), 0.0, 1, quiet, "cpu")
    with pytest.raises(ParameterError, match=r"such as 0\.1"):
        engine_ease.factor(np.ones((3, 3), np.float32) - np.float32(0.1) * np.eye(3, dtype=np.float32), 0.01)

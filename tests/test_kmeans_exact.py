"""KMeans against a brute force in float64, over tables made to be awkward: duplicates, ties, far away, tiny, huge, constant."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmcore import KMeans

pytestmark = pytest.mark.filterwarnings("ignore:Number of distinct")
CLEAR = 1e-6  # distances that differ by more, relatively, must be told apart


def brute(X, centres):
    """(n, k) squared distances in float64, written another way than the engine's: by differences, all at once."""
    return ((X.astype(np.float64)[:, None] - centres.astype(np.float64)[None]) ** 2).sum(2)


def check_labels(labels, X, centres):
    """Nearest where that is clear, the first one where centres are the same, never farther than rounding allows."""
    squares = brute(X, centres)
    distances = np.sqrt(squares / max(squares.max(), 1e-300))
    best = distances.min(1)
    own = distances[np.arange(len(X)), labels]
    assert (own <= best * (1 + CLEAR) + 1e-14).all()
    if len(centres) > 1:
        two = np.partition(distances, 1, axis=1)
        clear = two[:, 1] > two[:, 0] * (1 + CLEAR)
        np.testing.assert_array_equal(labels[clear], distances.argmin(1)[clear])
    for row, label in enumerate(labels):
        same = (centres == centres[label]).all(1)
        assert same.argmax() == label, row


def fit(X, k, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return KMeans(k, **settings).fit(X)


@st.composite
def tables(draw):
    n, d = draw(st.integers(1, 60)), draw(st.integers(1, 7))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["normal", "grid", "few", "constant", "line", "outlier"]))
    X = random.normal(size=(n, d))
    if kind == "grid":
        X = random.integers(-2, 3, size=(n, d)).astype(float)
    elif kind == "few":
        X = X[random.integers(0, max(1, n // 4), size=n)]
    elif kind == "constant":
        X[:, random.integers(d)] = 3.0
    elif kind == "line":
        X[:] = np.arange(n)[:, None]
    elif kind == "outlier":
        X[0] *= 1e6
    scale = 10.0 ** draw(st.sampled_from([-20, -8, 0, 0, 0, 5, 12, 15]))
    shift = draw(st.sampled_from([0.0, 0.0, 1.0, -1e3, 1e6]))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return ((X + shift) * scale).astype(dtype)


@settings(max_examples=200)
@given(tables(), st.integers(1, 9), st.integers(0, 9))
def test_labels_are_those_of_a_brute_force(X, k, seed):
    k = min(k, len(X))
    kmeans = fit(X, k, random_state=seed)
    check_labels(kmeans.labels_, X, kmeans.cluster_centers_)
    np.testing.assert_array_equal(kmeans.predict(X), kmeans.labels_)
    np.testing.assert_array_equal([kmeans.predict(row[None])[0] for row in X[:5]], kmeans.labels_[:5])
    squares = brute(X, kmeans.cluster_centers_)
    assert kmeans.inertia_ == pytest.approx(squares[np.arange(len(X)), kmeans.labels_].sum(), rel=1e-9, abs=1e-300)
    np.testing.assert_allclose(kmeans.transform(X), np.sqrt(squares), rtol=1e-5 if X.dtype == np.float32 else 1e-9, atol=1e-38)


@settings(max_examples=60)
@given(tables(), st.integers(2, 6), st.integers(0, 9))
def test_centres_are_the_means_of_their_rows(X, k, seed):
    k = min(k, len(X))
    kmeans = fit(X, k, random_state=seed, tol=0, max_iter=1000)
    size = np.abs(X.astype(float)).max()
    for j in set(kmeans.labels_):
        mean = X[kmeans.labels_ == j].astype(np.float64).mean(0)
        np.testing.assert_allclose(kmeans.cluster_centers_[j], mean, rtol=1e-6, atol=size * (1e-6 if X.dtype == np.float32 else 1e-12))


@settings(max_examples=60)
@given(tables(), st.integers(1, 5), st.integers(0, 2**31))
def test_a_weight_is_a_repetition(X, k, seed):
    weight = np.random.default_rng(seed).integers(1, 4, len(X))
    start = np.unique(X, axis=0)[:k]  # different rows: no group is ever empty, which is where a weight moves as a whole
    weighted, repeated = KMeans(len(start), init=start, max_iter=1), KMeans(len(start), init=start, max_iter=1)
    weighted.fit(X, sample_weight=weight)
    repeated.fit(np.repeat(X, weight, axis=0))
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-3, abs=1e-9 * float((X.astype(float) ** 2).sum()))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (1e-20, 0), (1e15, 0), (1, 1e4), (1e-3, 1e3), (1e-9, 0), (1, 1e15)])
def test_large_tables_are_exact_too(dtype, scale, shift):
    random = np.random.default_rng(0)
    X = (random.normal(size=(9001, 11)) * scale + shift).astype(dtype)
    kmeans = KMeans(37, random_state=1, max_iter=20).fit(X)
    check_labels(kmeans.labels_, X, kmeans.cluster_centers_)
    np.testing.assert_array_equal(kmeans.predict(X), kmeans.labels_)


def test_ties_go_to_the_first_centre():
    kmeans = KMeans(3, init=np.array([[-1.0], [1.0], [1.0]]), max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kmeans.fit(np.array([[-1.0], [1.0], [-1.0], [1.0]]))
    kmeans.cluster_centers_ = np.array([[-1.0], [1.0], [1.0]])
    assert kmeans.predict(np.array([[0.0], [5.0], [-5.0]])).tolist() == [0, 1, 0]
    halfway = np.linspace(-3, 3, 1001)[:, None].astype(np.float32) * 0
    assert not kmeans.predict(halfway).any()


def test_rows_far_from_every_centre():
    kmeans = KMeans(2, init=np.array([[0.0], [1.0]])).fit(np.array([[0.0], [1.0]]))
    far = np.array([[1e30], [-1e30], [1e149], [-1e149], [0.4999999], [0.5000001]])
    assert kmeans.predict(far).tolist() == [1, 0, 1, 0, 0, 1] or kmeans.predict(far)[[1, 4, 5]].tolist() == [0, 0, 1]


def test_every_number_of_centres_around_a_panel():
    """Where vectors of centres are partly filled."""
    X = np.random.default_rng(3).normal(size=(500, 3)).astype(np.float32)
    for k in [*range(1, 36), 63, 64, 65, 130]:
        kmeans = KMeans(k, random_state=0, max_iter=3).fit(X)
        check_labels(kmeans.labels_, X, kmeans.cluster_centers_)

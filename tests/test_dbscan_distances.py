"""DBSCAN by distances that no tree bounds, on sparse tables and on given distances: against scikit-learn and the definition."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN as Theirs
from sklearn.metrics import pairwise_distances

from bmcore.cluster import distances
from bmcore.cluster.dbscan import DBSCAN
from bmcore.cluster.newcomers import predict_new
from bmcore.errors import Cancelled, DataError, ParameterError

FEW = settings(max_examples=40, deadline=None)
ANY = [
    ("cosine", {}), ("correlation", {}), ("braycurtis", {}), ("canberra", {}), ("sqeuclidean", {}),
    ("seuclidean", {"metric_params": {"V": [1.0, 4, 9, 2]}}),
    ("mahalanobis", {}), ("hamming", {}), ("minkowski", {"p": 3}), ("minkowski", {"metric_params": {"w": [1.0, 2, 3, 4]}}), ("jaccard", {}),
    ("dice", {}), ("yule", {}), (lambda a, b: float(np.abs(a - b).max()), {}),
]


def groups(seed: int, n: int = 150, d: int = 4) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(n, d)) + 3 * random.integers(0, 4, size=(n, 1)) * random.choice([-1, 1], size=(1, d))


def same(made, theirs):
    np.testing.assert_array_equal(made.labels_, theirs.labels_)
    np.testing.assert_array_equal(made.core_sample_indices_, theirs.core_sample_indices_)
    ours, known = (found.toarray() if sp.issparse(found) else found for found in (made.components_, theirs.components_))
    np.testing.assert_array_equal(ours, known)


@pytest.mark.parametrize(("metric", "more"), ANY, ids=lambda value: getattr(value, "__name__", str(value)))
@pytest.mark.parametrize("seed", [0, 1])
def test_any_distance_is_scikit_learns(metric, more, seed):
    X = groups(seed)
    if metric == "braycurtis":  # below zero scikit-learn has two definitions of it
        X = np.abs(X)
    if metric in ("hamming", "jaccard", "dice", "yule"):
        X = X > 1 if metric != "hamming" else np.round(X)
    with np.errstate(all="ignore"):
        far = pairwise_distances(X, metric=metric, **({"p": more["p"]} if "p" in more else more.get("metric_params", {})))
    near = far[far > 0]
    for share in (0.02, 0.1, 0.4):
        found = {"eps": float(np.quantile(near, share)) * (1 + 1e-9) if near.size else 0.5, "metric": metric, "min_samples": 4, **more}
        if "p" not in more and metric == "minkowski":
            found["p"] = 2
        same(DBSCAN(**found).fit(X), Theirs(**found, algorithm="brute").fit(X))


@FEW
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 6), st.sampled_from([0.5, 1.0, 2.0, 3.0]), st.booleans())
def test_given_distances_with_ties_and_weights(seed, n, min_samples, eps, weighted):
    random = np.random.default_rng(seed)
    points = random.integers(0, 6, size=(n, 2))
    far = np.abs(points[:, None] - points[None]).sum(axis=2).astype(float)
    weights = random.integers(-1, 4, size=n).astype(float) if weighted else None
    if weighted and not weights.any():
        return
    theirs = Theirs(eps=eps, min_samples=min_samples, metric="precomputed").fit(far, sample_weight=weights)
    same(DBSCAN(eps, min_samples=min_samples, metric="precomputed").fit(far, sample_weight=weights), theirs)
    listed = sp.coo_matrix((far[far <= 2], np.nonzero(far <= 2)), shape=far.shape)
    if eps <= 2:  # far pairs are left out, those at no distance are kept
        made = DBSCAN(eps, min_samples=min_samples, metric="precomputed").fit(listed, sample_weight=weights)
        np.testing.assert_array_equal(made.labels_, theirs.labels_)


@FEW
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([sp.csr_matrix, sp.csc_matrix, sp.coo_array, sp.lil_matrix]),
    st.sampled_from(["euclidean", "cosine", "manhattan"]), st.floats(0.05, 0.9),
)
def test_sparse_tables(seed, form, metric, eps):
    random = np.random.default_rng(seed)
    X = np.round(random.random((80, 30)) * (random.random((80, 30)) < 0.15), 2)
    X[0] = 0
    X[1:9] = X[9:17]
    eps *= 1 if metric == "cosine" else 4
    made, theirs = DBSCAN(eps, metric=metric, min_samples=3).fit(form(X)), Theirs(eps=eps, metric=metric, min_samples=3).fit(form(X))
    same(made, theirs)
    assert sp.issparse(made.components_)


def test_a_sparse_fit_is_kept(tmp_path):
    X = sp.random(60, 12, 0.3, format="csr", random_state=0)
    made = DBSCAN(0.9, min_samples=3).fit(X)
    made.save(tmp_path)
    again = DBSCAN.load(tmp_path)
    same(again, made)
    assert len(made.core_sample_indices_) > 3 and sp.issparse(again.components_)
    V = np.array([1.0, 2, 3])
    DBSCAN(0.9, metric="seuclidean", metric_params={"V": V}).fit(X[:, :3].toarray()).save(tmp_path / "other")
    assert DBSCAN.load(tmp_path / "other").metric_params == {"V": V.tolist()}
    with pytest.raises(ParameterError, match="function"):
        DBSCAN(metric=lambda a, b: 0.0).fit(np.eye(3)).save(tmp_path / "third")


def test_spreads_come_from_the_data_unless_given():
    X = groups(7) * [1, 10, 100, 1000]
    labels = DBSCAN(0.8, metric="seuclidean").fit_predict(X)
    np.testing.assert_array_equal(labels, DBSCAN(0.8).fit_predict(X / X.std(axis=0, ddof=1)))
    assert labels.max() > 0


def test_one_block_or_many(monkeypatch):
    X, whole = groups(3), {}
    for size in (2**22, 700, 1):
        monkeypatch.setattr(distances, "AT_ONCE", size)
        for metric, table in (("cosine", X), ("euclidean", sp.csr_matrix(X)), ("precomputed", pairwise_distances(X))):
            labels = DBSCAN(1.2 if metric != "cosine" else 0.05, metric=metric).fit_predict(table)
            np.testing.assert_array_equal(labels, whole.setdefault(metric, labels))


def test_memory_is_a_block_and_not_a_square():
    X = np.random.default_rng(0).normal(size=(9000, 3))
    DBSCAN(0.01, metric="cosine").fit(X[:50])
    tracemalloc.start()
    DBSCAN(1.5, metric="cosine").fit(X)  # nearly all pairs are neighbours
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6 < 9000 * 9000 * 8 / 3


def test_progress_and_cancel():
    X, seen = groups(5, 3000), []
    DBSCAN(0.1, metric="cosine").fit(X, report=lambda step, total, **_m: seen.append((step, total)))
    assert seen == sorted(seen) and seen[-1][0] == seen[-1][1]

    def stop(step, total, **_metrics):
        if step:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        DBSCAN(0.1, metric="cosine").fit(X, report=stop)


@FEW
@given(st.integers(0, 2**32 - 1), st.sampled_from(["cosine", "canberra", "sqeuclidean"]))
def test_new_rows_join_the_nearest_core(seed, metric):
    X, new = np.round(groups(seed, 60)), np.round(groups(seed + 1, 40))
    eps = 0.4
    made = DBSCAN(eps, metric=metric, min_samples=3).fit(X)
    core = made.core_sample_indices_
    found = predict_new(made.components_, made.labels_[core], new, eps, metric=metric)
    if not len(core):
        assert (found == -1).all()
        return
    far = pairwise_distances(new, X[core], metric=metric)
    for row, distance in enumerate(far):
        nearest = [label for label, d in zip(made.labels_[core], distance, strict=True) if d == distance.min()]
        assert found[row] == (min(nearest) if distance.min() <= eps else -1)


@pytest.mark.parametrize(("made", "X", "error", "words"), [
    (DBSCAN(metric="precomputed"), np.zeros((3, 2)), DataError, "square"),
    (DBSCAN(metric="precomputed"), np.array([[0, -1.0], [-1, 0]]), DataError, "Negative"),
    (DBSCAN(metric="haversine"), np.zeros((3, 4)), ParameterError, "haversine"),
    (DBSCAN(metric="mahalanobis"), np.ones((4, 2)), DataError, "depend on each other"),
    (DBSCAN(metric="cosine", metric_params={"no": 1}), np.eye(2), ParameterError, "cosine"),
    (DBSCAN(metric=lambda a, b: "x"), np.eye(2), ParameterError, "lambda"),
    (DBSCAN(), sp.csr_matrix(np.array([[1.0, np.nan]])), DataError, "column 1 is NaN"),
    (DBSCAN(), sp.csr_matrix((0, 3)), DataError, "no rows"),
    (DBSCAN(), sp.csr_matrix(np.array([[1j, 2]])), DataError, "Complex"),
])
def test_what_cannot_be_compared_gets_a_sentence(made, X, error, words):
    with pytest.raises(error, match=words):
        made.fit(X)

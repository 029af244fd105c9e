"""DBSCAN against an independent brute force, against scikit-learn, and against what it promises of memory, progress and errors."""

from __future__ import annotations

import threading
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmcore.cluster.dbscan import DBSCAN
from bmcore.cluster.newcomers import predict_new
from bmcore.errors import Cancelled, DataError, ModelError, NotFittedError, ParameterError

FEW = settings(max_examples=60, deadline=None)


def distances(A, B, kind=2):
    """(a, b) float64 distances on the engine's scale, added in the order of the columns."""
    total = np.zeros((len(A), len(B)))
    for a, b in zip(np.float64(A.T), np.float64(B.T), strict=True):
        gap = np.abs(a[:, None] - b[None])
        with np.errstate(over="ignore"):
            total = total + gap * gap if kind == 2 else total + gap if kind == 1 else np.maximum(total, gap)
    return total


def oracle(X, eps, min_samples, weights=None, kind=2):
    """(core, labels) by the definition, one cluster after the other."""
    near = distances(X, X, kind) <= (eps * eps if kind == 2 else eps)
    core = near @ (np.ones(len(X)) if weights is None else np.float64(weights)) >= min_samples
    labels, number = np.full(len(X), -1), 0
    for seed in range(len(X)):
        if not core[seed] or labels[seed] >= 0:
            continue
        labels[seed], todo = number, [seed]
        while todo:
            reached = np.flatnonzero(near[todo.pop()] & (labels < 0))
            labels[reached] = number
            todo += [row for row in reached if core[row]]
        number += 1
    return core, labels


def check(X, eps, min_samples, weights=None, sklearn=True, **more):
    made = DBSCAN(eps, min_samples=min_samples, **more).fit(X, sample_weight=weights)
    core, labels = oracle(X, eps, min_samples, weights, {"manhattan": 1, "chebyshev": 0}.get(more.get("metric"), 2))
    np.testing.assert_array_equal(made.core_sample_indices_, np.flatnonzero(core))
    np.testing.assert_array_equal(made.labels_, labels)
    if sklearn:
        from sklearn.cluster import DBSCAN as Theirs

        theirs = Theirs(eps=eps, min_samples=min_samples, metric=more.get("metric", "euclidean"), algorithm="kd_tree")
        theirs.fit(X, sample_weight=weights)
        np.testing.assert_array_equal(made.labels_, theirs.labels_)
        np.testing.assert_array_equal(made.core_sample_indices_, theirs.core_sample_indices_)
        np.testing.assert_array_equal(made.components_, theirs.components_)
        assert made.labels_.dtype == theirs.labels_.dtype
        assert made.components_.dtype == theirs.components_.dtype or not len(made.components_)
    return made


@st.composite
def lattices(draw):
    """Whole-number points in up to 64 dimensions, full of duplicates and of distances that are exactly eps."""
    d, n = draw(st.sampled_from([1, 2, 3, 4, 5, 7, 8, 16, 17, 64])), draw(st.integers(1, 260))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = random.integers(0, draw(st.integers(1, 9)), size=(n, d))
    X[:, draw(st.integers(1, d)):] = 0  # in many dimensions whole-number points would all be far apart
    return X.astype(draw(st.sampled_from([np.float32, np.float64]))), draw(st.sampled_from([1.0, 2.0, 3.0, 5.0, 2**0.5, 5**0.5, 0.5]))


@FEW
@given(lattices(), st.integers(1, 12))
def test_ties_and_duplicates(points, min_samples):
    check(*points, min_samples)


@FEW
@given(st.integers(0, 2**32 - 1), st.sampled_from(["normal", "cauchy", "walk"]), st.sampled_from([1, 2, 3, 6, 13]), st.integers(1, 8))
def test_clouds_tails_and_chains(seed, shape, d, min_samples):
    random = np.random.default_rng(seed)
    X = random.standard_cauchy((300, d)) * 10.0 ** random.integers(-6, 12) if shape == "cauchy" else random.normal(size=(300, d))
    X = np.cumsum(X, 0) if shape == "walk" else X
    check(X, float(np.median(distances(X[:40], X)) ** 0.5 * random.choice([1e-3, 0.05, 0.3, 1, 3]) + 1e-12), min_samples)


@FEW
@given(lattices(), st.integers(1, 6), st.integers(0, 1000))
def test_weights_of_any_sign(points, min_samples, seed):
    weights = np.random.default_rng(seed).integers(-2, 4, size=len(points[0])).astype(float)
    if weights.any():
        check(*points, min_samples, weights)


@FEW
@given(lattices(), st.integers(1, 6), st.sampled_from(["manhattan", "chebyshev"]))
def test_other_distances(points, min_samples, metric):
    check(*points, min_samples, metric=metric)


def test_float32_is_compared_in_float64():
    random = np.random.default_rng(0)
    X = (random.integers(0, 40, size=(400, 3)) / 10).astype(np.float32)  # 0.1 has no exact form: ties to within rounding
    for eps in (0.1, 0.2, 0.3):
        check(X, eps, 3)
    np.testing.assert_array_equal(DBSCAN(0.2).fit(X).labels_, DBSCAN(0.2).fit(X.astype(np.float64)).labels_)


@pytest.mark.parametrize("d", [16, 40])
def test_sklearn_brute_force_agrees(d):
    from sklearn.cluster import DBSCAN as Theirs

    random = np.random.default_rng(d)
    X = random.normal(size=(1500, d)) + 4 * random.integers(0, 5, size=(1500, 1))
    eps = float(1.05 * d**0.5)
    labels = DBSCAN(eps).fit_predict(X)
    assert labels.max() > 1 and (labels < 0).any()
    np.testing.assert_array_equal(labels, Theirs(eps=eps, algorithm="brute").fit_predict(X))


@pytest.mark.parametrize("d", [1, 2, 9])
def test_extremes(d):
    random = np.random.default_rng(d)
    X = random.normal(size=(3000, d))
    assert (DBSCAN(1e-250, min_samples=2).fit(X).labels_ == -1).all()  # eps * eps is zero
    np.testing.assert_array_equal(DBSCAN(1e-12, min_samples=1).fit(X).labels_, np.arange(3000))
    assert (DBSCAN(1e200, min_samples=3000).fit(X).labels_ == 0).all()  # eps * eps is infinite
    assert DBSCAN(1e200, min_samples=3001).fit(X).components_.shape == (0, d)
    assert (DBSCAN(0.1, min_samples=3000).fit(np.ones((3000, d))).labels_ == 0).all()
    check(X[:1], 0.5, 1)
    check(np.vstack([X[:50] * 1e149, X[:50] * 1e-300, X[:50] * 0]), 1.0, 5, sklearn=False)


def test_a_long_chain_is_one_cluster_and_a_gap_splits_it():
    X = np.arange(50_000.0)[:, None]
    X[30_000:] += 0.5
    random = np.random.default_rng(0)
    order = random.permutation(50_000)
    labels = DBSCAN(1.0, min_samples=3).fit(X[order]).labels_
    # a point on each side of the gap has one neighbour, and so belongs to its side without being core
    first = labels[np.flatnonzero(order < 30_000)[0]]
    assert ((labels == first) == (order < 30_000)).all() and set(labels) == {0, 1}


@pytest.mark.parametrize("d", [2, 5])
def test_threads_change_nothing(d):
    random = np.random.default_rng(d)
    X = np.vstack([random.normal(size=(9000, d)) + 5 * c for c in range(3)] + [random.uniform(-5, 15, size=(3000, d))])
    eps = 0.15 if d == 2 else 1.1
    alone = DBSCAN(eps, n_jobs=1).fit(X)
    assert alone.labels_.max() > 1
    for _ in range(6):
        np.testing.assert_array_equal(DBSCAN(eps, n_jobs=4).fit(X).labels_, alone.labels_)
    found = [None] * 3
    crew = [threading.Thread(target=lambda i=i: found.__setitem__(i, DBSCAN(eps).fit(X).labels_)) for i in range(3)]
    [thread.start() for thread in crew], [thread.join() for thread in crew]
    for labels in found:
        np.testing.assert_array_equal(labels, alone.labels_)


def peak(X, eps, **more):
    DBSCAN(eps, **more).fit(X[:100])
    tracemalloc.start()
    try:
        DBSCAN(eps, **more).fit(X)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_linear_and_independent_of_eps():
    n = 60_000
    X = np.random.default_rng(0).normal(size=(n, 2))
    for table in (X, np.zeros((n, 2))):
        sizes = [peak(table, eps) for eps in (1e-6, 0.03, 1e6)]
        # components_ (16 bytes a core point), the copy (16), boxes (5), order, forest, labels and flags (18)
        assert max(sizes) < 60 * n, [size / n for size in sizes]
    assert peak(X, 1e6) < 2.3 * peak(X[: n // 2], 1e6)


def test_input_is_left_alone_and_views_are_taken():
    X = np.asfortranarray(np.random.default_rng(0).normal(size=(200, 3)))
    X.setflags(write=False)
    labels = DBSCAN(0.7).fit_predict(X)
    np.testing.assert_array_equal(labels, DBSCAN(0.7).fit_predict(np.repeat(X, 2, 0)[::2]))
    np.testing.assert_array_equal(labels, DBSCAN(0.7, metric="minkowski", p=2, algorithm="brute", leaf_size=1).fit_predict(X.tolist()))


def test_scikit_learn_contract():
    from sklearn.base import clone
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils.estimator_checks import check_estimator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(DBSCAN())
    assert clone(DBSCAN(2, min_samples=9)).get_params() == DBSCAN(2, min_samples=9).get_params()
    X = np.random.default_rng(0).normal(size=(300, 2)) * 50
    piped = make_pipeline(StandardScaler(), DBSCAN(0.2)).fit_predict(X)
    np.testing.assert_array_equal(piped, DBSCAN(0.2).fit_predict(StandardScaler().fit_transform(X)))


def test_same_signature_as_scikit_learn():
    import inspect

    from sklearn.cluster import DBSCAN as Theirs

    ours, theirs = inspect.signature(DBSCAN).parameters, inspect.signature(Theirs).parameters
    assert [*theirs, "device"] == [*ours]
    for name, entry in theirs.items():
        assert (ours[name].default, ours[name].kind) == (entry.default, entry.kind), name


@pytest.mark.parametrize(("settings_", "part"), [
    ({"eps": 0}, "eps"), ({"eps": -1.0}, "eps"), ({"eps": float("nan")}, "eps"), ({"eps": "auto"}, "eps"),
    ({"min_samples": 0}, "min_samples"), ({"min_samples": 2.5}, "min_samples"), ({"metric": "cosin"}, "metric"),
    ({"metric": "haversine"}, "haversine"),
    ({"metric": "minkowski", "p": -1}, "p cannot be"), ({"metric_params": {"V": 1}}, "metric_params"),
    ({"n_jobs": 0}, "n_jobs"), ({"algorithm": "fast"}, "algorithm"), ({"device": "tpu"}, "device"),
])
def test_settings_out_of_range(settings_, part):
    with pytest.raises(ParameterError, match=part):
        DBSCAN(**settings_).fit(np.zeros((5, 3)))


@pytest.mark.parametrize(("X", "weights", "part"), [
    ([[1.0, np.nan]], None, "NaN"), ([[1.0], [np.inf]], None, "inf"), ([["a"], ["b"]], None, "number"), (np.empty((0, 2)), None, "no rows"),
    (np.empty((3, 0)), None, "no columns"), ([1.0, 2.0], None, "dimension"), ([[1.0], [2.0]], [1.0], "weight a row"),
    ([[1.0], [2.0]], [1.0, np.nan], "row 1"), ([[1.0], [2.0]], ["a", "b"], "number"), ([[1.0], [2.0]], [0, 0], "zero"),
])
def test_tables_that_cannot_be_used(X, weights, part):
    with pytest.raises(DataError, match=part):
        DBSCAN().fit(X, sample_weight=weights)


def test_save_and_load(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 2)), columns=["age", "money"])
    made = DBSCAN(0.3).fit(frame)
    again = DBSCAN.load(made.save(tmp_path / "model"))
    for name in ("labels_", "core_sample_indices_", "components_", "feature_names_in_", "n_features_in_"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
    assert again.get_params() == made.get_params()
    with pytest.raises(NotFittedError):
        DBSCAN().save(tmp_path / "empty")
    (tmp_path / "model" / "dbscan.npz").write_bytes(b"not a model")
    with pytest.raises(ModelError):
        DBSCAN.load(tmp_path / "model")


def test_progress_rises_and_a_report_can_stop(monkeypatch):
    from bmcore.compute import pool

    monkeypatch.setattr(pool, "TELL_SECONDS", 0.001)
    X, seen = np.random.default_rng(0).normal(size=(40_000, 6)), []
    DBSCAN(1.0).fit(X, report=lambda step, total, phase: seen.append((step, total, phase)))
    steps = [step for step, *_ in seen]
    assert steps == sorted(steps) and steps[-1] == seen[-1][1] and len(set(steps)) > 20 and {phase for *_, phase in seen} == {"train"}

    def stop(step, total, phase):
        if step > total // 3:
            raise Cancelled("Stopped.")

    model, before = DBSCAN(1.0), threading.active_count()
    with pytest.raises(Cancelled):
        model.fit(X, report=stop)
    assert threading.active_count() == before and not hasattr(model, "labels_")


@pytest.mark.parametrize("threads", [1, 3])
def test_pieces_cover_the_work_once(threads):
    from bmcore.compute.pool import spread

    done = np.zeros(1000, int)

    def kernel(first, last):
        done[first:last] += 1

    spread(kernel, 1000, (), threads, lambda share: None)
    assert (done == 1).all()

    def fail(first, last):
        raise MemoryError

    with pytest.raises(MemoryError):
        spread(fail, 1000, (), threads, lambda share: None)


@FEW
@given(lattices(), st.integers(0, 1000))
def test_new_rows_join_the_nearest_core_point(points, seed):
    X, eps = points
    random = np.random.default_rng(seed)
    labels, new = random.integers(0, 4, size=len(X)), random.integers(0, 9, size=(30, X.shape[1])).astype(X.dtype)
    gaps = distances(new, X)
    near, best = gaps.min(1) <= eps * eps, gaps.min(1)
    wanted = [labels[gaps[i] == best[i]].min() if near[i] else -1 for i in range(len(new))]
    np.testing.assert_array_equal(predict_new(X, labels, new, eps), wanted)


def test_new_rows_of_a_fitted_model():
    X = np.random.default_rng(0).normal(size=(2000, 2))
    made = DBSCAN(0.15).fit(X)
    again = predict_new(made.components_, made.labels_[made.core_sample_indices_], X, 0.15)
    core = made.core_sample_indices_
    np.testing.assert_array_equal(again[core], made.labels_[core])
    np.testing.assert_array_equal(again < 0, made.labels_ < 0)
    assert (predict_new(np.empty((0, 2)), np.empty(0, int), X, 0.15) == -1).all()
    with pytest.raises(DataError, match="features"):
        predict_new(made.components_, made.labels_[core], X[:, :1], 0.15)


@pytest.mark.parametrize(("points", "labels", "part"), [
    (np.zeros((5, 2)), np.zeros(1, int), "core_labels"), (np.zeros((5, 2)), np.zeros((5, 1), int), "core_labels"),
    (np.zeros((5, 2)), np.zeros(5), "core_labels"), (np.zeros(5), np.zeros(5, int), "core_points"),
    (np.full((5, 2), np.nan), np.zeros(5, int), "NaN"), (np.full((5, 2), 1e200), np.zeros(5, int), "1e\\+200"),
    (np.zeros((0, 2)), np.zeros(3, int), "core_labels"),
])
def test_new_rows_of_core_points_that_cannot_be(points, labels, part):
    with pytest.raises(DataError, match=part):
        predict_new(points, labels, np.zeros((3, 2)), 0.5)
    for settings_ in ({"metric": "precomputed"}, {"metric": "seuclidean"}, {"metric": "mahalanobis"}, {"n_jobs": 0}):
        with pytest.raises(ParameterError):
            predict_new(np.zeros((5, 2)), np.zeros(5, int), np.zeros((3, 2)), 0.5, **settings_)
    with pytest.raises(ParameterError, match="eps"):
        predict_new(np.zeros((5, 2)), np.zeros(5, int), np.zeros((3, 2)), float("nan"))


def test_a_change_of_any_kernel_file_compiles_all_anew():
    from bmcore.cluster import kernels_dbscan_join, kernels_dbscan_walk
    from bmcore.compute import compiled

    for kernel in (kernels_dbscan_walk.count, kernels_dbscan_join.join):
        assert kernel._cache._cache_file._source_stamp == compiled.stamp(Path(kernel.py_func.__code__.co_filename).parent)

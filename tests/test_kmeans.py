"""KMeans: known answers, scikit-learn's contract, errors in words, counts of work, save and load, stopping."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bmcore import KMeans
from bmcore.errors import Cancelled, DataError, NotFittedError, ParameterError

pytestmark = pytest.mark.filterwarnings("ignore:X (has|does not have)", "ignore:Number of distinct")
ROOT = Path(__file__).resolve().parents[1]
CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [9.0, 9.0], [9.0, 8.0]])


def blobs(n=2000, d=4, k=5, seed=0, dtype=np.float64):
    random = np.random.default_rng(seed)
    middles = random.normal(size=(k, d)) * 10
    return (middles[random.integers(k, size=n)] + random.normal(size=(n, d))).astype(dtype)


def test_four_corners():
    kmeans = KMeans(2, init=CORNERS[[0, 2]]).fit(CORNERS)
    assert kmeans.labels_.tolist() == [0, 0, 1, 1]
    assert kmeans.cluster_centers_.tolist() == [[0.0, 0.5], [9.0, 8.5]]
    assert kmeans.inertia_ == 1.0
    assert kmeans.n_iter_ == 2
    assert kmeans.score(CORNERS) == -1.0
    assert kmeans.transform([[0.0, 0.5]]).tolist() == [[0.0, pytest.approx(np.hypot(9, 8))]]


def test_one_group_is_the_mean_and_n_groups_are_the_rows():
    X = blobs(50)
    one = KMeans(1).fit(X)
    np.testing.assert_allclose(one.cluster_centers_[0], X.mean(0))
    assert one.inertia_ == pytest.approx(((X - X.mean(0)) ** 2).sum())
    every = KMeans(50, random_state=0).fit(X)
    assert every.inertia_ < 1e-25  # the mean taken off and put back
    assert sorted(every.labels_) == list(range(50))


def test_weights_move_the_mean_and_zero_weighs_nothing():
    X = np.array([[0.0], [1.0], [100.0]])
    kmeans = KMeans(1).fit(X, sample_weight=[3, 1, 0])
    assert kmeans.cluster_centers_.tolist() == [[0.25]]
    assert kmeans.inertia_ == pytest.approx(3 * 0.25**2 + 0.75**2)
    assert kmeans.labels_.tolist() == [0, 0, 0]
    assert kmeans.score(X, sample_weight=[0, 0, 1]) == pytest.approx(-(99.75**2))


def test_an_empty_group_takes_the_farthest_row():
    X = np.array([[0.0], [1.0], [2.0], [50.0]])
    kmeans = KMeans(2, init=np.array([[1.0], [1000.0]]), max_iter=1).fit(X)
    assert kmeans.cluster_centers_.ravel().tolist() == [1.0, 50.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_same_start_ends_as_scikit_learns(dtype, weighted):
    from sklearn.cluster import KMeans as Theirs

    for seed in range(5):
        X = blobs(3000, 6, 12, seed, dtype)
        weight = np.random.default_rng(seed).integers(0, 4, len(X)).astype(dtype) if weighted else None
        start = X[:12].copy()
        ours, theirs = (cls(12, init=start).fit(X, sample_weight=weight) for cls in (KMeans, Theirs))
        assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-5)
        assert (ours.labels_ == theirs.labels_).mean() > 0.999
        assert abs(ours.n_iter_ - theirs.n_iter_) <= 1
        np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=2e-4, atol=2e-4)
        assert ours.cluster_centers_.dtype == ours.transform(X).dtype == dtype
        assert ours.labels_.dtype == theirs.labels_.dtype


def test_seeding_is_as_good_as_scikit_learns():
    from sklearn.cluster import KMeans as Theirs

    X = blobs(2000, 8, 40, 1)
    ours, theirs = ([cls(40, random_state=seed).fit(X).inertia_ for seed in range(9)] for cls in (KMeans, Theirs))
    assert np.median(ours) <= 1.01 * np.median(theirs)


def test_kmeans_plus_plus_never_takes_a_row_twice():
    from bmcore.cluster import seeding
    from bmcore.compute.threads import Shares

    X = np.repeat(np.arange(20, dtype=np.float32)[:, None], 300, axis=0)  # beyond the tables that are sorted
    rows = seeding.plus_plus(X, np.empty(0, np.float32), 20, np.random.RandomState(3), Shares(len(X), None, 1, 512), lambda *a, **k: None)
    assert sorted(X[rows, 0]) == list(range(20))


def test_order_and_repetition_do_not_matter_in_small_tables():
    X = blobs(60, 3, 4)
    counts = np.arange(60) % 4
    shuffled = np.random.default_rng(0).permutation(60)
    weighted = KMeans(4, random_state=0).fit(X[shuffled], sample_weight=counts[shuffled])
    repeated = KMeans(4, random_state=0).fit(np.repeat(X, counts, axis=0))
    np.testing.assert_allclose(weighted.cluster_centers_, repeated.cluster_centers_)


def test_best_of_several_starts():
    X = blobs(800, 2, 9)
    single = min(KMeans(9, init="random", n_init=1, random_state=seed).fit(X).inertia_ for seed in range(3))
    assert KMeans(9, init="random", n_init=20, random_state=0).fit(X).inertia_ <= single * 1.0001
    assert KMeans(3, init=lambda X, k, random_state: X[:k]).fit(X).n_iter_ >= 1
    with pytest.warns(RuntimeWarning, match="one start"):
        KMeans(3, init=X[:3], n_init=4).fit(X)


def test_random_state_in_all_its_forms():
    X = blobs(500)
    np.testing.assert_array_equal(
        KMeans(5, random_state=7).fit(X).labels_, KMeans(5, random_state=np.random.RandomState(7)).fit(X).labels_
    )
    KMeans(5, random_state=np.random.default_rng(7)).fit(X)
    KMeans(5).fit(X)


def test_tables_of_every_kind_give_the_same():
    import torch

    X = blobs(300, dtype=np.float32)
    expected = KMeans(3, random_state=0).fit(X)
    for same in (torch.from_numpy(X), pd.DataFrame(X, columns=list("abcd")), np.asfortranarray(X), X.tolist(), X.astype(object)):
        kmeans = KMeans(3, random_state=0)
        np.testing.assert_array_equal(kmeans.fit_predict(same), expected.labels_)
        np.testing.assert_array_equal(kmeans.predict(same), expected.labels_)
    before = X.copy()
    X.flags.writeable = False
    KMeans(3, copy_x=False).fit(X)
    np.testing.assert_array_equal(X, before)


def test_both_algorithms_are_one():
    X = blobs()
    np.testing.assert_array_equal(*(KMeans(5, random_state=0, algorithm=name).fit(X).labels_ for name in ("lloyd", "elkan")))


FRAME = pd.DataFrame({"age": [1.0, 2.0, np.nan], "name": ["x", "y", "z"]})


@pytest.mark.parametrize(("X", "words"), [
    (FRAME[["age"]], ["Row 2", "'age'", "NaN", "drop the row"]),
    (np.array([[1.0, 2.0], [np.inf, 1.0]]), ["Row 1", "column 0", "inf"]),
    (FRAME[["name"]], ["Row 0", "'name'", "'x'", "leave this column out"]),
    (np.empty((0, 3)), ["no rows"]),
    (np.empty((3, 0)), ["no columns"]),
    (np.arange(3.0), ["Reshape your data"]),
    (np.eye(3) * 1j, ["Complex data not supported"]),
    ([[1.0, 2.0], [3.0]], ["differ in length"]),
    (np.eye(3), ["n_samples=3", "n_clusters=8", "at most 3"]),
])
def test_unusable_tables_are_explained(X, words):
    with pytest.raises(DataError) as caught:
        KMeans().fit(X)
    assert all(word in str(caught.value) for word in words), caught.value


def test_sparse_tables_are_refused_in_words():
    from scipy import sparse

    with pytest.raises(DataError, match=r"sparse.*toarray"):
        KMeans(2).fit(sparse.csr_matrix(CORNERS))


@pytest.mark.parametrize(("weight", "words"), [
    ([1, 1, 1], "one weight a row"), ([1, 1, 1, -1], "row 3"), ([0, 0, 0, 0], "zero"), ([1, 1, np.nan, 1], "row 2"), (["a"] * 4, "number"),
])
def test_unusable_weights_are_explained(weight, words):
    with pytest.raises(DataError, match=words):
        KMeans(2).fit(CORNERS, sample_weight=weight)


@pytest.mark.parametrize("settings", [
    {"n_clusters": 0}, {"n_clusters": 2.5}, {"init": "best"}, {"n_init": 0}, {"max_iter": 0}, {"tol": -1.0}, {"tol": float("nan")},
    {"random_state": -1}, {"algorithm": "auto"}, {"init": [[1.0, 2.0]]}, {"init": [["a", "b"], ["c", "d"]]}, {"device": "tpu"},
])
def test_unusable_settings_are_refused(settings):
    with pytest.raises(ParameterError):
        KMeans(**{"n_clusters": 2, **settings}).fit(CORNERS)


def test_new_rows_must_look_like_the_old_ones():
    frame = pd.DataFrame(CORNERS, columns=["a", "b"])
    kmeans = KMeans(2, random_state=0).fit(frame)
    with pytest.raises(DataError, match="2 features"):
        kmeans.predict(np.ones((1, 3)))
    with pytest.raises(DataError, match="same order"):
        kmeans.predict(frame[["b", "a"]])
    with pytest.raises(DataError, match="unseen at fit time:\n- c"):
        kmeans.predict(frame.rename(columns={"a": "c"}))
    with pytest.warns(UserWarning, match="valid feature names"):
        kmeans.predict(CORNERS)


def test_fewer_distinct_rows_than_groups_is_a_warning():
    with pytest.warns(UserWarning, match=r"distinct clusters \(2\)"):
        kmeans = KMeans(3, random_state=0).fit([[0.0], [0.0], [1.0], [1.0]])
    assert kmeans.inertia_ == 0


def test_check_estimator():
    from sklearn.utils import estimator_checks

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = estimator_checks.check_estimator(KMeans(), on_fail=None, on_skip=None)
    # the only ones left out need scikit-learn's experimental array switch
    assert {entry["check_name"] for entry in found if entry["status"] != "passed"} <= {"check_array_api_input"}
    assert len(found) > 40
    # what scikit-learn only asks of its own subclasses
    for check in (
        estimator_checks.check_clustering, estimator_checks.check_clusterer_compute_labels_predict,
        estimator_checks.check_dataframe_column_names_consistency, estimator_checks.check_transformer_get_feature_names_out,
        estimator_checks.check_transformer_get_feature_names_out_pandas, estimator_checks.check_set_output_transform_pandas,
        estimator_checks.check_global_output_transform_pandas, estimator_checks.check_inplace_ensure_writeable,
    ):
        check("KMeans", KMeans())


def test_in_a_pipeline_a_search_and_as_frames():
    from sklearn.base import clone, is_clusterer
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X = blobs(400)
    assert is_clusterer(KMeans())
    pipeline = make_pipeline(StandardScaler(), KMeans(3, random_state=0)).fit(X)
    assert pipeline.predict(X).shape == (400,)
    frame = pd.DataFrame(X, index=np.arange(400) + 5)
    framed = clone(KMeans(3, random_state=0).set_output(transform="pandas")).fit(frame).transform(frame)
    assert list(framed.columns) == ["kmeans0", "kmeans1", "kmeans2"] and framed.index[0] == 5
    search = GridSearchCV(KMeans(random_state=0), {"n_clusters": [2, 5]}, cv=3).fit(X)
    assert search.best_params_ == {"n_clusters": 5}


def test_unfitted_is_scikit_learns_error_too():
    import pickle

    from sklearn.exceptions import NotFittedError as Theirs

    for kind in (NotFittedError, Theirs):
        with pytest.raises(kind):
            KMeans().predict(CORNERS)
    try:
        KMeans().predict(CORNERS)
    except NotFittedError as error:
        assert isinstance(pickle.loads(pickle.dumps(error)), Theirs)


def test_signature_is_scikit_learns_and_a_device():
    import inspect

    from sklearn.cluster import KMeans as Theirs

    theirs, ours = (inspect.signature(cls.__init__).parameters for cls in (Theirs, KMeans))
    assert list(ours) == [*theirs, "device"]
    assert all(ours[name].default == entry.default and ours[name].kind == entry.kind for name, entry in theirs.items())
    assert {"cluster_centers_", "labels_", "inertia_", "n_iter_", "n_features_in_"} <= set(vars(KMeans(2).fit(CORNERS)))


def test_save_and_load(tmp_path):
    X = pd.DataFrame(blobs(), columns=list("abcd"))
    kmeans = KMeans(5, init=X.to_numpy()[:5], random_state=np.random.RandomState(0)).fit(X)
    loaded = KMeans.load(kmeans.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.predict(X), kmeans.labels_)
    assert (loaded.inertia_, loaded.n_iter_, loaded.n_features_in_) == (kmeans.inertia_, kmeans.n_iter_, 4)
    assert list(loaded.feature_names_in_) == list("abcd")
    assert "KMeans" in repr(kmeans)


def test_progress_and_stopping():
    X, seen = blobs(3000, 5, 40), []

    def report(step, total, *, phase, **metrics):
        seen.append((step, total, phase, metrics.get("inertia")))

    kmeans = KMeans(40, random_state=0, n_init=2).fit(X, report=report)
    train = [entry for entry in seen if entry[2] == "train"]
    assert {"seed", "train"} == {entry[2] for entry in seen}
    assert train[-1][0] == train[-1][1] == 600
    assert train[-1][3] == kmeans.inertia_
    first = [entry[3] for entry in train if entry[0] < 300]
    assert all(later <= earlier * (1 + 1e-9) for earlier, later in itertools.pairwise(first))

    def stop(step, total, *, phase, **metrics):
        if phase == "train" and step == 1:
            raise Cancelled("stopped")

    stopped = KMeans(40, random_state=0)
    with pytest.raises(Cancelled):
        stopped.fit(X, report=stop)
    with pytest.raises(NotFittedError):
        stopped.predict(X)


def test_a_fit_prints_nothing(capfd):
    KMeans(2).fit(CORNERS)
    assert capfd.readouterr() == ("", "")


def test_settled_rows_are_not_measured_again():
    """Counts, not seconds: after the first pass bounds spare most rows of well-separated groups."""
    from bmcore.cluster import fitting

    X = blobs(20000, 8, 10)
    found = fitting.fit(KMeans(10, random_state=0).get_params(), X, None, lambda *a, **k: None)
    assert found.n_iter >= 2
    assert found.measured < 1.5 * len(X)


def test_memory_beside_the_table_is_linear_in_its_rows():
    n, d, k = 40000, 8, 400
    X = blobs(n, d, k, dtype=np.float32)
    KMeans(2).fit(X[:100])  # what is compiled and imported once is not the fit's
    tracemalloc.start()
    kmeans = KMeans(k, random_state=0, max_iter=3).fit(X)
    kmeans.predict(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes + 40 * n + 20 * k * d * 8 + 8 * k * k + 2e6
    assert peak < n * k * 4 / 5  # far below a table of all distances


def test_threads_change_nothing_that_matters(monkeypatch):
    X = blobs(30000, 3, 6)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    single = KMeans(6, random_state=0).fit(X)
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr("bmcore.compute.threads.threads_allowed", lambda: 3)
    several = KMeans(6, random_state=0).fit(X)
    np.testing.assert_array_equal(single.labels_, several.labels_)
    np.testing.assert_array_equal(several.predict(X), several.labels_)


def test_several_threads_may_use_one_estimator():
    from concurrent.futures import ThreadPoolExecutor

    X = blobs(20000, 3, 6)
    kmeans = KMeans(6, random_state=0).fit(X)
    with ThreadPoolExecutor(4) as pool:
        for labels in pool.map(lambda _: kmeans.predict(X), range(8)):
            np.testing.assert_array_equal(labels, kmeans.labels_)


def test_the_face_imports_nothing_heavy():
    script = (
        "import sys, json, bmcore\nbmcore.KMeans().get_params()\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert not set(json.loads(done.stdout)) & {"sklearn", "numba", "llvmlite", "torch", "scipy", "pandas"}

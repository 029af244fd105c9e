"""Tables at the edge of what numbers and names can be: refused in a sentence or clustered rightly. And weights through meta-estimators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bmcore import DBSCAN, KMeans
from bmcore.cluster import choose_eps, choose_k
from bmcore.cluster.inputs import check_finite
from bmcore.errors import DataError, DataTypeError

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [9.0, 9.0], [9.0, 8.0]])
BOTH = pytest.mark.parametrize("made", [KMeans(2, random_state=0), DBSCAN(2.0, min_samples=2)], ids=repr)


@BOTH
@pytest.mark.parametrize(("X", "words"), [
    ([[1.7e308], [-1.7e308], [0.0]], ["Row 0, column 0 is 1.7e+308", "divide this column"]),
    (CORNERS * 1e300, ["Row 1, column 1 is 1e+300"]),
    (pd.DataFrame({"a": [1.0, 2.0], "b": [0.0, -2e150]}), ["Row 1, column 'b' is -2e+150"]),
    ([[10**400], [1]], ["Row 0, column 0 is beyond 1e308", "divide this column"]),
    (np.array([["1"], ["1e200"]]), ["Row 1, column 0 is 1e+200"]),
    ([[1e200, 0.0], [np.nan, 0.0]], ["Row 0, column 0"]),
    (np.array([[3e38], [-np.inf]], np.float32), ["Row 1, column 0 is -inf"]),
    (np.array([[3e38], [np.nan]], np.float32), ["Row 1, column 0 is NaN"]),
])
def test_huge_numbers_are_refused(made, X, words):
    with pytest.raises(DataError) as caught:
        made.fit(X)
    assert all(word in str(caught.value) for word in words), caught.value


def test_huge_numbers_elsewhere():
    X = np.random.default_rng(0).normal(size=(200, 2))
    X[7, 1] = 1e151
    for ask in (choose_k, choose_eps):
        with pytest.raises(DataError, match="Row 7, column 1 is 1e\\+151"):
            ask(X)
        with pytest.raises(DataError):
            ask([[10**400, 1], [1, 2]])
    with pytest.raises(DataError, match="Row 0"):
        KMeans(2).fit(CORNERS).predict([[0.0, 1e200]])
    with pytest.raises(DataError, match="number"):
        KMeans(2).fit(CORNERS, sample_weight=[10**400, 1, 1, 1])
    with pytest.raises(DataError, match="number"):
        DBSCAN().fit(CORNERS, sample_weight=[10**400, 1, 1, 1])


@pytest.mark.parametrize("size", [1e149 / 9, 1e-100, 1e30])
def test_large_and_small_numbers_are_clustered_rightly(size):
    kmeans = KMeans(2, random_state=0).fit(CORNERS * size)
    assert kmeans.labels_[0] == kmeans.labels_[1] != kmeans.labels_[2] == kmeans.labels_[3]
    assert kmeans.inertia_ == pytest.approx(size**2)
    assert DBSCAN(2.0 * size, min_samples=2).fit(CORNERS * size).labels_.tolist() == [0, 0, 1, 1]
    check_finite(np.full((1000, 50), 1e150))  # the sum of the squares is beyond the limit, no number is
    check_finite(np.full((1000, 50), 3e38, np.float32))


@BOTH
def test_sparse_tensors_are_refused_in_words(made):
    torch = pytest.importorskip("torch")
    for sparse in (torch.eye(3).to_sparse(), torch.eye(3).to_sparse_csr()):
        with pytest.raises(DataTypeError, match=r"sparse.*X\.to_dense\(\)"):
            made.fit(sparse)


@BOTH
@pytest.mark.parametrize("names", [["a", "a"], [0, 0]])
def test_two_columns_of_one_name_are_refused(made, names):
    with pytest.raises(DataError, match="more than one column named"):
        made.fit(pd.DataFrame(CORNERS, columns=names))
    with pytest.raises(DataError, match="more than one column named 'a'"):
        KMeans(2).fit(pd.DataFrame(CORNERS, columns=["a", "b"])).predict(pd.DataFrame(CORNERS, columns=["a", "a"]))


def test_settings_as_wide_as_scikit_learns():
    assert KMeans(2, n_init=1500, tol=1e9, random_state=0).fit(CORNERS).inertia_ == pytest.approx(1.0)


def test_weights_are_routed():
    import sklearn
    from sklearn.base import clone
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    weight = [3, 1, 1, 1]
    with sklearn.config_context(enable_metadata_routing=True):
        for made in (KMeans(2, init=CORNERS[[0, 2]]), DBSCAN(0.5, min_samples=3)):
            scaler = StandardScaler().set_fit_request(sample_weight=False)
            with pytest.raises(ValueError, match="sample_weight"):
                make_pipeline(scaler, clone(made)).fit(CORNERS, sample_weight=weight)
            asking = made.set_fit_request(sample_weight=True)
            assert asking is made and clone(made).get_metadata_routing().fit.requests == {"sample_weight": True}
            piped = make_pipeline(scaler, made).fit(CORNERS, sample_weight=weight)[-1]
            expected = clone(made).fit(StandardScaler().fit_transform(CORNERS), sample_weight=weight)
            np.testing.assert_array_equal(piped.labels_, expected.labels_)
        scored = KMeans(2).set_score_request(sample_weight="w").set_fit_request(sample_weight=False).get_metadata_routing()
        assert scored.score.requests == {"sample_weight": "w"} and scored.fit.requests == {"sample_weight": False}
        assert not hasattr(DBSCAN(), "set_score_request") and DBSCAN().get_metadata_routing().score.requests == {}

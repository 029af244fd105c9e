"""What a clustering run saves: rows in, groups out, the same after a save and a load."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

from bmcore.base import Estimator
from bmcore.cluster import model as module
from bmcore.cluster.dbscan import DBSCAN
from bmcore.cluster.kmeans import KMeans
from bmcore.cluster.model import ClusterModel, nearest
from bmcore.data.prepared import preparation
from bmcore.errors import DataError, ModelError

METRICS = {"euclidean": "euclidean", "manhattan": "cityblock", "chebyshev": "chebyshev"}


def table(n=300, d=3, seed=0):
    draw = np.random.default_rng(seed)
    return pd.DataFrame(draw.normal(0, 1, (n, d)) + 8 * (np.arange(n) % 3)[:, None], columns=[f"c{i}" for i in range(d)])


def made(clusterer, d=3):
    how = preparation("numeric", {"features": [f"c{i}" for i in range(d)]})
    return ClusterModel(how, clusterer.fit(how.fit(table(d=d)).X))


@pytest.mark.parametrize("clusterer", [KMeans(3, random_state=0), DBSCAN(0.4), DBSCAN(0.5, metric="manhattan")], ids=repr)
def test_saved_and_loaded_it_answers_the_same(tmp_path, clusterer):
    model = made(clusterer)
    model.names_ = {0: "one", 2: "three"}
    found = ClusterModel.load(model.save(tmp_path / "model"))
    records = table(50, seed=1).to_dict("records")
    for ours, theirs in zip(model.assign(records), found.assign(records), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(found.labels_, model.labels_)
    assert found.names_ == model.names_ and repr(found) == repr(model) and found.example() == model.example()
    assert type(Estimator.load(tmp_path / "model")) is type(clusterer)  # the clusterer alone
    assert {path.suffix for path in (tmp_path / "model").rglob("*") if path.is_file()} == {".json", ".npz"}


def test_rows_it_learned_from_keep_their_group():
    model = made(KMeans(3, random_state=0))
    np.testing.assert_array_equal(model.predict(table().to_dict("records")), model.labels_)
    np.testing.assert_array_equal(model.predict(table()), model.labels_)


@pytest.mark.parametrize("d", [3, 20])
@pytest.mark.parametrize("metric", METRICS)
def test_dbscan_places_a_row_by_its_nearest_dense_point(d, metric):
    """Against all distances at once."""
    reach = 0.5 if d == 3 else {"euclidean": 1.2, "manhattan": 4.5, "chebyshev": 0.6}[metric]
    model = made(DBSCAN(reach, metric=metric), d)
    new = table(80, d, seed=3) + np.random.default_rng(4).normal(0, 1, (80, d)) * np.linspace(0, 3, 80)[:, None]
    X = model.preparation.transform(new.to_dict("records"))
    cores = model.clusterer.components_
    far = cdist(X.astype(float), cores.astype(float), METRICS[metric])
    labels = np.where(far.min(1) <= model.clusterer.eps, model.labels_[model.clusterer.core_sample_indices_][far.argmin(1)], -1)
    found, distances = model.assign(new.to_dict("records"))
    np.testing.assert_allclose(distances, far.min(1), rtol=1e-6)
    sure = np.abs(far.min(1) - model.clusterer.eps) > 1e-6
    np.testing.assert_array_equal(found[sure], labels[sure])
    assert len(set(found)) > 1


def test_far_out_rows_of_the_table_itself():
    model = made(KMeans(3, random_state=0))
    X = model.preparation.transform(table().to_dict("records"))
    own = model.distances(X)
    np.testing.assert_allclose(own, cdist(X.astype(float), model.clusterer.cluster_centers_.astype(float)).min(1), rtol=1e-5)
    model = made(DBSCAN(0.3))
    own = model.distances(X)
    assert (np.isnan(own) == (model.labels_ >= 0)).all() and (own[model.labels_ < 0] > 0.3).all() and (model.labels_ < 0).any()
    assert made(DBSCAN(2.0), 20).distances(np.zeros((300, 20), np.float32)) is None


def test_nearest_holds_few_distances(monkeypatch):
    draw = np.random.default_rng(0)
    X, points = draw.normal(size=(500, 4)), draw.normal(size=(70, 4))
    expected = cdist(X, points).argmin(1)
    for block in (1, 100, 10_000_000):
        monkeypatch.setattr(module, "_BLOCK", block)
        np.testing.assert_array_equal(nearest(X, points), expected)


def test_nothing_and_wrong_things():
    model = made(KMeans(3, random_state=0))
    assert model.predict([]).shape == (0,) and model.assign_table(table().iloc[:0])[1].shape == (0,)
    with pytest.raises(DataError, match="'c1'"):
        model.predict(table().drop(columns="c1"))
    with pytest.raises(DataError, match="not a number"):
        model.predict([{"c0": "a", "c1": 1, "c2": 1}])


def test_a_folder_that_is_no_such_model(tmp_path):
    with pytest.raises(ModelError):
        ClusterModel.load(tmp_path)
    model = made(KMeans(3, random_state=0))
    folder = model.save(tmp_path / "model")
    (folder / "names.json").write_text("[3")
    assert ClusterModel.load(folder).names_ == {}
    for text in ("[" * 100_000, '{"a": "b", "1": "one", "-1": "noise", "2": [3], "1.5": "x", "' + "9" * 5000 + '": "y"}'):
        (folder / "names.json").write_text(text)
        assert ClusterModel.load(folder).names_ == ({1: "one", -1: "noise"} if "one" in text else {})
    (folder / "preparation" / "preparation.json").write_text("{}")
    with pytest.raises(ModelError, match="prepared"):
        ClusterModel.load(folder)


def test_an_unknown_preparation_is_named():
    from bmcore.runs.task_clustering import columns

    with pytest.raises(DataError, match=r"'foo'.*numeric, purchases, messages"):
        columns({"prepare": "foo"})
    with pytest.raises(DataError, match=r"\[1\]"):
        columns({"prepare": [1]})
    with pytest.raises(DataError, match="does not say"):
        columns({})

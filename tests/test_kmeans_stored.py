"""Saved KMeans and DBSCAN that were cut short or changed: a sentence, never a wrong answer, a hang or a foreign error."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

from bmcore import DBSCAN, KMeans
from bmcore.base import Estimator
from bmcore.errors import ModelError

X = np.array([[0.0, 0.0], [0.0, 1.0], [9.0, 9.0], [9.0, 8.0], [50.0, 50.0]])
NPZ = {"KMeans": "kmeans.npz", "DBSCAN": "dbscan.npz"}
REST = {"KMeans": "kmeans.json", "DBSCAN": "columns.json"}


@pytest.fixture(params=["KMeans", "DBSCAN"])
def saved(request, tmp_path):
    """(class's name, folder)."""
    made = KMeans(2, random_state=0) if request.param == "KMeans" else DBSCAN(2.0, min_samples=2)
    return request.param, made.fit(X).save(tmp_path / "model")


def refused(folder, *words):
    with pytest.raises(ModelError) as caught:
        Estimator.load(folder)
    assert all(word in str(caught.value) for word in words), caught.value


def changed(folder, name, **arrays):
    with np.load(folder / NPZ[name]) as stored:
        np.savez(folder / NPZ[name], **{**stored, **arrays})


def claiming(shape, kind="<f8", content=b"\0" * 16):
    """An array's bytes whose header says more than there is."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": kind, "fortran_order": False, "shape": shape})
    return head.getvalue() + content


def test_cut_short_anywhere(saved):
    name, folder = saved
    whole = (folder / NPZ[name]).read_bytes()
    for size in {0, 1, 30, *range(40, len(whole), 97), len(whole) - 1}:
        (folder / NPZ[name]).write_bytes(whole[:size])
        refused(folder, name, NPZ[name], "Save the model again")
    (folder / NPZ[name]).unlink()
    refused(folder, NPZ[name])


def test_any_changed_byte_is_noticed_or_harmless(saved):
    name, folder = saved
    whole = (folder / NPZ[name]).read_bytes()
    for at in range(0, len(whole), 7):
        (folder / NPZ[name]).write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            Estimator.load(folder)
        except ModelError:
            continue


@pytest.mark.parametrize("entry", [
    claiming((10**12, 2)), claiming((2**62, 2**62)), claiming((10**12,), "<i8"), claiming((-1, 2)), claiming((1, 2), "|O"), b"",
    b"\x93NUMPY", b"\x93NUMPY\x01\x00" + (9000).to_bytes(2, "little") + b"(" * 9000,
])
@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_headers_that_lie(saved, entry, packed):
    name, folder = saved
    with np.load(folder / NPZ[name]) as stored:
        names = list(stored)
    with zipfile.ZipFile(folder / NPZ[name], "w", packed) as archive:
        for member in names:
            archive.writestr(f"{member}.npy", entry)
    refused(folder, name)


@pytest.mark.parametrize("text", [
    "", "[", "[1]", "null", "{}", "[" * 100_000, '{"inertia": Infinity, "n_iter": 1, "n": Infinity}',
    '{"inertia": 1, "n_iter": Infinity, "n": 3}',
    '{"inertia": 1, "n_iter": 1, "n": 2, "names": "ab"}', '{"inertia": 1, "n_iter": 1, "n": 2, "names": ["a"]}',
    '{"inertia": 1, "n_iter": 1, "n": 2, "names": [1, {}]}', '{"inertia": [], "n_iter": "x", "n": "two"}',
])
def test_the_file_beside(saved, text):
    name, folder = saved
    (folder / REST[name]).write_text(text)
    refused(folder, name, REST[name])


@pytest.mark.parametrize("centres", [
    np.zeros((0, 2)), np.zeros(2), np.zeros((1, 2, 2)), np.zeros((2, 0)), np.full((2, 2), np.nan), np.full((2, 2), np.inf),
    np.full((2, 2), np.inf, np.float32), np.zeros((2, 2), int), np.zeros((2, 2), ">f8"),
    np.zeros((2, 2), complex), np.zeros((2, 2), "U1"), np.full((2, 2), 1e200),
])
def test_centres_that_cannot_be(tmp_path, centres):
    folder = KMeans(2, random_state=0).fit(X).save(tmp_path / "model")
    changed(folder, "KMeans", cluster_centers=centres)
    refused(folder, "KMeans")
    folder = DBSCAN(2.0, min_samples=2).fit(X).save(tmp_path / "other")
    changed(folder, "DBSCAN", components=centres)
    refused(folder, "DBSCAN")


@pytest.mark.parametrize("labels", [
    np.zeros(5), np.zeros((5, 1), int), np.array([0, 1, 2]), np.array([-1, 0]), np.array(["a"]), np.zeros(5, bool),
])
def test_labels_that_cannot_be(tmp_path, labels):
    folder = KMeans(2, random_state=0).fit(X).save(tmp_path / "model")
    changed(folder, "KMeans", labels=labels)
    refused(folder, "KMeans")


@pytest.mark.parametrize("arrays", [
    {"labels": np.zeros(2, int)}, {"labels": np.array([0, 0, 1, 1, -2])}, {"labels": np.array([0, 0, 1, 10**9, -1])},
    {"labels": np.array([0, 0, -1, 1, -1])}, {"labels": np.zeros((5, 1), int)}, {"labels": np.zeros(5)},
    {"core_sample_indices": np.array([0, 1, 2])}, {"core_sample_indices": np.array([0, 1, 2, 5])},
    {"core_sample_indices": np.array([-1, 1, 2, 3])}, {"core_sample_indices": np.arange(4.0)},
    {"components": np.zeros((400_000, 2))}, {"components": np.zeros((4, 3))},
])
def test_core_points_that_cannot_be(tmp_path, arrays):
    folder = DBSCAN(2.0, min_samples=2).fit(X).save(tmp_path / "model")
    changed(folder, "DBSCAN", **arrays)
    refused(folder, "DBSCAN")


@pytest.mark.parametrize("stored", [
    {"params": [1]}, {"params": "ab"}, {"params": None}, {"estimator": []}, {"estimator": {}}, {"estimator": None}, "[" * 100_000,
])
def test_estimator_json_that_cannot_be(saved, stored):
    path = saved[1] / "estimator.json"
    path.write_text(stored if isinstance(stored, str) else json.dumps({**json.loads(path.read_text()), **stored}))
    refused(saved[1], "estimator.json")


def test_without_noise_or_core_a_model_survives(tmp_path):
    for eps in (1e-9, 1e9):
        made = DBSCAN(eps, min_samples=2).fit(X.astype(np.float32))
        again = DBSCAN.load(made.save(tmp_path / str(eps)))
        np.testing.assert_array_equal(again.labels_, made.labels_)
        np.testing.assert_array_equal(again.components_, made.components_)
        assert again.components_.dtype == np.float32 and again.labels_.dtype == made.labels_.dtype

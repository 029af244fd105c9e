"""Saved recommenders that somebody changed: every one is refused in a sentence, and none reads memory that is not its own."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from bmcore.base import Estimator
from bmcore.errors import ModelError
from bmcore.recommend import ALS, EASE, AutoRecommender, ItemKNN, Popularity, engine_als, engine_lists, engine_weights, inputs, stored
from bmcore.recommend.listing import Listing

KNOWN, ALL = 40, 400  # items that somebody chose, and all of the catalogue
MAKE = {
    "EASE": EASE, "ALS": lambda: ALS(factors=4, iterations=2), "ItemKNN": ItemKNN, "Popularity": Popularity,
    "AutoRecommender": AutoRecommender,
}


def log():
    rng = np.random.default_rng(0)
    return pd.DataFrame({"user": rng.integers(0, 30, 300), "item": rng.permutation(np.r_[np.arange(KNOWN), rng.integers(0, KNOWN, 260)])})


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """(name, with a catalogue or not) -> folder."""
    catalogue = pd.DataFrame({"item": range(ALL), "title": [f"w{at % 7} x{at % 5}" for at in range(ALL)]})
    people = pd.DataFrame({"user": range(30), "city": ["Oslo", "Rome"] * 15})
    folders = {}
    for name, make in MAKE.items():
        for described in (True, False):
            made = make().fit(log(), **({"items": catalogue, "users": people} if described else {}))
            folders[name, described] = made.save(tmp_path_factory.mktemp("saved") / name)
    return folders


@pytest.fixture
def copy(saved, tmp_path):
    return lambda name, described: shutil.copytree(saved[name, described], tmp_path / f"{name} {described}")


def refused(folder):
    with pytest.raises(ModelError, match="missing or damaged"):
        Estimator.load(folder)


def change_json(folder, **told):
    path = folder / "recommender.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **told}))


def change_array(path, name, change):
    found = stored.arrays(path)
    stored.write_arrays(path, {**found, name: change(found[name].copy())})


def put(at, value):
    def change(array):
        array[at] = value
        return array

    return change


def swapped(first, second):
    def change(array):
        array[[first, second]] = array[[second, first]]
        return array

    return change


@pytest.mark.parametrize("described", [True, False])
@pytest.mark.parametrize("name", MAKE)
def test_unchanged(copy, name, described):
    found = Estimator.load(copy(name, described))
    assert found.recommend(found.user_ids_[:2], k=3)[0].shape == (2, 3) and found.scores(found.history_).shape[0] == 30


@pytest.mark.parametrize("parts", [
    [], ["people"], ["x", "people"], 0, None, [True], [[]], "content", {"content": 1}, ["content", "content"], ["content", "people", "x"],
])
@pytest.mark.parametrize("name", MAKE)
def test_parts(copy, name, parts):
    folder = copy(name, True)
    change_json(folder, parts=parts)
    refused(folder)


@pytest.mark.parametrize("told", [
    {"n_learned": True}, {"n_learned": float(KNOWN)}, {"n_learned": KNOWN - 1}, {"n_learned": KNOWN + 1}, {"n_learned": 0},
    {"n_learned": -1}, {"n_learned": None}, {"n_learned": str(KNOWN)}, {"seconds": "x"}, {"seconds": True}, {"seconds": -1},
    {"parts": ["content"]},
])
def test_numbers_without_a_catalogue(copy, told):
    folder = copy("Popularity", False)
    change_json(folder, **told)
    refused(folder)


@pytest.mark.parametrize("described", [True, False])
@pytest.mark.parametrize("change", [
    np.ones_like, np.zeros_like, lambda array: array[::-1].copy(), lambda array: array.astype(bool), lambda array: array.astype(str),
    lambda array: array.astype(np.float64), lambda array: array[:-1], swapped(0, -1), lambda array: array[:, None],
], ids=["ones", "zeros", "turned", "bool", "text", "float", "short", "swapped", "deep"])
@pytest.mark.parametrize("name", ["EASE", "ALS", "Popularity"])
def test_popularity(copy, name, described, change):
    folder = copy(name, described)
    before = stored.arrays(folder / "recommender.npz")["popularity"]
    if described or not np.array_equal(change(before.copy()), before):
        change_array(folder / "recommender.npz", "popularity", change)
        refused(folder)


@pytest.mark.parametrize(("name", "change"), [
    ("history_data", np.negative), ("history_data", put(3, 0)), ("history_data", put(3, np.nan)), ("history_data", put(3, np.inf)),
    ("history_indices", lambda array: array[::-1].copy()), ("history_indices", put(slice(0, 2), 5)), ("history_indices", put(0, ALL)),
    ("history_indices", put(0, -1)), ("history_indices", lambda array: array.astype(np.float64)),
    ("history_indptr", swapped(3, 6)), ("history_indptr", lambda array: swapped(3, 6)(array.astype(np.uint64))),
    ("history_indptr", put(-1, 2**40)), ("history_shape", put(1, 2**40)), ("history_shape", lambda array: array.astype(np.float64)),
    ("users_ends", lambda array: array[::-1].copy()), ("users_ends", lambda array: array.astype(np.uint64)[::-1].copy()),
])
@pytest.mark.parametrize("described", [True, False])
def test_histories(copy, described, name, change):
    folder = copy("ItemKNN", described)
    change_array(folder / "recommender.npz", name, change)
    refused(folder)


@pytest.mark.parametrize("ids", ["users", "items"])
def test_ids_twice(copy, ids):
    folder = copy("Popularity", False)
    found = stored.arrays(folder / "recommender.npz")
    twice = stored.unpacked(found, ids)
    twice[1] = twice[0]
    stored.write_arrays(folder / "recommender.npz", {**found, **stored.packed(twice, ids)})
    refused(folder)


@pytest.mark.parametrize("change", [
    lambda array: array[::-1].copy(), np.zeros_like, swapped(0, 1), swapped(0, -1), swapped(-2, -1), put(-1, 0), put(0, -1), put(0, ALL),
    lambda array: array[:-1], lambda array: array[:0], lambda array: np.r_[array, array[-1:]], lambda array: array.astype(np.float64),
])
def test_order_of_the_catalogue(copy, change):
    folder = copy("EASE", True)
    change_array(folder / "recommender.npz", "order", change)
    refused(folder)


@pytest.mark.parametrize(("name", "change"), [
    ("weights_indices", put(0, KNOWN)), ("weights_indices", put(0, -1)), ("weights_data", put(0, np.nan)), ("weights_data", put(0, np.inf)),
    ("weights_shape", put(slice(None), 2**40)), ("weights_shape", put(1, KNOWN + 1)),
    ("weights_indptr", lambda array: swapped(3, 6)(array.astype(np.uint64))),
])
@pytest.mark.parametrize("of", ["EASE", "ItemKNN", "AutoRecommender"])
def test_item_weights(copy, of, name, change):
    folder = copy(of, True)
    change_array(folder / "weights.npz", name, change)
    refused(folder)


@pytest.mark.parametrize(("name", "change"), [
    ("items", lambda array: array[:-1]), ("items", lambda array: array[:, :0]), ("items", put((0, 0), np.nan)),
    ("items", lambda array: array.astype(np.float64)), ("loss", put(0, 0)), ("loss", put(1, 0)), ("loss", put(2, 9)), ("loss", put(3, 0)),
    ("loss", put(3, 1e-300)), ("loss", put(3, 1e9)), ("loss", put(1, np.inf)), ("loss", lambda array: array[:3]),
])
def test_factors(copy, name, change):
    folder = copy("ALS", False)
    change_array(folder / "factors.npz", name, change)
    refused(folder)


def test_content_of_other_words(copy):
    folder = copy("Popularity", True)
    change_array(folder / "content" / "content.npz", "vectors_shape", put(1, 2**40))
    refused(folder)
    again = copy("EASE", True)
    found = stored.arrays(again / "content" / "content.npz")
    weights = stored.matrix_of(found, "weights").toarray()
    stored.write_arrays(again / "content" / "content.npz", {**found, "weights": weights})
    refused(again)


def test_reason_of_a_choice(copy):
    path = copy("AutoRecommender", False) / "chosen.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "why": {"template": 3, "values": {}}}))
    refused(path.parent)


@pytest.mark.parametrize("told", [
    {"requires": {"0": [1], "1": [0]}}, {"requires": {"0": [0]}}, {"difficulty": [1e400, None]}, {"difficulty": ["1", None]},
    {"difficulty": [True, None]},
])
def test_listing(tmp_path, told):
    Listing.of(np.array(["a", "b"], object)).save(tmp_path, {})
    path = tmp_path / "items.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **told}))
    with pytest.raises(ModelError, match="missing or damaged"):
        Listing.load(tmp_path, 2)


def test_compiled_code_is_never_given_places_outside():
    wide = sp.csr_matrix((np.ones(2, np.float32), np.array([1, 9], np.int32), np.array([0, 2], np.int32)), shape=(1, 10))
    made = engine_weights.serving(sp.eye(4, format="csr", dtype=np.float32), np.array([4, 3, 2, 1]))
    factors = np.ones((4, 2), np.float32)
    for H in (wide, inputs.widened(wide, 4)):
        for ask in (
            lambda H: engine_weights.products(H, made), lambda H: engine_weights.top(H, made, 2, True, np.arange(4)),
            lambda H: engine_als.fold_in(H, factors, np.eye(2, dtype=np.float32), engine_als.Loss(1.0, 1.0, 1.0)),
        ):
            with pytest.raises(IndexError):
                ask(H)
    with pytest.raises(IndexError):
        engine_lists.best(np.ones((2, 4), np.float32), np.arange(5), 2)
    with pytest.raises(ValueError, match="4, 4"):
        engine_weights.serving(sp.eye(4, format="csr", dtype=np.float32), np.ones(5))

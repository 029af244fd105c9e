"""The parts of the contract that no algorithm changes: a recommender of two lines, descriptions, traits, ids, stored files."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from bmcore.base import ESTIMATORS
from bmcore.errors import DataError, ModelError
from bmcore.recommend import contract, inputs, stored
from bmcore.recommend.ease import EASE
from bmcore.recommend.popularity import Popularity
from tests.recommend.suite import Suite


class Together(contract.Recommender):
    """As little as a recommender can be: how often two items were chosen together."""

    def __init__(self):
        pass

    def _learn(self, X, report):
        ones = (X > 0).astype(np.float32)
        self.together_ = (ones.T @ ones).tocsr()
        report(1, 1)

    def _scores(self, H):
        return np.ascontiguousarray((H @ self.together_).toarray(), dtype=np.float32)

    def _save_learned(self, folder):
        stored.write_arrays(folder / "together.npz", stored.matrix_arrays(self.together_, "together"))

    def _load_learned(self, folder):
        self.together_ = stored.matrix_of(stored.arrays(folder / "together.npz"), "together")


class TestTogether(Suite):
    """Two methods are enough."""

    def make(self, **settings):
        return Together()


ITEMS = pd.DataFrame({
    "item": ["shoe", "boot", "tea", "milk", "sandal", "coffee", "nothing"],
    "title": ["red shoe", "brown boot", "green tea", "fresh milk", "light shoe", "black drink", ""],
    "about": ["footwear walking", "footwear winter", "drink hot", "drink cold", "footwear summer", "drink hot", ""],
})


@pytest.fixture
def shop():
    rows = [(user, item) for user in range(6) for item in (("shoe", "boot") if user % 2 else ("tea", "milk"))]
    rows += [(6, "shoe"), (7, "tea")]
    return pd.DataFrame(rows, columns=["user", "item"])


def test_items_that_nobody_chose(shop, tmp_path):
    ease = EASE(regularization=1.0).fit(shop, items=ITEMS)
    assert set(ease.item_ids_) == set(ITEMS["item"]) and ease.history_.shape == (8, 7)
    assert ease.recommend([6], k=2)[0][0].tolist() == ["boot", "sandal"]
    assert ease.recommend([7], k=1)[0].tolist() == [["milk"]]
    listed = {item for row in ease.recommend(range(8), k=7, exclude_seen=False)[0] for item in row}
    assert "sandal" in listed and "nothing" not in listed  # of that nothing is known
    reasons = ease.explain(6, "sandal")
    assert [reason.item for reason in reasons] == ["shoe"] and reasons[0].share == pytest.approx(1)
    assert "described like" in str(ease.explain(["never seen"], "sandal")[0].why)
    assert ease.similar_items(["sandal"], k=1)[0].tolist() == [["shoe"]]
    # a new item in a history speaks as the known one does that is described most like it
    assert ease.recommend_for(["sandal"], k=2)[0].tolist()[0] in ("boot", "shoe")
    again = EASE.load(ease.save(tmp_path / "model"))
    for mine, its in zip(ease.recommend(range(8), k=5), again.recommend(range(8), k=5), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_people_without_a_history(shop):
    users = pd.DataFrame({"user": range(8), "city": ["Rome" if user % 2 else "Oslo" for user in range(8)]})
    popular = Popularity().fit(shop, users=users)
    assert popular.recommend_for([], k=1, like={"city": "Rome"})[0].tolist() in (["shoe"], ["boot"])
    assert popular.recommend_for([], k=1, like={"city": "Oslo"})[0].tolist() in (["tea"], ["milk"])


def test_tables_without_ids(shop):
    with pytest.raises(DataError, match="'item'"):
        EASE().fit(shop, items=ITEMS.drop(columns="item"))
    with pytest.raises(DataError, match="'user'"):
        EASE().fit(shop, users=ITEMS)


def test_no_scores_of_all_users_at_once(monkeypatch):
    most = []

    class Watched(Together):
        def _scores(self, H):
            most.append(H.shape[0])
            return super()._scores(H)

    monkeypatch.setattr(contract, "BLOCK_BYTES", 100 * 4 * 16)
    X = sp.random(500, 100, 0.05, format="csr", dtype=np.float32, random_state=0)
    Watched().fit(X).recommend(range(500))
    assert max(most) == 16


def test_user_with_an_empty_row():
    X = sp.csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=np.float32))
    assert EASE().fit(X).recommend([2], k=3)[0].tolist() == [[0, 1, None]]


def test_matrix_positions_are_ids():
    X = sp.coo_matrix(([1.0, 2.0, 3.0], ([0, 0, 1], [2, 2, 0])), shape=(2, 3))
    made = Popularity().fit(X)
    assert made.history_.toarray().tolist() == [[0, 0, 3], [3, 0, 0]]
    assert made.user_ids_.tolist() == [0, 1] and made.recommend(np.int64(0), k=1)[0].tolist() == [[0]]


def test_fit_forgets_the_last_fit(board):
    ease = EASE().fit(board[0])
    ease.recommend([0])
    ease.fit(sp.csr_matrix(np.eye(3)))
    assert ease.recommend([0, 2], k=3)[0].shape == (2, 3)
    with pytest.raises(DataError, match="no user 30"):
        ease.recommend([30])


@given(st.lists(st.one_of(st.text(), st.integers(), st.floats(allow_nan=False), st.booleans())))
def test_any_ids_are_stored(ids):
    given_ids = inputs.identities(ids)
    again = stored.unpacked(stored.packed(given_ids, "x"), "x")
    assert [(type(one), one) for one in again] == [(type(one), one) for one in given_ids]


@pytest.mark.parametrize("change", [
    {"history_indices": np.array([99], np.int32)}, {"history_shape": np.array([-1, 2])}, {"users_ends": np.array([1, 2, 3])},
    {"items_types": np.array([120], np.uint8)}, {"popularity": np.zeros(9)},
])
def test_damaged_files_end_in_a_sentence(shop, tmp_path, change):
    folder = Popularity().fit(shop).save(tmp_path / "model")
    arrays = stored.arrays(folder / "recommender.npz")
    stored.write_arrays(folder / "recommender.npz", {**arrays, **change})
    with pytest.raises(ModelError, match="damaged"):
        Popularity.load(folder)


def test_faces_import_nothing_heavy():
    names = [name for name in ESTIMATORS if ESTIMATORS[name].startswith("bmcore.recommend")]
    assert len(names) == 5
    script = f"import sys, json, bmcore\nfor name in {names}: getattr(bmcore, name)\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"scipy", "numba", "sklearn", "torch", "pandas"} & set(json.loads(done.stdout))

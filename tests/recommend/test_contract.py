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
from bmcore.recommend.model import RecommenderModel
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


OF_ANY_TYPE = {
    "float": pd.Series([1.5, 2.0]), "bool": pd.Series([True, False]), "mixed": pd.Series([1, "x"], dtype=object),
    "mixed floats": pd.Series([2.0, "x", 1.5], dtype=object), "padded": pd.Series([" A ", "B"]), "bytes": pd.Series([b"x", b"y"]),
    "pairs": pd.Series([(1, 2), (3, 4)]), "moments": pd.Series(pd.to_datetime(["2020-01-01", "2021-02-03"])),
    "spans": pd.Series(pd.to_timedelta([1, 2], unit="D")), "days": pd.Series(pd.to_datetime(["2020-01-01", "2021-01-01"])).dt.date,
    "small floats": pd.Series([1.1, 2.0], dtype="float32"), "own": pd.Series([np.float32(1.1), np.str_(" a"), np.True_], dtype=object),
    "category": pd.Series([" a", "b"], dtype="category"), "huge": pd.Series([1e300, 2.0**60]), "nullable": pd.Series([1, 2], dtype="Int64"),
    "complex": pd.Series([1 + 2j, 3j]), "large": pd.Series([2**63 + 5, 7], dtype="uint64"), "signed zero": pd.Series([-0.0, 3.0]),
}


@pytest.mark.parametrize("ids", OF_ANY_TYPE.values(), ids=OF_ANY_TYPE.keys())
def test_what_was_in_the_log_is_asked_for_as_given(ids):
    """Users, items, candidates, histories and their keys: as cells of the log, as an array, as they are kept."""
    n = len(ids)
    users, items = np.divmod(np.arange(n * n), n)
    whole = pd.DataFrame({"user": ids.iloc[users].to_numpy(), "item": ids.iloc[items].to_numpy()}).astype(ids.dtype)
    made = Popularity().fit(whole)
    kept = made.user_ids_.tolist()
    for asked in (list(ids), ids, ids.to_numpy(), kept, pd.Index(ids)):
        found = made.recommend(asked, k=n, exclude_seen=False, candidates=asked)[0]
        assert [set(row) for row in found] == [set(kept)] * n
        assert made.similar_items(asked, k=1)[0].shape == (n, 1)
        assert made.recommend_for(asked, k=1)[0].tolist() == [None]  # all of them are known, and seen
    for at, one in enumerate(list(ids)):
        assert inputs.positions_of([one], made._user_rows(), kind="user").tolist() == [at]
        assert made.recommend_for({one: 2.0}, k=n)[0].tolist()[:-1] == [other for other in kept if other != kept[at]]
        assert made.explain(one, one) and made.explain([one], one)
    model = RecommenderModel(made)
    asked = list(ids)
    assert all(map(model.knows, asked)) and [model.title_of(one) for one in asked] == [str(one) for one in kept]
    assert [{entry["item"] for entry in row} for row in model.history(asked)] == [set(kept)] * n
    assert model.recommend(histories=[{asked[0]: 1.0}], candidates=asked[:2])[0][0]["item"] == kept[1]


def test_what_is_no_id_is_nobody(shop):
    made = Popularity().fit(shop)
    for nobody in (None, np.nan, pd.NaT, pd.NA, True, [0], {}, "01", "", 10**5000, np.inf):
        with pytest.raises(DataError, match="no user"):
            made.recommend([nobody])
    assert made.recommend(["6", 6.0, np.int8(6), " 6 "], k=1)[0].tolist() == [made.recommend([6], k=1)[0][0].tolist()] * 4


def test_ids_that_came_from_no_table_are_asked_as_they_are():
    known = {" A ": 0, "A": 1, 2.5: 2, "": 3}
    assert inputs.positions_of([" A ", "A", 2.5, ""], known, kind="user").tolist() == [0, 1, 2, 3]
    assert inputs.identities(np.array(["2020-01-01"], dtype="M8[ns]")).tolist() == ["2020-01-01 00:00:00"]
    assert inputs.identities([True, np.int64(3), 2.5, " A "]).tolist() == ["True", 3, 2.5, " A "]


def test_a_table_may_count_its_columns(shop):
    counted = shop.assign(n=2.0).set_axis([0, 1, 2], axis=1)
    made = Popularity().fit(counted, user=0, item=1, weight=2)
    assert made.user_ids_.tolist() == list(range(8)) and set(made.history_.data) == {2.0}
    with pytest.raises(DataError, match="no column"):
        Popularity().fit(counted, user=7, item=1)


def test_repeats_in_a_matrix_add_up_to_a_weight():
    X = sp.coo_matrix(([3e38, 3e38, 1.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    with pytest.raises(DataError, match="above 3"):
        Popularity().fit(X)
    with pytest.raises(DataError, match="negative"):  # though they add up to 1
        Popularity().fit(sp.coo_matrix(([2.0, -1.0], ([0, 0], [1, 1])), shape=(2, 2)))
    items, weights = inputs.history_of({"a": 3e38, " a ": 3e38}, {"a": 4})
    assert items.tolist() == [4] and np.isfinite(weights).all()


def test_nothing_known_of_a_history_is_explained(shop):
    made = Together().fit(shop, items=ITEMS)
    assert made.explain(["nothing"], "sandal")[0].why


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

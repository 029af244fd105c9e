"""What every recommender promises. A new one inherits `Suite`, says how it is made, and has all of this tested.

    class TestMine(Suite):
        def make(self, **settings):
            return Mine(**settings)
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bmcore.base import ESTIMATORS
from bmcore.errors import Cancelled, DataError, ModelError, NotFittedError, ParameterError
from bmcore.recommend import contract

small_logs = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 6)), min_size=3, max_size=30
).filter(lambda pairs: len({u for u, _ in pairs}) > 1 and len({i for _, i in pairs}) > 1)


def log_of(pairs):
    users, items = np.array(pairs).T
    X = sp.csr_matrix((np.ones(len(pairs), np.float32), (users, items)), shape=(6, 7))
    X.data[:] = 1
    return X


class Suite:
    """Promises of a recommender."""

    personal = True  # lists differ from user to user

    def make(self, **settings):
        raise NotImplementedError

    @pytest.fixture
    def fitted(self, board):
        return self.make().fit(board[0])

    # what it recommends -------------------------------------------------------------------------------------------------------

    def test_checkerboard(self, fitted, board):
        whole = board[1]
        ids, scores = fitted.recommend(range(40), k=3)
        assert ids.shape == scores.shape == (40, 3) and scores.dtype == np.float32
        assert (np.diff(scores, axis=1) <= 0).all()
        if self.personal:
            right = np.array([[whole[user, item] for item in row] for user, row in enumerate(ids)])
            assert right.mean() > 0.95

    def test_seen_items_are_left_out(self, fitted, board):
        X = board[0]
        for user, row in enumerate(fitted.recommend(range(40), k=40)[0]):
            assert not {item for item in row if item is not None} & set(X[user].indices.tolist())
        full = fitted.recommend([3], k=40, exclude_seen=False)[0][0].tolist()
        assert sorted(full) == list(range(40))

    def test_lists_are_the_best_scores(self, fitted, board):
        X = board[0]
        scores = fitted.scores(X)
        assert scores.shape == (40, 40) and scores.dtype == np.float32
        ids, best = fitted.recommend(range(40), k=5, exclude_seen=False)
        np.testing.assert_allclose(best, -np.sort(-scores, axis=1)[:, :5], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(np.take_along_axis(scores, ids.astype(int), 1), best, rtol=1e-5, atol=1e-6)

    def test_candidates(self, fitted):
        ids, scores = fitted.recommend(range(40), k=4, candidates=[7, 8, 9, "nothing"], exclude_seen=False)
        assert {item for row in ids for item in row} <= {7, 8, 9, None}
        assert (ids[:, 3] == None).all() and np.isneginf(scores[:, 3]).all()  # noqa: E711
        with pytest.raises(DataError, match="candidates"):
            fitted.recommend([0], candidates=["nothing"])

    def test_history_of_a_known_user(self, fitted, board):
        for user in (0, 1, 17):
            ids, scores = fitted.recommend([user], k=8)
            again, same = fitted.recommend_for(board[0][user].indices.tolist(), k=8)
            assert again.tolist() == ids[0].tolist()
            np.testing.assert_allclose(same, scores[0], rtol=1e-4, atol=1e-5)

    def test_no_history(self, fitted):
        ids, _ = fitted.recommend_for([], k=3)
        popular = np.argsort(-fitted.popularity_, kind="stable")[:3]
        assert ids.tolist() == popular.tolist()
        assert fitted.recommend_for(["never seen"], k=3)[0].tolist() == ids.tolist()
        with pytest.raises(DataError, match="traits"):
            fitted.recommend_for([], like={"city": "Oslo"})

    def test_similar_items(self, fitted):
        ids, scores = fitted.similar_items([4, 5], k=6)
        assert ids.shape == scores.shape == (2, 6) and 4 not in ids[0] and 5 not in ids[1]
        assert all(item is None or item % 2 == 0 for item in ids[0]) and all(item is None or item % 2 for item in ids[1])
        with pytest.raises(DataError, match="no item"):
            fitted.similar_items(["nothing"])

    def test_explanations(self, fitted, board):
        user, mine = 6, set(board[0][6].indices.tolist())
        reasons = fitted.explain(user, int(fitted.recommend([user], k=1)[0][0, 0]), k=40)
        if any(reason.item is not None for reason in reasons):
            assert {reason.item for reason in reasons} <= mine
            assert sum(reason.share for reason in reasons) == pytest.approx(1, abs=1e-4)
            assert all(one.share >= other.share > 0 for one, other in itertools.pairwise(reasons))
        else:
            assert not self.personal and len(reasons) == 1 and str(reasons[0].why)
        assert str(fitted.explain([], 3)[0].why)

    # ids and logs -------------------------------------------------------------------------------------------------------------

    def test_ids_are_kept_as_given(self, frame):
        made = self.make().fit(frame)
        ids, _ = made.recommend(["user 3"], k=4)
        assert all(type(item) is int for item in ids[0])
        assert made.explain("user 3", ids[0, 0])
        mixed = frame.assign(item=[item if item % 2 else f"item {item}" for item in frame["item"]])
        found = {item for item in self.make().fit(mixed).recommend(["user 3"], k=20, exclude_seen=False)[0][0] if item is not None}
        assert {str(item) for item in found} == {str(item) for item in mixed["item"]}

    def test_unknown_user_is_named(self, fitted):
        with pytest.raises(DataError, match=r"'nobody'.*recommend_for"):
            fitted.recommend(["nobody"])

    def test_repeated_rows_change_nothing(self, board):
        X = board[0].tocoo()
        import pandas as pd

        rows = pd.DataFrame({"user": X.row, "item": X.col, "times": 1.0})
        again = pd.concat([rows, rows.sample(frac=0.1, random_state=0)])
        once, twice = self.make().fit(rows), self.make().fit(again)
        assert twice.history_.nnz == once.history_.nnz
        if getattr(once, "binary", not self.personal):
            assert once.recommend(range(40))[0].tolist() == twice.recommend(range(40))[0].tolist()

    def test_order_of_rows_changes_nothing(self, frame):
        shuffled = self.make().fit(frame.sample(frac=1, random_state=3))
        plain = self.make().fit(frame)
        users = [f"user {number}" for number in range(30)]
        np.testing.assert_allclose(shuffled.recommend(users)[1], plain.recommend(users)[1], rtol=1e-3, atol=1e-4)

    def test_same_again(self, board):
        one, other = self.make().fit(board[0]), self.make().fit(board[0])
        for mine, its in zip(one.recommend(range(40)), other.recommend(range(40)), strict=True):
            np.testing.assert_array_equal(mine, its)

    @pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf, 1e39])
    def test_bad_weights(self, bad, board, fitted):
        X = board[0].astype(np.float64)
        X.data[3] = bad
        for use in (self.make().fit, fitted.scores):
            with pytest.raises(DataError, match="weight"):
                use(X)
            with pytest.raises(DataError, match="weight"):
                use(X.tolil())

    @pytest.mark.parametrize("kind", ["bsr", "coo", "csc", "dia", "dok", "lil"])
    def test_every_sparse_matrix(self, kind, board, fitted):
        X = board[0].asformat(kind)
        made = self.make().fit(X)
        assert made.history_.dtype == np.float32 and (made.history_ != board[0]).nnz == 0
        np.testing.assert_array_equal(fitted.scores(X), fitted.scores(board[0]))

    def test_a_sparse_array_whose_places_are_long_numbers(self, board, fitted):
        users, items = board[0].nonzero()
        X = sp.coo_array((board[0].data, (users.astype(np.int64), items.astype(np.int64))), shape=board[0].shape).tocsr()
        X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
        np.testing.assert_array_equal(self.make().fit(X).scores(X), fitted.scores(board[0]))

    def test_nothing_to_learn_from(self):
        with pytest.raises(DataError):
            self.make().fit(sp.csr_matrix((3, 4), dtype=np.float32))
        with pytest.raises(DataError):
            self.make().fit([[1, 0], [0, 1]])

    def test_hardly_anything(self):
        for X in (np.ones((1, 3)), np.ones((3, 1)), np.ones((1, 1)), np.eye(3), np.ones((4, 4))):
            made = self.make().fit(sp.csr_matrix(X))
            assert made.recommend([0], k=2)[0].shape == (1, 2)
            assert np.isfinite(made.scores(sp.csr_matrix(X))).all()

    def test_item_that_everybody_chose(self):
        X = np.zeros((8, 5))
        X[:, 0], X[:4, 1], X[4:, 2] = 1, 1, 1
        made = self.make().fit(sp.csr_matrix(X))
        assert 0 not in made.recommend(range(8), k=3)[0]
        assert made.popularity_.tolist() == [8, 4, 4, 0, 0]

    @pytest.mark.parametrize("k", [0, -3, 2.5, "ten", None, True])
    def test_bad_k(self, fitted, k):
        with pytest.raises(DataError, match="k, the length"):
            fitted.recommend([0], k=k)

    @pytest.mark.parametrize("k", [10**6, 10**12, 2**63, 2**70])
    def test_k_beyond_all_items(self, fitted, k):
        assert fitted.recommend([0], k=1000)[0].shape == (1, 1000)
        for use in (fitted.recommend, fitted.similar_items, fitted.recommend_for):
            with pytest.raises(ParameterError, match="40 items"):
                use([0], k=k)

    def test_nobody_is_asked_for(self, fitted):
        for use in (fitted.recommend, fitted.similar_items):
            ids, scores = use([], k=3)
            assert ids.shape == scores.shape == (0, 3)

    def test_histories_stay_as_they_were_given(self, fitted):
        H = sp.csr_matrix((np.ones(4, np.float32), [5, 2, 2, 7], [0, 4]), shape=(1, 40))
        H.data[3] = 0
        found = fitted.scores(H)
        assert H.indices.tolist() == [5, 2, 2, 7] and H.data.tolist() == [1, 1, 1, 0]
        np.testing.assert_allclose(found, fitted.scores(sp.csr_matrix(([2.0, 1.0], [2, 5], [0, 2]), shape=(1, 40))), rtol=1e-5)

    def test_bad_histories(self, fitted):
        with pytest.raises(DataError, match="hold numbers"):
            fitted.scores(sp.eye(40, format="csr") * 1j)
        with pytest.raises(DataError, match="weight of item"):
            fitted.recommend_for({0: -1.0})
        with pytest.raises(DataError, match="weight of item"):
            fitted.recommend_for({0: float("nan")})
        assert fitted.recommend_for({0: 2.0, "never seen": 1.0}, k=2)[0].shape == (2,)

    @given(small_logs, st.integers(1, 9))
    @settings(max_examples=25, suppress_health_check=list(HealthCheck))  # one promise of several classes
    def test_any_small_log(self, pairs, k):
        X = log_of(pairs)
        made = self.make().fit(X)
        ids, scores = made.recommend(range(6), k=k)
        assert ids.shape == scores.shape == (6, k)
        for user, row in enumerate(ids):
            items = [item for item in row if item is not None]
            assert len(items) == len(set(items)) and not set(items) & set(X[user].indices.tolist())
            assert (np.isfinite(scores[user]) == [item is not None for item in row]).all()

    # state ----------------------------------------------------------------------------------------------------------------------

    def test_small_blocks_change_nothing(self, fitted, monkeypatch):
        whole = fitted.recommend(range(40), k=5)
        monkeypatch.setattr(contract, "BLOCK_BYTES", 3 * 40 * 4)
        parts = fitted.recommend(range(40), k=5)
        assert parts[0].tolist() == whole[0].tolist()
        np.testing.assert_allclose(parts[1], whole[1], rtol=1e-5)

    def test_save_and_load(self, frame, tmp_path, monkeypatch):
        made = self.make().fit(frame)
        monkeypatch.setitem(ESTIMATORS, type(made).__name__, type(made).__module__)
        folder = made.save(tmp_path / "model")
        loaded = type(made).load(folder)
        users = [f"user {number}" for number in range(30)]
        for mine, its in zip(made.recommend(users), loaded.recommend(users), strict=True):
            np.testing.assert_array_equal(mine, its)
        assert loaded.explain("user 1", made.item_ids_[0]) == made.explain("user 1", made.item_ids_[0])
        assert loaded.similar_items([made.item_ids_[0]])[0].tolist() == made.similar_items([made.item_ids_[0]])[0].tolist()
        assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {".json", ".npz"}
        (folder / "recommender.npz").write_bytes(b"no archive")
        with pytest.raises(ModelError, match="damaged"):
            type(made).load(folder)

    def test_not_fitted(self, tmp_path):
        made = self.make()
        for use in (lambda: made.recommend([0]), lambda: made.recommend_for([]), lambda: made.similar_items([0]),
                    lambda: made.explain(0, 0), lambda: made.scores(sp.eye(3, format="csr")), lambda: made.save(tmp_path)):
            with pytest.raises(NotFittedError):
                use()

    def test_stops_when_asked(self, board):
        def stop(step, total, **metrics):
            assert metrics["phase"] == "train"
            raise Cancelled("Stopped.")

        made = self.make()
        with pytest.raises(Cancelled):
            made.fit(board[0], report=stop)
        with pytest.raises(NotFittedError):
            made.recommend([0])

    def test_progress_ends_at_its_end(self, board):
        told = []
        self.make().fit(board[0], report=lambda step, total, **metrics: told.append((step, total)))
        assert told and told[-1][0] == told[-1][1] and all(0 <= step <= total for step, total in told)

"""Ranking metrics: hand-made answers, and the figures of four independent implementations on the same lists to 1e-6.

`ranking_peers.json` is made by benchmarks/ranking_peers.py, which needs environments of its own for LensKit and RecTools. Where a
peer is installed beside the tests, it is asked again.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from bmcore.evaluate import ranking

STORED = json.loads((Path(__file__).parent / "ranking_peers.json").read_text())
PROBLEM = STORED["problem"]
LISTS, KS = np.array(PROBLEM["lists"]), (5, 10, 20)
COUNTS = np.array([len(one) for one in PROBLEM["relevant"]])


def matrix(rows, n_items):
    users = np.repeat(np.arange(len(rows)), [len(one) for one in rows])
    return csr_matrix((np.ones(len(users), np.float32), (users, np.concatenate(rows).astype(int))), shape=(len(rows), n_items))


RELEVANT, TRAIN = (matrix(PROBLEM[one], PROBLEM["items"]) for one in ("relevant", "train"))
FOUND = ranking.hits(LISTS, RELEVANT)
HAD = np.bincount(TRAIN.indices, minlength=PROBLEM["items"])


def ours(name, k):
    """Our figure under a peer's definition."""
    possible = np.minimum(COUNTS, k)
    recall, precision = ranking.recall(FOUND, COUNTS, k), ranking.average_precision(FOUND, COUNTS, k)
    return {
        "ndcg": lambda: ranking.ndcg(FOUND, COUNTS, k),
        "recall": lambda: recall,
        "recall_of_possible": lambda: recall * COUNTS / possible,
        "ap": lambda: precision,
        "ap_of_relevant": lambda: precision * possible / COUNTS,
        "hit": lambda: ranking.hit_rate(FOUND, k),
        "map": lambda: precision.mean(),
        "pooled": lambda: (recall * COUNTS).sum() / possible.sum(),
        "novelty": lambda: ranking.novelty(LISTS, HAD, len(LISTS), k),
        "coverage": lambda: ranking.coverage(LISTS, PROBLEM["items"], k),
        # the numerator of our ratio
        "popularity": lambda: ranking.popularity_bias(LISTS, RELEVANT, HAD, k) * HAD[RELEVANT.indices].mean(),
    }[name]()


def agree(figures):
    for key, theirs in figures.items():
        name, k = key.rsplit("_", 1)
        mine = ours(name, int(k))
        mine = mine.mean() if np.ndim(theirs) == 0 and np.ndim(mine) else mine
        np.testing.assert_allclose(mine, theirs, atol=1e-6, rtol=0, err_msg=key)


@pytest.mark.parametrize("peer,least", [("lenskit", 12), ("rectools", 21), ("implicit", 9), ("scikit-learn", 3)])
def test_agrees_with_a_peer_to_a_millionth(peer, least):
    figures = STORED["peers"][peer]["figures"]
    assert len(figures) >= least
    agree(figures)


def test_the_lists_tell_models_apart():
    """Lists that all miss would agree with anything."""
    values = ranking.ndcg(FOUND, COUNTS, 10)
    assert values.min() == 0 and values.max() == 1 and values.std() > 0.1 and len(set(values.round(6))) > 30
    assert (COUNTS > 20).any() and (COUNTS < 5).any()


@pytest.mark.parametrize("peer,module", [("implicit", "implicit.evaluation"), ("scikit_learn", "sklearn.metrics")])
def test_agrees_with_a_peer_asked_now(peer, module):
    pytest.importorskip(module)
    from benchmarks import ranking_peers

    assert ranking_peers.problem() == PROBLEM
    agree(getattr(ranking_peers, peer)(PROBLEM))


def test_known_answers():
    found = ranking.hits(np.array([[4, 1, 0, 2]]), matrix([[1, 2, 3]], 5))
    assert found.tolist() == [[False, True, False, True]]
    best = 1 + 1 / np.log2(3) + 0.5
    assert ranking.ndcg(found, np.array([3]), 4)[0] == pytest.approx((1 / np.log2(3) + 1 / np.log2(5)) / best)
    assert ranking.recall(found, np.array([3]), 4)[0] == pytest.approx(2 / 3)
    assert ranking.average_precision(found, np.array([3]), 4)[0] == pytest.approx((1 / 2 + 2 / 4) / 3)
    assert ranking.hit_rate(found, 1)[0] == 0 and ranking.hit_rate(found, 2)[0] == 1


def test_short_lists_and_users_without_anything_relevant():
    relevant = csr_matrix(np.array([[1, 0, 0], [0, 0, 0], [1, 1, 1]], np.float32))
    lists = np.array([[0, -1, -1], [0, 1, 2], [-1, -1, -1]])
    found, counts = ranking.hits(lists, relevant), np.array([1, 0, 3])
    assert found.tolist() == [[True, False, False], [False] * 3, [False] * 3]
    for metric in (ranking.ndcg, ranking.recall, ranking.average_precision):
        assert metric(found, counts, 10).tolist() == [1, 0, 0]
    assert ranking.coverage(lists, 3, 1) == pytest.approx(1 / 3) and ranking.coverage(lists, 3, 3) == 1
    assert ranking.popularity_bias(lists, relevant, np.zeros(3), 3) is None
    assert not ranking.hits(lists, csr_matrix((3, 3))).any()


def test_the_popular_are_nothing_new():
    had = np.array([8, 4, 1, 0])
    assert ranking.novelty(np.array([[0, 0]]), had, 8, 2) == 0
    assert ranking.novelty(np.array([[1, 2]]), had, 8, 2) == 2
    assert ranking.novelty(np.array([[3]]), had, 8, 1) == 3
    assert ranking.popularity_bias(np.array([[0, -1]]), matrix([[1, 2]], 4), had, 2) == pytest.approx(8 / 2.5)


@given(st.integers(1, 30), st.integers(2, 40), st.integers(1, 25), st.integers(0, 1000))
def test_as_plain_loops_say(n, n_items, k, seed):
    draw = np.random.default_rng(seed)
    lists = np.stack([draw.permutation(n_items)[: min(20, n_items)] for _ in range(n)])
    lists[draw.random(lists.shape) < 0.1] = -1
    relevant = csr_matrix((draw.random((n, n_items)) < 0.2).astype(np.float32))
    found, counts = ranking.hits(lists, relevant), np.diff(relevant.indptr)
    for user in range(n):
        chosen = set(relevant[user].indices.tolist())
        ranks = [rank for rank, one in enumerate(lists[user, :k].tolist()) if one in chosen]
        ideal = sum(1 / np.log2(rank + 2) for rank in range(min(k, len(chosen))))
        assert ranking.ndcg(found, counts, k)[user] == pytest.approx(sum(1 / np.log2(rank + 2) for rank in ranks) / ideal if ideal else 0)
        assert ranking.recall(found, counts, k)[user] == pytest.approx(len(ranks) / len(chosen) if chosen else 0)
        precisions = sum((place + 1) / (rank + 1) for place, rank in enumerate(ranks))
        assert ranking.average_precision(found, counts, k)[user] == pytest.approx(precisions / min(k, len(chosen)) if chosen else 0)


def test_blocks_of_users_give_what_one_block_gives(monkeypatch):
    monkeypatch.setattr(ranking, "_ROWS_AT_ONCE", 7)
    assert (ranking.hits(LISTS, RELEVANT) == FOUND).all()

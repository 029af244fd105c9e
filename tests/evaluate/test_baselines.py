import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmcore.errors import Cancelled
from bmcore.evaluate import baselines, metrics


def corpus(n=300, seed=0):
    """Messages of three themes with some words in common."""
    draw = np.random.default_rng(seed)
    themes = [["parcel", "late", "courier"], ["refund", "money", "invoice"], ["size", "small", "fit"]]
    codes = draw.integers(0, 3, n)
    texts = [" ".join([*draw.choice(themes[code], 2), *draw.choice(["the", "my", "please", "again"], 3)]) for code in codes]
    return texts, codes


def answers(texts, codes, others):
    words = baselines.WordCounts()
    counts = words.fit_transform(texts)
    return baselines.logistic(counts, codes, words.transform(others))


def test_majority():
    assert baselines.majority(np.array([2, 1, 2]), 3).tolist() == [2, 2, 2]
    assert baselines.majority(np.array([1, 0]), 1).tolist() == [0]


def test_word_counts_learn():
    (texts, codes), (others, truth) = corpus(), corpus(100, seed=1)
    assert metrics.accuracy(truth, answers(texts, codes, others)) == 1.0


def test_two_classes_and_one():
    texts, codes = corpus()
    assert metrics.accuracy(codes > 0, answers(texts, (codes > 0).astype(int), texts)) > 0.95
    assert set(answers(texts, np.full(len(texts), 7), texts)) == {7}


def test_chinese_is_counted_by_characters():
    texts = ["快递 太慢了", "物流太慢", "衣服质量很好", "质量好 喜欢"] * 5
    codes = np.array([0, 0, 1, 1] * 5)
    words = baselines.WordCounts()
    words.fit_transform(texts)
    assert words.characters_
    assert answers(texts, codes, ["物流慢死了", "质量真好"]).tolist() == [0, 1]


def test_mixed_text_and_plain_text():
    assert baselines.unspaced_share(["order 订单 late"]) == pytest.approx(2 / 11)
    assert baselines.unspaced_share(["good", "123"]) == 0
    assert baselines.unspaced_share(["", "??"]) == 0


@pytest.mark.parametrize("texts", [["?", "!"], ["a", "b"], ["\x00", "x\x00"], ["5 *", "1 *"], ["x" * 1_000_000, "y"]])
def test_odd_texts(texts):
    assert len(answers(texts * 3, np.array([0, 1] * 3), texts)) == 2


def test_many_classes_use_centroids_and_are_quick():
    texts = [f"thing{code} word{code % 7}" for code in range(3000)] * 2
    codes = np.arange(6000) % 3000
    words = baselines.WordCounts()
    counts = words.fit_transform(texts)
    name, found = baselines.word_count_answers(counts, codes, counts[:1500])
    assert name == "tfidf_centroid"
    assert metrics.accuracy(codes[:1500], found) == 1.0


def test_same_answer_again_where_the_rest_is_sampled(monkeypatch):
    monkeypatch.setattr(baselines, "_LEAST_OTHERS", 20)
    monkeypatch.setattr(baselines, "_ROWS_IN_ALL", 60)
    texts, codes = corpus()
    first = answers(texts, codes, texts)
    assert (first == answers(texts, codes, texts)).all()
    assert metrics.accuracy(codes, first) > 0.95


def test_can_be_stopped_while_counting():
    def stop(step, total):
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        baselines.WordCounts().fit_transform(["some words"] * 1500, stop)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(min_size=1), min_size=4, max_size=12).filter(lambda texts: any(text.strip() for text in texts)))
def test_any_texts(texts):
    codes = np.arange(len(texts)) % 2
    assert set(answers(texts, codes, texts)) <= {0, 1}

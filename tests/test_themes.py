"""What messages are about: words known beforehand, the nearest messages by hand, shares that add up."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from bmcore.cluster import themes, wording

ENGLISH = ["The dress is so long and the fabric is thin", "A dress in blue, and it is long", "I like the dress, it is blue"]
SHOES = ["The shoes are so small and the sole is thin", "My shoes, in red: the sole broke", "I like the shoes and it is the sole"]


def test_words_that_set_groups_apart():
    found = themes.distinguishing_words(ENGLISH + SHOES, np.array([0, 0, 0, 1, 1, 1]), most=2)
    assert found[0] == ["dress", "blue"] or found[0] == ["dress", "long"]
    assert found[1] == ["shoes", "sole"]


def test_words_of_every_message_are_no_themes():
    texts = [f"the and of {'alpha' if i % 2 else 'beta'} w{i}" for i in range(200)]
    found = themes.distinguishing_words(texts, np.arange(200) % 2, most=1)
    assert found == {0: ["beta"], 1: ["alpha"]}


def test_chinese_without_a_word_list():
    texts = ["物流很快，包装好", "物流太慢了", "物流不错", "屏幕很清晰", "屏幕碎了", "屏幕不错"]
    found = themes.distinguishing_words(texts, np.array([0, 0, 0, 1, 1, 1]), most=1)
    assert found == {0: ["物流"], 1: ["屏幕"]}


def test_pairs_that_stand_together_are_one_word():
    texts = ["性价比很高", "这个性价比不错", "没有性价比", "性价比低"] * 3 + ["衣服很高", "这个衣服不错", "没有衣服", "衣服低"] * 3
    found = themes.distinguishing_words(texts, np.arange(24) // 12)
    assert found[0][0] == "性价比" and found[1][0] == "衣服"
    assert not any(cut in found[0] for cut in ("性价", "价比"))


def test_common_words_are_no_themes():
    """A word that is somewhat more frequent in a group than elsewhere is not what the group is about."""
    rng = np.random.default_rng(0)
    texts, labels = [], []
    for group, own in enumerate((["parcel", "courier", "late"], ["invoice", "refund", "charged"], ["password", "login", "account"])):
        for _ in range(120):
            common = [word for word, share in (("the", 0.6), ("you", 0.5), ("are", 0.4)) if rng.random() < share + 0.3 * (group == 0)]
            texts.append(" ".join([*common, *rng.choice(own, 2, replace=False), rng.choice(["today", "please", "again"])]))
            labels.append(group)
    found = themes.distinguishing_words(texts, np.array(labels))
    assert set(found[0][:3]) == {"parcel", "courier", "late"}
    assert set(found[1]) == {"invoice", "refund", "charged"} and set(found[2]) == {"password", "login", "account"}


def test_many_scripts():
    assert "größe" in themes.words("Größe passt") and "мало" in themes.words("Очень мало") and "iphone" in themes.words("买了iPhone手机")
    assert "手机" in themes.words("买了iPhone手机") and themes.words("1234 !!! 😀") == set() and "สว" in themes.words("สวัสดี")
    assert themes.words(None) == {"none"} and themes.words("") == set()


def test_one_group_and_empty_texts():
    assert themes.distinguishing_words(["good dress", "good coat"], np.array([0, 0]), most=1) == {0: ["good"]}
    assert themes.distinguishing_words(["", "!"], np.array([0, -1])) == {-1: [], 0: []}


@given(st.lists(st.tuples(st.text(max_size=30), st.integers(-1, 2)), min_size=1, max_size=20))
def test_words_come_from_the_group(rows):
    texts, labels = [text for text, _ in rows], np.array([label for _, label in rows])
    for group, found in themes.distinguishing_words(texts, labels).items():
        own = "\n".join(text.lower().replace("’", "'") for text, label in rows if label == group)
        assert all(word in own for word in found) and len(found) == len(set(found)) <= 8


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(wording, "_WORDS_HELD", 50)
    texts = [f"dress {' '.join(f'x{chr(97 + i // 26)}{chr(97 + i % 26)}{j}' for j in 'abc')}" for i in range(300)]
    assert len(wording._count(texts, np.arange(300))) <= 54
    assert wording._count(texts, np.arange(300))["dress"] == 300


def test_nearest_by_hand():
    X = np.array([[0.0, 0], [1, 0], [2, 0], [9, 9], [9, 8], [5, 5]])
    labels = np.array([0, 0, 0, 1, 1, -1])
    assert themes.nearest(X, labels, None, list("abcdef"), most=2) == {0: ["b", "a"], 1: ["d", "e"]}
    assert themes.nearest(X, labels, np.array([[2.0, 0], [9, 8]]), ["same", "b", " Same ", "d", "e", "f"], most=2) == {
        0: ["Same", "b"],
        1: ["e", "d"],
    }
    assert len(themes.nearest(X[:1], labels[:1], None, ["x" * 900])[0][0]) == 500


def test_shares_over_time():
    times = np.array(["2024-01-01", "2024-01-31", "2024-02-01", "NaT"], "M8[s]")
    rows = themes.over_time(times, np.array([0, 1, -1, 0]), most=3)
    assert rows == [{"period": "2024-01", "n": 2, "shares": [0.5, 0.5]}, {"period": "2024-02", "n": 1, "shares": [0.0, 0.0]}]
    assert themes.over_time(times[3:], np.array([0])) == []


def test_periods_fit_the_range():
    def first(days, most=60):
        times = np.datetime64("2024-01-03T05:00:00") + np.arange(0, days * 86_400, 3600).astype("m8[s]")
        rows = themes.over_time(times, np.zeros(len(times), int), most)
        assert len(rows) <= most
        return rows[0]["period"]

    assert [first(days) for days in (1, 30, 200, 900, 3000, 9000)] == [
        "2024-01-03T05", "2024-01-03", "2024-01-01", "2024-01", "2024-01", "2024",
    ]  # fmt: skip


def test_shares_by_a_column():
    rows = themes.by_column(pd.Series([5, 5, 3, None, 3, 5], dtype="Int64"), np.array([0, 1, 1, 1, 1, -1]))
    assert rows == [{"value": "5", "n": 3, "shares": [1 / 3, 1 / 3]}, {"value": "3", "n": 2, "shares": [0.0, 1.0]}]
    assert len(themes.by_column([str(i) for i in range(50)], np.zeros(50, int))) == 12


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), min_size=1, max_size=40))
def test_shares_add_up(rows):
    for row in themes.by_column([value for value, _ in rows], np.array([label for _, label in rows])):
        assert abs(sum(row["shares"]) - 1) < 1e-9

"""Logs as people have them: ids of any type, returns, ratings, copies, baskets; and a sentence for what cannot be used."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmcore.data.interactions import read_interactions
from bmcore.errors import DataError


def log(**columns):
    return pd.DataFrame(columns)


def read(frame, **roles):
    return read_interactions(frame, user="u", item="i", **roles)


def pairs(found):
    return {(found.user_ids[u], found.item_ids[i]): w for u, i, w in zip(found.users, found.items, found.weights.tolist(), strict=True)}


def said(found):
    return " ".join(map(str, found.notes))


def test_known_answer():
    found = read(log(u=["a", "a", "b", "a"], i=[3, 4, 3, 3]))
    assert pairs(found) == {("a", 3): 2, ("a", 4): 1, ("b", 3): 1}
    assert found.users.dtype == found.items.dtype == np.int32 and found.weights.dtype == np.float32
    assert found.csr().toarray().tolist() == [[2, 1], [1, 0]] and found.csr(binary=True).toarray().tolist() == [[1, 1], [1, 0]]
    assert "1 rows repeat" in said(found)


@pytest.mark.parametrize("given,expected", [
    ([12.0, 13.0, np.nan, 12.0], [12, 13]),
    ([12.5, 13.0, np.nan, 12.5], ["12.5", "13"]),
    (["12", " 13 ", "", "12"], ["12", "13"]),
    ([12, "a", None, 12], ["12", "a"]),
    ([12.0, "a", "   ", "12"], ["12", "a"]),
    ([12, 13.0, None, 12], [12, 13]),
    (pd.array([12, 13, None, 12], dtype="Int64"), [12, 13]),
    (pd.Categorical(["x", "y", None, "x"]), ["x", "y"]),
    ([True, False, None, True], ["True", "False"]),
    (pd.to_datetime(["2024-01-01", "2024-01-02", None, "2024-01-01"]), ["2024-01-01 00:00:00", "2024-01-02 00:00:00"]),
    ([12.0, 13.0, np.inf, 12.0], [12, 13]),
])
def test_identifiers_of_any_type_and_blank_ones_left_out(given, expected):
    found = read(log(u=["p", "p", "q", "q"], i=given))
    assert found.item_ids.tolist() == expected and found.item_ids.dtype == object
    assert all(type(one) is type(two) for one, two in zip(found.item_ids, expected, strict=True))
    assert "empty in 1 rows (4)" in said(found)


def test_users_and_items_of_whom_nothing_is_left_are_not_numbered():
    found = read(log(u=list("abbcd"), i=list("xyzwy"), q=[-1, 1, 2, 0, 1]), weight="q")
    assert found.user_ids.tolist() == ["b", "d"] and found.item_ids.tolist() == ["y", "z"]
    assert found.users.tolist() == [0, 0, 1] and found.items.tolist() == [0, 1, 0]
    assert "'q' is 0 in 1 rows (5)" in said(found)


def test_returns_cancel_what_was_bought():
    frame = log(u=list("aaabbb"), i=list("xxyxyz"), q=["2", "-2", "1", "3", "-1", "1"])
    found = read(frame, weight="q")
    assert pairs(found) == {("a", "y"): 1, ("b", "x"): 3, ("b", "z"): 1}
    assert "negative in 2 rows (3, 6)" in said(found) and "2 pairs" in said(found)


def test_decimals_that_cancel_leave_nothing():
    found = read(log(u=list("aaaabb"), i=list("xxxyxy"), q=[0.1, 0.2, -0.3, 1, 1, 1]), weight="q")
    assert ("a", "x") not in pairs(found)


def test_ratings_count_as_interest_and_the_last_one_counts():
    frame = log(u=list("aaab"), i=list("xyxx"), rating=[5, 1, 2, 4], t=["2024-01-03", "2024-01-01", "2024-01-02", "2024-01-01"])
    assert pairs(read(frame, weight="rating")) == {("a", "x"): 2, ("a", "y"): 1, ("b", "x"): 4}
    found = read(frame, weight="rating", time="t")
    assert pairs(found)["a", "x"] == 5 and "ratings from 1 to 5" in said(found) and "1 rows rate" in said(found)


def test_a_rating_of_0_is_interest_too():
    found = read(log(u=list("aabb"), i=list("xyxy"), score=[0, 5, 1, 0]), weight="score")
    assert pairs(found) == {("a", "x"): 1, ("a", "y"): 5, ("b", "x"): 1, ("b", "y"): 1} and "from 0 to 5" in said(found)


def test_a_quantity_is_no_rating():
    assert pairs(read(log(u=list("aaab"), i=list("xxyx"), quantity=[1, 2, 1, 5]), weight="quantity"))["a", "x"] == 3


def test_times_are_the_last_and_the_first_of_a_pair():
    found = read(log(u=list("aaab"), i=list("xxyx"), t=["1970-01-03", "1970-01-02", "1970-01-04", "1970-01-05"]), time="t")
    day = 86_400
    assert found.times.tolist() == [2 * day, 3 * day, 4 * day] and found.first.tolist() == [day, 3 * day, 4 * day]


def test_unix_seconds_and_rows_without_a_date():
    found = read(log(u=list("aabb"), i=list("xyxz"), t=[881250949, 891717742, None, 878887116]), time="t")
    assert found.times.tolist() == [881250949, 891717742, 878887116] and "'t' is empty in 1 rows (4)" in said(found)


def test_exact_copies_count_once_where_a_time_tells():
    frame = log(u=list("aab"), i=list("xyx"), q=[2, 1, 1], t=["2024-01-01 10:00", "2024-01-01 10:05", "2024-01-02 09:00"])
    copied = pd.concat([frame, frame.iloc[:2]], ignore_index=True)
    assert pairs(read(copied, weight="q", time="t")) == pairs(read(frame, weight="q", time="t"))
    assert "2 rows are exact copies" in said(read(copied, weight="q", time="t"))
    assert pairs(read(copied, weight="q"))["a", "x"] == 4


def test_the_same_basket_number_of_two_users_is_two_baskets_and_blank_is_its_own():
    found = read(log(u=list("aaabbc"), i=list("xyzxyx"), b=[1, 1, 2, 1, None, None]), basket="b")
    assert found.baskets.dtype == np.int32
    a1, a2, a3, b1, b2, c1 = found.baskets.tolist()
    assert a1 == a2 and len({a1, a3, b1, b2, c1}) == 5


def test_part_keeps_the_numbering():
    found = read(log(u=list("aabb"), i=list("xyxz"), t=["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]), time="t")
    part = found.part(found.users == 1)
    assert len(part) == 2 and part.user_ids is found.user_ids and part.csr().shape == (2, 3) and len(part.times) == 2


@pytest.mark.parametrize("amounts,words", [
    ([1, 1e39, 1, 1, 1, 1], "'w' holds numbers that are infinite or too large to use (row 3). Correct"),
    ([1, -1e39, 1, 1, 1, 1], "too large to use (row 3)"),
    ([1e38, 1e38, 1e38, 1e38, 1, 1], "'w' adds up to 4e+38 for customer a and item x (rows 2, 3, 4, 5), which is too large"),
    ([1e38, 2e38, 2e38, -4e38, 1, 1], "too large to use (row 5)"),
    ([1e38, 2e38, 2e38, -3e38, 1, 1], "'w' adds up to 5e+38 for customer a and item x (rows 2, 3, 4)"),  # before the return
])
def test_what_a_weight_cannot_hold_is_refused(amounts, words):
    with pytest.raises(DataError) as caught:
        read(log(u=list("aaaabb"), i=list("xxxxxy"), w=amounts), weight="w")
    assert words in str(caught.value), str(caught.value)


def test_the_largest_weight_that_is_held_stays_finite():
    found = read(log(u=list("aaabb"), i=list("xyzxy"), w=[3.4e38, 3.4e38, 1e38, 1, 1]), weight="w")  # of different pairs: no sum
    assert np.isfinite(found.weights).all()


GOOD = {"u": list("aabb"), "i": list("xyxz"), "w": [1, 2, 3, 4], "t": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]}


@pytest.mark.parametrize("change,roles,words", [
    ({"u": ["a"] * 4}, {}, "one customer (a)"),
    ({"i": ["x"] * 4}, {}, "one item only (x)"),
    ({"u": list("abcd")}, {}, "two different values"),
    ({"u": [None, "", " ", None]}, {}, "'u' is empty in all 4 rows"),
    ({"i": [[1], [2], [3], [4]]}, {}, "holds lists"),
    ({"w": [None] * 4}, {"weight": "w"}, "empty in all 4 rows"),
    ({"w": [-1, -2, -3, -4]}, {"weight": "w"}, "no number above 0"),
    ({"w": [0, 0, 0, 0]}, {"weight": "w"}, "no number above 0"),
    ({"w": ["many", "few", "1", "2"]}, {"weight": "w"}, "words"),
    ({"w": [1, -1, np.inf, 1]}, {"weight": "w"}, "infinite"),
    ({"w": pd.to_datetime(GOOD["t"])}, {"weight": "w"}, "holds dates"),
    ({"t": ["soon"] * 4}, {"time": "t"}, "no dates"),
    ({}, {"weight": "u"}, "two uses"),
    ({}, {"time": "tt"}, "Did you mean 't'"),
    ({}, {"basket": "gone"}, "no column 'gone'"),
    ({"u": list("aaaa"), "i": list("xxyy"), "w": [1, -1, 2, -2]}, {"weight": "w"}, "given back"),
    ({"u": ["a", "a", None, None], "w": [None, None, 1, 2]}, {"weight": "w"}, "everything at once"),
])
def test_what_cannot_be_used_is_refused_in_a_sentence(change, roles, words):
    with pytest.raises(DataError) as caught:
        read(pd.DataFrame({**GOOD, **change}), **roles)
    assert words in str(caught.value), str(caught.value)


def test_an_empty_table_and_a_vanished_column():
    with pytest.raises(DataError, match="no rows"):
        read(log(u=[], i=[]))
    with pytest.raises(DataError, match="no column 'i'"):
        read(log(u=["a", "b"], item=["x", "y"]))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 4), st.integers(0, 9)), min_size=1, max_size=40))
def test_as_a_plain_loop_over_rows_says(rows):
    frame = log(u=[f"u{one[0]}" for one in rows], i=[one[1] for one in rows], q=[one[2] for one in rows])
    expected = {}
    for user, item, amount, _ in rows:
        expected[f"u{user}", item] = expected.get((f"u{user}", item), 0) + amount
    items_of = {}
    for user, item in expected:
        items_of.setdefault(user, set()).add(item)
    usable = len(items_of) > 1 and len({item for _, item in expected}) > 1 and max(map(len, items_of.values())) > 1
    if not usable:
        with pytest.raises(DataError):
            read(frame, weight="q")
        return
    assert pairs(read(frame, weight="q")) == expected


def test_movielens_shape():
    draw = np.random.default_rng(0)
    n = 200_000
    frame = log(u=draw.integers(0, 2000, n), i=draw.integers(0, 900, n), rating=draw.integers(1, 6, n), t=draw.integers(8.7e8, 8.9e8, n))
    found = read(frame, weight="rating", time="t")
    assert len(found) == len(frame.groupby(["u", "i"])) and found.n_users == 2000 and found.n_items == 900
    keys = found.users.astype(np.int64) * 900 + found.items
    assert (np.diff(keys) > 0).all()


@pytest.mark.parametrize("word", ["NULL", "null", "nan", "None", "N/A", "#N/A", " NULL "])
def test_a_customer_called_null_is_nobody(word):
    found = read(log(u=["a", "a", word, word, "b"], i=["x", "y", "x", "y", "x"]))
    assert found.user_ids.tolist() == ["a", "b"] and "2 rows" in said(found)


def test_points_out_of_100_are_ratings_and_0_points_is_interest():
    days = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-01", "2024-01-02"]
    frame = log(u=list("aaabb"), i=list("xxyxz"), score=[55, 80, 0, 90, 70], t=days)
    assert pairs(read(frame, weight="score", time="t")) == {("a", "x"): 80, ("a", "y"): 55, ("b", "x"): 90, ("b", "z"): 70}
    money = read(frame.rename(columns={"score": "money"}), weight="money", time="t")
    assert pairs(money) == {("a", "x"): 135, ("b", "x"): 90, ("b", "z"): 70}

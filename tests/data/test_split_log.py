"""Held-out parts of a log: nothing of the future in training, whole baskets, everybody keeps something; leaks are refused."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmcore.data.interactions import Interactions, read_interactions
from bmcore.data.split_log import refuse_leak, split_log
from bmcore.errors import DataError, ParameterError


def made(users, items, times=None, baskets=None):
    users, items = np.array(users, np.int32), np.array(items, np.int32)
    order = np.lexsort((items, users))
    times, baskets = (None if one is None else np.array(one)[order] for one in (times, baskets))
    return Interactions(
        users[order], items[order], np.ones(len(users), np.float32), times, np.arange(users.max() + 1).astype(object),
        np.arange(items.max() + 1).astype(object), baskets, [], times,
    )


def held(log, parts):
    """Which entries of the log are in the training part and which in the test."""
    return tuple(np.isin(key(log), key(part)) for part in (parts.train, parts.test))


def key(log):
    return log.users.astype(np.int64) * log.n_items + log.items


def pairs(log, values=None):
    values = log.weights if values is None else values
    return {(log.user_ids[u], log.item_ids[i]): one for u, i, one in zip(log.users, log.items, values.tolist(), strict=True)}


def said(parts):
    return " ".join(map(str, parts.notes))


def test_in_time_the_latest_fifth_is_the_test():
    log = made([0, 0, 0, 1, 1, 1, 2, 2, 2, 2], range(10), np.arange(10.0))
    parts = split_log(log)
    assert parts.kind == "time" and parts.at == 8.0
    train, test = held(log, parts)
    assert parts.test.times.tolist() == [8.0, 9.0] and (train ^ test).all()


def test_ties_at_the_border_stay_together():
    log = made([0, 0, 0, 1, 1, 1, 2, 2, 2, 2], range(10), [0, 1, 2, 3, 4, 5, 6, 9, 9, 9.0])
    parts = split_log(log)
    assert parts.at == 9.0 and len(parts.test) == 3


def test_a_border_inside_a_long_tie_takes_the_nearer_side():
    log = made([0, 1, 0, 1, 0, 1, 0, 1, 0, 1], range(10), [*range(6), 6, 6, 6, 7.0])  # 10 % or 40 % can be held out
    assert len(split_log(log, test=0.2).test) == 1 and len(split_log(log, test=0.3).test) == 4


def test_what_is_bought_every_week_stays_in_training():
    rows = [(user, "milk", week) for user in range(20) for week in range(10)] + [(user, f"x{user}", 0) for user in range(20)]
    rows += [(user, f"late{user % 3}", 9) for user in range(20)]
    frame = pd.DataFrame(rows, columns=["u", "i", "week"])
    frame["t"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame.week * 7, unit="D")
    log = read_interactions(frame, user="u", item="i", time="t")
    parts = split_log(log)
    milk = log.item_ids.tolist().index("milk")
    assert parts.kind == "time" and (parts.train.items == milk).sum() == 20 and not (parts.test.items == milk).any()


def test_one_time_for_all_falls_back_with_a_note():
    parts = split_log(made([0, 0, 0, 1, 1, 1], range(6), np.full(6, 5.0)))
    assert parts.kind == "per_user" and parts.at is None and "same time" in said(parts) and len(parts.test) == 2


def test_only_new_users_at_the_end_falls_back_with_a_note():
    parts = split_log(made([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], [0, 1] * 5, np.arange(10.0)))
    assert parts.kind == "per_user" and "bought anything before" in said(parts)


def test_new_users_and_items_are_counted_and_said():
    log = made([0, 0, 0, 0, 0, 1, 1, 2, 0, 1], [0, 1, 2, 3, 4, 0, 1, 2, 9, 8], np.arange(10.0))
    parts = split_log(log, test=0.3)
    assert (parts.new_users, parts.new_items) == (1, 2)
    assert "1 customers of the test are new" in said(parts) and "2 items of the test are new" in said(parts)


def test_per_user_leaves_a_fifth_and_at_least_one():
    counts = [1, 2, 3, 5, 10, 40]
    log = made(np.repeat(range(6), counts), np.concatenate([np.arange(one) for one in counts]))
    parts = split_log(log, seed=3)
    train, test = held(log, parts)
    assert np.bincount(parts.test.users, minlength=6).tolist() == [0, 1, 1, 1, 2, 8]
    assert (train ^ test).all() and parts.kind == "per_user"


def test_same_seed_same_parts_other_seed_other_parts():
    log = made(np.repeat(range(30), 10), np.tile(range(10), 30))
    one, again, other = (held(log, split_log(log, seed=seed))[1] for seed in (1, 1, 2))
    assert (one == again).all() and (one != other).any()


def test_baskets_stay_whole_and_an_only_basket_is_divided():
    users, baskets = np.repeat([0, 1, 2], [9, 8, 5]), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 7, 7, 7]
    log = made(users, [*range(9), *range(8), *range(5)], baskets=baskets)
    parts = split_log(log)
    test = held(log, parts)[1]
    for basket in range(7):
        assert len(set(test[log.baskets == basket])) == 1
    assert test[users == 0].sum() == 3 and test[users == 1].sum() == 2 and test[users == 2].sum() == 1


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8)), min_size=2, max_size=60, unique=True), st.booleans(), st.booleans(),
       st.floats(0.05, 0.95), st.integers(0, 5))
def test_promises_over_many_logs(rows, with_times, with_baskets, share, seed):
    draw = np.random.default_rng(seed)
    users = np.unique([one[0] for one in rows], return_inverse=True)[1]
    times = draw.integers(0, 20, len(rows)).astype(float) if with_times else None
    baskets = (users * 10 + draw.integers(0, 3, len(rows))) if with_baskets else None
    log = made(users, [one[1] for one in rows], times, baskets)
    try:
        parts = split_log(log, test=share, seed=seed)
    except DataError:
        assert np.bincount(log.users).max() == 1
        return
    train, test = held(log, parts)
    assert not (train & test).any() and test.any() and train.any()
    in_train = np.bincount(parts.train.users, minlength=log.n_users)
    if parts.kind == "time":
        assert parts.train.times.max() < parts.at <= parts.test.times.min() and in_train[parts.test.users].any()
    else:
        assert (in_train > 0).all()


AFTER = {"u": list("aaabbbcc"), "i": list("xyxxyzxz"), "t": pd.to_datetime(
    ["2024-01-01", "2024-01-02", "2024-12-31", "2024-01-03", "2024-01-04", "2024-06-01", "2024-01-05", "2024-06-02"])}


@pytest.mark.parametrize("name,amounts,before,whole", [
    ("n", [1, 1, 100, 1, 1, 1, 1, 1], 1, 101),  # bought again
    ("n", [2, 1, -1, 1, 1, 1, 1, 1], 2, 1),  # a part given back
    ("n", [2, 1, -2, 1, 1, 1, 1, 1], 2, None),  # all given back
    ("rating", [1, 5, 4, 3, 3, 3, 3, 3], 1, 4),  # rated anew
])
def test_what_happens_after_the_border_is_not_known_before(name, amounts, before, whole):
    log = read_interactions(pd.DataFrame({**AFTER, name: amounts}), user="u", item="i", weight=name, time="t")
    parts = split_log(log)
    assert parts.kind == "time" and pairs(parts.train)["a", "x"] == before and pairs(log).get(("a", "x")) == whole
    assert parts.train.times.max() < parts.at <= parts.test.first.min()
    assert parts.train.user_ids is parts.test.user_ids is log.user_ids and parts.train.item_ids is parts.test.item_ids is log.item_ids


def test_who_gave_everything_back_later_is_still_known_before():
    rows = [("gone", "rare", 1, 1), ("gone", "rare", 9, -1)]
    rows += [(user, item, day, 1) for user in "abc" for day, item in enumerate("wxyz", 2 if user == "a" else 3)]
    frame = pd.DataFrame(rows, columns=["u", "i", "day", "n"])
    log = read_interactions(frame.assign(t=pd.Timestamp("2024-01-01") + pd.to_timedelta(frame.day, unit="D")),
                            user="u", item="i", weight="n", time="t")
    parts = split_log(log)
    assert pairs(parts.train)["gone", "rare"] == 1 and ("gone", "rare") not in pairs(log) and "rare" in log.item_ids


def test_a_held_out_basket_raises_no_training_weight():
    rows = [(user, "milk", basket, 1 + 10 * basket) for user in range(30) for basket in range(5)]
    rows += [(user, f"x{basket}", basket, 1) for user in range(30) for basket in range(5)]
    log = read_interactions(pd.DataFrame(rows, columns=["u", "i", "b", "n"]), user="u", item="i", basket="b", weight="n")
    parts = split_log(log)
    for user in range(30):
        kept = [basket for basket in range(5) if (user, f"x{basket}") in pairs(parts.train)]
        expected = sum(1 + 10 * basket for basket in kept)
        assert len(kept) < 5 and pairs(parts.train).get((user, "milk"), expected) == expected
    assert sum(item == "milk" for _, item in pairs(parts.train)) > 15


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(-2, 3), st.integers(0, 9)), min_size=4, max_size=60),
       st.booleans(), st.floats(0.1, 0.6))
def test_the_training_part_is_what_one_would_have_read_before_the_border(rows, rated, share):
    frame = pd.DataFrame(rows, columns=["u", "i", "n", "day"]).astype({"u": str})
    frame["n"] = frame.n.abs() + 1 if rated else frame.n
    frame["t"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame.day, unit="D")
    roles = {"user": "u", "item": "i", "weight": "stars" if rated else "n", "time": "t"}
    frame = frame.rename(columns={"n": roles["weight"]})
    try:
        parts = split_log(read_interactions(frame, **roles), test=share)
        alone = read_interactions(frame[frame.t < pd.to_datetime(parts.at, unit="s")], **roles) if parts.kind == "time" else None
    except DataError:
        return
    if alone is not None:
        assert pairs(parts.train) == pairs(alone) and pairs(parts.train, parts.train.times) == pairs(alone, alone.times)


def test_a_part_can_be_parted_again():
    log = read_interactions(pd.DataFrame({**AFTER, "n": [1, 1, 100, 1, 1, 1, 1, 1]}), user="u", item="i", weight="n", time="t")
    part = log.part(log.users != 1)
    assert len(part.rows) == 5 and pairs(part.part_of_rows(part.rows.times < part.rows.times.max()))["a", "x"] == 1


def test_a_million_events_are_parted_in_seconds():
    draw, n = np.random.default_rng(0), 1_000_000
    frame = pd.DataFrame({"u": draw.integers(0, 20_000, n), "i": draw.integers(0, 200, n), "t": draw.integers(1.6e9, 1.7e9, n)})
    log = read_interactions(frame, user="u", item="i", time="t")
    start = time.perf_counter()
    assert split_log(log).kind == "time" and time.perf_counter() - start < 10


def test_a_leak_is_refused():
    log = made([0, 0, 1, 1], [0, 1, 0, 1])
    refuse_leak(log.part(np.array([1, 0, 1, 0], bool)), log.part(np.array([0, 1, 0, 1], bool)))
    with pytest.raises(DataError, match=r"1 pairs .* such as 1 with 0"):
        refuse_leak(log.part(np.array([1, 0, 1, 0], bool)), log.part(np.array([0, 1, 1, 1], bool)))


def test_parts_of_two_logs_are_refused():
    one, two = made([0, 0, 1, 1], [0, 1, 0, 1]), made([0, 0, 1, 1], [0, 2, 0, 1])
    with pytest.raises(DataError, match="do not number users and items alike"):
        refuse_leak(one, two)


@pytest.mark.parametrize("share", [0, 1, -0.2, 1.5])
def test_a_share_that_is_none(share):
    with pytest.raises(ParameterError, match="above 0 and below 1"):
        split_log(made([0, 0, 1, 1], [0, 1, 0, 1]), test=share)

"""Held-out parts of a log: nothing of the future in training, whole baskets, everybody keeps something; leaks are refused."""

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


def said(parts):
    return " ".join(map(str, parts.notes))


def test_in_time_the_latest_fifth_is_the_test():
    log = made([0, 0, 0, 1, 1, 1, 2, 2, 2, 2], range(10), np.arange(10.0))
    parts = split_log(log)
    assert parts.kind == "time" and parts.at == 8.0
    assert log.times[parts.test].tolist() == [8.0, 9.0] and (parts.train ^ parts.test).all()


def test_ties_at_the_border_stay_together():
    log = made([0, 0, 0, 1, 1, 1, 2, 2, 2, 2], range(10), [0, 1, 2, 3, 4, 5, 6, 9, 9, 9.0])
    parts = split_log(log)
    assert parts.at == 9.0 and parts.test.sum() == 3


def test_a_border_inside_a_long_tie_takes_the_nearer_side():
    log = made([0, 1, 0, 1, 0, 1, 0, 1, 0, 1], range(10), [*range(6), 6, 6, 6, 7.0])  # 10 % or 40 % can be held out
    assert split_log(log, test=0.2).test.sum() == 1 and split_log(log, test=0.3).test.sum() == 4


def test_what_is_bought_every_week_stays_in_training():
    rows = [(user, "milk", week) for user in range(20) for week in range(10)] + [(user, f"x{user}", 0) for user in range(20)]
    rows += [(user, f"late{user % 3}", 9) for user in range(20)]
    frame = pd.DataFrame(rows, columns=["u", "i", "week"])
    frame["t"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame.week * 7, unit="D")
    log = read_interactions(frame, user="u", item="i", time="t")
    parts = split_log(log)
    milk = log.item_ids.tolist().index("milk")
    assert parts.kind == "time" and (log.items[parts.train] == milk).sum() == 20 and not (log.items[parts.test] == milk).any()


def test_one_time_for_all_falls_back_with_a_note():
    parts = split_log(made([0, 0, 0, 1, 1, 1], range(6), np.full(6, 5.0)))
    assert parts.kind == "per_user" and parts.at is None and "same time" in said(parts) and parts.test.sum() == 2


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
    assert np.bincount(log.users[parts.test], minlength=6).tolist() == [0, 1, 1, 1, 2, 8]
    assert (parts.train ^ parts.test).all() and parts.kind == "per_user"


def test_same_seed_same_parts_other_seed_other_parts():
    log = made(np.repeat(range(30), 10), np.tile(range(10), 30))
    one, again, other = (split_log(log, seed=seed).test for seed in (1, 1, 2))
    assert (one == again).all() and (one != other).any()


def test_baskets_stay_whole_and_an_only_basket_is_divided():
    users, baskets = np.repeat([0, 1, 2], [9, 8, 5]), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 7, 7, 7]
    log = made(users, [*range(9), *range(8), *range(5)], baskets=baskets)
    parts = split_log(log)
    for basket in range(7):
        assert len(set(parts.test[log.baskets == basket])) == 1
    assert parts.test[users == 0].sum() == 3 and parts.test[users == 1].sum() == 2 and parts.test[users == 2].sum() == 1


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
    assert not (parts.train & parts.test).any() and parts.test.any() and parts.train.any()
    in_train = np.bincount(log.users[parts.train], minlength=log.n_users)
    if parts.kind == "time":
        assert log.times[parts.train].max() < parts.at <= log.times[parts.test].min() and in_train[log.users[parts.test]].any()
    else:
        assert (in_train > 0).all()


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

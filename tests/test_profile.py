"""Groups in plain words, and whether segments predict spending: tables small enough to check by hand, worlds with a known answer."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmcore.cluster import segments
from bmcore.cluster.holdout import holdout, judge
from bmcore.cluster.profile import profiles
from bmcore.data.prepared import Prepared, preparation
from bmcore.messages import Message


def prepared(**columns):
    table = pd.DataFrame(columns)
    names = list(table.select_dtypes("number").columns)
    return Prepared(table[names].to_numpy("float32"), names, table, None, np.arange(len(table)))


def told(entry):
    return [str(Message.from_dict(one)) for one in entry["profile"]]


def name(entry):
    return str(Message.from_dict(entry["name"]))


CUSTOMERS = prepared(
    customer=list("abcdefgh"),
    recency_days=[1, 2, 3, 300, 310, 320, 330, 340],
    frequency=[10, 12, 14, 1, 1, 1, 1, 1],
    money=[500.0, 600.0, 700.0, 40.0, 10.0, 10.0, 20.0, 20.0],
)


def test_two_segments_by_hand():
    loyal, gone = profiles(CUSTOMERS, np.array([1, 1, 1, 0, 0, 0, 0, 0]))
    assert told(loyal) == [
        "Customers: 3, 38 % of people, 95 % of the money",
        "Days since the last purchase: usually 2",
        "Purchases: usually 12, of 50 each",
    ]
    assert told(gone) == [
        "Customers: 5, 62 % of people, 5.3 % of the money",
        "Days since the last purchase: usually 320",
        "Usually bought once, for 20",
    ]
    assert (name(loyal), name(gone)) == ("Loyal, big spenders", "Bought once for little, long ago")
    assert (loyal["cluster"], loyal["n"], loyal["share"]) == (1, 3, 3 / 8)
    assert loyal["features"]["money"] == {"median": 600, "mean": 600, "low": 550, "high": 650, "overall_median": 30}
    assert "Keep them" in str(Message.from_dict(loyal["advice"])) and "Spend little" in str(Message.from_dict(gone["advice"]))
    json.dumps([loyal, gone], allow_nan=False)


def test_segments_without_money():
    table = CUSTOMERS.table.drop(columns="money")
    found = profiles(Prepared(CUSTOMERS.X[:, :2], ["recency_days", "frequency"], table), np.array([1, 1, 1, 0, 0, 0, 0, 0]))
    assert told(found[0])[0] == "Customers: 5, 62 % of people" and told(found[1])[2] == "Purchases: usually 12"


def test_names_are_unique_and_noise_is_last():
    found = profiles(CUSTOMERS, np.array([0, 0, 0, 1, 2, 2, -1, -1]))
    assert [entry["cluster"] for entry in found] == [0, 1, 2, -1]
    assert len({name(entry) for entry in found}) == 4 and name(found[3]) == "Unlike any group"


@pytest.mark.parametrize(
    ("recency", "ago", "frequency", "money", "once", "words"),
    [
        (0.1, 0.1, 0.9, 0.9, 0.0, "Loyal, big spenders"),
        (0.1, 0.1, 0.9, 0.4, 0.0, "Frequent, with small baskets"),
        (0.2, 0.7, 0.9, 0.9, 0.0, "Big spenders slipping away"),
        (0.2, 0.5, 0.9, 0.9, 0.0, "Big spenders, quiet for a while"),
        (0.1, 0.1, 0.3, 0.5, 0.9, "New customers"),
        (0.8, 0.9, 0.3, 0.9, 0.9, "One big purchase, long ago"),
        (0.8, 0.9, 0.5, 0.5, 0.2, "Came a few times, then stopped"),
        (0.5, 0.5, 0.5, 0.5, 0.2, "Now and then"),
    ],
)
def test_rules(recency, ago, frequency, money, once, words):
    assert str(segments.rule({"recency_days": recency, "frequency": frequency, "money": money, "ago": ago}, once)[0]) == words


def test_a_table_of_numbers_by_hand():
    table = prepared(amount=[1.0, 2, 3, 4, 5, 6, 7, 8], same=[5.0] * 8, rare=[0, 0, 0, 0, 0, 0, 0, 1])
    low, high = profiles(table, np.array([0, 0, 0, 0, 1, 1, 1, 1]))
    assert told(low) == ["Rows: 4, 50 % of all", "amount: usually 2.5; everybody: 4.5"] and name(low) == "low amount"
    assert told(high) == ["Rows: 4, 50 % of all", "amount: usually 6.5; everybody: 4.5"] and name(high) == "high amount"
    rare = profiles(table, np.array([0, 0, 0, 0, 0, 0, 0, 1]))[1]
    assert "rare: on average 1; everybody: 0.125" in told(rare) and rare["advice"] is None


def test_messages_have_no_features():
    found = profiles(Prepared(np.zeros((3, 2), "float32"), [], pd.DataFrame({"text": list("abc")})), np.array([0, 0, 1]))
    assert [(entry["n"], entry["features"], entry["name"]) for entry in found] == [(2, {}, None), (1, {}, None)]


@given(
    st.lists(
        st.tuples(st.integers(-1, 3), st.floats(-1e6, 1e6), st.one_of(st.floats(0, 9), st.just(float("nan")))), min_size=1, max_size=30
    )
)
def test_every_row_is_in_one_profile(rows):
    labels, one, two = (np.array(part) for part in zip(*rows, strict=True))
    found = profiles(prepared(one=one.astype(float), two=two.astype(float)), labels.astype(int))
    assert sum(entry["n"] for entry in found) == len(rows) and abs(sum(entry["share"] for entry in found) - 1) < 1e-9
    assert len({name(entry) for entry in found}) == len(found)
    assert all(len(entry["profile"]) <= 5 for entry in found)
    json.dumps(found, allow_nan=False)


class Threshold:
    """A clusterer with a known answer: above and below the middle of one column."""

    def __init__(self, column=1):
        self.column = column

    def fit(self, X):
        self.labels_ = (X[:, self.column] > np.median(X[:, self.column])).astype(int)
        return self


def world(*, telling, seed=0, customers=400):
    """A log of 100 days in which, if it is telling, those who come often at first spend all the later money."""
    rng = np.random.default_rng(seed)
    lines = []
    for who in range(customers):
        often = who % 4 == 0
        for day in rng.choice(50, 6 if often else 1 + who % 2, replace=False):
            lines.append((who, day, 10.0 if often else 60.0))
        if (often if telling else rng.random() < 0.5) or who == 1:
            lines.append((who, 50 + int(rng.integers(50)), float(rng.gamma(4, 10))))
    lines += [(0, 0, 1.0), (0, 99, 1.0)]
    frame = pd.DataFrame(lines, columns=["who", "day", "paid"])
    return frame.assign(when=(np.datetime64("2024-01-01") + frame.day.to_numpy().astype("m8[D]")).astype(str))


ROLES = {"customer": "who", "date": "when", "money": "paid"}


def test_segments_that_tell_more_than_past_spending():
    calls = []
    found = holdout(
        world(telling=True), ROLES, Threshold, {}, report=lambda step, total, **more: calls.append((step, total, more["phase"]))
    )
    assert found["verdict"]["kind"] == "better" and "tell more" in str(Message.from_dict(found["verdict"]["message"]))
    assert (found["from"], found["middle"], found["to"]) == ("2024-01-01", "2024-02-20", "2024-04-09")
    best, rest = found["segments"]
    assert best["cluster"] == 1 and best["share_after"] > 0.95 and best["after"]["low"] < best["after"]["value"] < best["after"]["high"]
    assert found["difference"]["low"] > 0 and rest["came_back"] < 0.05 and found["customers"] == 400
    assert calls[-1][0] == calls[-1][1] and calls[-1][2] == "evaluate"
    assert all(one["name"] for one in found["segments"])
    json.dumps(found, allow_nan=False)


def test_segments_that_tell_nothing():
    found = holdout(world(telling=False), ROLES, Threshold, {})
    assert found["verdict"]["kind"] == "none" and found["captured"]["segments"]["low"] <= 0.2


def test_past_spending_can_be_the_better_guide():
    rng = np.random.default_rng(0)
    past = rng.gamma(0.5, 100, 2000)
    labels = (past > np.median(past)).astype(int)
    assert judge(labels, past, past + rng.random(2000))["verdict"]["kind"] == "worse"


def test_the_same_seed_gives_the_same_answer():
    assert holdout(world(telling=True), ROLES, Threshold, {}, seed=3) == holdout(world(telling=True), ROLES, Threshold, {}, seed=3)


@pytest.mark.parametrize(
    "frame",
    [
        world(telling=True, customers=40),
        world(telling=True).assign(when="2024-01-01"),
        world(telling=True).query("day < 45 or who == 0").assign(paid=lambda frame: frame.paid.where(frame.day < 45, -5.0)),
    ],
)
def test_where_it_cannot_be_checked(frame):
    frame = pd.concat([frame, frame.iloc[:1].assign(who=1, paid=3.0)], ignore_index=True)
    found = holdout(frame, ROLES, Threshold, {})
    assert found["verdict"]["kind"] == "impossible" and "longer log" in str(Message.from_dict(found["verdict"]["message"]))


def test_days_count_where_there_is_no_money():
    found = holdout(world(telling=True), {"customer": "who", "date": "when"}, Threshold, {})
    assert found["target"] == "purchases" and found["segments"][0]["cluster"] == 1


def test_returns_and_strangers_do_not_disturb():
    """Customers of the second half alone are not judged, and what they spend is nobody's."""
    frame = world(telling=True)
    late = pd.DataFrame({"who": range(1000, 1100), "day": 99, "paid": 1e6, "when": "2024-04-09"})
    assert holdout(pd.concat([frame, late]), ROLES, Threshold, {})["segments"] == holdout(frame, ROLES, Threshold, {})["segments"]


def test_profiles_of_prepared_purchases():
    found = preparation("purchases", ROLES).fit(world(telling=True))
    entries = profiles(found, Threshold().fit(found.X).labels_)
    assert sum(entry["money_share"] for entry in entries) == pytest.approx(1)
    assert set(entries[0]["features"]) == {"recency_days", "frequency", "money"}

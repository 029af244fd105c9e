"""Purchases counted by hand."""


import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmcore.data.prepared import preparation
from bmcore.errors import DataError
from tests.data.tables import LOG, ROLES, refused


def test_purchases_counted_by_hand():
    made = preparation("purchases", {**ROLES, "quantity": "pieces"})
    found = made.fit(LOG)
    assert found.table.to_dict("list") == {
        "who": ["a", "b", "c"],
        "recency_days": [0, 18, 10],
        "frequency": [2, 2, 1],
        "money": [32.5, 7.0, 7.0],
        "items": [4.0, 2.0, 1.0],
        "first": ["2024-01-01", "2024-01-11", "2024-01-21"],
        "last": ["2024-01-31", "2024-01-13", "2024-01-21"],
    }
    assert found.key == "who" and found.rows is None and found.names == ["recency_days", "frequency", "money"]
    told = " ".join(map(str, found.notes))
    assert "2 rows are negative" in told and "1 customers only gave things back" in told
    np.testing.assert_array_equal(made.transform(found.table.to_dict("records")), found.X)


@pytest.mark.parametrize("write", ["%Y%m%d", "%d/%m/%Y", "%b %d, %Y", "%Y年%m月%d日"])
def test_the_way_dates_and_money_are_written_does_not_matter(write):
    frame = LOG.assign(
        when=pd.to_datetime(LOG.when).dt.strftime(write), paid=LOG.paid.map(lambda value: f"€ {value:.2f}".replace(".", ","))
    )
    np.testing.assert_array_equal(preparation("purchases", ROLES).fit(frame).X, preparation("purchases", ROLES).fit(LOG).X)


def test_lines_that_cannot_be_used_are_named():
    extra = pd.DataFrame(
        {
            "who": ["a", None, "c", "c"],
            "when": ["2224-01-01", "2024-01-05", "soon", None],
            "paid": [1e6, 1.0, 1.0, 1.0],
            "pieces": [1, 1, 1, 1],
        }
    )
    frame = pd.concat([LOG, LOG.iloc[:1], extra], ignore_index=True)
    found = preparation("purchases", ROLES).fit(frame)
    told = " ".join(map(str, found.notes))
    for words in (
        "future in 1 rows (11), such as 2224-01-01",
        "'who' is empty in 1 rows (12)",
        "no date that can be read in 1 rows (13)",
        "'when' is empty in 1 rows (14)",
        "1 rows are exact copies of an earlier row (10)",
    ):
        assert words in told, told
    assert found.table.money.tolist() == [42.5, 7.0, 7.0]


@pytest.mark.parametrize(
    ("change", "roles", "words"),
    [
        ({"who": ["a"] * 8}, {}, ("one customer (a)",)),
        ({"who": [None] * 8}, {}, ("'who' is empty",)),
        ({"when": ["01/02/2024"] * 8}, {}, ("cannot be told", "01/02/2024")),
        ({"paid": ["much"] * 8}, {}, ("'paid' holds words", "row 2: much")),
        ({"paid": [-1.0] * 8}, {}, ("Every amount is negative",)),
        ({"paid": [np.nan] * 8}, {}, ("'paid' is empty in all 8 rows",)),
        ({"paid": [np.inf] * 8}, {}, ("'paid'", "infinite")),
        ({}, {"date": "who"}, ("two uses",)),
        ({}, {"date": "paid"}, ("two uses",)),
        ({}, {"customer": None}, ("customer",)),
        ({}, {"colour": "x"}, ("no use for 'colour'",)),
        ({"when": ["2024-01-01"] * 8, "paid": [1.0] * 8, "who": list("abcdefgh")}, {}, ("same value in all rows",)),
    ],
)
def test_purchases_that_are_refused(change, roles, words):
    refused(lambda: preparation("purchases", {**ROLES, **roles}).fit(LOG.assign(**change)), *words)


def test_a_log_without_money_and_one_that_lies_ahead():
    found = preparation("purchases", {"customer": "who", "date": "when"}).fit(LOG)
    assert found.names == ["recency_days", "frequency"] and found.table.frequency.tolist() == [2, 3, 1, 1]
    ahead = preparation("purchases", ROLES).fit(LOG.assign(when=LOG.when.str.replace("2024", "2124")))
    assert any("Most dates" in str(note) for note in ahead.notes)
    np.testing.assert_array_equal(ahead.X, preparation("purchases", ROLES).fit(LOG).X)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 40), st.integers(-50, 200)), min_size=3, max_size=40))
def test_purchases_equal_a_plain_count(lines):
    frame = pd.DataFrame(lines, columns=["who", "day", "paid"])
    frame["when"] = (np.datetime64("2020-01-01") + frame.day.to_numpy().astype("m8[D]")).astype(str)
    try:
        found = preparation("purchases", ROLES).fit(frame).table
    except DataError:
        return
    for row in found.itertuples():
        own = [line for line in lines if line[0] == row.who]
        bought = {day for _, day, paid in own if paid >= 0}
        assert row.frequency == len(bought)
        assert row.recency_days == max(day for _, day, _ in lines) - max(bought)
        assert row.money == max(0, sum(paid for _, _, paid in own))

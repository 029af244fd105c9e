"""Columns of numbers, found and made ready; bad input in sentences."""


import numpy as np
import pandas as pd
import pytest

from bmcore.data.features import identifies
from bmcore.data.prepared import preparation
from bmcore.data.read import read_table
from tests.data.tables import numeric, refused

NAN = float("nan")


def test_columns_of_numbers_are_found():
    frame = pd.DataFrame(
        {
            "customer_id": [11, 12, 14, 19],
            "name": ["a", "b", "c", "d"],
            "age": [20, 30, 40, 50],
            "paid": ["$1.50", "$2.50", "$0.50", ""],
            "code": ["007", "008", "009", "010"],
            "same": [1, 1, 1, 1],
            "empty": [None] * 4,
            "when": pd.to_datetime(["2024-01-01"] * 4),
            "bad": [0, 1, 0, 1],
        }
    )
    made, found = numeric(frame, label="bad", key="name")
    assert found.names == ["age", "paid"] and found.X.dtype == np.float32 and found.rows.tolist() == [0, 1, 2, 3]
    assert found.table.columns.to_list() == ["name", "age", "paid", "bad"] and found.key == "name"
    told = " ".join(map(str, found.notes))
    for words in ("customer_id", "'same' has the same value", "empty", "$2.50 is 2.5", "'paid' is empty in 1 rows; its middle value 1.5"):
        assert words in told
    np.testing.assert_allclose(found.X.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(found.X.std(axis=0), 1, atol=1e-6)
    np.testing.assert_array_equal(
        made.transform([{"age": 30, "paid": "$2.50"}, {"age": "40", "paid": None}]), [found.X[1], [*made.transform([{"age": 40}])[0]]]
    )


def test_one_bad_cell_does_not_hide_a_column():
    frame = pd.DataFrame({"a": [*range(0, 76, 2), 5, 9], "b": ["7", "3", "9", "1"] * 9 + ["5", "6", "8", "abc"]})
    _, found = numeric(frame)
    assert found.names == ["a", "b"] and any("'b' holds no number in 1 rows (41)" in str(note) for note in found.notes)
    _, found = numeric(pd.DataFrame({"a": [1, 5, 2, 7], "b": ["1", "2", "abc", "4"], "words": ["x 1", "2", "red", "blue"]}))
    told = [str(note) for note in found.notes]
    assert found.names == ["a"] and any("'b'" in note and "row 4: abc" in note and "left out" in note for note in told)
    assert not any("words" in note for note in told)
    refused(lambda: numeric(pd.DataFrame({"b": ["1", "2", "abc", "4"]}), features=["b"]), "'b'", "1 rows", "row 4: abc")


@pytest.mark.parametrize(
    ("name", "named"),
    [
        *((name, True) for name in ("CustomerID", "customerId", "customerid", "userid", "user_id", "phone", "Phone Number", "InvoiceNo")),
        *((name, False) for name in ("paid", "Covid", "grid", "price index", "number of visits", "kind")),
    ],
)
def test_an_identifier_may_repeat_or_be_blank(name, named):
    _, found = numeric(pd.DataFrame({name: [101, 205, None, 307, 205], "z": [1.5, 2, 2.5, 3, 9]}))
    assert found.names == (["z"] if named else [name, "z"])


def test_rows_that_are_counted_with_a_blank():
    assert identifies("n", np.array([NAN, *range(2, 30), NAN, 31])) and identifies("index", np.array([4.0, 9, 2]))
    assert not identifies("index", np.array([4.0, 4, 2, 2])) and not identifies("is no", np.array([1.0, 0, 1]))


def test_long_ids_with_a_blank_stay_apart():
    table = b"customer,date,paid\n9007199254740993,2024-01-01,3\n9007199254740992,2024-01-05,4\n,2024-01-06,5\n1,2024-01-07,9\n"
    frame = read_table(table, "t.csv")
    found = preparation("purchases", {"customer": "customer", "date": "date", "money": "paid"}).fit(frame).table
    assert found.customer.tolist() == [9007199254740993, 9007199254740992, 1] and found.money.tolist() == [3, 4, 9]
    _, kept = numeric(frame, features=["paid"], key="customer")
    assert kept.table.customer.tolist()[:2] == ["9007199254740993", "9007199254740992"] and kept.table.customer.isna().sum() == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [5e40, -5e40, 9.9e99, "5e40"])
def test_a_value_far_beyond_the_others(value):
    made, _ = numeric(pd.DataFrame({"my money": [1, 2, 4]}))
    refused(lambda: made.transform([{"my money": 1}, {"my money": value}]), "'my money' of record 2", f"{float(value):g}")


def test_skewed_columns_go_on_a_log_scale():
    frame = pd.DataFrame({"money": [1, 1, 2, 2, 3, 1000], "change": [-1000, 1, 2, 3, 4, 5000]})
    made, found = numeric(frame)
    assert [scale.log for scale in made.scaling_.scales] == [True, False]
    logs = np.log1p(frame.money)
    np.testing.assert_allclose(found.X[:, 0], (logs - logs.mean()) / logs.std(ddof=0), rtol=1e-5)


@pytest.mark.parametrize(
    ("frame", "columns", "words"),
    [
        ({"name": ["a", "b"], "colour": ["red", "blue"]}, {}, ("no column of numbers", "name, colour")),
        ({"a": [1, 1, 1]}, {}, ("same value in all rows (a)",)),
        ({"a": [1, 2], "b": [None, None]}, {"features": ["b"]}, ("'b' is empty in all 2 rows",)),
        ({"a": [1, 2], "b": ["red", "blue"]}, {"features": ["a", "b"]}, ("'b' holds words", "row 2: red")),
        ({"a": [1, 2, 3], "b": [1.0, np.inf, 2.0]}, {"features": ["b"]}, ("'b'", "infinite", "row 3")),
        ({"a": ["1", "1e400", "3"]}, {}, ("'a'", "too large", "row 3")),
        ({"amount": [1, 2]}, {"features": ["amuont"]}, ("'amuont'", "Did you mean 'amount'")),
        ({"a": [1, 2]}, {"features": ["zzz"]}, ("'zzz'", "Choose among: a")),
        ({"a": [1, 2]}, {"features": ["a", "a"]}, ("two uses",)),
        ({"a": [1, 2]}, {"features": ["a"], "key": "a"}, ("two uses",)),
        ({"a": [1, 2]}, {"features": []}, ("at least one column",)),
        ({"a": [1]}, {}, ("1 row",)),
        ({"a": [1, 2], "t": pd.to_datetime(["2024-01-01", "2024-01-02"])}, {"features": ["t"]}, ("'t' holds dates",)),
    ],
)
def test_tables_of_numbers_that_are_refused(frame, columns, words):
    refused(lambda: numeric(pd.DataFrame(frame), **columns), *words)


def test_a_doubtful_column_nobody_chose_is_left_out():
    _, found = numeric(pd.DataFrame({"a": [1, 2, 4], "b": ["1,234", "5,678", "9,012"]}))
    assert found.names == ["a"] and any("cannot be told" in str(note) and "left out" in str(note) for note in found.notes)


def test_records_that_are_refused():
    made, _ = numeric(pd.DataFrame({"a": [1, 2, 4], "b": [3.5, 1, 2]}))
    refused(lambda: made.transform([{"a": 1}, {"c": 2}]), "Record 2", "a, b")
    refused(lambda: made.transform(["text"]), "Record 1")
    refused(lambda: made.transform([{"a": 1, "b": "red"}]), "'b' of record 1", "'red'")
    refused(lambda: made.transform([{"a": [1], "b": 1}]), "'a' of record 1")
    refused(lambda: made.transform([{"a": float("inf"), "b": 1}]), "infinite")

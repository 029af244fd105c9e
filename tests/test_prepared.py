"""Tables made ready for clustering: numbers and dates as people write them, bad input in sentences, purchases counted by hand."""

import datetime
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmcore.commands import columns
from bmcore.data import amounts, dates
from bmcore.data.features import identifies
from bmcore.data.prepared import PREPARATIONS, load_preparation, preparation
from bmcore.data.read import read_table
from bmcore.data.rfm import Purchases
from bmcore.data.scaling import Scaling
from bmcore.errors import DataError, ModelError
from bmcore.messages import Message
from bmcore.runs import tasks

NAN = float("nan")


def refused(call, *words):
    """The sentence of the error, which has to hold all of the words."""
    with pytest.raises(DataError) as caught:
        call()
    text = str(caught.value)
    assert all(word in text for word in words), text
    return text


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.234,50", "7,2", ""], [1234.5, 7.2, NAN]),
        (["1,234.50", "7.2", "12"], [1234.5, 7.2, 12]),
        (["$1,234", "$5"], [1234, 5]),
        (["€ 1.234", "€ 12"], [1234, 12]),
        (["1,234", "12"], [1234, 12]),
        (["1,234,567", "2"], [1234567, 2]),
        (["¥1200", "¥ 35元"[:4]], [1200, 35]),
        (["(12.50)", "3-", "−4"], [-12.5, -3, -4]),
        (["1 234,5", "1\u00a0000", "2\u202f500,25"], [1234.5, 1000, 2500.25]),
        (["1'234.50", "9"], [1234.5, 9]),
        (["12 %", "3%"], [12, 3]),
        (["EUR 5,00", "7,00 eur"], [5, 7]),
        (["1e3", "n/a", "-", "2.5E-1"], [1000, NAN, NAN, 0.25]),
        (["+5", "0", "-0"], [5, 0, 0]),
        (["0.125", "0.250", "n/a", "12"], [0.125, 0.25, NAN, 12]),
        (["$0.125", "$0.250", "$12", "$3"], [0.125, 0.25, 12, 3]),
        (["1.125", "2.250", "n/a", "12"], [1.125, 2.25, NAN, 12]),
        (["0,125", "12"], [0.125, 12]),
        (["￥1,200", "¥35", "￥ 7"], [1200, 35, 7]),
        (["1,00,000", "12,34,567.50", "12"], [100000, 1234567.5, 12]),
        (["Rs. 1,00,000", "Rs 500", "rs.7"], [100000, 500, 7]),
        (["100 kr", "kr. 7,50", "1 000kr"], [100, 7.5, 1000]),
        (["CA$5.25", "CA$ 1,200.00"], [5.25, 1200]),
    ],
)
def test_numbers_as_people_write_them(cells, values):
    found = amounts.read(pd.Series(cells), "x")
    np.testing.assert_array_equal(found.values, values)
    assert not found.bad.any()


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["1,234", "5,678"], ("cannot be told", "1,234", "row 2")),
        (["1.5", "2,5"], ("two ways", "1.5 in row 2", "2,5 in row 3")),
        (["$5", "€7"], ("mixes currencies", "$ in row 2", "€ in row 3")),
        (["5", "1e400"], ("infinite or too large", "row 3")),
        (["5", "inf"], ("infinite", "row 3")),
        (["5", "9" * 400], ("too large", "row 3")),
    ],
)
def test_numbers_that_cannot_be_told(cells, words):
    refused(lambda: amounts.read(pd.Series(cells), "x"), "'x'", *words)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["1.234.567", "12"], "1.234.567 is 1,234,567"),
        (["€ 1.234", "€ 9999"], "€ 1.234 is 1,234"),
        (["$1,234", "$9999"], "$1,234 is 1,234"),
        (["1.125", "n/a"], "1.125 is 1.125"),
    ],
)
def test_what_a_mark_was_taken_for_is_told(cells, words):
    assert any(words in str(note) for note in amounts.read(pd.Series(cells), "x").notes)


def test_words_among_numbers_are_bad():
    found = amounts.read(pd.Series(["5", "red", "1.2.3", "", "--", "0x10"]), "x")
    assert found.bad.tolist() == [False, True, True, False, True, True]


@given(
    st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=20),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", ".")]),
)
def test_any_amount_comes_back(numbers, style):
    group, mark = style
    cells = ["0" + mark + "25"] + [f"{number:,.2f}".replace(",", "\0").replace(".", mark).replace("\0", group) for number in numbers]
    found = amounts.read(pd.Series(cells), "x")
    np.testing.assert_array_equal(found.values[1:], [float(number) for number in numbers])


@given(st.lists(st.text(max_size=12), max_size=12))
def test_any_text_is_a_number_bad_empty_or_refused(cells):
    try:
        found = amounts.read(pd.Series(cells, dtype="str"), "x")
    except DataError:
        return
    assert np.isfinite(found.values[~np.isnan(found.values)]).all()
    assert np.isnan(found.values[found.bad]).all()


DAY = datetime.date(2024, 3, 25)
OTHER = datetime.date(2024, 12, 4)


@pytest.mark.parametrize(
    "pattern",
    [
        "%Y-%m-%d",
        "%Y/%m/%d %H:%M",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%d %H:%M:%S.123456+02:00",
        "%Y%m%d",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%m/%d/%Y %I:%M %p",
        "%d.%m.%Y",
        "%d.%m.%y",
        "%d-%m-%Y %H:%M",
        "%d %b %Y",
        "%d-%b-%y",
        "%B %d, %Y",
        "%a, %d %B %Y 10:00",
        "%Y年%m月%d日",
    ],
)
def test_dates_as_people_write_them(pattern):
    cells = [datetime.datetime.combine(day, datetime.time(0, 30)).strftime(pattern) for day in (DAY, OTHER)]
    found = dates.read(pd.Series([*cells, None]), "when")
    assert found.values.astype("M8[D]").tolist() == [DAY, OTHER, None] and not found.bad.any()


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([20240325, 20241204]),
        pd.Series([20240325.0, 20241204.0, NAN]),
        pd.Series([45376, 45630.5]),
        pd.Series([1711324800, 1733270400]),
        pd.Series([1711324800000, 1733270400000]),
        pd.to_datetime(pd.Series(["2024-03-25", "2024-12-04"])),
        pd.to_datetime(pd.Series(["2024-03-25 01:00", "2024-12-04 01:00"])).dt.tz_localize("Asia/Shanghai"),
        pd.Series([DAY, OTHER]),
    ],
)
def test_dates_that_are_no_text(column):
    assert dates.read(column, "when").values.astype("M8[D]").tolist()[:2] == [DAY, OTHER]


def test_dates_that_cannot_be_told():
    refused(lambda: dates.read(pd.Series(["03/04/2024", "05/06/2024"]), "when"), "cannot be told", "03/04/2024", "row 2", "2024-12-31")
    refused(lambda: dates.read(pd.Series(["31/01/2024", "01/31/2024"]), "when"), "row 2", "row 3", "mixes")
    refused(lambda: dates.read(pd.Series(["soon", "later"]), "when"), "no dates", "row 2", "soon")
    refused(lambda: dates.read(pd.Series([1, 2, 3]), "when"), "no dates", "row 2")
    assert "day, month, year" in str(dates.read(pd.Series(["31/01/2024", "01/02/2024"]), "when").notes[0])
    assert dates.read(pd.Series(["01.02.2024", "03.04.2024"]), "when").values.astype("M8[M]").tolist()[0].month == 2
    few = dates.read(pd.Series(["2024-01-01"] * 9 + ["30 February 2024"]), "when")
    assert few.bad.tolist() == [False] * 9 + [True]


def days(*cells):
    return dates.read(pd.Series(cells), "when").values.astype("M8[D]").astype(str).tolist()


def test_two_digit_years_only_where_nothing_else_is_meant():
    for cells in (["24/10/03", "25/01/15"], ["25-03-24", "31-12-24"], ["03/04/05"]):
        refused(lambda cells=cells: days(*cells), "which part", cells[0], "row 2", "four digits")
    assert days("98/10/03", "99/01/15", "97/02/01") == ["1998-10-03", "1999-01-15", "1997-02-01"]
    assert days("31/12/98", "01/02/97") == ["1998-12-31", "1997-02-01"]
    assert days("03/24/24", "01/05/15") == ["2024-03-24", "2015-01-05"]
    assert days("31/12/2024", "25/03/24") == ["2024-12-31", "2024-03-25"]
    assert "year, month, day" in str(dates.read(pd.Series(["98/10/03"]), "when").notes[0])


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["0001-01-01"] + ["2024-01-02"] * 9),
        pd.Series(["00010101"] + ["20240102"] * 9),
        pd.Series([10101] + [20240102] * 9),
        pd.Series(np.array(["0001-01-01"] + ["2024-01-02"] * 9, "M8[s]")),
    ],
)
def test_a_year_before_1900_is_no_date(column):
    found = dates.read(column, "when")
    assert found.bad.tolist() == [True] + [False] * 9 and np.isnat(found.values[0])
    assert found.values[1:].astype("M8[D]").astype(str).tolist() == ["2024-01-02"] * 9


@given(st.dates(datetime.date(1950, 1, 1), datetime.date(2150, 12, 31)), st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d %B %Y"]))
def test_any_date_comes_back(day, pattern):
    found = dates.read(pd.Series([day.strftime(pattern), datetime.date(2000, 1, 31).strftime(pattern)]), "when")
    assert found.values.astype("M8[D]").tolist()[0] == day


@given(st.lists(st.text(max_size=12), max_size=8))
def test_any_text_is_a_date_bad_empty_or_refused(cells):
    try:
        found = dates.read(pd.Series(cells, dtype="str"), "when")
    except DataError:
        return
    assert np.isnat(found.values[found.bad]).all()


def numeric(frame, **columns):
    made = preparation("numeric", {"features": None, **columns})
    return made, made.fit(frame)


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


LOG = pd.DataFrame(
    {
        "who": ["a", "b", "a", "c", "a", "b", "d", "b "],
        "when": ["2024-01-01", "2024-01-11", "2024-01-31", "2024-01-21", "2024-01-31", "2024-01-12", "2024-01-02", "2024-01-13"],
        "paid": [10.0, 5.0, 20.0, 7.0, 2.5, -2.0, -3.0, 4.0],
        "pieces": [1, 1, 2, 1, 1, 1, 1, 2],
    }
)
ROLES = {"customer": "who", "date": "when", "money": "paid"}


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


@pytest.mark.parametrize(("kind", "roles", "frame"), [("purchases", ROLES, LOG), ("numeric", {"features": ["paid", "pieces"]}, LOG)])
def test_saved_and_loaded(tmp_path, kind, roles, frame):
    made = preparation(kind, {"prepare": kind, **roles})
    made.fit(frame)
    made.save(tmp_path / "preparation")
    again = load_preparation(tmp_path / "preparation")
    assert type(again) is type(made) and again.columns == made.columns and again.example() == made.example()
    np.testing.assert_array_equal(again.transform(again.example()), made.transform(made.example()))
    assert type(made).load(tmp_path / "preparation").kind == kind


def test_a_damaged_folder_and_a_strange_kind(tmp_path):
    with pytest.raises(ModelError, match=r"preparation\.json"):
        load_preparation(tmp_path)
    for content in (
        "{}",
        '{"kind": "numeric"}',
        '{"kind": "os", "columns": {}, "state": {}}',
        '{"kind": "numeric", "columns": {}, "state": {"scales": [1]}}',
    ):
        (tmp_path / "preparation.json").write_text(content)
        with pytest.raises(ModelError):
            load_preparation(tmp_path)
    made = preparation("numeric", {})
    made.fit(LOG[["paid", "pieces"]])
    made.save(tmp_path)
    with pytest.raises(ModelError, match="numeric, not purchases"):
        Purchases.load(tmp_path)
    refused(lambda: preparation("poems", {}), "'poems'", *PREPARATIONS)


@pytest.mark.parametrize("change", [{"spread": "a"}, {"centre": None}, {"fill": "x"}, {"spread": 0}, {"fill": NAN}, {"name": 3}])
def test_a_damaged_scale(tmp_path, change):
    made, _ = numeric(LOG[["paid", "pieces"]])
    made.save(tmp_path)
    stored = json.loads((tmp_path / "preparation.json").read_text())
    stored["state"]["scales"][0].update(change)
    (tmp_path / "preparation.json").write_text(json.dumps(stored))
    with pytest.raises(ModelError, match=r"preparation\.json is missing or damaged"):
        load_preparation(tmp_path)
    with pytest.raises(ModelError, match="centre, spread and fill"):
        Scaling.restore(stored["state"]["scales"])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("💰 Spend, €", ["💰 Spend, €"]),
        ('"💰 Spend, €",age', ["💰 Spend, €", "age"]),
        (" age , 身高,", ["age", "身高"]),
        ("a,b", ["a,b"]),
    ],
)
def test_a_name_with_a_comma_can_be_chosen(tmp_path, text, names):
    path = tmp_path / "t.csv"
    pd.DataFrame([[1, 2, 3, 4]], columns=["💰 Spend, €", "age", "身高", "a,b"]).to_csv(path, index=False)
    empty = dict.fromkeys(columns.NAMES)
    options = SimpleNamespace(**{**empty, "prepare": "numeric", "features": text}, data=str(path), sample=None, estimator="KMeans")
    assert columns.given(options, tasks.asks("clustering"))["features"] == names
    options.data = str(tmp_path / "absent.csv")
    assert columns.given(options, tasks.asks("clustering"))["features"]


def test_notes_can_be_stored():
    for note in preparation("purchases", ROLES).fit(LOG).notes:
        assert Message.from_dict(note.to_dict()) == note and str(note)


def test_a_hundred_thousand_purchases_take_no_python_loop(monkeypatch):
    """A count instead of a clock: the work on 100,000 lines calls few Python functions."""
    import sys

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"who": rng.integers(0, 9000, 100_000), "when": rng.integers(45_000, 45_600, 100_000), "paid": rng.gamma(2, 9, 100_000)}
    )
    calls = 0

    def count(*_):
        nonlocal calls
        calls += 1

    made = preparation("purchases", ROLES)
    made.fit(frame.head(100))
    sys.setprofile(count)
    try:
        found = made.fit(frame)
    finally:
        sys.setprofile(None)
    assert len(found.table) == 9000 and calls < 30_000


CELL = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.integers(-(10**18), 10**18),
    st.floats(),
    st.booleans(),
    st.sampled_from(["2024-01-05", "31/12/2023", "1/2/2024", "$5", "€ 1.234,50", "a", "b", "", "1e400", 20240105, 45000, 3.5]),
)


@given(st.lists(st.tuples(CELL, CELL, CELL, CELL), min_size=0, max_size=12))
def test_any_table_is_prepared_or_refused(rows):
    frame = pd.DataFrame(rows, columns=["who", "when", "paid", "pieces"], dtype=object)
    for kind, roles in (
        ("numeric", {"features": None}),
        ("numeric", {"features": ["paid"]}),
        ("purchases", {**ROLES, "quantity": "pieces"}),
    ):
        made = preparation(kind, roles)
        try:
            found = made.fit(frame)
        except DataError as error:
            assert str(error)
            continue
        assert np.isfinite(found.X).all() and found.X.shape == (len(found.table), len(found.names)) and found.X.dtype == np.float32
        assert np.isfinite(made.transform(made.example())).all()


def test_names_that_are_numbers_or_repeat():
    assert preparation("numeric", {}).fit(pd.DataFrame(np.eye(3))).names == ["0", "1", "2"]
    refused(lambda: preparation("numeric", {}).fit(pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"])), "Two columns", "'a'")

"""Dates as people write them."""

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmcore.data import dates
from bmcore.errors import DataError
from tests.data.tables import refused

NAN = float("nan")

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


def test_several_time_zones_are_brought_to_one_clock():
    given = pd.Series(["2024-01-09T20:00:00-08:00", "2024-01-10T00:30:00+09:00", "2024-01-10 12:00:00Z", "2024-01-10 12:00", ""])
    found = dates.read(given, "at")
    assert [str(one) for one in found.values] == [
        "2024-01-10T04:00:00", "2024-01-09T15:30:00", "2024-01-10T12:00:00", "2024-01-10T12:00:00", "NaT"]
    assert "UTC" in " ".join(map(str, found.notes))
    one = dates.read(given[:1], "at")
    assert str(one.values[0]) == "2024-01-09T20:00:00" and not one.notes

"""Numbers as people write them."""


import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmcore.data import amounts
from bmcore.errors import DataError
from tests.data.tables import refused

NAN = float("nan")


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


def test_an_exponent_alone_is_no_number():
    found = amounts.read(pd.Series(["E5", "1", ".5", "5.", ".E1", "-e2"]), "x")
    np.testing.assert_array_equal(found.values, [NAN, 1, 0.5, 5, NAN, NAN])
    assert found.bad.tolist() == [True, False, False, False, True, True]

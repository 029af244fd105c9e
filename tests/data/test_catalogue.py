"""Items and users as tables: one row each, the first filled cell counts, what must come before what."""

import numpy as np
import pandas as pd
import pytest

from bmcore.data.catalogue import catalogue, traits
from bmcore.errors import DataError

FILMS = pd.DataFrame({
    "id": [1.0, 2.0, 1.0, np.nan, 3.0],
    "name": [None, "Heat", "  Alien  (1979) ", "nobody", ""],
    "genre": ["Horror", "Crime", "Sci-Fi", "x", None],
    "year": [1979, 1995, 1979, 2000, 1988],
})


def test_one_row_an_item():
    table = catalogue(FILMS, "id", "name", ["genre", "year"])
    assert table.columns.tolist() == ["item", "title", "about", "difficulty", "requires"]
    assert table["item"].tolist() == [1, 2, 3] and all(type(one) is int for one in table["item"])
    assert table.title.tolist() == ["Alien (1979)", "Heat", "3"]
    assert table.about.tolist() == ["Horror 1979", "Crime 1995", "1988"]
    assert table.difficulty.isna().all() and table.requires.tolist() == [[], [], []]


def test_without_title_or_words():
    table = catalogue(FILMS, "id")
    assert table.title.tolist() == ["1", "2", "3"] and table.about.tolist() == ["", "", ""]


def test_the_title_may_be_what_it_is_about():
    assert catalogue(FILMS, "id", "name", ["name"]).about.tolist() == ["Alien (1979)", "Heat", ""]


@pytest.mark.parametrize("given,expected", [
    (["easy", "Hard", "medium"], [1, 3, 2]),
    (["入门", "高级", ""], [1, 3, np.nan]),
    ([0.5, None, 3], [0.5, np.nan, 3]),
    (["1,5", "2,0", "x"], None),
    (["blue", "red", "green"], None),
    ([None, None, None], None),
])
def test_difficulty(given, expected):
    frame = pd.DataFrame({"id": [1, 2, 3], "level": given})
    if expected is None:
        with pytest.raises(DataError, match="no difficulty that can be read"):
            catalogue(frame, "id", difficulty="level")
    else:
        assert np.array_equal(catalogue(frame, "id", difficulty="level").difficulty, expected, equal_nan=True)


def test_requires_knows_the_identifiers_of_the_table():
    frame = pd.DataFrame({"id": ["a", "b", "c", "d"], "needs": [None, "a", "a; b|a", "[d, a, zzz]"]})
    assert catalogue(frame, "id", requires="needs").requires.tolist() == [[], ["a"], ["a", "b"], ["a", "zzz"]]
    frame = pd.DataFrame({"id": [1, 2, 3], "needs": [np.nan, 1, 2]})
    assert catalogue(frame, "id", requires="needs").requires.tolist() == [[], [1], [2]]


def test_traits_are_text():
    frame = pd.DataFrame({"who": range(100), "age": range(100), "sex": ["f", "m"] * 50})
    table = traits(frame, "who", ["age", "sex"])
    assert table.columns.tolist() == ["user", "age", "sex"] and len(table) == 100
    assert table.age.tolist() == [str(one) for one in range(100)]
    assert traits(frame, "who", ["sex"]).sex.tolist()[:2] == ["f", "m"]


def test_few_numbers_stay_and_blank_is_unknown():
    table = traits(pd.DataFrame({"who": ["a", "b", "a"], "year": [np.nan, 2.0, 1.0]}), "who", ["year"])
    assert table.values.tolist() == [["a", "1"], ["b", "2"]]


@pytest.mark.parametrize("call,words", [
    (lambda: catalogue(FILMS, "gone"), "no column 'gone'"),
    (lambda: catalogue(FILMS, "id", "nam"), "Did you mean 'name'"),
    (lambda: catalogue(FILMS.assign(id=None), "id"), "empty in all 5 rows"),
    (lambda: traits(FILMS, "id", ["age"]), "no column 'age'"),
])
def test_what_cannot_be_used_is_refused_in_a_sentence(call, words):
    with pytest.raises(DataError) as caught:
        call()
    assert words in str(caught.value)

"""Catalogues as people have them: rows without an id, two columns of one name, descriptions that tell nothing."""

import numpy as np
import pandas as pd
import pytest

from bmcore.errors import DataError
from bmcore.recommend import EASE, Popularity
from bmcore.recommend.content import Content
from bmcore.recommend.people import People

LOG = pd.DataFrame({"user": list("aabbcc"), "item": ["x", "y", "x", "z", "y", "z"]})


@pytest.mark.parametrize("missing", [None, np.nan, float("nan"), "", "  ", pd.NA, pd.NaT])
def test_a_row_without_an_id_is_no_item(missing):
    items = pd.DataFrame({"item": pd.Series(["x", missing, "new"], dtype=object), "title": ["red shoe", "blue shoe", "green shoe"]})
    assert Popularity().fit(LOG, items=items).item_ids_.tolist() == ["x", "y", "z", "new"]
    assert Content().fit(items, ["x", "y"]).items_.tolist() == ["x", "y", "new"]


def test_numbers_with_a_gap():
    log = LOG.assign(item=[1, 2, 1, 3, 2, 3])
    items = pd.DataFrame({"item": [1, np.nan, 4], "title": ["red shoe", "blue shoe", "green shoe"]})
    assert Popularity().fit(log, items=items).item_ids_.tolist() == [1, 2, 3, 4]


def test_ids_written_otherwise_in_the_catalogue():
    log = LOG.assign(item=[1.5, 2.5, 1.5, "b ", 2.5, "b"])
    items = pd.DataFrame({"item": [1.5, " b", 4.0, "2.5"], "title": ["red shoe", "blue shoe", "green shoe", "red hat"]})
    model = Popularity().fit(log, items=items)
    assert [str(one) for one in model.item_ids_] == ["1.5", "2.5", "b", "4"], "each item once"


def test_two_columns_of_one_name():
    items = pd.DataFrame([["x", "red", "shoe"]], columns=["item", "title", "title"])
    users = pd.DataFrame([["a", "Oslo", "Rome"]], columns=["user", "city", "city"])
    for given in ({"items": items}, {"users": users}, {"items": items.set_axis(["item", "item", "about"], axis=1)}):
        with pytest.raises(DataError, match="Two columns are named"):
            Popularity().fit(LOG, **given)
    with pytest.raises(DataError, match="'title'"):
        Content().fit(items, ["x"])
    with pytest.raises(DataError, match="'city'"):
        People().fit(users, ["a"], EASE().fit(LOG).history_)


def test_new_items_keep_an_order_where_descriptions_predict_nothing():
    draw = np.random.default_rng(5)
    log = pd.DataFrame({"user": draw.integers(0, 200, 3000), "item": draw.integers(0, 60, 3000)})
    words = [f"w{number}" for number in range(15)]
    items = pd.DataFrame({"item": range(90), "title": [" ".join(draw.choice(words, 3)) for _ in range(90)]})
    model = EASE().fit(log, items=items)
    scores = model.scores(model.history_)
    known, new = scores[:, :60], scores[:, 60:]
    assert min(len(set(row)) for row in new.tolist()) > 20
    flat = new.std(axis=1) < 0.05 * known.std(axis=1)  # nothing learned for them: between the known ones, where it was
    assert flat.mean() > 0.5 and np.abs(new.mean(axis=1) - known.mean(axis=1))[flat].max() < 0.1 * known.std()

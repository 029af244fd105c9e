"""Preparations: saved and loaded, damaged, chosen in a terminal; any table is prepared or refused."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmcore.commands import columns
from bmcore.data.prepared import PREPARATIONS, load_preparation, preparation
from bmcore.data.rfm import Purchases
from bmcore.data.scaling import Scaling
from bmcore.errors import DataError, ModelError
from bmcore.messages import Message
from bmcore.runs import tasks
from tests.data.tables import LOG, ROLES, numeric, refused

NAN = float("nan")


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

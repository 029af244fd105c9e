"""Unusual rows with their reasons, and the map: geometry known by hand, promises over many inputs."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmcore.cluster import projection
from bmcore.cluster.outliers import outliers
from bmcore.data.prepared import Prepared


def prepared(X, names=None, **more):
    names = names or [f"c{i}" for i in range(X.shape[1])]
    table = pd.DataFrame(X, columns=names).assign(**more)
    return Prepared(X.astype("float32"), names, table, None, np.arange(len(X)))


def line(*extra):
    """21 points from 0 to 20 in both columns alike, then these."""
    return np.array([[i, i] for i in range(21)] + list(extra), dtype=float)


def test_ranked_by_distance_with_reasons():
    X = line([20, 60], [-10, 20])
    found = outliers(prepared(X, ["amount", "age"], label="x"), X, np.array([0] * 21 + [-1, -1]), np.arange(21), eps=2.0)
    assert [(one["row"], one["score"]) for one in found] == [(21, 20.0), (22, pytest.approx(np.hypot(15, 15) / 2))]
    assert found[0]["why"] == [
        {"column": "age", "value": 60, "usual_low": 1, "usual_high": 19, "among": "all"},
        {"column": "amount", "value": 20, "usual_low": 1, "usual_high": 19, "among": "all"},
    ]
    assert found[0]["values"] == {"amount": 20, "age": 60, "label": "x"}
    json.dumps(found, allow_nan=False)


def test_unusual_only_in_combination():
    X = line([4, 16])
    found = outliers(prepared(X), X, np.array([0] * 21 + [-1]), np.arange(21), eps=1.5)
    assert found[0]["why"] and all(why["among"] == "neighbours" for why in found[0]["why"])
    assert all(not why["usual_low"] <= why["value"] <= why["usual_high"] for why in found[0]["why"])


def test_without_dense_points_the_neighbours_count():
    X = np.array([[0.0], [1], [2], [3], [4], [5], [100]])
    found = outliers(prepared(X), X, np.full(7, -1), np.array([], int), eps=1.0)
    assert len(found) == 7 and (found[0]["row"], found[0]["score"]) == (6, 99.0)


def test_nothing_unusual_and_only_the_first():
    X = line([50, 50], [60, 60], [70, 70])
    assert outliers(prepared(X), X, np.zeros(24, int), np.arange(24), 1.0) == []
    found = outliers(prepared(X), X, np.array([0] * 21 + [-1] * 3), np.arange(21), 1.0, most=2)
    assert [one["row"] for one in found] == [23, 22]


def test_rows_are_those_of_the_given_table():
    X = line([99, 99])
    table = prepared(X)
    table.rows = np.arange(22) + 100
    assert outliers(table, X, np.array([0] * 21 + [-1]), np.arange(21), 1.0)[0]["row"] == 121


def test_missing_cells_are_null():
    X = line([99, 99])
    table = prepared(X)
    table.table.loc[21, "c0"] = np.nan
    found = outliers(table, X, np.array([0] * 21 + [-1]), np.arange(21), 1.0)[0]
    assert found["values"]["c0"] is None and [why["column"] for why in found["why"]] == ["c1"]


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100), st.integers(-1, 1)), min_size=1, max_size=30))
def test_scores_equal_brute_force(rows):
    X = np.array([[a, b] for a, b, _ in rows])
    labels = np.array([label for *_, label in rows])
    cores = np.flatnonzero(labels >= 0)
    found = outliers(prepared(X), X, labels, cores, 0.5)
    assert len(found) == (labels == -1).sum() and [one["score"] for one in found] == sorted((one["score"] for one in found), reverse=True)
    if len(cores):
        for one in found:
            assert one["score"] == pytest.approx(np.hypot(*(X[cores] - X[one["row"]]).T).min() / 0.5)


def test_principal_directions_equal_svd():
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(500, 6)) @ rng.normal(size=(6, 6))).astype("float32")
    found = projection.project(prepared(X), X, np.zeros(500, int))
    _, spread, directions = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    expected = (X - X.mean(axis=0)) @ directions[:2].T
    np.testing.assert_allclose(np.abs(found["points"]), np.abs(expected), atol=1e-3)
    np.testing.assert_allclose(found["explained"], spread[:2] ** 2 / (spread**2).sum(), atol=1e-3)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(("d", "axes"), [(1, 2), (2, 2), (3, 3), (4, 2), (40, 2)])
def test_axes_by_number_of_columns(d, axes):
    X = np.random.default_rng(0).normal(size=(30, d)).astype("float32")
    found = projection.project(prepared(X), X, np.zeros(30, int))
    assert {len(point) for point in found["points"]} == {axes} and len(found["explained"]) == axes and sum(found["explained"]) <= 1.001
    assert all(isinstance(axis, str) for axis in found["axes"])


def test_two_columns_are_drawn_as_they_are():
    X = np.array([[0, 0], [1, 5], [2, 10]], "float32")
    found = projection.project(prepared(X, ["age", "money"]), X, np.array([0, 0, -1]))
    assert found["axes"] == ["age", "money"] and found["points"] == [[-1, -5], [0, 0], [1, 5]]
    assert (found["cluster"], found["row"], found["columns"], found["values"]) == (
        [0, 0, -1],
        [0, 1, 2],
        ["age", "money"],
        [[0, 0], [1, 5], [2, 10]],
    )


def test_messages_have_no_named_axes_and_one_row_has_a_map():
    X = np.eye(4, dtype="float32")
    table = Prepared(X, [], pd.DataFrame({"text": ["a" * 900] * 4}))
    found = projection.project(table, X, np.zeros(4, int))
    assert found["axes"] == [] and len(found["values"][0][0]) == 200
    assert projection.project(prepared(X[:1]), X[:1], np.array([0]))["points"] == [[0, 0]]


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=12), st.integers(100, 1500))
def test_small_groups_stay_visible(sizes, most):
    labels = np.repeat(np.arange(len(sizes)) - 1, sizes)
    rows = projection.choose(labels, most)
    assert len(rows) == len(set(rows.tolist())) == min(most, len(labels)) and (np.diff(rows) > 0).all()
    kept = np.bincount(labels[rows] + 1, minlength=len(sizes))
    floor = min(50, most // len(sizes))
    assert all(got >= min(size, floor) for got, size in zip(kept, sizes, strict=True))


def test_more_groups_than_points():
    assert len(projection.choose(np.arange(100), 10)) == 10

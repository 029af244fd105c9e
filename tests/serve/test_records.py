"""Asking a model that has found groups, over HTTP and through the client."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pytest

from bmcore.cluster.dbscan import DBSCAN
from bmcore.cluster.kmeans import KMeans
from bmcore.cluster.model import ClusterModel
from bmcore.data.prepared import preparation
from bmcore.errors import DataError, ServiceError
from bmcore.serve import client, endpoints, records
from tests.serve.wire import talk

NAME = "groups-under-test"
COLUMNS = ["hours per week", "pay"]


@pytest.fixture
def saved(tmp_path):
    """A model folder: two groups of workers."""
    draw = np.random.default_rng(0)
    table = pd.DataFrame(np.concatenate([draw.normal(0, 1, (40, 2)), draw.normal(20, 1, (40, 2))]), columns=COLUMNS)
    made = preparation("numeric", {"features": COLUMNS})
    prepared = made.fit(table)
    model = ClusterModel(made, KMeans(2, random_state=0).fit(prepared.X), {0: "first", 1: "second"})
    return model.save(tmp_path / "model")


@pytest.fixture
def served(monkeypatch, home, saved):
    """The client starts a real service around the saved model; it is stopped afterwards."""
    code = (
        "import sys; from pathlib import Path\nfrom bmcore.serve import server\nfrom bmcore.cluster.model import ClusterModel\n"
        "sys.exit(server.run(ClusterModel, Path(sys.argv[1]), sys.argv[2]))"
    )
    monkeypatch.setattr(client, "command", lambda name: [sys.executable, "-c", code, str(saved), name])
    yield client.service(NAME)
    client.stop(NAME, wait_s=10)


def test_each_record_gets_its_group(served, saved):
    rows = [{"hours per week": 0.0, "pay": 1, "more": "ignored"}, {"hours per week": 20, "pay": None}]
    found = served.assign(rows)
    assert [set(one) for one in found] == [{"cluster", "name", "distance"}] * 2
    model = ClusterModel.load(saved)
    assert [one["cluster"] for one in found] == model.predict(rows).tolist() and found[0]["cluster"] != found[1]["cluster"]
    assert {one["name"] for one in found} == {"first", "second"} and all(one["distance"] >= 0 for one in found)
    many = served.assign([{"hours per week": np.float64(i), "pay": np.int64(1)} for i in range(2300)])
    assert len(many) == 2300 and served.assign([]) == []


def test_docs_have_the_own_column_names(served):
    port = int(served.url.rsplit(":", 1)[1])
    body = talk(port, "GET", "/openapi.json")[2]["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["properties"]["records"]["items"]["required"] == COLUMNS and list(body["example"]["records"][0]) == COLUMNS
    assert talk(port, "POST", "/predict", json.dumps(body["example"]).encode())[0] == 200


def test_refusals_over_http(served):
    port = int(served.url.rsplit(":", 1)[1])
    for content, status, words in (
        (b"{", 400, "JSON"), (b"[]", 422, "records"), (b'{"records": [{"pay": 1}]}', 422, "'hours per week'"),
        (b'{"records": [{"hours per week": 1e999, "pay": 1}]}', 422, "not a number"),
        (b'{"records": [{"hours per week": "7", "pay": 1}]}', 422, "not a number"),
        (json.dumps({"records": [{"hours per week": 1, "pay": 1, "x": "y" * 1000}] * 1000}).encode(), 413, "1,000,000 bytes"),
    ):
        found, _, answer = talk(port, "POST", "/predict", content)
        assert found == status and words in answer["error"] and answer["message"]["template"]
    with pytest.raises(ServiceError, match="no column"):
        served.assign([{"pay": 3}])


EXAMPLE = {"a": 1.0, "b": "x"}


@pytest.mark.parametrize(("body", "words"), [
    (None, "one field, records"), ({"records": 3}, "list of 1 to 1,000"), ({"records": []}, "list of 1 to 1,000"),
    ({"records": [{}] * 1001}, "list of 1 to 1,000"), ({"records": [], "more": 1}, "one field"), ({"records": [3]}, "Entry 0"),
    ({"records": [{"a": 1, "b": "x"}, {"a": 1}]}, "Entry 1 of records has no column 'b'"),
    ({"records": [{"a": True, "b": "x"}]}, "not a number"),
    ({"records": [{"a": [1], "b": "x"}]}, "not a number"), ({"records": [{"a": float("nan"), "b": "x"}]}, "not a number"),
    ({"records": [{"a": 10**400, "b": "x"}]}, "not a number"), ({"records": [{"a": 1, "b": 5}]}, "not a text"),
    ({"records": [{"a": 1, "b": "x" * 100_001}]}, "100,000"), ({"records": [{str(i): 1 for i in range(1001)}]}, "Entry 0"),
])
def test_what_is_no_record(body, words):
    with pytest.raises(DataError, match=words):
        records.records_of(body, EXAMPLE)


def test_what_is_a_record():
    assert records.records_of({"records": [{"a": None, "b": None, "c": 1}]}, EXAMPLE) == [{"a": None, "b": None}]


def test_a_point_near_nothing_has_no_name_and_may_have_no_distance():
    made = preparation("numeric", {"features": COLUMNS})
    prepared = made.fit(pd.DataFrame({"hours per week": [0.0, 1, 2, 50], "pay": [0.0, 1, 2, 90]}))
    for eps, distance in ((0.5, float), (1e-9, type(None))):
        model = ClusterModel(made, DBSCAN(eps, min_samples=2).fit(prepared.X), {0: "near"})
        answer = records.predictions(model, [{"hours per week": 1000.0, "pay": 1000.0}])["predictions"][0]
        assert answer["cluster"] == -1 and answer["name"] is None and isinstance(answer["distance"], distance)
        json.dumps(answer, allow_nan=False)


def test_models_without_a_folder_still_have_an_endpoint():
    assert set(endpoints.of(ClusterModel)) == {"predict"}

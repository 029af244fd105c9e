"""A model that recommends, behind the service: what is asked over HTTP, what is refused, and what its documents say."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from bmcore.errors import DataError, ServiceError
from bmcore.recommend.model import RecommenderModel
from bmcore.serve import client, endpoints, recommendations
from tests.serve.wire import talk

NAME = "shop-under-test"


def shop():
    """A fitted model: even customers buy even things, odd ones odd things; thing 8 is for who has 0 and 2."""
    from bmcore.data.catalogue import catalogue, traits
    from bmcore.recommend import EASE

    rows = [(f"c{user}", item) for user in range(12) for item in range(user % 2, 12, 2) if (user + item) % 5]
    log = pd.DataFrame(rows, columns=["user", "item"])
    log["called"] = "thing " + log["item"].astype(str)
    log["kind"] = log["item"].map(lambda item: "odd thing" if item % 2 else "even thing")
    log["level"] = log["item"] % 3
    log["before"] = log["item"].map({8: "0, 2"})
    log["town"] = log["user"].map(lambda user: "Oslo" if int(user[1:]) % 2 else "Rome")
    items = catalogue(log, "item", "called", ["kind"], "level", "before")
    return RecommenderModel(EASE().fit(log, items=items, users=traits(log, "user", ["town"])), items)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The model's folder."""
    return shop().save(tmp_path_factory.mktemp("shop") / "model")


@pytest.fixture
def served(monkeypatch, home, saved):
    """The client starts a real service around the saved model; it is stopped afterwards."""
    code = (
        "import sys; from pathlib import Path\nfrom bmcore.serve import server\nfrom bmcore.recommend.model import RecommenderModel\n"
        "sys.exit(server.run(RecommenderModel, Path(sys.argv[1]), sys.argv[2]))"
    )
    monkeypatch.setattr(client, "command", lambda name: [sys.executable, "-c", code, str(saved), name])
    yield client.service(NAME)
    client.stop(NAME, wait_s=10)


def test_over_http(served, saved):
    """Customers, histories, similar items, documents and refusals: one process answers them all."""
    model = RecommenderModel.load(saved)
    found = served.ask("recommend", {"users": ["c0", "c1"], "k": 3})["recommendations"]
    assert found == json.loads(json.dumps(model.recommend(users=["c0", "c1"], k=3)))
    assert [set(entry) for entry in found[0]] == [{"item", "title", "score", "because", "why"}] * len(found[0])
    new = served.ask("recommend", {"histories": [["1", 3], [], {"1": 2}], "k": 2, "like": {"town": "Oslo"}})["recommendations"]
    assert all(entry["item"] % 2 for row in new for entry in row) and len(new) == 3
    assert new[0][0]["because"] and new[0][0]["title"].startswith("thing ") and "town" in json.dumps(new[1][0]["why"])
    alike = served.ask("similar", {"items": [1], "k": 3})["similar"][0]
    assert all(set(entry) == {"item", "title", "score"} and entry["item"] % 2 for entry in alike)
    have = served.ask("history", {"users": ["c0", "nobody"], "k": 2})["histories"]
    assert have == json.loads(json.dumps(model.history(["c0", "nobody"], 2)))
    path = served.ask("path", {"histories": [["0"]], "k": 3, "reach": 0.5, "diversity": 0.2})["paths"][0]
    assert path == json.loads(json.dumps(model.path(histories=[["0"]], k=3, reach=0.5, diversity=0.2)[0])) and path["ordered"]
    port = int(served.url.rsplit(":", 1)[1])
    document = talk(port, "GET", "/openapi.json")[2]["paths"]
    for path, known in (("/recommend", "c0"), ("/similar", None), ("/history", "c0"), ("/path", "c0")):
        body = document[path]["post"]["requestBody"]["content"]["application/json"]
        status, _, answer = talk(port, "POST", path, json.dumps(body["example"]).encode())
        assert status == 200 and answer and (known is None or known in body["example"]["users"])
    for path, content, status, words in (
        ("/recommend", b"{", 400, "JSON"), ("/recommend", b"[]", 422, "JSON object"), ("/recommend", b"{}", 422, "exactly one"),
        ("/recommend", b'{"users": ["c0"], "k": 1e999}', 422, "field k"), ("/similar", b'{"items": ["nothing"]}', 422, "no item 'nothing'"),
        ("/recommend", b'{"users": ["c0"], "candidates": ["nothing"]}', 422, "candidates"), ("/predict", b"{}", 404, "/docs"),
        ("/recommend", b'{"users": ["c0"], "difficulty": [3, 1]}', 422, "lowest"), ("/history", b"{}", 422, "users"),
        ("/path", b'{"users": ["c0"], "k": 51}', 422, "from 1 to 50"), ("/path", b'{"users": ["c0"], "reach": "far"}', 422, "field reach"),
        ("/path", b'{"users": ["nobody"]}', 422, "no 'nobody'"), ("/path", b'{"users": [], "k": 2}', 422, "users"),
    ):
        found, _, answer = talk(port, "POST", path, content)
        assert found == status and words in answer["error"], answer
    with pytest.raises(ServiceError, match="1,000"):
        served.ask("recommend", {"users": ["c0"] * 1001})


@pytest.mark.parametrize(("body", "words"), [
    (None, "JSON object"), ([], "JSON object"), ({"people": []}, "no field 'people'"), ({}, "exactly one"),
    ({"users": ["a"], "histories": [[]]}, "exactly one"), ({"users": "a"}, "list of 1 to 1,000"), ({"users": []}, "list of 1 to 1,000"),
    ({"users": ["a"] * 1001}, "list of 1 to 1,000"), ({"users": [True]}, "Entry 0"), ({"users": [["a"]]}, "Entry 0"),
    ({"users": ["a" * 1001]}, "Entry 0"), ({"users": [float("nan")]}, "Entry 0"), ({"users": [10**400]}, "Entry 0"),
    ({"histories": "a"}, "histories"), ({"histories": []}, "histories"), ({"histories": ["a"]}, "Entry 0 of histories"),
    ({"histories": [["a"] * 10_001]}, "10,000"), ({"histories": [{"a": "b"}]}, "weight"), ({"histories": [{"a": -1}]}, "weight"),
    ({"histories": [{"a": float("inf")}]}, "weight"), ({"users": ["a"], "k": 0}, "field k"), ({"users": ["a"], "k": True}, "field k"),
    ({"users": ["a"], "k": 2.5}, "field k"), ({"users": ["a"], "k": 1001}, "field k"), ({"users": ["a"] * 1000, "k": 11}, "rows"),
    ({"users": ["a"], "diversity": 2}, "diversity"), ({"users": ["a"], "diversity": "much"}, "diversity"),
    ({"users": ["a"], "candidates": []}, "candidates"), ({"users": ["a"], "candidates": [None]}, "candidates"),
    ({"users": ["a"], "like": "F"}, "like"), ({"users": ["a"], "like": {"sex": []}}, "like"),
    ({"users": ["a"], "difficulty": "easy"}, "difficulty"), ({"users": ["a"], "difficulty": [None, 1]}, "difficulty"),
])
def test_what_cannot_be_asked(body, words):
    with pytest.raises(DataError, match=words):
        recommendations.recommend_of(body)


@pytest.mark.parametrize(("body", "words"), [
    (None, "JSON object"), ({}, "field items"), ({"items": []}, "list"), ({"items": ["a"], "users": []}, "no field"),
    ({"items": ["a"], "k": -1}, "field k"), ({"items": ["a"] * 1000, "k": 11}, "rows"),
])
def test_what_cannot_be_alike(body, words):
    with pytest.raises(DataError, match=words):
        recommendations.similar_of(body)


def test_what_can_be_asked():
    assert recommendations.recommend_of({"users": [1, "b"], "k": None, "like": None}) == {"users": [1, "b"]}
    body = {"histories": [[], {"a": 0.5}], "diversity": 1, "candidates": ["a"], "like": {"town": "Oslo", "age": 30}, "difficulty": [0, 2]}
    assert recommendations.recommend_of(body) == body


def test_models_without_a_folder_still_have_endpoints(tmp_path):
    assert set(endpoints.of(RecommenderModel)) == {"recommend", "similar", "history", "path"}
    (tmp_path / "items.json").write_text('{"example": {"users": [[1]], "items": 3}}')
    assert endpoints.of(RecommenderModel, tmp_path)["recommend"].example == {"users": ["1"], "k": 5}
    (tmp_path / "items.json").write_text("[" * 100_000)
    assert endpoints.of(RecommenderModel, tmp_path)["similar"].example == {"items": ["1"], "k": 5}


def test_the_face_imports_nothing_heavy():
    code = (
        "import sys\nfrom bmcore.serve import client, endpoints, recommendations\n"
        "print([name for name in ('torch', 'pandas', 'scipy', 'numba', 'numpy') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"

"""What the service answers, and what it refuses."""

from __future__ import annotations

import json
import re
import socket
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serve.wire import talk


def post(port, body, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return talk(port, "POST", "/predict", content, {name.replace("_", "-"): value for name, value in headers.items()})


def test_predict(port):
    status, headers, answer = post(port, {"texts": ["hi", "x" * 100, "快递太慢", "\ud800\x00"]})
    assert status == 200 and headers["x-content-type-options"] == "nosniff"
    first, second, *_ = answer["predictions"]
    assert first["label"] == "short" and first["probability"] == pytest.approx(0.98, abs=1e-5)
    assert second == {"label": "long", "probability": 1.0, "probabilities": {"long": 1.0, "short": 0.0}}
    assert len(answer["predictions"]) == 4


def test_health_documents_and_the_way_to_them(port):
    assert talk(port, "GET", "/health")[2] == {"status": "ready", "run": "shared-stub"}
    status, headers, _ = talk(port, "GET", "/")
    assert status == 307 and headers["location"] == "/docs"
    api = talk(port, "GET", "/openapi.json")[2]
    assert set(api["paths"]) == {"/health", "/predict"}  # embed is not servable
    example = api["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert post(port, example)[0] == 200


def test_docs_ask_no_other_host(port):
    status, headers, page = talk(port, "GET", "/docs")
    assert status == 200 and "connect-src 'self'" in headers["content-security-policy"]
    assert not re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", page)
    assert not re.findall(r"""(?:src|href)=["'](?!data:,|/)""", page)


@pytest.mark.parametrize(("body", "status", "words"), [
    (b"", 400, "not valid JSON"),
    (b"{", 400, "not valid JSON"),
    (b"\xff\xfe\x00", 400, "not valid JSON"),
    (b"[" * 100_000, 400, "not valid JSON"),
    (b'{"texts": [' + b"9" * 5000 + b"]}", 400, "not valid JSON"),
    (b"null", 422, "one field, texts"),
    ([], 422, "one field, texts"),
    ({}, 422, "one field, texts"),
    ({"texts": ["a"], "more": 1}, 422, "one field, texts"),
    ({"texts": "a"}, 422, "list of 1 to 1,000"),
    ({"texts": []}, 422, "list of 1 to 1,000"),
    ({"texts": ["a"] * 1001}, 422, "list of 1 to 1,000"),
    ({"texts": ["a", 1]}, 422, "Entry 1 of texts is not a text"),
    ({"texts": [None]}, 422, "Entry 0"),
    (b'{"texts": [NaN]}', 422, "Entry 0"),
    ({"texts": ["x" * 100_001]}, 422, "100,001 characters"),
    ({"texts": ["x" * 99_000] * 12}, 413, "larger than 1,000,000 bytes"),
    ({"texts": ["crash"]}, 500, "service's log"),
])
def test_refused_with_a_sentence(port, body, status, words):
    found, _, answer = post(port, body)
    assert found == status and words in answer["error"] and "secret" not in answer["error"]
    assert answer["message"]["template"]


@pytest.mark.parametrize(("verb", "path", "status"), [
    ("GET", "/nothing", 404), ("GET", "/predict", 405), ("POST", "/health", 405), ("GET", "/../../etc/passwd", 404),
    ("PUT", "/predict", 405), ("POST", "/embed", 404), ("POST", "/__class__", 404), ("POST", "/predict_proba", 404),
    ("GET", "/%00%ff", 404),
])
def test_unknown_paths(port, verb, path, status):
    found, _, answer = talk(port, verb, path)
    assert found == status and "/docs" in answer["error"]


@pytest.mark.parametrize("kind", [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonp"])
def test_wrong_content_type(port, kind):
    status, _, answer = post(port, {"texts": ["a"]}, content_type=kind)
    assert status == 415 and "content-type: application/json" in answer["error"]


def test_content_type_with_charset(port):
    assert post(port, {"texts": ["a"]}, content_type="application/json; charset=utf-8")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "0.0.0.0", "[::", "169.254.1.1"])
def test_foreign_host(port, host):
    for verb, path in (("GET", "/health"), ("GET", "/docs"), ("POST", "/predict")):
        status, headers, answer = talk(port, verb, path, b'{"texts": ["a"]}' if verb == "POST" else None, {"host": host})
        assert status == 421 and "127.0.0.1 and localhost only" in answer["error"] and "content-security-policy" in headers


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_own_names(port, host):
    assert talk(port, "GET", "/health", None, {"host": f"{host}:{port}"})[0] == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost:8501"])
def test_foreign_origin(port, origin):
    status, _, answer = post(port, {"texts": ["a"]}, origin=origin)
    assert status == 403 and "may not use this service" in answer["error"]


def test_own_origin(port):
    assert post(port, {"texts": ["a"]}, origin=f"http://127.0.0.1:{port}")[0] == 200


def test_a_huge_body_is_refused_before_it_is_read(port):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as wire:
        wire.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9000000000\r\n\r\n")
        sent = _push(wire, b"x" * 100_000)
    assert sent < 60_000_000


def test_a_chunked_body_over_the_cap(port):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as wire:
        wire.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(15):
            wire.sendall(b"186a0\r\n" + b"x" * 100_000 + b"\r\n")
        wire.sendall(b"0\r\n\r\n")
        assert wire.recv(1000).startswith(b"HTTP/1.1 413")


def _push(wire, block) -> int:
    """Bytes that went out before the other side hung up."""
    sent = 0
    try:
        while sent < 100_000_000:
            sent += wire.send(block)
    except OSError:
        pass
    return sent


def test_health_answers_while_the_model_thinks(port):
    slow = threading.Thread(target=post, args=(port, {"texts": ["sleep 5"]}))
    slow.start()
    time.sleep(0.2)
    assert talk(port, "GET", "/health")[0] == 200
    assert slow.is_alive()
    slow.join()


def test_many_at_once(port):
    found = []
    threads = [threading.Thread(target=lambda: found.append(post(port, {"texts": ["a" * 30] * 50})[2])) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20 and all(answer == found[0] and len(answer["predictions"]) == 50 for answer in found)


_names = st.sampled_from(["texts", "a", ""]) | st.text(max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=3), max_leaves=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_body_gets_an_answer_or_a_sentence(port, body):
    status, _, answer = post(port, body)
    assert status in (200, 400, 422)
    assert "predictions" in answer if status == 200 else answer["error"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=50), min_size=1, max_size=5))
def test_any_texts_get_an_answer(port, texts):
    status, _, answer = post(port, {"texts": texts})
    assert status == 200 and len(answer["predictions"]) == len(texts)


def test_garbage_instead_of_http(port):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as wire:
        wire.sendall(b"\x00\xff\r\n\r\n")
        assert wire.recv(100).startswith(b"HTTP/1.1 400")
    assert talk(port, "GET", "/health")[0] == 200

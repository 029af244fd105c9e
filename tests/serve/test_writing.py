"""Drafts over HTTP: as a whole, as they come, stopped half-way; a real process and real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bmcore.errors import ServiceError
from bmcore.serve import client, events
from bmcore.serve.client import Service
from tests.serve.conftest import environment
from tests.serve.test_process import wait_until
from tests.serve.wire import talk

WRITER = Path(__file__).with_name("writer.py")
HEAD = b"POST /generate HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: "
GONE_S = 0.5  # longer than a few slow passes


class Running:
    def __init__(self, port, folder):
        self.port, self.folder = port, folder
        self.service = Service("run-of-writing", f"http://127.0.0.1:{port}")

    def ask(self, path, body, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return talk(self.port, "POST", path, content, {name.replace("_", "-"): value for name, value in headers.items()})

    def stream(self, **body):
        return self.service.stream("generate", {"prompt": "Dear", "temperature": 1.3, "top_p": 1, **body})

    @property
    def passes(self):
        return (self.folder / "passes").stat().st_size if (self.folder / "passes").exists() else 0

    def rests(self):
        """Passes that are made in half a second from now on, once the one at work is over."""
        time.sleep(0.2)
        before = self.passes
        time.sleep(GONE_S)
        return self.passes - before


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("model")
    child = subprocess.Popen(
        [sys.executable, str(WRITER), "run-of-writing", str(folder)], env=environment(home), stdout=subprocess.PIPE, text=True)
    port = int(child.stdout.readline().split(":")[2].split("/")[0])
    assert wait_until(lambda: client._health(port) == "ready", 120)
    yield Running(port, folder)
    with child:
        child.terminate()
        assert child.wait(60) == 0


@pytest.fixture
def slow(running):
    """Passes of the model take a while."""
    (running.folder / "slow").write_text("0.02")
    yield running
    (running.folder / "slow").unlink()


def test_streamed_is_the_same_as_whole(running):
    body = {"prompt": "快递", "drafts": 8, "max_new_tokens": 60, "temperature": 1.2, "seed": 4}
    status, _, whole = running.ask("/generate", body)
    assert status == 200 and len(whole["texts"]) == 8 and len(set(whole["texts"])) > 4 and whole["notes"] == []
    *grown, last = running.service.stream("generate", body)
    texts = [""] * 8
    for event in grown:
        texts[event["draft"]] += event["text"]
    assert texts == whole["texts"] == last["texts"] and last["done"] and last["tokens"] == whole["tokens"]
    assert set(last["ended"]) <= {"end", "stop", "length"}
    alone = running.ask("/generate", {**body, "drafts": 1, "seed": 7})[2]
    assert alone["texts"] == whole["texts"][3:4]


def test_the_wire_is_server_sent_events(running):
    for extra, headers in (({"stream": True}, {}), ({}, {"accept": "text/event-stream"})):
        status, found, content = running.ask("/generate", {"prompt": "A", "max_new_tokens": 8, **extra}, **headers)
        assert status == 200 and found["content-type"].startswith("text/event-stream") and "content-length" not in found
        assert found["cache-control"] == "no-store" and content.endswith("\n\n")
        lines = [line for line in content.split("\n") if line]
        assert all(line.startswith("data: ") for line in lines) and json.loads(lines[-1][6:])["done"] is True


def test_stop_texts_and_long_prompts(running):
    whole = running.ask("/generate", {"prompt": "Dear", "max_new_tokens": 40, "temperature": 0})[2]["texts"][0]
    stop = whole[5:8]
    cut = running.ask("/generate", {"prompt": "Dear", "max_new_tokens": 40, "temperature": 0, "stop": stop})[2]
    assert cut["texts"][0] == whole[:whole.index(stop)] and cut["ended"] == ["stop"]
    long = running.ask("/generate", {"prompt": "too long " * 100, "max_new_tokens": 60, "drafts": 2})[2]
    assert len(long["notes"]) == 1 and "only its end" in long["notes"][0]["template"]


def test_a_reader_who_leaves_stops_the_model(slow):
    found = slow.stream(max_new_tokens=4000, temperature=2, drafts=2)
    assert "text" in next(found)
    found.close()
    assert slow.rests() == 0
    assert list(found) == []


def test_a_closed_socket_stops_the_whole_answer_too(slow):
    body = json.dumps({"max_new_tokens": 4000, "temperature": 2}).encode()
    before = slow.passes
    with socket.create_connection(("127.0.0.1", slow.port)) as line:
        line.sendall(HEAD + str(len(body)).encode() + b"\r\n\r\n" + body)
        assert wait_until(lambda: slow.passes > before + 2)
    assert slow.rests() == 0


def test_closed_from_another_thread(slow):
    stream, found = slow.stream(max_new_tokens=4000, temperature=2), []
    reader = threading.Thread(target=lambda: found.extend(stream))
    reader.start()
    assert wait_until(lambda: len(found) > 2)
    stream.close()
    reader.join(30)
    assert not reader.is_alive() and slow.rests() == 0


def test_others_are_answered_between_two_tokens(slow):
    with slow.stream(max_new_tokens=4000, temperature=2) as first:
        next(first)
        assert talk(slow.port, "GET", "/health")[0] == 200
        assert slow.ask("/next_tokens", {"prompt": "a", "k": 3})[0] == 200
        with slow.stream(max_new_tokens=5) as second:
            assert list(second)[-1]["done"]
        assert "text" in next(first)


def test_a_reader_who_does_not_read_slows_the_model(running):
    """As many events as the line holds, and no more are made."""
    body = json.dumps({"max_new_tokens": 4096, "temperature": 9, "drafts": 8, "top_p": 1, "stream": True}).encode()
    before = running.passes
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        line.connect(("127.0.0.1", running.port))
        line.sendall(HEAD + str(len(body)).encode() + b"\r\n\r\n" + body)
        assert wait_until(lambda: running.passes > before + 10) and wait_until(lambda: running.rests() == 0)
        assert running.passes - before < 4096
        assert talk(running.port, "GET", "/health")[0] == 200
    assert running.rests() == 0


def test_a_reader_who_never_reads_is_left():
    """Without a real line, so that it takes no minute."""
    closed = []

    async def steps():
        try:
            while True:
                yield [{"draft": 0, "text": "a"}]
        finally:
            closed.append("steps")

    async def stuck(message):
        if message["type"] == "http.response.body":
            await asyncio.sleep(60)

    async def ask():
        answer = events.Written(steps(), contextlib.nullcontext(), True, stuck_s=0.05)
        await asyncio.wait_for(answer({}, asyncio.Event().wait, stuck), 30)

    asyncio.run(ask())
    assert closed == ["steps"]


def test_only_so_many_at_once(slow):
    open_ = [slow.stream(max_new_tokens=4000, temperature=2) for _ in range(8)]
    try:
        status, headers, answer = slow.ask("/generate", {})
        assert status == 503 and headers["retry-after"] and "8 others" in answer["error"]
    finally:
        for one in open_:
            one.close()
    assert wait_until(lambda: slow.ask("/generate", {"max_new_tokens": 1})[0] == 200)


def test_what_goes_wrong_is_said(running):
    with pytest.raises(ServiceError, match="max_new_tokens is 0"):
        running.stream(max_new_tokens=0)
    (running.folder / "slow").write_text("0.02")
    try:
        with running.stream(max_new_tokens=4000, temperature=2) as stream, pytest.raises(ServiceError, match="service's log"):
            next(stream)
            (running.folder / "broken").touch()
            list(stream)
    finally:
        (running.folder / "broken").unlink()
        (running.folder / "slow").unlink()
    assert running.ask("/generate", {"max_new_tokens": 1})[0] == 200
    assert running.ask("/perplexity", {"texts": ["crash"]})[0] == 500


@pytest.mark.parametrize(("path", "body", "words"), [
    ("/generate", [], "JSON object"),
    ("/generate", b'"text"', "JSON object"),
    ("/generate", {"words": 1}, "There is no field 'words'"),
    ("/generate", {"prompt": ["a"]}, "Give a text"),
    ("/generate", {"prompt": 5}, "Give a text"),
    ("/generate", {"prompt": "x" * 100_001}, "100,001 characters"),
    ("/generate", {"max_new_tokens": 10**9}, "whole number from 1 to 4096"),
    ("/generate", b'{"max_new_tokens": ' + b"9" * 4000 + b"}", "whole number"),
    ("/generate", {"max_new_tokens": 1.5}, "whole number"),
    ("/generate", {"max_new_tokens": True}, "whole number"),
    ("/generate", b'{"temperature": NaN}', "number from 0 to 10"),
    ("/generate", b'{"temperature": Infinity}', "number from 0 to 10"),
    ("/generate", b'{"temperature": 1e400}', "number from 0 to 10"),
    ("/generate", {"temperature": "hot"}, "number from 0 to 10"),
    ("/generate", {"temperature": -1}, "number from 0 to 10"),
    ("/generate", {"top_p": 0}, "nothing to choose from"),
    ("/generate", {"top_p": []}, "number from 0 to 1"),
    ("/generate", {"drafts": 9}, "from 1 to 8"),
    ("/generate", {"seed": -1}, "whole number from 0"),
    ("/generate", {"stop": [1]}, "list of at most 16 texts"),
    ("/generate", {"stop": ""}, "list of at most 16 texts"),
    ("/generate", {"stop": ["a"] * 17}, "list of at most 16 texts"),
    ("/generate", {"stop": "x" * 1001}, "1,001 characters"),
    ("/generate", {"stream": "yes"}, "true or false"),
    ("/next_tokens", {}, "field prompt"),
    ("/next_tokens", {"prompt": "a", "k": 1001}, "from 1 to 1000"),
    ("/tokens", {}, "field text"),
    ("/tokens", {"text": ["a"]}, "Give a text"),
    ("/attention", {"text": "x" * 20_001}, "20,001 characters"),
    ("/perplexity", {"texts": "a"}, "list of 1 to 1,000"),
    ("/perplexity", {"texts": [None]}, "Give a text"),
])
def test_refused_with_a_sentence(running, path, body, words):
    status, _, answer = running.ask(path, body)
    assert status == 422 and words in answer["error"], answer


def test_documents_and_their_examples(running):
    api = talk(running.port, "GET", "/openapi.json")[2]
    assert set(api["paths"]) == {"/health", "/generate", "/next_tokens", "/tokens", "/attention", "/perplexity"}
    content = api["paths"]["/generate"]["post"]["responses"]["200"]["content"]
    assert set(content) == {"application/json", "text/event-stream"}
    for path, methods in api["paths"].items():
        if "post" in methods:
            kinds = methods["post"]["requestBody"]["content"]["application/json"]
            status, _, answer = running.ask(path, kinds["example"])
            schema = methods["post"]["responses"]["200"]["content"]["application/json"]["schema"]
            assert status == 200 and set(schema["required"]) == set(answer)


def test_half_a_surrogate_pair(running):
    assert running.ask("/generate", b'{"prompt": "\\ud800", "max_new_tokens": 2}')[0] == 200
    assert running.ask("/tokens", b'{"text": "a\\udfff"}')[2]["tokens"][-1]["token"] == "?"


def test_a_service_that_has_ended(running, monkeypatch):
    """The stream finds the new one."""
    monkeypatch.setattr(client, "service", lambda run_id: running.service)
    gone = Service("run-of-writing", "http://127.0.0.1:9")
    assert list(gone.stream("generate", {"max_new_tokens": 2}))[-1]["done"]

"""What a server answers to strangers: foreign names and origins, uploads without a token, and an address that a network can reach."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from bmcore.ui import guard
from tests.visitor import Visitor, raw, widgets
from tools.browser import server

sys.path.insert(0, str(Path(__file__).resolve().parent / "ui"))
from make_run import make_run

pytestmark = pytest.mark.timeout(600)
SECRET = "planted-words-of-a-customer"
PRESS, TICK = ("trigger_value", True), ("bool_value", True)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Two runs full of somebody's words: one done, one whose lock a process holds."""
    folder = tmp_path_factory.mktemp("guard") / "home"
    data = {"kind": "file", "name": f"{SECRET}.csv", "stored": "x", "sha256": "x", "bytes": 1}
    for n, state in enumerate(("done", "lost")):
        make_run(folder, state, n=n, title=SECRET, classes=[SECRET, "b"], columns={"text": SECRET, "label": "b"}, data=data)
    return folder


@pytest.fixture(scope="module")
def local(home):
    """A server as it is started by default."""
    with server(home, home.parent / "local.txt") as (url, _process):
        yield url


@pytest.fixture(scope="module")
def public(home):
    """A server that a network can reach, started without permission."""
    with server(home, home.parent / "public.txt", STREAMLIT_SERVER_ADDRESS="0.0.0.0") as (url, _process):
        yield url


def status(url: str, method: str = "GET", **headers: str) -> int:
    request = urllib.request.Request(url, method=method, data=b"x" if method == "PUT" else None, headers=headers)
    try:
        return urllib.request.urlopen(request, timeout=60).status
    except urllib.error.HTTPError as error:
        return error.code


def test_foreign_host_origin_upload_are_refused(local):
    port = urllib.parse.urlparse(local).port
    assert status(f"{local}/health") == 200
    assert status(f"{local}/health", Host="foreign.example") == 421
    assert status(f"{local}/_stcore/upload_file/x/y", method="PUT") in (400, 403)
    assert websocket_status(port, Host="foreign.example") != 101
    assert websocket_status(port, Host=f"127.0.0.1:{port}", Origin="http://foreign.example") != 101
    assert websocket_status(port, Host=f"127.0.0.1:{port}", Origin=f"http://127.0.0.1:{port}") == 101


def websocket_status(port: int, **headers: str) -> int:
    """The answer to a websocket's handshake."""
    lines = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(("GET /_stcore/stream HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n").encode())
        return int(connection.recv(64).split()[1])


def test_headers_are_on_every_answer(local):
    for path in ("/", "/health", "/customer_service"):
        headers = urllib.request.urlopen(local + path, timeout=60).headers
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"] and "unsafe-eval" not in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"


def paths(home: Path) -> list[tuple[str, str]]:
    """Every place of the pages, and each run by its id."""
    from bmcore.ui.scenario import SCENARIOS

    ids = sorted(folder.name for folder in (home / "runs").iterdir())
    pages = [("", ""), ("runs", ""), *((scenario.key, "") for scenario in SCENARIOS)]
    return [*pages, *(("customer_service", f"run={name}") for name in ids)]


def test_a_stranger_reads_nothing(home, local, public):
    with Visitor(local) as visitor:  # the words are there to be found
        assert SECRET.encode() in raw(visitor.visit(*paths(home)[-1]))
    with Visitor(public) as visitor:
        for page, query in paths(home):
            found = raw(visitor.visit(page, query))
            assert b"no login" in found and SECRET.encode() not in found, (page, query)


def test_a_stranger_starts_stops_and_deletes_nothing(home, local, public):
    """Even by pressing buttons that the stranger was never shown: their ids are the same on every server."""
    done, live = sorted((folder.name for folder in (home / "runs").iterdir()), reverse=True)
    lock = os.open(home / "runs" / live / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # it looks alive, and nobody can end it
    try:
        with Visitor(local) as visitor:
            start = widgets(visitor.visit("customer_service"))["Start training"]
            stop = widgets(visitor.visit("customer_service", f"run={live}"))["Stop training"]
            again = widgets(visitor.visit("customer_service", f"run={done}"))["New training"]
            listed = widgets(visitor.visit("runs"))
        with Visitor(public) as visitor:
            for page, query in paths(home):
                states = {
                    start: PRESS,
                    stop: PRESS,
                    again: PRESS,
                    **{id: TICK for label, id in listed.items() if label.startswith("Compare")},
                }
                visitor.visit(page, query, states)
        assert not (home / "runs" / live / "cancel").exists() and len(list((home / "runs").iterdir())) == 2
        with Visitor(local) as visitor:  # the same message of another visitor stops it where that is allowed
            visitor.visit("customer_service", f"run={live}")
            visitor.visit("customer_service", f"run={live}", {stop: PRESS})
        assert (home / "runs" / live / "cancel").exists()
    finally:
        os.close(lock)


def test_a_stranger_leaves_no_file_in_memory(local, public):
    for url, wanted in ((local, 204), (public, 403)):
        with Visitor(url) as visitor:
            visitor.visit()
            assert visitor.send_file(visitor.upload_address("a.csv"), [b"text,label\n"], 11) == wanted


def test_with_permission_every_visitor_shares_every_run(home):
    """Runs have no owners: whoever passes the login in front of the server works on one list."""
    more = {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0", guard.PERMISSION: "1"}
    with server(home, home.parent / "shared.txt", **more) as (url, _process):
        for _ in range(2):
            with Visitor(url) as visitor:
                found = raw(visitor.visit(*paths(home)[-1]))
                assert SECRET.encode() in found and b"no login" not in found

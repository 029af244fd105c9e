"""Real processes and real HTTP; every process started here is ended here."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bmcore.serve import client
from tests.serve.wire import talk

STUB = Path(__file__).with_name("stub.py")
ROOT = STUB.parents[2]


def environment(home: Path) -> dict:
    return os.environ | {"BMCORE_HOME": str(home), "PYTHONPATH": str(ROOT)}


@pytest.fixture
def folder(tmp_path):
    """A model folder."""
    made = tmp_path / "model"
    made.mkdir()
    return made


@pytest.fixture
def stubbed(monkeypatch, folder):
    """The client starts the stub instead of `python -m bmcore serve`; what it starts is stopped."""
    started = []
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def command(name):
        started.append(name)
        return [sys.executable, str(STUB), name, str(folder)]

    monkeypatch.setattr(client, "command", command)
    yield started
    for name in set(started):
        client.stop(name, wait_s=5)


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """A service that is ready, shared by the tests that only ask it."""
    home, model = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("model")
    command = [sys.executable, str(STUB), "shared-stub", str(model)]
    child = subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE, text=True)
    url = child.stdout.readline()
    number = int(url.split(":")[2].split("/")[0])
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            if talk(number, "GET", "/health")[0] == 200:
                break
        time.sleep(0.05)
    yield number
    with child:
        child.terminate()
        assert child.wait(60) == 0


@pytest.fixture
def run_stub(home, folder):
    """Starts the stub with a port and an idle time; whatever still runs is ended."""
    children = []

    def start(*rest):
        children.append(subprocess.Popen(
            [sys.executable, str(STUB), "run-under-test", str(folder), *map(str, rest)], env=environment(home),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.communicate()

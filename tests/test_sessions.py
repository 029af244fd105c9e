"""Visitors come and go: the server stays small and quick, progress never goes back, heavy modules never arrive."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "ui"), str(ROOT / "benchmarks")]

import startup  # noqa: E402
from make_run import make_run  # noqa: E402

pytestmark = pytest.mark.timeout(3600)  # each visit inside has its own, shorter, end
SESSIONS = int(os.environ.get("BMCORE_TEST_SESSIONS", "60"))


@pytest.fixture
def server(home, tmp_path, monkeypatch):
    home.mkdir()
    # Streamlit keeps a closed session, and three descriptors of it, for two minutes by default
    monkeypatch.setenv("STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL", "1")
    found = startup.Server(ROOT, "app.py", home, tmp_path / "modules.json")
    yield found
    found.end()


def modules(file: Path) -> list[str]:
    """The server's list of modules, begun after now: it writes one again and again, and the next to come may have been begun before."""
    until = time.monotonic() + 120
    for _ in range(2):
        before = file.stat().st_mtime_ns if file.exists() else 0
        while not file.exists() or file.stat().st_mtime_ns == before:
            assert time.monotonic() < until, "the server writes no list of modules"
            time.sleep(0.05)
    return json.loads(file.read_text())


def test_no_heavy_module_after_every_page(server, home, tmp_path):
    done, running = make_run(home, "done"), make_run(home, "running", n=1)
    server.visit()
    for page, query in (
        ("customer_service", ""),
        ("runs", ""),
        ("customer_service", f"run={done}"),
        ("customer_service", f"run={running}"),
    ):
        server.visit(page, query)
    held = modules(tmp_path / "modules.json")
    assert [name for name in startup.HEAVY if name in held] == []
    assert "streamlit" in held


def test_home_needs_no_pandas(server, home, tmp_path):
    make_run(home, "done")
    server.visit()
    assert "pandas" not in modules(tmp_path / "modules.json")


def test_sessions_leave_nothing_behind(server, home):
    done = make_run(home, "done")
    rounds = [("", ""), ("runs", ""), ("customer_service", f"run={done}")]
    for page, query in rounds * 5:  # what is loaded once
        server.visit(page, query)
    memory, handles = server.memory(), server.process.num_fds()
    for i in range(SESSIONS):
        server.visit(*rounds[i % 3])
    until = time.monotonic() + 90
    while server.process.num_fds() - handles >= 20 and time.monotonic() < until:
        time.sleep(1.5)
        server.visit()  # old sessions are dropped when one comes or goes
    more, held = server.memory() - memory, server.process.num_fds() - handles
    print(f"{SESSIONS} sessions: {more:.1f} MB and {held} descriptors more")
    assert held < 20
    assert more < 50
    assert not [child for child in server.process.children() if child.status() == "zombie"]

"""A server that strangers reach shows no run and starts none; a page that breaks says so calmly."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "ui"))
from make_run import make_run
from pagetest import open_page, words


def test_open_to_the_network_needs_permission(home, monkeypatch):
    from bmcore.ui import web

    run_id = make_run(home, "done")
    monkeypatch.setattr(web, "bound_address", lambda: "0.0.0.0")
    for at in (open_page("customer_service", run=run_id), open_page("runs"), open_page("home")):
        assert "no login" in at.warning[0].value
        assert "Where the messages went" not in words(at) and not at.checkbox
    monkeypatch.setenv("BMCORE_OPEN_TO_NETWORK", "1")
    at = open_page("customer_service", run=run_id)
    assert not at.exception and "Where the messages went" in words(at)


def test_unexpected_error_is_calm(home, monkeypatch, caplog):
    from bmcore.ui import web

    shown = []
    monkeypatch.setattr("bmcore.ui.states.broken", shown.append)
    assert web.on_script_error(ValueError("secret detail"))
    assert len(shown[0]) == 8 and shown[0] in caplog.text

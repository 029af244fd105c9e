"""The process that looks into a table: wherever the server was started, and what it shows of an empty cell."""

from __future__ import annotations

from bmcore.data import refs
from bmcore.ui import look


def test_it_starts_wherever_the_server_was_started(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (tmp_path / "bmcore").mkdir()
    (tmp_path / "bmcore" / "__init__.py").write_text("raise SystemExit('another bmcore')")
    monkeypatch.chdir(tmp_path)
    assert look.ask(refs.sample("dialogues_en"), None, None, ("category",))["table"]["label"] == "category"


def test_an_empty_cell_is_empty(home):
    ref = refs.store(b"text,label,n\nhello,a,1\n,b,\nbye,,2\n", "table.csv")
    head = look.answer({"ref": ref, "text": "text", "label": "label", "guesses": []})["table"]["head"]
    assert [row["text"] or None for row in head] == ["hello", None, "bye"]
    assert not any(str(value).lower() in ("nan", "none", "<na>") for row in head for value in row.values() if value is not None)

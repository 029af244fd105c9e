"""Words that are scripts or markup, and run folders that are damaged: every page is drawn all the same."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "ui"))
from make_run import make_run
from pagetest import open_page

from bmcore.ui.words import for_chart, one_line, plain
from tests.hostile import EVERY, MARKUP


def test_hostile_names_do_not_break_pages(home):
    run_id = make_run(home, "done", classes=EVERY, title=MARKUP[0], columns={"text": MARKUP[1], "label": MARKUP[2]})
    for at in (open_page("customer_service", run=run_id), open_page("home"), open_page("runs")):
        assert not at.exception
        for element in at.markdown:
            assert not element.allow_html
            assert "<script>" not in element.value.replace("\\<", "")


def test_damaged_run_folders_do_not_break_pages(home):
    run_id = make_run(home, "done")
    for name, content in (
        ("evaluation.json", "{}"),
        ("evaluation.json", "["),
        ("spec.json", "null"),
        ("status.json", "{"),
        ("events.jsonl", "\0\0"),
    ):
        file = home / "runs" / run_id / name
        kept = file.read_bytes()
        file.write_text(content)
        for page, query in (("customer_service", {"run": run_id}), ("home", {}), ("runs", {})):
            assert not open_page(page, **query).exception, (name, content, page)
        file.write_bytes(kept)


@pytest.mark.parametrize("text", EVERY)
def test_plain_leaves_no_sign_unescaped(text):
    assert not re.search(r"(?<!\\)[<>\[\]$`*:]", plain(text))
    assert "<" not in for_chart(text)


def test_one_line_drops_control_and_direction_characters():
    assert one_line("a\x00b\nc\u202ed") == "a b c d"
    assert len(one_line("x" * 1000)) == 300


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see http://foreign.example", "see http:~//foreign.example"),
        ("www.foreign.example", "www~.foreign.example"),
        ("me@foreign.example", "me@~foreign.example"),
        (":material/home: :smile:", ":~material/home: :~smile:"),
        ("a -> b -- c <-> d", "a -~> b -~- c <~-> d"),
        ("python -m bmcore samples --fetch all", "python -m bmcore samples --fetch all"),
    ],
)
def test_plain_breaks_what_is_read_in_finished_words(text, shown):
    assert plain(text).replace("\\", "") == shown.replace("~", "\u2060")

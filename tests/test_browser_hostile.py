"""In a real browser: names, labels, messages and reasons that are scripts or markup are shown as they are and do nothing."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from bmcore.ui.words import one_line
from tests.hostile import EVERY, LATEX, MARKDOWN, MARKUP, STREAMLIT, TEMPLATES
from tests.watched import Watched, expect
from tools.browser import server

sys.path.insert(0, str(Path(__file__).resolve().parent / "ui"))
from make_run import evaluation, make_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
CHUNK = 23  # classes a run: as many as a chart names one by one
# what must not be in the page, whoever wrote it
DANGEROUS = (
    "script, iframe, object, embed, form[action], meta, base, link, math, style, [onerror], [onload], "
    "a[href^='javascript' i], a[href^='data:text'], [src*='foreign'], [href*='foreign']"
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory, chromium):
    """A server with runs in whose every word a string of `EVERY` stands."""
    home = tmp_path_factory.mktemp("hostile") / "home"
    ids = {
        "done": [_done(home, EVERY[at : at + CHUNK], n) for n, at in enumerate(range(0, len(EVERY), CHUNK))],
        "failed": [_failed(home, 10), _failed(home, 11)],
        "lost": [_make(home, "lost", 12)],
        "running": [_make(home, "running", 13)],
        "queued": [_make(home, "queued", 14)],
    }
    for n in range(20, 20 + len(EVERY)):
        _make(home, "done", n)
    with server(home, home.parent / "log.txt") as (url, _process):
        yield url, ids, home


def _make(home: Path, state: str, n: int, **more) -> str:
    """A run whose title, table and columns are strings of `EVERY`: over many runs, all of them."""
    words = [EVERY[(n + 7 * i) % len(EVERY)] for i in range(4)]
    data = {"kind": "file", "name": words[1], "stored": "x", "sha256": "x", "bytes": 1}
    run = make_run(home, state, n=n, title=words[0], columns={"text": words[2], "label": words[3]}, data=data, **more)
    (home / "runs" / run / "log.txt").write_text("\n".join(EVERY), "utf-8", "replace")
    with (home / "runs" / run / "events.jsonl").open("a") as file:
        for word in EVERY[n % 2 :: 2]:
            file.write(json.dumps({"t": 1, "kind": "note", "message": {"template": "{note}", "values": {"note": word}}}) + "\n")
    return run


def _done(home: Path, words: list[str], n: int) -> str:
    """A finished run whose answers, misread messages, notes, settings and sentences are these words."""
    run = _make(home, "done", n, params={"model": words[0], **{word: word for word in words}}, preset=words[1])
    found = evaluation(words)
    found["errors"] = [{"row": i, "text": w, "true": w, "predicted": w, "probability": 0.9} for i, w in enumerate(words)]
    found["verdict"]["message"] = {"template": "{a} is {b}", "values": {"a": " ".join(words[:9]), "b": " ".join(words[9:])}}
    found["hint"] = {"template": " ".join(words), "values": {}}
    (home / "runs" / run / "evaluation.json").write_text(json.dumps(found))
    return run


def _failed(home: Path, n: int) -> str:
    run = _make(home, "failed", n)
    file = home / "runs" / run / "status.json"
    status = json.loads(file.read_text())
    status["reason"] = {
        "template": "Column {column!r} is not in the table. Its columns are: {columns}.",
        "values": {"column": EVERY[n], "columns": " ".join(word[:60] for word in EVERY[n % 2 :: 2])},
    }
    file.write_text(json.dumps(status))
    return run


def harmless(watched: Watched) -> str:
    """The words of the page, once everything on it is open and nothing has happened."""
    page = watched.page
    main = page.get_by_test_id("stMain")
    expect(main.get_by_role("heading", level=1).or_(main.get_by_text("Something on this page broke")).first).to_be_visible()
    watched.settled()
    for fold in page.get_by_test_id("stExpander").all():
        fold.locator("summary").click()
    for chart in page.get_by_test_id("stPlotlyChart").all():
        chart.hover()
    watched.settled()
    words = main.inner_text()
    assert page.evaluate("() => window.hit") is None
    assert main.locator(DANGEROUS).count() == 0, main.locator(DANGEROUS).first.evaluate("e => e.outerHTML")
    assert "Something on this page broke" not in words
    wide = page.evaluate("() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }")
    assert wide <= 0, "the page scrolls sideways"
    watched.clean()
    return words


def shown(words: str) -> str:
    """As a page sets it: runs of white space are one blank."""
    return re.sub(r"\s+", " ", words.replace("\u2060", ""))


def test_there_are_enough():
    assert len(EVERY) >= 50


@pytest.mark.parametrize("state", ["done", "failed", "lost", "running", "queued"])
def test_the_page_of_a_run(state, shared, chromium):
    url, ids, _home = shared
    watched = Watched(chromium, url)
    for run in ids[state]:
        watched.open(f"/customer_service?run={run}")
        harmless(watched)
    watched.close()


def test_lists_and_comparison(shared, chromium):
    """Every string is the title of some row, letter by letter."""
    url, _ids, home = shared
    watched = Watched(chromium, url)
    page = watched.open("/runs")
    words = harmless(watched)
    for _ in range(2, -(-len(list((home / "runs").iterdir())) // 20) + 1):
        rows = page.get_by_test_id("stCheckbox")
        before = {end: rows.nth(end).text_content() for end in (0, -1)}  # the label is hidden: it has no inner text
        page.get_by_test_id("stNumberInputStepUp").click()
        for end, text in before.items():  # the first row changes before the last one does
            expect(rows.nth(end)).not_to_have_text(text)
        watched.settled()
        words += harmless(watched)
    found = shown(words)
    assert [w for w in (*MARKUP, *MARKDOWN, *STREAMLIT, *LATEX, *TEMPLATES) if shown(one_line(w, 60)).rstrip("…") not in found] == []
    for box in page.get_by_test_id("stCheckbox").all()[:3]:
        box.locator("label").click()
    expect(page.get_by_role("heading", name="Comparison")).to_be_visible()
    harmless(watched)
    watched.open("/")
    harmless(watched)
    watched.close()


def test_a_table_given(shared, chromium):
    """File name, column names, messages and answers of an upload."""
    url, _ids, _home = shared
    watched = Watched(chromium, url)
    page = watched.open("/customer_service?source=file")
    expect(page.get_by_test_id("stFileUploader")).to_be_visible()
    rows = [{"text": f"{word} {i}", MARKUP[1]: word or "-", **dict.fromkeys(EVERY, "x")} for i, word in enumerate(EVERY * 3)]
    content = "\n".join(json.dumps(row) for row in rows).encode()
    name = f"{MARKUP[1]}{LATEX[0]}.jsonl"
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "application/json", "buffer": content})
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    harmless(watched)
    page.get_by_role("combobox", name="Column with the answer").click()
    expect(page.get_by_role("option").first).to_be_visible()
    assert page.evaluate("() => window.hit") is None
    watched.close()


def test_an_address(shared, chromium):
    url, _ids, _home = shared
    watched = Watched(chromium, url)
    for word in (MARKUP[1], MARKDOWN[3]):
        watched.open(f"/customer_service?run={quote(word)}&source={quote(word)}&lang={quote(word)}")
        assert "There is no run" in harmless(watched)
    watched.close()

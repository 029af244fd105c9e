"""Every page in every language and every state of a run, by AppTest."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "ui"))
from make_run import STATES, every_state, make_run
from pagetest import PAGES, button, open_page, words

from bmcore import i18n
from bmcore.ui.scenario import SCENARIOS

LANGUAGES = ("en", "zh")
TITLES = {
    ("home", "en"): "Would AI help my business, and is that true?",
    ("home", "zh"): "AI 能帮到我的生意吗？是真的吗？",
    ("runs", "en"): "All trainings",
    ("runs", "zh"): "全部训练",
    **{(scenario.key, lang): i18n.translate(scenario.title, lang) for scenario in SCENARIOS for lang in LANGUAGES},
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_empty(page, lang):
    at = open_page(page, lang)
    assert not at.exception
    assert [title.value for title in at.title] == [TITLES[page, lang]]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_state(home, state, lang):
    run_id = make_run(home, state)
    at = open_page("customer_service", lang, run=run_id)
    assert not at.exception
    text = words(at)
    sign = {
        "queued": "It is next: it starts as soon as the computer is free.",
        "running": "Messages a second",
        "failed": "This training failed.",
        "cancelled": "This training was stopped.",
        "lost": "This training was interrupted.",
        "done": "Where the messages went",
    }[state]
    if state == "queued":
        assert any(i18n.translate(known, lang) in text for known in (sign, "It is about to start."))
    else:
        assert i18n.translate(sign, lang).rstrip(".") in text
    keys = [element.key or "" for element in at.button]
    assert any(key.startswith("live.stop") for key in keys) == (state in ("queued", "running"))
    assert any(key.startswith("steps.resume") for key in keys) == (state in ("failed", "cancelled", "lost"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_lists_show_every_state(home, lang):
    every_state(home)
    at = open_page("runs", lang)
    assert not at.exception
    for state in ("Waiting", "Running", "Failed", "Stopped", "Interrupted", "Done"):
        assert i18n.translate(state, lang) in words(at)
    assert not open_page("home", lang).exception


def test_no_english_sentence_in_chinese(home):
    """Every sentence of our own on a Chinese page is Chinese."""
    ids = every_state(home)
    for page, query in (*((page, {}) for page in PAGES), *(("customer_service", {"run": name}) for name in ids.values())):
        at = open_page(page, "zh", **query)
        labels = [element.label for element in [*at.button, *at.selectbox, *at.metric, *at.expander]]
        for text in [*labels, *(element.value for element in [*at.subheader, *at.title])]:
            assert any(ord(letter) > 0x2E80 for letter in text), text


@pytest.mark.parametrize("verdict", ["better", "not_proven", "worse"])
def test_verdicts_have_their_own_look(home, verdict):
    at = open_page("customer_service", run=make_run(home, "done", verdict=verdict))
    assert not at.exception
    boxes = {"better": at.success, "not_proven": at.warning, "worse": at.error}
    assert [len(found) for found in boxes.values()] == [int(name == verdict) for name in boxes]
    assert {"better": "0.84", "not_proven": "0.80", "worse": "0.74"}[verdict] == at.metric[0].value


@pytest.mark.parametrize("run_id", ["../../etc/passwd", "20200101-000000-000abcdef", "a", "x" * 300, "..%2f..%2f", "<script>"])
def test_unknown_run_is_not_found(run_id):
    at = open_page("customer_service", run=run_id)
    assert not at.exception
    assert "There is no run" in at.warning[0].value
    assert button(at, "customer_service.start")

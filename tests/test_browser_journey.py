"""In a real browser: from home over a training, a reload and a killed server to a prediction, in two languages."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.parse
from pathlib import Path

import pytest

from bmcore import runs
from tests.runs.conftest import wait
from tests.watched import Watched, expect
from tools.browser import server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]  # each wait inside has its own, shorter, end
DEPARTMENT = re.compile("^(Bottoms|Dresses|Intimate|Jackets|Tops|Trend)$")


def test_journey(chromium, tmp_path):
    """Home -> customer service -> train -> reload -> the server is killed, another starts -> result -> a message -> its label -> 中文."""
    home = tmp_path / "home"
    with left_tidy(home):
        with server(home, tmp_path / "log.txt") as (url, process):
            query = start_and_reload(Watched(chromium, url))
            process.kill()  # as a crash of the machine's server would: the training is nobody's child
        (run,) = (home / "runs").iterdir()  # a double click made one
        with server(home, tmp_path / "log2.txt") as (url, _process):
            watched = Watched(chromium, url)
            expect(live_or_result(watched.open(query))).to_be_visible()
            watched.close()  # the laptop is closed
            wait(runs.Run(run), timeout=700)
            result_and_message(Watched(chromium, url), query, "This dress is too short")
        assert list((home / "runs").iterdir()) == [run]
        status = json.loads((run / "status.json").read_text())
        assert status["state"] == "done" and status["attempt"] == 1


@contextlib.contextmanager
def left_tidy(home: Path):
    """Runs and services outlive the server on purpose: whatever happens, this test leaves none behind."""
    from bmcore.serve import client

    try:
        yield
    finally:
        for folder in (home / "runs").glob("*"):
            runs.cancel(folder.name)
            client.stop(folder.name)


def start_and_reload(watched: Watched) -> str:
    """From the home page to a run that is live; the path that leads to it."""
    page = watched.open("/")
    page.get_by_role("button", name="Start with the sample").click()
    expect(page.get_by_role("heading", name="Customer service", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()
    watched.settled()
    page.get_by_role("button", name="Start training").dblclick()
    expect(live_or_result(page)).to_be_visible()
    expect(page).to_have_url(re.compile("run="))
    page.reload()
    expect(live_or_result(page)).to_be_visible()
    watched.close()
    address = urllib.parse.urlparse(page.url)
    return f"{address.path}?{address.query}"


def live_or_result(page):
    return page.get_by_role("button", name="Stop training").or_(page.get_by_role("heading", name="4 · Result"))


def result_and_message(watched: Watched, path: str, message: str) -> None:
    """The run found again, its result, and the model's answer in both languages."""
    page = watched.open(path)
    expect(page.get_by_role("heading", name="4 · Result")).to_be_visible()
    expect(page.get_by_test_id("stAlert").first).to_be_visible()
    page.get_by_role("textbox", name="A message").fill(message)
    page.get_by_role("button", name="What does the model say?").click()
    answer = page.get_by_test_id("stMain").get_by_role("heading", level=3, name=DEPARTMENT)
    expect(answer).to_be_visible(timeout=120_000)
    page.get_by_test_id("stSidebar").get_by_text("中文").click()
    expect(page.get_by_role("heading", name="4 · 结果")).to_be_visible()
    page.get_by_role("textbox", name="一条留言").fill(message + "!")
    page.get_by_role("button", name="问问模型").click()
    expect(answer).to_be_visible()
    watched.close()

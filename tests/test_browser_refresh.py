"""In a real browser while a run is at work: twenty refreshes, three tabs, back and forward, a foreign id. Progress never goes back."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from bmcore import base, runs
from bmcore.runs import locks
from tests.runs.conftest import FAKE, at_step, kill, wait
from tests.watched import Watched, expect
from tools.browser import server

sys.path.insert(0, str(Path(__file__).resolve().parent / "ui"))
from make_run import make_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.fixture
def run(home, monkeypatch):
    """A run that counts for an hour, by a worker that costs nothing."""
    from bmcore.data import refs

    monkeypatch.setitem(base.ESTIMATORS, "Counter", "fake_estimator")
    monkeypatch.setenv("PYTHONPATH", f"{FAKE}{os.pathsep}{FAKE.parents[2]}")
    monkeypatch.syspath_prepend(str(FAKE))
    rows = "".join(f"message number {number},{'ab'[number % 2]}\n" for number in range(40))
    found = runs.start(
        {
            "estimator": "Counter",
            "params": {"steps": 100_000, "pause": 0.04},
            "data": refs.store(f"text,label\n{rows}".encode(), "messages.csv"),
            "columns": {"text": "text", "label": "label"},
            "scenario": "customer_service",
        }
    )
    yield at_step(found, 1)
    holder = locks.holder(found.folder / "lock")
    if holder:
        os.kill(holder[0], signal.SIGKILL)
    sys.modules.pop("fake_estimator", None)


class Seen:
    """The steps that tabs have shown: no tab may show one before another that it has shown, and a fresh page none before any."""

    def __init__(self):
        self.last, self.most = {}, 0

    def read(self, page, *, fresh: bool) -> int:
        bar = page.get_by_test_id("stProgress")
        expect(bar).to_contain_text(re.compile(r"of 100,000 steps"))
        step = int(re.search(r"([\d,]+) of", bar.inner_text())[1].replace(",", ""))
        assert step >= (self.most if fresh else self.last.get(page, 0))
        self.last[page], self.most = step, max(self.most, step)
        return step


def test_refresh_tabs_back_and_forward(run, home, chromium, tmp_path):
    with server(home, tmp_path / "log.txt") as (url, _process):
        watched, seen = Watched(chromium, url), Seen()
        tabs = [watched.page, watched.tab(), watched.tab()]
        for page in tabs:
            page.goto(f"{url}/customer_service?run={run.id}")
            seen.read(page, fresh=True)
        for i in range(20):
            page = tabs[i % 3]
            page.reload(wait_until="domcontentloaded")
            seen.read(page, fresh=True)
            for other in tabs:
                seen.read(other, fresh=False)
        page = tabs[0]
        page.get_by_test_id("stSidebar").get_by_role("link", name="All trainings").click()
        expect(page.get_by_role("heading", name="All trainings")).to_be_visible()
        for _ in range(3):
            page.go_back()
            seen.read(page, fresh=True)
            page.go_forward()
            expect(page.get_by_role("heading", name="All trainings")).to_be_visible()
        page.go_back()
        seen.read(page, fresh=True)
        begun = seen.read(page, fresh=False)
        expect(page.get_by_test_id("stProgress")).not_to_contain_text(f"{begun:,} of")  # it moves by itself
        kill(run)
        wait(run, "lost")
        for page in tabs:  # each hears of the end without a reload
            expect(page.get_by_text("This training was interrupted.")).to_be_visible()
        watched.close()


def test_the_id_of_another_home_or_of_nobody(home, chromium, tmp_path):
    mine, foreign = make_run(home, "done"), make_run(tmp_path / "other", "done", n=1)
    with server(home, tmp_path / "log.txt") as (url, _process):
        watched = Watched(chromium, url)
        for asked in (foreign, "20200101-000000-000abcdef", f"..%2f..%2f{foreign}", f"{mine}%00", f"{mine}%2f", f"{mine}&run={foreign}"):
            page = watched.open(f"/customer_service?run={asked}")
            expect(page.get_by_text("There is no run")).to_be_visible()
            expect(page.get_by_role("button", name="Start training")).to_be_visible()  # the page is as useful as without an id
            watched.settled()
            assert page.get_by_role("heading", name="4 · Result").count() == 0
        page = watched.open(f"/customer_service?run={mine}")
        expect(page.get_by_role("heading", name="4 · Result")).to_be_visible()
        watched.close()

"""In a real browser: one journey through Write like us with own texts and a real, very short run."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from tests.watched import Watched, expect, left_tidy
from tools.browser import server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]  # each wait inside has its own, shorter, end
PAGE = "write_like_us"


def own_texts(n: int = 120) -> str:
    """Texts of a shop, of few words: a model of seconds learns some of them."""
    draw = random.Random(0)
    things, words = ("lamp", "chair", "table", "shelf"), ("solid oak", "brushed steel", "soft linen", "clear glass")
    sizes = ("narrow halls", "large rooms", "small desks")
    return "\n---\n".join(
        f"Our {draw.choice(things)} number {i} is made of {draw.choice(words)}. It fits {draw.choice(sizes)} and lasts for years."
        for i in range(n)
    )


def test_journey(chromium, tmp_path):
    """Own texts -> a run of seconds -> its result -> drafts -> one is kept -> it is there again, in Chinese too."""
    home, mine = tmp_path / "home", tmp_path / "shop.txt"
    mine.write_text(own_texts())
    with left_tidy(home), server(home, tmp_path / "log.txt") as (url, _process):
        watched = Watched(chromium, url, viewport={"width": 1360, "height": 4200}, accept_downloads=True)
        page = watched.open(f"/{PAGE}?source=file")
        page.locator("input[type=file]").set_input_files(mine)
        expect(page.get_by_text("120 texts")).to_be_visible(timeout=120_000)
        page.get_by_text("All settings").click()
        minutes = page.get_by_role("textbox", name="Minutes")
        minutes.fill("0.05")
        minutes.press("Enter")
        watched.settled()
        page.get_by_role("button", name="Start learning").click()
        expect(page).to_have_url(re.compile("run="))
        run_id = next(iter((home / "runs").iterdir())).name
        assert json.loads((home / "runs" / run_id / "spec.json").read_text())["params"]["minutes"] == 0.05
        expect(page.get_by_role("heading", name="4 · Result")).to_be_visible(timeout=300_000)
        expect(page.get_by_text("Is it new, or did it only remember?")).to_be_visible()
        page.get_by_role("textbox", name="How the drafts begin").fill("Our lamp")
        page.get_by_role("button", name="Write drafts").click()
        keep = page.get_by_role("button", name="Keep", exact=True)
        expect(keep).to_have_count(3, timeout=120_000)
        keep.first.click()
        expect(page.get_by_text("Kept drafts: 1")).to_be_visible()
        with page.expect_download() as given:
            page.get_by_role("button", name="Download the kept drafts").click()
        assert Path(given.value.path()).read_text(encoding="utf-8").startswith("Our lamp")
        with page.expect_download(timeout=60_000) as given:
            page.get_by_role("button", name="Download the model").click()
        assert Path(given.value.path()).read_bytes().startswith(b"PK")
        page = watched.open(f"/{PAGE}?run={run_id}&lang=zh")
        expect(page.get_by_text("留下的草稿：1 份")).to_be_visible()
        watched.settled()
        watched.close()

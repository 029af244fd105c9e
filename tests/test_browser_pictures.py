"""In a real browser: one journey through the image studio with a real, very short run on the smallest sample."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.watched import Watched, expect, left_tidy
from tools.browser import server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]  # each wait inside has its own, shorter, end
PAGE = "image_studio"
UPDATES = 30
# what step 5 can try after new pictures -> its button, and the words of the sheet that comes of it
MODES = {
    "From one to another": ("Show the way", "Generated picture 8"),
    "Change a picture": ("Change it", "The picture that was made of it."),
    "Fill in a part": ("Fill it in", "The picture that was made of it."),
}


def test_journey(chromium, tmp_path):
    """The small digits -> a run of a few steps -> its result -> new pictures -> a zip -> every other way to try it;
    a deep link finds it again in Chinese."""
    home = tmp_path / "home"
    with left_tidy(home), server(home, tmp_path / "log.txt") as (url, _process):
        watched = Watched(chromium, url, viewport={"width": 1360, "height": 4200}, accept_downloads=True)
        page = watched.open(f"/{PAGE}")
        page.get_by_role("combobox", name="Sample").click()
        page.get_by_role("option", name="Small handwritten digits").click()
        expect(page.get_by_text("1,797 pictures of 10 kinds")).to_be_visible(timeout=120_000)
        page.get_by_text("All settings").click()
        steps = page.get_by_role("textbox", name="Updates")
        steps.fill(str(UPDATES))
        steps.press("Enter")
        watched.settled()
        page.get_by_role("button", name="Start learning").click()
        expect(page).to_have_url(re.compile("run="))
        run_id = next(iter((home / "runs").iterdir())).name
        assert json.loads((home / "runs" / run_id / "spec.json").read_text())["params"]["steps"] == UPDATES
        expect(page.get_by_role("heading", name="4 · Result")).to_be_visible(timeout=300_000)
        expect(page.get_by_text("None of these pictures is real.")).to_be_visible()
        page.get_by_role("button", name="Make pictures").click()
        download = page.get_by_role("button", name="Download these 12 pictures")
        expect(download).to_be_visible(timeout=120_000)
        with page.expect_download() as given:
            download.click()
        assert Path(given.value.path()).read_bytes().startswith(b"PK")
        for mode, (go, made) in MODES.items():
            page.get_by_role("radio", name=mode).click()
            page.get_by_role("button", name=go, exact=True).click()
            expect(page.get_by_alt_text(made, exact=True)).to_be_visible()
        page = watched.open(f"/{PAGE}?run={run_id}&lang=zh")
        expect(page.get_by_role("heading", name=re.compile("^5 · "))).to_be_visible()
        watched.settled()
        watched.close()

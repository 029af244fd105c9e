"""How browser tests look at a page: what it complains of and whom it asks is kept, and waits are long."""

from __future__ import annotations

import contextlib
import urllib.parse
from pathlib import Path

import pytest

PATIENCE = 90_000  # milliseconds; the machine may be busy

STATE = "data-test-script-state"

# texts of charts that stick out of their chart, where the browser cuts them
CUT = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(chart => {
    const room = chart.getBoundingClientRect()
    const texts = chart.querySelectorAll('.xtick text, .ytick text, .xtitle, .ytitle, .legendtext, .annotation-text')
    return [...texts].filter(text => {
        const at = text.getBoundingClientRect()
        const out = at.left < room.left - 2 || at.right > room.right + 2 || at.top < room.top - 2 || at.bottom > room.bottom + 2
        return at.width && room.width && out
    }).map(text => text.textContent)
})"""

# both languages where there is least room, each theme and each width
PHONE = {"viewport": {"width": 390, "height": 844}}
LOOKS = [
    pytest.param("en", {}, id="en-wide"), pytest.param("zh", {"color_scheme": "dark"}, id="zh-dark"),
    pytest.param("en", PHONE, id="en-phone"), pytest.param("zh", {**PHONE, "color_scheme": "dark"}, id="zh-phone-dark"),
]


def expect(found):
    """Playwright's `expect`, with our patience."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    return expect(found)


class Watched:
    """A page whose console errors and requests to other hosts are kept."""

    def __init__(self, browser, url: str, **options):
        self.url, self.errors, self.foreign = url, [], []
        self.context = browser.new_context(locale="en-US", **options)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.tab()

    def tab(self):
        """Another page of the same visitor."""
        page = self.context.new_page()
        own = urllib.parse.urlparse(self.url).netloc
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" and "Failed to load resource" not in m.text else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        # a deep link makes the frontend probe /page/_stcore/... before /_stcore/...: those 404 are Streamlit's own
        page.on("response", lambda r: self.errors.append(f"{r.status} {r.url}") if r.status >= 400 and "/_stcore/" not in r.url else None)
        page.on("request", lambda r: self.foreign.append(r.url) if urllib.parse.urlparse(r.url).netloc not in (own, "") else None)
        page.on("popup", lambda other: self.foreign.append(other.url))
        page.on("dialog", lambda dialog: (self.errors.append(dialog.message), dialog.dismiss()))
        return page

    def open(self, path: str):
        self.page.goto(self.url + path, wait_until="domcontentloaded")
        return self.page

    def settled(self, page=None) -> None:
        """Until no script runs any more."""
        expect((page or self.page).get_by_test_id("stApp")).to_have_attribute(STATE, "notRunning")

    def whole(self, page=None) -> None:
        """No text of a chart is cut off."""
        cut = (page or self.page).evaluate(CUT)
        assert cut == [], f"cut off: {cut}"

    def clean(self) -> None:
        assert self.errors == [] and self.foreign == []

    def close(self) -> None:
        """The end of a test: nothing was complained of, nobody else was asked."""
        self.clean()
        self.context.close()


@contextlib.contextmanager
def left_tidy(home: Path):
    """Runs and services outlive the server on purpose: whatever happens, this test leaves none behind."""
    from bmcore import runs
    from bmcore.serve import client

    try:
        yield
    finally:
        for folder in (home / "runs").glob("*"):
            runs.cancel(folder.name)
            client.stop(folder.name)

"""In a real browser: first deep links, no word to another host, languages, the keyboard, descriptions of pictures."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.watched import LOOKS, Watched, expect
from tools.browser import server

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))
from make_run import make_run  # noqa: E402

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]  # each wait inside has its own, shorter, end
PATHS = ("/", "/runs", "/customer_service")
CHARTS = ("steps-curve", "evaluate-intervals", "evaluate-confusion", "evaluate-classes")


@pytest.fixture(scope="module")
def shared(tmp_path_factory, chromium):
    """One server with a run in each ended state, for the tests that only look."""
    folder = tmp_path_factory.mktemp("browser")
    ids = {
        "done": make_run(folder / "home", "done", n=0),
        "failed": make_run(folder / "home", "failed", n=1),
        "lost": make_run(folder / "home", "lost", n=2),
    }
    with server(folder / "home", folder / "log.txt") as (url, _process):
        yield url, ids


@pytest.mark.parametrize(
    ("path", "title"),
    [("/customer_service?lang=zh", "客户服务"), ("/runs", "All trainings"), ("/?lang=zh", "AI 能帮到我的生意吗？是真的吗？")],
)
def test_first_deep_link_on_a_fresh_server(path, title, chromium, tmp_path):
    with server(tmp_path / "home", tmp_path / "log.txt") as (url, _process):
        watched = Watched(chromium, url)
        page = watched.open(path)
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        expect(page.get_by_test_id("stSidebar").get_by_role("link").first).to_be_visible()  # the frame is there
        expect(page.get_by_text("Page not found")).to_have_count(0)
        watched.settled()
        watched.close()


@pytest.mark.parametrize(("lang", "options"), LOOKS)
def test_every_page_is_quiet_and_fits(options, lang, shared, chromium):
    url, ids = shared
    watched = Watched(chromium, url, **options)
    for path in (*PATHS, *(f"/customer_service?run={ids[name]}" for name in ("done", "failed", "lost"))):
        page = watched.open(f"{path}{'&' if '?' in path else '?'}lang={lang}")
        expect(page.get_by_test_id("stMain").get_by_role("heading", level=1)).to_be_visible()
        watched.settled()
        wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        inner = page.evaluate("() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }")
        assert wide <= 0 and inner <= 0, f"{path} scrolls sideways"
        watched.whole()
    watched.close()


def test_charts_and_pictures_have_descriptions(shared, chromium):
    url, ids = shared
    watched = Watched(chromium, url)
    page = watched.open(f"/customer_service?run={ids['done']}")
    page.get_by_text("How it was trained").click()  # what is folded has no name
    for name in CHARTS:  # they arrive one by one: none may be counted before the last
        expect(page.locator(f"[class*='st-key-{name}']").get_by_role("figure", name=re.compile(r"\w"))).to_be_visible()
    watched.settled()
    expect(page.get_by_role("figure", name=re.compile(r"\w"))).to_have_count(page.get_by_test_id("stPlotlyChart").count())
    page = watched.open("/")
    expect(page.get_by_role("img", name=re.compile("Messages on the left"))).to_be_visible()
    watched.close()


def test_language_stays_across_pages_and_back(shared, chromium):
    url, _ids = shared
    watched = Watched(chromium, url)
    page = watched.open("/runs")
    expect(page.get_by_role("heading", name="All trainings")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_text("中文").click()
    expect(page.get_by_role("heading", name="全部训练")).to_be_visible()
    expect(page).to_have_url(re.compile("lang=zh"))
    page.get_by_role("link", name="客户服务").click()
    expect(page.get_by_role("heading", name="客户服务", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("lang=zh"))
    page.go_back()
    expect(page.get_by_role("heading", name="全部训练")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="全部训练")).to_be_visible()
    watched.close()


def test_keyboard_reaches_the_start(shared, chromium):
    url, _ids = shared
    watched = Watched(chromium, url)
    page = watched.open("/customer_service")
    start = page.get_by_role("button", name="Start training")
    expect(start).to_be_visible()
    watched.settled()
    for _ in range(60):
        page.keyboard.press("Tab")
        if start.evaluate("e => e === document.activeElement"):
            break
    expect(start).to_be_focused()
    watched.close()

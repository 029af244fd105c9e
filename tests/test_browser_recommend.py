"""In a real browser: the page that recommends is quiet in every look, a click on its map asks, one journey with a real run."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from pathlib import Path

import pytest

from tests.watched import LOOKS, Watched, expect
from tools.browser import server

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))
from make_recommend import TITLES, make_recommend_run  # noqa: E402
from make_run import STATES  # noqa: E402

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]  # each wait inside has its own, shorter, end
PAGE = "product_recommendations"
HOSTILE = "<img src=x onerror=window.hit=1><script>window.hit=1</script>[a](javascript:window.hit=1) ![x](http://foreign.example/x.png) $x$"


@pytest.fixture(scope="module")
def shared(tmp_path_factory, chromium):
    """One server with a run in each state, for the tests that only look."""
    folder = tmp_path_factory.mktemp("recommend")
    ids = {state: make_recommend_run(folder / "home", PAGE, state, n=i) for i, state in enumerate(STATES)}
    ids["hostile"] = make_recommend_run(
        folder / "home", PAGE, "done", n=9, titles=tuple(f"{HOSTILE} {i}" for i in range(30)), title=HOSTILE
    )
    with server(folder / "home", folder / "log.txt") as (url, _process):
        yield url, ids


def sideways(page) -> int:
    """How far the page could be scrolled to the right."""
    return page.evaluate("() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }")


@pytest.mark.parametrize(("lang", "options"), LOOKS)
def test_every_state_is_quiet_and_fits(options, lang, shared, chromium):
    url, ids = shared
    watched = Watched(chromium, url, **options)
    for path in (f"/{PAGE}?lang={lang}", *(f"/{PAGE}?run={ids[state]}&lang={lang}" for state in STATES)):
        page = watched.open(path)
        expect(page.get_by_test_id("stMain").get_by_role("heading", level=1)).to_be_visible()
        if not path.endswith((f"{ids['running']}&lang={lang}", f"{ids['queued']}&lang={lang}")):
            watched.settled()
        assert sideways(page) <= 0, f"{path} scrolls sideways"
        watched.whole()
    watched.close()


def test_words_that_are_scripts_do_nothing(shared, chromium):
    url, ids = shared
    watched = Watched(chromium, url, viewport={"width": 1360, "height": 3600})
    page = watched.open(f"/{PAGE}?run={ids['hostile']}")
    expect(page.get_by_role("heading", name="5 · Try it")).to_be_visible()
    watched.settled()
    for fold in page.get_by_test_id("stExpander").all():
        fold.locator("summary").click()
    page.get_by_role("combobox", name="The basket").click()
    page.wait_for_timeout(1500)
    watched.settled()
    assert page.evaluate("() => window.hit") is None
    assert page.locator('[data-testid="stMain"] a[href^="javascript"]').count() == 0
    watched.close()


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


def shown(watched: Watched, before: list[str] | None = None) -> list[str]:
    """What is recommended, once it is something other than `before`."""
    names: list[str] = []
    for _try in range(300):
        watched.settled()
        names = watched.page.get_by_test_id("stMain").locator("strong").all_inner_texts()
        names = names[names.index("Recommendations") + 1 :][:10] if "Recommendations" in names else []
        if len(names) == 10 and names != before:
            return names
        watched.page.wait_for_timeout(100)
    raise AssertionError(f"nothing changed: {names}")


def test_journey(chromium, tmp_path):
    """Home -> product recommendations -> the sample -> a real run -> a basket that changes what is shown -> the file; in Chinese."""
    home = tmp_path / "home"
    with left_tidy(home), server(home, tmp_path / "log.txt") as (url, _process):
        watched = Watched(chromium, url, viewport={"width": 1360, "height": 4600}, accept_downloads=True)
        page = watched.open("/")
        page.get_by_role("button", name="Open: Product recommendations").click()
        fetch = page.get_by_role("button", name="Fetch it now and show some of it")
        found = page.get_by_text("GroupLens: research use")
        expect(found).to_be_visible()
        watched.settled()
        if fetch.is_visible():
            fetch.click()
        expect(page.get_by_text("943 customers, 1,682 products")).to_be_visible()
        page.get_by_role("button", name="Learn what to recommend").dblclick()
        expect(page).to_have_url(re.compile("run="))
        expect(page.get_by_role("heading", name="4 · Result")).to_be_visible(timeout=240_000)
        assert len(list((home / "runs").iterdir())) == 1, "a double click makes one run"
        expect(page.get_by_text("of 10 items shown to a person")).to_be_visible()
        expect(page.get_by_text("of the catalogue to somebody")).to_be_visible()

        basket(watched, page)
        similar(page)
        customer(watched, page)
        stranger(page)
        with page.expect_download() as download:
            page.get_by_role("button", name="Download recommendations for all customers").click()
        lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
        assert lines[0] == "customer,item,title,score,rank" and len(lines) == 9431

        run_id = next(iter((home / "runs").iterdir())).name
        assert json.loads((home / "runs" / run_id / "spec.json").read_text())["scenario"] == PAGE
        page = watched.open(f"/{PAGE}?run={run_id}&lang=zh")
        expect(page.get_by_role("heading", name=re.compile("^5 · "))).to_be_visible()
        watched.settled()
        watched.close()


def basket(watched: Watched, page) -> None:
    """Items are clicked into it, each changes what is recommended, with reasons."""
    page.get_by_text("Star Wars (1977)", exact=True).last.click()
    expect(page.get_by_text("because they bought Star Wars (1977)").first).to_be_visible(timeout=120_000)
    before = shown(watched)
    assert "Star Wars (1977)" not in before
    page.get_by_role("button", name="Add", exact=True).nth(2).click()
    after = shown(watched, before)
    assert before[2] not in after
    page.get_by_role("combobox", name="The basket").click()
    page.keyboard.type("Babe (1995)")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert "Babe (1995)" not in shown(watched, after)
    assert page.get_by_text(re.compile(r"^because they bought [^:]*Babe \(1995\) \(\d+ %\)")).count()


def similar(page) -> None:
    """A click on the map shows what is most like that item."""
    figure = page.get_by_role("figure", name=re.compile("^A map of"))
    expect(figure.locator(".scatterlayer .point").first).to_be_attached()
    figure.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)  # charts above grow into their place
    boxes = figure.locator(".scatterlayer .point").evaluate_all(
        "points => points.map(p => { const b = p.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] })"
    )
    point = max(boxes, key=lambda box: box[1])
    page.mouse.move(point[0] - 9, point[1] - 9)
    page.mouse.move(*point, steps=5)
    page.wait_for_timeout(400)
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_text(re.compile("^Most like .* customers have"))).to_be_visible()


def customer(watched: Watched, page) -> None:
    """Somebody of the table."""
    page.get_by_text("Customer", exact=True).last.click()
    field = page.get_by_role("combobox", name="Choose or type an id")
    field.click()
    page.keyboard.type("196")
    page.keyboard.press("Enter")
    expect(page.get_by_text("because they bought").first).to_be_visible()
    assert shown(watched)


def stranger(page) -> None:
    """Somebody of whom little is known."""
    page.get_by_text("Somebody new").click()
    page.get_by_role("combobox", name="occupation").click()
    page.keyboard.type("student")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="What would they see?").click()
    expect(page.get_by_text("popular with people whose occupation is student")).to_be_visible()


def test_a_click_in_the_list_puts_a_ring_on_the_map(shared, chromium):
    """What is found beside the map is marked on it, and a click elsewhere is forgotten; here the service cannot start, and says so."""
    url, ids = shared
    watched = Watched(chromium, url, viewport={"width": 1360, "height": 3600})
    page = watched.open(f"/{PAGE}?run={ids['done']}")
    expect(page.get_by_role("heading", name="5 · Try it")).to_be_visible()
    watched.settled()
    page.get_by_role("combobox", name="Find one").click()
    page.keyboard.type(TITLES[4])
    page.keyboard.press("Enter")
    figure = page.get_by_role("figure", name=re.compile("^A map of"))
    expect(figure.locator(".annotation-text")).to_have_text(TITLES[4])
    expect(page.get_by_text("The model could not be started")).to_be_visible(timeout=120_000)
    watched.close()

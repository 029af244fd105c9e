"""In a real browser: pages that look for groups are quiet, a click and a box on the map choose rows, one journey with a real run."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

import pytest

from tests.watched import LOOKS, Watched, expect
from tools.browser import server

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))
from make_clusters import SCENARIOS, make_cluster_run  # noqa: E402

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]  # each wait inside has its own, shorter, end
HOSTILE = "<img src=x onerror=window.hit=1><script>window.hit=1</script>[a](javascript:window.hit=1) ![x](http://foreign.example/x.png) $x$"


@pytest.fixture(scope="module")
def shared(tmp_path_factory, chromium):
    """One server with a finished run of each page, for the tests that only look."""
    folder = tmp_path_factory.mktemp("clusters")
    ids = {page: make_cluster_run(folder / "home", page, "done", n=i) for i, page in enumerate(SCENARIOS)}
    ids["hostile"] = make_cluster_run(folder / "home", "themes", "done", n=5, words=[HOSTILE] * 3, title=HOSTILE)
    ids["failed"] = make_cluster_run(folder / "home", "unusual", "failed", n=6)
    with server(folder / "home", folder / "log.txt") as (url, _process):
        yield url, ids


@pytest.mark.parametrize(("lang", "options"), LOOKS)
def test_every_page_is_quiet_and_fits(options, lang, shared, chromium):
    url, ids = shared
    watched = Watched(chromium, url, **options)
    paths = [f"/{page}?lang={lang}" for page in SCENARIOS] + [f"/{page}?run={ids[page]}&lang={lang}" for page in SCENARIOS]
    for path in (*paths, f"/unusual?run={ids['failed']}&lang={lang}"):
        page = watched.open(path)
        expect(page.get_by_test_id("stMain").get_by_role("heading", level=1)).to_be_visible()
        watched.settled()
        inner = page.evaluate("() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }")
        assert inner <= 0, f"{path} scrolls sideways"
        watched.whole()
    watched.close()


@pytest.mark.parametrize(("lang", "options"), [LOOKS[0], LOOKS[-1]])
def test_ticked_runs_are_compared_without_a_cut(options, lang, shared, chromium):
    url, _ids = shared
    watched = Watched(chromium, url, **options)
    page = watched.open(f"/runs?lang={lang}")
    expect(page.get_by_test_id("stMain").get_by_role("heading", level=1)).to_be_visible()
    watched.settled()
    for n in range(3):
        page.get_by_test_id("stMain").get_by_test_id("stCheckbox").nth(n).locator("label").click()
        watched.settled()
    expect(page.locator("[class*='st-key-compare-results'] .ytick").first).to_be_visible()
    expect(page.locator("[class*='st-key-compare'] .legendtext").first).to_be_visible()
    watched.whole()
    watched.close()


def the_map(watched: Watched, path: str):
    """The page of a finished run and the place of its map on the screen."""
    page = watched.open(path)
    figure = page.get_by_role("figure", name=re.compile("^A map of"))
    expect(figure.locator(".scatterlayer .point").first).to_be_attached()
    watched.settled()
    figure.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)  # charts above grow into their place
    return page, figure, figure.locator(".nsewdrag").first.bounding_box()


def test_a_box_and_a_click_on_the_map_choose_rows_of_the_table(shared, chromium):
    url, ids = shared
    watched = Watched(chromium, url, viewport={"width": 1360, "height": 2600})
    page, figure, at = the_map(watched, f"/customer_segments?run={ids['customer_segments']}")
    chosen = page.get_by_text("chosen on the map")
    expect(chosen).to_have_count(0)

    point = alone(figure)
    page.mouse.move(point[0] - 9, point[1] - 9)
    page.mouse.move(*point, steps=5)
    page.wait_for_timeout(400)
    page.mouse.down()
    page.mouse.up()
    expect(chosen).to_have_text(re.compile("^1 chosen"))

    page.get_by_text("Drag a box").click()
    expect(chosen).to_have_count(0)
    expect(page.get_by_text("A double-click takes it back.")).to_be_visible()
    watched.settled()
    page.wait_for_timeout(1500)
    page.mouse.move(at["x"] + 0.1 * at["width"], at["y"] + 0.3 * at["height"])
    page.mouse.down()
    page.mouse.move(at["x"] + 0.4 * at["width"], at["y"] + 0.7 * at["height"], steps=8)
    page.mouse.up()
    expect(chosen).to_be_visible()
    assert 0 < int(chosen.inner_text().split()[0].replace(",", "")) < 2357
    page.mouse.dblclick(at["x"] + 0.97 * at["width"], at["y"] + 0.97 * at["height"])
    expect(chosen).to_have_count(0)
    watched.close()


def alone(figure) -> tuple[float, float]:
    """The middle of the lowest point on the map: no label lies over it."""
    boxes = figure.locator(".scatterlayer .point").evaluate_all(
        "points => points.map(p => { const b = p.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] })"
    )
    return tuple(max(boxes, key=lambda box: box[1]))


def test_a_keyboard_does_what_a_click_on_the_map_does(shared, chromium):
    url, ids = shared
    watched = Watched(chromium, url)
    page, _figure, _at = the_map(watched, f"/themes?run={ids['themes']}")
    group = page.get_by_role("button", name="jeans, leg, length")
    group.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("of 2,000 on the map"))).to_be_visible()
    watched.close()


def test_the_map_turns_in_three_directions_within_the_content_policy(shared, chromium):
    url, ids = shared
    watched = Watched(chromium, url)
    page, _figure, _at = the_map(watched, f"/customer_segments?run={ids['customer_segments']}")
    page.get_by_text("Turn it", exact=True).click()
    expect(page.get_by_text("Drag to turn it.")).to_be_visible()
    expect(page.get_by_role("figure", name=re.compile("^A map of")).locator("canvas").first).to_be_attached()
    watched.settled()
    watched.close()


def test_words_that_are_scripts_do_nothing(shared, chromium):
    url, ids = shared
    watched = Watched(chromium, url)
    page, _figure, _at = the_map(watched, f"/themes?run={ids['hostile']}")
    for fold in page.get_by_test_id("stExpander").all():
        fold.locator("summary").click()
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


def test_journey(chromium, tmp_path):
    """Home -> customer segments -> the sample -> a real run -> verdict, map, a box -> a new customer's segment -> the file."""
    home = tmp_path / "home"
    with left_tidy(home), server(home, tmp_path / "log.txt") as (url, _process):
        watched = Watched(chromium, url, viewport={"width": 1360, "height": 2600}, accept_downloads=True)
        page = watched.open("/")
        page.get_by_role("button", name="Open: Customer segments").click()
        fetch = page.get_by_role("button", name="Fetch it now and show some of it")
        found = page.get_by_text("customers to group")
        expect(fetch.or_(found)).to_be_visible()
        if fetch.is_visible():
            fetch.click()
        expect(found).to_be_visible()
        page.get_by_role("combobox", name="Number of groups").click()
        page.get_by_role("option", name="4", exact=True).click()
        watched.settled()
        page.get_by_role("button", name="Find the segments").dblclick()
        expect(page).to_have_url(re.compile("run="))
        expect(page.get_by_role("heading", name="4 · Result")).to_be_visible(timeout=240_000)
        expect(page.get_by_text(re.compile("% of the money")).first).to_be_visible()
        assert len(list((home / "runs").iterdir())) == 1, "a double click makes one run"

        page, _figure, at = the_map(watched, page.url.removeprefix(url))
        page.get_by_text("Drag a box").click()
        expect(page.get_by_text("A double-click takes it back.")).to_be_visible()
        watched.settled()
        page.wait_for_timeout(1500)
        page.mouse.move(at["x"] + 0.3 * at["width"], at["y"] + 0.2 * at["height"])
        page.mouse.down()
        page.mouse.move(at["x"] + 0.6 * at["width"], at["y"] + 0.7 * at["height"], steps=8)
        page.mouse.up()
        expect(page.get_by_text("chosen on the map")).to_be_visible()

        for field, value in (("Days since last purchase", "5"), ("Days with a purchase", "15"), ("Money spent in all", "900")):
            page.get_by_label(field).fill(value)
        page.get_by_role("button", name="Which group is it?").click()
        expect(page.get_by_test_id("stMain").get_by_role("heading", level=3)).to_have_count(3, timeout=120_000)
        with page.expect_download() as download:
            page.get_by_role("button", name="Download all customers with their group").click()
        lines = Path(download.value.path()).read_text("utf-8").splitlines()
        assert len(lines) == 23_571 and "cluster" in lines[0]
        watched.close()

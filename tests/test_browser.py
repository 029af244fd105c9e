"""In a real browser: first deep links, no word to another host, names that are scripts, and the journey from home to a prediction."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.timeout(900),  # each wait inside has its own, shorter, end
]

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))
from make_run import make_run  # noqa: E402

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATHS = ("/", "/runs", "/customer_service")
HOSTILE = "<img src=x onerror=window.hit=1><script>window.hit=1</script>[a](javascript:window.hit=1) ![x](http://foreign.example/x.png) $x$"
expect = sync_api.expect
expect.set_options(timeout=60_000)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def server(home: Path, log: Path):
    """`streamlit run app.py` on a home folder; gives its address."""
    port = free_port()
    environment = {**os.environ, "BMCORE_HOME": str(home), "STREAMLIT_SERVER_PORT": str(port)}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py"],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 90
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/health", timeout=2).read()
                break
            time.sleep(0.1)
        yield url, process
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Watched:
    """A page whose console errors and requests to other hosts are kept."""

    def __init__(self, browser, url: str, **options):
        self.context = browser.new_context(locale="en-US", **options)
        self.page, self.url = self.context.new_page(), url
        self.errors, self.foreign = [], []
        own = urllib.parse.urlparse(url).netloc
        self.page.on(
            "console", lambda m: self.errors.append(m.text) if m.type == "error" and "Failed to load resource" not in m.text else None
        )
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        # a deep link makes the frontend probe /page/_stcore/... before /_stcore/...: those 404 are Streamlit's own
        self.page.on(
            "response", lambda r: self.errors.append(f"{r.status} {r.url}") if r.status >= 400 and "/_stcore/" not in r.url else None
        )
        self.page.on("request", lambda r: self.foreign.append(r.url) if urllib.parse.urlparse(r.url).netloc not in (own, "") else None)

    def open(self, path: str):
        self.page.goto(self.url + path, wait_until="domcontentloaded")
        return self.page

    def settled(self) -> None:
        """Until no script runs any more."""
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")

    def clean(self) -> None:
        assert self.errors == [] and self.foreign == []


@pytest.fixture(scope="module")
def shared(tmp_path_factory, chromium):
    """One server with a run in each ended state, for the tests that only look."""
    folder = tmp_path_factory.mktemp("browser")
    ids = {
        "done": make_run(folder / "home", "done", n=0),
        "failed": make_run(folder / "home", "failed", n=1),
        "lost": make_run(folder / "home", "lost", n=2),
    }
    ids["hostile"] = make_run(
        folder / "home",
        "done",
        n=3,
        title=HOSTILE,
        classes=[f"{i} {HOSTILE}" for i in range(4)],
        columns={"text": HOSTILE, "label": HOSTILE},
        data={"kind": "file", "name": HOSTILE, "stored": "x", "sha256": "x", "bytes": 1},
    )
    with server(folder / "home", folder / "log.txt") as (url, process):
        yield url, ids, process


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
        watched.clean()
        watched.context.close()


@pytest.mark.parametrize(
    "options", [{}, {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}], ids=["wide", "dark", "phone"]
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_page_is_quiet_and_fits(options, lang, shared, chromium):
    url, ids, _process = shared
    watched = Watched(chromium, url, **options)
    for path in (*PATHS, *(f"/customer_service?run={ids[name]}" for name in ("done", "failed", "lost"))):
        page = watched.open(f"{path}{'&' if '?' in path else '?'}lang={lang}")
        expect(page.get_by_test_id("stMain").get_by_role("heading", level=1)).to_be_visible()
        watched.settled()
        wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        inner = page.evaluate("() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }")
        assert wide <= 0 and inner <= 0, f"{path} scrolls sideways"
    watched.clean()
    watched.context.close()


def test_names_that_are_scripts_do_nothing(shared, chromium):
    url, ids, _process = shared
    watched = Watched(chromium, url)
    for path in (f"/customer_service?run={ids['hostile']}", "/", "/runs", f"/customer_service?run={urllib.parse.quote(HOSTILE)}"):
        page = watched.open(path)
        expect(page.get_by_test_id("stMain").get_by_role("heading", level=1)).to_be_visible()
        watched.settled()
        for fold in page.get_by_test_id("stExpander").all():
            fold.locator("summary").click()
        watched.settled()
        assert page.evaluate("() => window.hit") is None
        assert page.locator('[data-testid="stMain"] a[href^="javascript"]').count() == 0
    watched.clean()
    watched.context.close()


def test_charts_and_pictures_have_descriptions(shared, chromium):
    url, ids, _process = shared
    watched = Watched(chromium, url)
    page = watched.open(f"/customer_service?run={ids['done']}")
    page.get_by_text("How it was trained").click()  # what is folded has no name
    expect(page.get_by_test_id("stPlotlyChart").first).to_be_visible()
    watched.settled()
    charts = page.get_by_test_id("stPlotlyChart").count()
    expect(page.get_by_role("figure", name=re.compile(r"\w"))).to_have_count(charts)
    page = watched.open("/")
    expect(page.get_by_role("img", name=re.compile("Messages on the left"))).to_be_visible()
    watched.context.close()


def test_language_stays_across_pages_and_back(shared, chromium):
    url, _ids, _process = shared
    watched = Watched(chromium, url)
    page = watched.open("/runs")
    expect(page.get_by_role("heading", name="All trainings")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_text("中文").click()
    expect(page.get_by_role("heading", name="全部训练")).to_be_visible()
    assert "lang=zh" in page.url
    page.get_by_role("link", name="客户服务").click()
    expect(page.get_by_role("heading", name="客户服务", exact=True)).to_be_visible()
    assert "lang=zh" in page.url
    page.go_back()
    expect(page.get_by_role("heading", name="全部训练")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="全部训练")).to_be_visible()
    watched.clean()
    watched.context.close()


def test_keyboard_reaches_the_start(shared, chromium):
    url, _ids, _process = shared
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
    watched.context.close()


def test_journey(chromium, tmp_path):
    """Home -> customer service -> train -> reload -> the server is killed, another starts -> result -> a message -> its label -> 中文."""
    journey(chromium, tmp_path, sample="Questions and answers in English", message="What is a computer virus?", patience=240)


def test_journey_with_the_fast_preset_on_the_big_sample(chromium, tmp_path):
    journey(chromium, tmp_path, sample=None, message="This dress is too short", patience=700)


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


def journey(chromium, tmp_path: Path, sample: str | None, message: str, patience: int) -> None:
    home = tmp_path / "home"
    with left_tidy(home):
        with server(home, tmp_path / "log.txt") as (url, process):
            query = start_and_reload(Watched(chromium, url), sample)
            process.kill()  # as a crash of the machine's server would: the training is nobody's child
        with server(home, tmp_path / "log2.txt") as (url, _process):
            result_and_message(Watched(chromium, url), query, message, patience)
        runs = list((home / "runs").iterdir())
        assert len(runs) == 1, "a double click makes one run"
        status = json.loads((runs[0] / "status.json").read_text())
        assert status["state"] == "done" and status["attempt"] == 1


def start_and_reload(watched: Watched, sample: str | None) -> str:
    """From the home page to a run that is live; the path that leads to it."""
    page = watched.open("/")
    page.get_by_role("button", name="Start with the sample").click()
    expect(page.get_by_role("heading", name="Customer service", exact=True)).to_be_visible()
    if sample:
        page.get_by_role("combobox", name="Sample").click()
        page.get_by_role("option", name=sample).click()
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()
    watched.settled()
    page.get_by_role("button", name="Start training").dblclick()
    expect(page.get_by_role("button", name="Stop training")).to_be_visible()
    assert "run=" in page.url
    page.reload()
    expect(live_or_result(page)).to_be_visible()
    watched.clean()
    watched.context.close()
    address = urllib.parse.urlparse(page.url)
    return f"{address.path}?{address.query}"


def live_or_result(page):
    return page.get_by_role("button", name="Stop training").or_(page.get_by_role("heading", name="4 · Result"))


def result_and_message(watched: Watched, path: str, message: str, patience: int) -> None:
    """The run found again, its result, and the model's answer in both languages."""
    page = watched.open(path)
    expect(live_or_result(page)).to_be_visible()
    expect(page.get_by_role("heading", name="4 · Result")).to_be_visible(timeout=1000 * patience)
    expect(page.get_by_test_id("stAlert").first).to_be_visible()
    page.get_by_role("textbox", name="A message").fill(message)
    page.get_by_role("button", name="What does the model say?").click()
    expect(page.get_by_test_id("stMain").get_by_role("heading", level=3)).to_have_count(3, timeout=120_000)
    page.get_by_test_id("stSidebar").get_by_text("中文").click()
    expect(page.get_by_role("heading", name="4 · 结果")).to_be_visible()
    page.get_by_role("textbox", name="一条留言").fill(message + "!")
    page.get_by_role("button", name="问问模型").click()
    expect(page.get_by_test_id("stMain").get_by_role("heading", level=3)).to_have_count(3)
    watched.clean()
    watched.context.close()


def test_foreign_host_origin_upload_are_refused(shared):
    url, _ids, _process = shared
    port = urllib.parse.urlparse(url).port

    def status(path: str, method: str = "GET", **headers: str) -> int:
        request = urllib.request.Request(f"{url}{path}", method=method, data=b"x" if method == "PUT" else None, headers=headers)
        try:
            return urllib.request.urlopen(request, timeout=10).status
        except urllib.error.HTTPError as error:
            return error.code

    assert status("/health") == 200
    assert status("/health", Host="foreign.example") == 421
    assert status("/_stcore/upload_file/x/y", method="PUT") in (400, 403)
    assert websocket_status(port, Host="foreign.example") != 101
    assert websocket_status(port, Host=f"127.0.0.1:{port}", Origin="http://foreign.example") != 101
    assert websocket_status(port, Host=f"127.0.0.1:{port}", Origin=f"http://127.0.0.1:{port}") == 101


def websocket_status(port: int, **headers: str) -> int:
    """The answer to a websocket's handshake."""
    lines = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(("GET /_stcore/stream HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n").encode())
        return int(connection.recv(64).split()[1])


def test_headers_are_on_every_answer(shared):
    url, _ids, _process = shared
    for path in ("/", "/health", "/customer_service"):
        headers = urllib.request.urlopen(url + path, timeout=10).headers
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"] and "unsafe-eval" not in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"

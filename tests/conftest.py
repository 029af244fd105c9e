"""Every test gets its own empty home folder; fetched samples are shared by the whole test session."""

import os

import pytest
from hypothesis import HealthCheck, settings

from tools import browser

# the machine may be busy: counts matter here, not seconds
settings.register_profile("bmcore", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
settings.load_profile("bmcore")

# the processes of tests share the processors: threads that wait for each other should sleep, not spin
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def pytest_collection_modifyitems(items):
    """The browser's journeys are the longest tests: begun first, no process is left alone with one at the end."""
    items.sort(key=lambda item: "browser" not in item.keywords)


@pytest.fixture(scope="session")
def _assets(tmp_path_factory):
    return tmp_path_factory.mktemp("assets")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, _assets):
    """The test's own BMCORE_HOME."""
    folder = tmp_path / "home"
    monkeypatch.setenv("BMCORE_HOME", str(folder))
    monkeypatch.setenv("BMCORE_ASSETS", str(_assets))
    monkeypatch.setenv("BMCORE_LANG", "en")
    return folder


@pytest.fixture(scope="module")
def chromium():
    """A browser. One a module: playwright's loop, while it is open, keeps every other test from a loop of its own."""
    pytest.importorskip("playwright.sync_api")
    if browser.CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with browser.chromium() as opened:
        yield opened

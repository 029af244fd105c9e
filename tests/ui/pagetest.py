"""How page tests open a page: AppTest on the real map, in a language, with a query."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from bmcore.ui.scenario import SCENARIOS

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("home", "runs", *(scenario.key for scenario in SCENARIOS))
# a loaded machine needs longer than AppTest's own 3 s
TIMEOUT = 60


def open_page(page: str = "home", lang: str = "en", **query: str) -> AppTest:
    """The page, drawn once."""
    at = AppTest.from_file(str(ROOT / "pages" / "_map.py"), default_timeout=TIMEOUT)
    at.query_params["lang"] = lang
    for name, value in query.items():
        at.query_params[name] = value
    if page != "home":
        at.switch_page(f"{page}.py")
    return at.run()


def words(at: AppTest) -> str:
    """Every word on the page and in the sidebar, as a reader sees it."""
    parts = [getattr(element, name, None) for element in at for name in ("value", "label")]
    return "\n".join(part for part in parts if isinstance(part, str)).replace("\\", "")


def button(at: AppTest, key: str):
    """The button whose key begins so."""
    return next(element for element in at.button if (element.key or "").startswith(key))

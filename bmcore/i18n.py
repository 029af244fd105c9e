"""Translation by gettext, looked up per call: one server process speaks to visitors of several languages at once.

English is the source. `python tools/messages.py` collects the texts into the catalogues and compiles them.
"""

from __future__ import annotations

import functools
import gettext
import os
import unicodedata
from pathlib import Path

from bmcore.errors import BmcoreError
from bmcore.messages import Message

LANGUAGES = {"en": "English", "zh": "中文"}
CATALOGUES = {"zh": "zh_CN"}
DOMAIN, FOLDER = "bmcore", Path(__file__).parent / "locale"


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language not in CATALOGUES:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, FOLDER, [CATALOGUES[language]], fallback=True)


def pick(tag: str | None) -> str:
    """The language we have that is nearest to a tag such as `zh-CN`, `zh_TW.UTF-8` or `en`."""
    language = (tag or "").replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else "en"


def from_environment() -> str:
    """The language of a terminal: BMCORE_LANG, then the locale variables."""
    names = ("BMCORE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    return pick(next((os.environ[name] for name in names if os.environ.get(name)), None))


def translate(text: str | Message | BmcoreError, language: str, /, **values) -> str:
    """`text` in `language`, its `{fields}` filled with `values`.

    Examples
    --------
    >>> translate("{n} rows", "en", n=3)
    '3 rows'
    """
    if isinstance(text, BmcoreError):
        text = text.message
    if not isinstance(text, Message):
        text = Message(text, **values)
    catalogue = _catalogue(language)
    return text.render(lambda template: catalogue.gettext(template) if template else "")


def width(text: str) -> int:
    """Columns a text takes where letters are of one width; Chinese takes two a character.

    Examples
    --------
    >>> width("ab中文")
    6
    """
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)

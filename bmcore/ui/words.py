"""Words in the visitor's language, and words that others wrote, made harmless."""

from __future__ import annotations

import html
import re
import time

import streamlit as st

from bmcore import i18n
from bmcore.errors import BmcoreError
from bmcore.messages import Message

# every character that Markdown or Streamlit's own additions could read as a sign
_SIGNS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$~:&@=^])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
# what is read in finished words, where escaping no longer helps: addresses, e-mails, names of emoji and icons, arrows
_MAGIC = re.compile(r"https?:(?=//)|\bwww(?=\.)|(?<=[\w.+-])@(?=[\w-])|:(?=[\w+/-]+:)|(?<!\S)[<>~-](?=(?:->|[-=>])(?!\S))", re.I)
_JOINER = "\u2060"  # has no width and keeps the two letters beside it from being read as one sign


def language() -> str:
    """`en` or `zh`: `?lang=` first, then what the browser asks for. The URL is right in fragments and deep links too."""
    asked = st.query_params.get("lang")
    if asked in i18n.LANGUAGES:
        return asked
    return i18n.pick(st.context.locale)


def _(text: str | Message | BmcoreError, **values) -> str:
    """The text in the visitor's language. Its values are shown as they are: for Markdown, pass them through `plain`."""
    return i18n.translate(text, language(), **values)


def one_line(text: object, longest: int = 300) -> str:
    """Others' text without control and direction characters, at most `longest` characters."""
    clean = _CONTROL.sub(" ", str(text)).strip()
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def plain(text: object, longest: int = 600) -> str:
    r"""Others' text for a place that reads Markdown: it shows every character and does nothing.

    Examples
    --------
    >>> plain("<b>$5</b> :red[x]")
    '\\<b\\>\\$5\\</b\\> \\:red\\[x\\]'
    """
    return _SIGNS.sub(r"\\\1", _MAGIC.sub(rf"\g<0>{_JOINER}", one_line(text, longest)))


def lines(text: str, longest: int = 4000) -> str:
    r"""A text with its line ends, harmless in Markdown.

    Examples
    --------
    >>> lines("# one\n\n*two*")
    '\\# one\n\n\\*two\\*'
    """
    paragraphs = re.split(r"\n\s*\n", text.strip()[:longest])
    return "\n\n".join("  \n".join(plain(line, longest) for line in part.split("\n")) for part in paragraphs)


def for_chart(text: object, longest: int = 40) -> str:
    """Others' text for a chart, whose labels read a little HTML."""
    return html.escape(one_line(text, longest), quote=False)


def duration(seconds: float | None) -> str:
    """Seconds in words: "40 s", "3 min", "1 h 20 min"."""
    if seconds is None:
        return "–"
    seconds = max(0, round(seconds))
    if seconds < 90:
        return _("{n} s", n=seconds)
    if seconds < 5400:
        return _("{n} min", n=round(seconds / 60))
    return _("{h} h {m} min", h=seconds // 3600, m=seconds % 3600 // 60)


def ago(moment: float) -> str:
    """How long ago a moment was: "just now", "5 min ago", then the date."""
    past = time.time() - moment
    if past < 60:
        return _("just now")
    if past < 5400:
        return _("{n} min ago", n=round(past / 60))
    if past < 86400:
        return _("{n} h ago", n=round(past / 3600))
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def number(value: float | None, digits: int = 0) -> str:
    """1234.5 -> "1,234" (or with that many digits after the point)."""
    return "–" if value is None else f"{value:,.{digits}f}"


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign: "+0.03", "−0.10"."""
    return f"{value:+.{digits}f}".replace("-", "−")

"""What stands around the pages: the Host check, security headers, and what a visitor sees when a page breaks."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import logging
import os
import re
import secrets
from pathlib import Path

import streamlit as st

log = logging.getLogger("bmcore.pages")
PERMISSION = "BMCORE_OPEN_TO_NETWORK"
_LOCAL = ("localhost", "127.0.0.1", "::1")


def bound_address() -> str:
    """The address the server listens on; empty means every one."""
    return str(st.get_option("server.address") or "")


def is_loopback(address: str) -> bool:
    """Whether only this computer can reach the address."""
    if address.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def open_to_all() -> bool:
    """Whether strangers could reach these pages and nobody said that they may."""
    return not is_loopback(bound_address()) and os.environ.get(PERMISSION) != "1"


def hostname(host: str) -> str:
    """The name in a Host header, without its port."""
    bracketed = re.fullmatch(r"\[([0-9a-fA-F:.]+)\](?::\d{1,5})?", host)
    if bracketed:
        return bracketed[1].lower()
    plain = re.fullmatch(r"([A-Za-z0-9._-]+)(?::\d{1,5})?", host)
    return plain[1].lower().rstrip(".") if plain else ""


def host_allowed(host: str) -> bool:
    """`server.allowedHosts` decides; where it is empty, a server bound to this computer takes local names only.

    That stops a foreign site whose name was pointed at 127.0.0.1 from talking to the pages (DNS rebinding).
    """
    name = hostname(host)
    if not name:
        return False
    allowed = [str(entry).strip().lower().rstrip(".") for entry in st.get_option("server.allowedHosts") or []]
    if allowed:
        return any(entry in ("*", name) or (entry.startswith("*.") and name.endswith(entry[1:])) for entry in allowed)
    return name in _LOCAL or not is_loopback(bound_address())


def _inline_scripts() -> list[str]:
    """Hashes of the inline scripts in Streamlit's index page, so that no other inline script may run."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text("utf-8")
    bodies = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    return [f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'" for body in bodies]


def policy(host: str) -> str:
    """The content security policy of every answer. Styles stay inline because Streamlit writes them so."""
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", *_SCRIPTS]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": f"'self' ws://{host} wss://{host}",
        "worker-src": "'self' blob:",
        "frame-src": "'none'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


_SCRIPTS = _inline_scripts()
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


class Guard:
    """ASGI middleware: refuses a foreign Host, adds the headers."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if not host_allowed(host):
            return await _refuse(scope, receive, send)
        if scope["type"] == "websocket":
            return await self.app(scope, receive, send)
        if scope["path"].startswith("/_stcore/upload_file") and open_to_all():
            return await _forbid(send)
        return await self.app(scope, receive, _with_headers(send, host))


def _with_headers(send, host: str):
    extra = [*_HEADERS, (b"content-security-policy", policy(host).encode())]
    names = {name for name, _ in extra}

    async def sender(message):
        if message["type"] == "http.response.start":
            message["headers"] = [pair for pair in message["headers"] if pair[0].lower() not in names] + extra
        await send(message)

    return sender


async def _refuse(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    body = b"This name is not served here. Open http://localhost, or list the name in server.allowedHosts.\n"
    await send({"type": "http.response.start", "status": 421, "headers": [(b"content-type", b"text/plain; charset=utf-8")]})
    await send({"type": "http.response.body", "body": body})


async def _forbid(send):
    """No page here takes a file, so none is kept in memory for whoever sends it all the same."""
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0"), (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": b""})


def on_script_error(error: Exception) -> bool:
    """A calm sentence on the page; the details and the same id in the server's log."""
    from bmcore.errors import BmcoreError
    from bmcore.ui import states

    if isinstance(error, BmcoreError):
        states.problem(error)
        return True
    name = secrets.token_hex(4)
    log.error("page error %s", name, exc_info=error)
    states.broken(name)
    return True

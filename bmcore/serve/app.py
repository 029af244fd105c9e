"""The HTTP face of one model: routes, caps and guards. It knows nothing of processes, records or ports.

A web page of another site must not be able to use the service through a visitor's browser, so the Host header must name this
machine (against DNS rebinding), an Origin must be the service's own, and a body must be declared as JSON (which a foreign form
cannot do). There is no token: the service only answers questions about what the caller brings, on loopback, and `curl` should
work at once. Who shares the computer with people who must not ask the model must not serve it there.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bmcore.errors import BmcoreError, DataError, ServiceError
from bmcore.messages import Message
from bmcore.serve import docs, events
from bmcore.serve.endpoints import MAX_BODY, Endpoint, openapi
from bmcore.serve.holder import Holder
from bmcore.serve.refused import Refused

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
BODY_SECONDS = 30  # for a whole body to arrive
PNG = "image/png"
_LARGE_AT_ONCE = 4  # requests with a cap above the usual one: the others wait unread
_DRAINED = 8 * MAX_BODY  # over the cap, read and thrown away, so that a client that is still sending gets to see the refusal
_HEADERS = {
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store", "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin", "cross-origin-opener-policy": "same-origin",
    "content-security-policy": "default-src 'none'",
}


def build(title: str, endpoints: dict[str, Endpoint], holder: Holder, *, body_seconds: float = BODY_SECONDS) -> Callable:
    """The ASGI application."""
    large, desk = asyncio.Semaphore(_LARGE_AT_ONCE), events.Desk()

    async def health(request: Request) -> Response:
        return JSONResponse({"status": holder.state, "run": title}, status_code=200 if holder.state == "ready" else 503)

    async def document(request: Request) -> Response:
        return JSONResponse(openapi(title, endpoints))

    async def page(request: Request) -> Response:
        return HTMLResponse(docs.PAGE, headers={"content-security-policy": docs.POLICY})

    def method(entry: Endpoint) -> Callable:
        async def call(request: Request) -> Response:
            with holder.busy():
                async with large if entry.most > MAX_BODY else contextlib.nullcontext():
                    argument = _checked(entry, await _body(request, body_seconds, entry.most))
                    if entry.stream:
                        return _written(holder, desk, entry, argument, events.wanted(request, argument))
                    if entry.sheet and _wants_png(request):
                        return Response(await _answer(holder, entry.sheet, argument), media_type=PNG)
                    return JSONResponse(await _answer(holder, entry.answer, argument))
        return call

    routes = [
        Route("/", lambda request: RedirectResponse("/docs")), Route("/health", health),
        Route("/openapi.json", document), Route("/docs", page),
        *(Route(f"/{entry.name}", method(entry), methods=["POST"]) for entry in endpoints.values()),
    ]
    handlers = {Refused: _refused, BmcoreError: _refused, HTTPException: _http_error, Exception: _broken}
    return _Guard(Starlette(routes=routes, exception_handlers=handlers))


class _Guard:
    """Refuses strangers before anything else is looked at, and adds the headers that every answer carries."""

    def __init__(self, app: Callable):
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(
                    (name.encode(), value.encode()) for name, value in _HEADERS.items() if name.encode() not in present)]
            await send(message)

        refusal = _stranger(Request(scope))
        await (refusal or self.app)(scope, receive, send_with_headers)


def _stranger(request: Request) -> Response | None:
    hosts, origins = request.headers.getlist("host"), request.headers.getlist("origin")
    if len(hosts) != 1 or _hostname(hosts[0]) not in LOOPBACK:
        return _problem(421, ServiceError(
            "This service answers to 127.0.0.1 and localhost only, not to the name {host}.", host=repr(", ".join(hosts))[:80]))
    if origins and origins != [f"http://{hosts[0]}"]:
        return _problem(403, ServiceError("A web page from {origin} may not use this service.", origin=repr(", ".join(origins))[:80]))
    return None


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname if "@" not in host else None
    except ValueError:
        return None


def _wants_png(request: Request) -> bool:
    """The first kind that the Accept header names is a png."""
    return request.headers.get("accept", "").split(",")[0].split(";")[0].strip().lower() == PNG


async def _body(request: Request, seconds: float, most: int) -> bytes:
    """The whole body, at most `most` bytes of it ever in memory."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(415, ServiceError("The content type is {kind}. Send JSON with the header content-type: application/json.",
                                        kind=repr(kind)[:60] if kind else "missing"))
    body, length = bytearray(), 0
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                length += len(chunk)
                if length > most + _DRAINED:
                    break
                if length <= most:
                    body += chunk
    except TimeoutError:
        raise Refused(408, ServiceError("The request was not complete after {seconds} seconds. Send it again.", seconds=seconds)) from None
    except ClientDisconnect:
        raise Refused(400, ServiceError("The connection ended before the request was complete. Send it again.")) from None
    if length > most:
        raise Refused(413, ServiceError("The request is larger than {most:,} bytes. Send fewer at a time.", most=most))
    return bytes(body)


def _checked(entry: Endpoint, body: bytes):
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, ServiceError("The body is not valid JSON ({reason}).", reason=str(error)[:120])) from None
    try:
        return entry.check(content)
    except DataError as error:
        raise Refused(422, error) from None


def _written(holder: Holder, desk: events.Desk, entry: Endpoint, argument, piecewise: bool) -> Response:
    _ready(holder)
    held = contextlib.ExitStack()
    held.enter_context(desk.place())
    held.enter_context(holder.busy())
    return events.Written(holder.steps(entry.stream, argument), held, piecewise)


async def _answer(holder: Holder, question: Callable, argument):
    _ready(holder)
    try:
        return await holder.ask(question, argument)
    except BmcoreError as error:
        raise Refused(422, error) from None


def _ready(holder: Holder) -> None:
    if holder.state != "ready":
        raise Refused(503, ServiceError("The model is still loading. Ask again in a few seconds."))


def _problem(status: int, error: BmcoreError) -> Response:
    """The sentence, and the same as a template and its values so that a page can show it in the visitor's language."""
    headers = {"retry-after": "2"} if status == 503 else {"connection": "close"} if status in (408, 413) else None
    return JSONResponse({"error": str(error.message), "message": error.message.to_dict()}, status_code=status, headers=headers)


def _refused(request: Request, error: Refused | BmcoreError) -> Response:
    return _problem(error.status, error.error) if isinstance(error, Refused) else _problem(422, error)


def _http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code == 404:
        return _problem(404, ServiceError("There is nothing at {path}. All there is stands at /docs.", path=repr(request.url.path)[:80]))
    if error.status_code == 405:
        return _problem(405, ServiceError("{path} does not take {method}. How to call it stands at /docs.",
                                          path=repr(request.url.path)[:80], method=request.method[:20]))
    return _problem(error.status_code, ServiceError(Message("The request cannot be answered: {reason}.", reason=str(error.detail)[:120])))


def _broken(request: Request, error: Exception) -> Response:
    # starlette raises the error again after this answer, so uvicorn writes its traceback to the log
    return _problem(500, ServiceError("The model could not answer this. The reason is in the service's log."))

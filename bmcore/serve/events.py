"""An answer in steps, sent as server-sent events while the model works: `data: {...}` and an empty line an event.

The model makes a step when the one before is on its way. So who reads slowly slows the model down instead of filling memory, and who goes
away stops it after the token it is at.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bmcore.errors import BmcoreError, ServiceError
from bmcore.serve.refused import Refused

KIND = "text/event-stream"
MOST = 8  # answers being written at a time, each with a cache in memory
_STUCK_S = 60.0  # nothing read for so long: nobody reads


class Desk:
    """Room for so many answers that are being written."""

    def __init__(self, most: int = MOST):
        self._free, self._most = most, most

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """A place; Refused where there is none."""
        if not self._free:
            raise Refused(503, ServiceError("The model is writing for {most} others. Ask again in a few seconds.", most=self._most))
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


class Written(Response):
    """Asks for step after step and sends each, or only the last, until it is done or the reader is gone.

    Parameters
    ----------
    steps : async iterator
        Each a dict or a list of dicts; the last is the answer as a whole.
    held : context manager
        Entered while the answer is written.
    piecewise : bool
        Send each step as events; else the last as JSON.
    """

    media_type = KIND

    def __init__(self, steps: AsyncIterator[Any], held: contextlib.AbstractContextManager, piecewise: bool, stuck_s: float = _STUCK_S):
        super().__init__(headers={"x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._steps, self._held, self._piecewise, self._stuck_s = steps, held, piecewise, stuck_s

    async def __call__(self, scope, receive, send) -> None:
        """Answer."""
        gone = asyncio.ensure_future(_gone(receive))
        try:
            with self._held:
                async with contextlib.aclosing(self._steps):
                    await (self._events(gone, send) if self._piecewise else self._whole(gone, scope, receive, send))
        finally:
            gone.cancel()

    async def _whole(self, gone: asyncio.Future, scope, receive, send) -> None:
        answer = None
        async for step in self._steps:
            if gone.done():
                return
            answer = step
        await JSONResponse(answer)(scope, receive, send)

    async def _events(self, gone: asyncio.Future, send: Callable) -> None:
        first = await anext(self._steps)  # what cannot be answered at all is still refused with a status
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        with contextlib.suppress(TimeoutError):  # an answer without an end makes the server close the connection
            await self._write(send, _sent(first))
            async for step in _told(self._steps):
                if gone.done():
                    return
                await self._write(send, _sent(step))
            await self._write(send, b"", more=False)

    async def _write(self, send: Callable, body: bytes, more: bool = True) -> None:
        if body or not more:
            await asyncio.wait_for(send({"type": "http.response.body", "body": body, "more_body": more}), self._stuck_s)


def wanted(request: Request, argument: Any) -> bool:
    """The body asks for a stream, or server-sent events are the first kind that the Accept header names."""
    first = request.headers.get("accept", "").split(",")[0].split(";")[0].strip().lower()
    return first == KIND or bool(isinstance(argument, dict) and argument.get("stream"))


def _sent(step: dict | list[dict]) -> bytes:
    events = [step] if isinstance(step, dict) else step
    return b"".join(b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n" for event in events)


async def _told(steps: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """The steps; what goes wrong on the way becomes the last."""
    try:
        async for step in steps:
            yield step
    except BmcoreError as error:
        yield _problem(error)
    except Exception:
        yield _problem(ServiceError("The model could not answer this. The reason is in the service's log."))
        raise


def _problem(error: BmcoreError) -> dict:
    return {"error": str(error.message), "message": error.message.to_dict()}


async def _gone(receive: Callable) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

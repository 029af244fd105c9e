"""Reading an answer that comes in steps (server-sent events). Standard library only."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import suppress
from typing import Any

from bmcore.errors import ServiceError
from bmcore.messages import Message

_LONGEST = 16_000_000  # bytes of a line


class Streamed:
    """The events of an answer as they come: an iterator of dicts.

    Use it to show what a model writes while it writes. Closing it ends the connection, and the model stops at its next token; also from
    another thread, and at the end of a `with`.

    Parameters
    ----------
    port : int
    path : str
    body : bytes
        JSON.
    timeout : float
        Seconds to wait for an event.

    Raises
    ------
    ServiceError
        If the service refuses the body, says that something went wrong, or does not answer.
    ConnectionError
        If nobody listens there.
    """

    def __init__(self, port: int, path: str, body: bytes, timeout: float):
        self._open = True
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        try:
            self._connection.request("POST", path, body, {"accept": "text/event-stream", "content-type": "application/json"})
            self._socket = self._connection.sock
            self._answer = self._connection.getresponse()
            if self._answer.status != 200:
                raise refusal(self._answer.status, json.loads(self._answer.read()))
        except BaseException as error:
            self._connection.close()
            if isinstance(error, ConnectionError | ServiceError) or not isinstance(error, OSError | http.client.HTTPException | ValueError):
                raise
            raise _silent(error) from error

    def __iter__(self) -> Streamed:
        return self

    def __enter__(self) -> Streamed:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __next__(self) -> dict:
        if not self._open:
            raise StopIteration
        try:
            event = self._event()
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            if not self._open:  # closed from another thread
                raise StopIteration from None
            self.close()
            raise _silent(error) from error
        if event is None or "error" in event:
            self.close()
        if event is None:
            raise StopIteration
        if "error" in event:
            raise refusal(500, event)
        return event

    def close(self) -> None:
        """End the connection."""
        if self._open:
            self._open = False
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes a reader in another thread
            self._connection.close()
            with suppress(OSError, ValueError, AttributeError):
                self._answer.close()

    def _event(self) -> dict | None:
        while line := self._answer.readline(_LONGEST):
            if line.startswith(b"data: "):
                return json.loads(line[6:])
        return None


def refusal(status: int, answer: Any) -> ServiceError:
    """The error that an answer other than 200 says."""
    stored = answer.get("message") if isinstance(answer, dict) else None
    return ServiceError(Message.from_dict(stored) if stored else Message("The model did not answer (status {status}).", status=status))


def _silent(error: Exception) -> ServiceError:
    return ServiceError("The model did not answer ({reason}). Try again.", reason=str(error) or type(error).__name__)

"""Finds or starts the process that serves a run, and asks it. Standard library only: the web server uses this.

    service(run_id).predict(["Where is my parcel?"])[0]["label"]
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bmcore.errors import ServiceError
from bmcore.files import plain
from bmcore.home import home
from bmcore.serve.endpoints import MAX_BODY, MAX_CHARACTERS, MAX_RECORDS, MAX_TEXTS
from bmcore.serve.record import Record
from bmcore.serve.streamed import Streamed, refusal

_ANSWER_S = 600  # 1,000 long texts on a slow processor take minutes
_ROOM = 1000  # bytes of a request around its entries
_SECRETS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")  # a saved model needs no account


@dataclass(frozen=True)
class Service:
    """A process that serves a run.

    Use it when a page or a script wants answers from a finished run without loading its model.
    """

    run_id: str
    url: str

    def predict(self, texts: Sequence[str]) -> list[dict]:
        """Label and probabilities of each text.

        Parameters
        ----------
        texts : sequence of str
            Any number; they are sent in requests of at most 1,000.

        Returns
        -------
        list of dict
            `{"label": str, "probability": float, "probabilities": {label: float}}` a text.

        Raises
        ------
        ServiceError
            If the service refuses a text or does not answer. A service that has ended meanwhile is started again.
        """
        return [answer for part in _parts(texts) for answer in self.ask("predict", {"texts": part})["predictions"]]

    def assign(self, records: Sequence[dict] | Sequence[str]) -> list[dict]:
        """The group of each record, for a run that has found groups.

        Parameters
        ----------
        records : sequence of dict, or of str
            {column: value} as the service's /docs show it; texts where the groups are of messages. Any number; they are sent in requests
            of at most 1,000.

        Returns
        -------
        list of dict
            `{"cluster": int, "name": str or None, "distance": float or None}` a record; cluster -1 is none.

        Raises
        ------
        ServiceError
            If the service refuses a record or does not answer. A service that has ended meanwhile is started again.
        """
        if len(records) and isinstance(records[0], str):
            return self.predict(records)
        parts = _packed(records, MAX_RECORDS)
        return [answer for part in parts for answer in self.ask("predict", {"records": part})["predictions"]]

    def ask(self, method: str, body: dict) -> dict:
        """POST `body` to a servable method and return its JSON answer."""
        try:
            return _post(self.url, method, body)
        except ConnectionError:  # it was idle and ended
            again = service(self.run_id)
        try:
            return _post(again.url, method, body)
        except ConnectionError as error:
            raise ServiceError("The model's process ended before it answered. Send fewer or shorter texts, or free some memory.") from error

    def sheet(self, method: str, body: dict) -> bytes:
        """POST `body` to a method that makes pictures and return one png of them all: a contact sheet.

        Raises
        ------
        ServiceError
            As `ask` does.
        """
        try:
            return _post(self.url, method, body, "image/png")
        except ConnectionError:  # it was idle and ended
            return _post(service(self.run_id).url, method, body, "image/png")

    def stream(self, method: str, body: dict) -> Streamed:
        """POST `body` to a method that answers step by step and return its events as they come: an iterator of dicts.

        The last has `done`. `close()` ends the connection, and the model stops; it works from another thread too.

        Raises
        ------
        ServiceError
            As `ask` does, here or while the events are read.
        """
        asked = _encoded({**body, "stream": True})
        try:
            return Streamed(_port(self.url), f"/{method}", asked, _ANSWER_S)
        except ConnectionError:  # it was idle and ended
            return Streamed(_port(service(self.run_id).url), f"/{method}", asked, _ANSWER_S)


def service(run_id: str, wait_s: float = 90) -> Service:
    """The service of a run, started if there is none; returns when its model is loaded.

    Use it when somebody wants to try a model. Costs a millisecond if the service runs, else the time to load the model.

    Raises
    ------
    ServiceError
        If it ends at once (with its last words) or is not ready after `wait_s` seconds.
    RunNotFoundError
        If `run_id` cannot be a run id.
    """
    record, child, until = Record(run_id), None, time.monotonic() + wait_s
    while time.monotonic() < until:
        found = record.read()
        if found and _health(found["port"]) == "ready":
            return Service(run_id, found["url"])
        if child is None and not record.alive():
            child = _start(record)
        if child is not None and child.poll() is not None and not record.alive():
            raise ServiceError("The model could not be started. Its last words were: {words}", words=_last_words(record.log))
        time.sleep(0.05)
    raise ServiceError("The model was not ready after {seconds:.0f} seconds. Try again: it may still be loading.", seconds=float(wait_s))


def alive(run_id: str) -> bool:
    """A process serves this run now."""
    return Record(run_id).alive()


def stop(run_id: str, wait_s: float = 10) -> None:
    """End the process that serves this run, if there is one. Call it before a run is deleted."""
    record = Record(run_id)
    for force in (None, signal.SIGTERM, signal.SIGKILL):
        found = record.read()
        if force is not None and found:  # the lock is held, so the pid in the record is its holder's
            with suppress(ProcessLookupError):
                os.kill(found["pid"], force)
        if _gone(record, wait_s if force is None else 3):
            break
    record.stop.unlink(missing_ok=True)
    if not record.alive():
        record.log.unlink(missing_ok=True)


def command(run_id: str) -> list[str]:
    """What starts a serving process."""
    return [sys.executable, "-m", "bmcore", "serve", run_id]


def _gone(record: Record, wait_s: float) -> bool:
    until = time.monotonic() + wait_s
    while record.alive():
        record.stop.touch(mode=0o600)  # again and again: a process that is just starting clears an old one
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _start(record: Record) -> subprocess.Popen:
    """Start it detached: it outlives whoever asked, and its words go straight to a file."""
    package = Path(__file__).resolve().parents[2]
    environment = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    environment |= {"BMCORE_HOME": str(home()), "PYTHONUNBUFFERED": "1"}
    try:
        with open(record.log, "wb") as log:
            child = subprocess.Popen(
                command(record.name), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                cwd=package, env=environment, start_new_session=True)
    except OSError as error:
        raise ServiceError("The model could not be started ({reason}). Free some memory or disk space and try again.",
                           reason=error.strerror or str(error)) from error
    threading.Thread(target=child.wait, daemon=True).start()  # so that it leaves no zombie when it ends
    return child


def _last_words(log: Path) -> str:
    with suppress(OSError):
        lines = [line.strip() for line in log.read_bytes()[-4000:].decode("utf-8", "replace").splitlines() if line.strip()]
        if lines:
            return lines[-1][:500]
    return "(none)"


def _health(port: int) -> str | None:
    with suppress(OSError, http.client.HTTPException, ValueError):
        return _talk(port, "GET", "/health", None, 5)[1].get("status")
    return None


def _post(url: str, method: str, body: dict, accept: str = "application/json") -> Any:
    try:
        status, answer = _talk(_port(url), "POST", f"/{method}", _encoded(body), _ANSWER_S, accept)
    except ConnectionError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ServiceError("The model did not answer ({reason}). Try again.", reason=str(error) or type(error).__name__) from error
    if status != 200:
        raise refusal(status, answer)
    return answer


def _port(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


def _talk(
    port: int, verb: str, path: str, body: bytes | None, timeout: float, accept: str = "application/json"
) -> tuple[int, Any]:
    """Status and JSON, or the bytes of what else was accepted and came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        kind = {"content-type": "application/json"} if body is not None else {}
        connection.request(verb, path, body, {"accept": accept, **kind})
        answer = connection.getresponse()
        content = answer.read()
        if (answer.headers.get("content-type") or "").startswith("image/"):
            return answer.status, content
        return answer.status, json.loads(content)
    finally:
        connection.close()


def _encoded(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, default=plain).encode("utf-8", "replace")


def _parts(texts: Sequence[str]) -> Iterator[list[str]]:
    """Lists of texts small enough for one request."""
    for number, text in enumerate(texts):
        if len(text) > MAX_CHARACTERS:
            raise ServiceError("Text {number} has {length:,} characters; at most {most:,} are read. Shorten it.",
                               number=number, length=len(text), most=MAX_CHARACTERS)
    yield from _packed(texts, MAX_TEXTS)


def _packed(entries: Sequence, most: int) -> Iterator[list]:
    """Lists small enough for one request."""
    part, size = [], 0
    for entry in entries:
        length = len(_encoded(entry)) + 2
        if part and (len(part) == most or size + length > MAX_BODY - _ROOM):
            yield part
            part, size = [], 0
        part.append(entry)
        size += length
    if part:
        yield part

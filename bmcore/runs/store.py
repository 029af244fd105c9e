"""Runs as they lie on disk: `$BMCORE_HOME/runs/<id>/`. Reading only; every face reads through here.

spec.json   status.json   events.jsonl   evaluation.json   model/   log.txt
"""

from __future__ import annotations

import copy
import json
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bmcore.errors import RunNotFoundError
from bmcore.home import home, subfolder
from bmcore.messages import Message
from bmcore.runs import events, locks

STATES = ("queued", "running", "done", "failed", "cancelled", "lost")
ACTIVE = ("queued", "running")
_ID = re.compile(r"[0-9a-z-]{8,40}")
_FAR = 1e12  # seconds and seeds beyond this are damage
_SPEC: dict[str, tuple] = {  # key -> what it may be, and what stands in for a missing or damaged one
    "created": ((int, float), 0.0),
    "estimator": (str, ""),
    "task": (str, "classification"),  # what runs were before they said so
    "params": (dict, {}),
    "preset": ((str, type(None)), None),
    "data": (dict, {}),
    "columns": (dict, {}),
    "split": (dict, {}),
    "choose": (bool, False),
    "scenario": ((str, type(None)), None),
    "title": ((str, type(None)), None),
    "seed": (int, 0),
    "versions": (dict, {}),
    "origin": (str, ""),
}
_STATUS: dict[str, tuple] = {
    "state": (str, ""),
    "since": ((int, float), 0.0),
    "started": ((int, float, type(None)), None),
    "ended": ((int, float, type(None)), None),
    "reason": ((dict, type(None)), None),
    "attempt": (int, 1),
    "headline": ((dict, type(None)), None),
}


def new_id() -> str:
    """A new id; ids sort by the time they were made (UTC)."""
    now = time.time()
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{int(now % 1 * 1000):03d}{secrets.token_hex(3)}"


def check_id(id: Any) -> str:
    """`id` if it can name a run at all. Everything from outside passes here before it touches a path."""
    if isinstance(id, str) and _ID.fullmatch(id):
        return id
    raise not_found(id)


def not_found(id: Any) -> RunNotFoundError:
    return RunNotFoundError("There is no run {id} here. The list of runs shows those that are there.", id=repr(id)[:60])


def runs_folder() -> Path:
    """Where runs are, made on first use."""
    return subfolder("runs")


def get(id: str) -> Run:
    """The run of that id.

    Raises
    ------
    RunNotFoundError
        If there is none here, or `id` cannot be an id.

    Examples
    --------
    >>> get("../../etc/passwd")
    Traceback (most recent call last):
    bmcore.errors.RunNotFoundError: There is no run '../../etc/passwd' here. The list of runs shows those that are there.
    """
    folder = home() / "runs" / check_id(id)
    if folder.is_symlink() or not folder.is_dir():
        raise not_found(id)
    return Run(folder)


def list_runs() -> list[Run]:
    """Every run here, newest first. Cost: two small files a run, 1,000 runs in about 0.1 s."""
    try:
        with os.scandir(home() / "runs") as entries:
            names = [entry.name for entry in entries if _ID.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    folder = home() / "runs"
    return [Run(folder / name) for name in sorted(names, reverse=True)]


class Run:
    """One run, read from its folder each time a property is asked: what it says is never older than the call.

    Use it when you have an id: `bmcore.runs.get(id)`.

    Attributes
    ----------
    id : str
    folder : Path
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.id = folder.name
        self._seen: dict[str, tuple] = {}

    def __repr__(self) -> str:
        return f"Run({self.id!r}, {self.state})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other.folder == self.folder

    def __hash__(self) -> int:
        return hash(self.folder)

    def _json(self, name: str, sound: Callable[[Any], Any] = lambda found: found) -> Any:
        """A document of the folder, read again only when the file is another one; `sound(None)` if absent or damaged."""
        path = f"{self.folder}/{name}"
        try:
            found = os.stat(path)
            mark = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._seen.get(name, (None,))[0] != mark:
                with open(path, "rb", buffering=0) as file:
                    self._seen[name] = (mark, sound(json.loads(file.read())))
        except (OSError, ValueError, RecursionError):
            self._seen.pop(name, None)
            return sound(None)
        return self._seen[name][1]

    @property
    def spec(self) -> dict:
        """What was asked for. Missing or damaged entries are there, empty."""
        return self._json("spec.json", lambda stored: _sound(stored, _SPEC) | {"id": self.id})

    @property
    def status(self) -> dict:
        """What the worker wrote last. `state` here is the stored one; the property `state` also knows `lost`."""
        return self._json("status.json", lambda stored: _sound(stored, _STATUS))

    @property
    def damaged(self) -> bool:
        """Whether spec or status cannot be read. Such a run can only be deleted."""
        return not self.spec["estimator"] or self.status["state"] not in STATES

    @property
    def alive(self) -> bool:
        """Whether its worker lives: it holds the lock."""
        return locks.held(self.folder / "lock")

    @property
    def state(self) -> str:
        """queued, running, done, failed, cancelled, or lost (the worker died without a word)."""
        stored = self.status["state"]
        if stored in ACTIVE and not self.alive:
            stored = self.status["state"]  # the worker writes its last word before it lets the lock go
            if stored in ACTIVE:
                stored = "cancelled" if (self.folder / "cancel").exists() else "lost"
        return "lost" if self.damaged else stored

    @property
    def reason(self) -> Message | None:
        """Why it failed or was lost, in plain words."""
        if self.damaged:
            return Message("The files of this run are damaged, so it can only be deleted.")
        try:
            if self.status["reason"]:
                return Message.from_dict(self.status["reason"])
        except (KeyError, TypeError, AttributeError):
            pass
        if self.state == "lost":
            return Message(
                "The process of this run ended without a word: it was killed, the machine ran out of memory or was restarted. "
                "Resume it: it goes on from its last checkpoint."
            )
        return None

    @property
    def created(self) -> float:
        """When it was started, Unix seconds."""
        return float(self.spec["created"])

    @property
    def seconds(self) -> float | None:
        """How long the newest attempt has worked or did work; None while it waits."""
        status = self.status
        if status["started"] is None:
            return None
        end = status["ended"]
        if end is None:
            last = events.tail(self.folder)[-1:] if self.state == "lost" else []
            end = last[0].get("t", time.time()) if last else time.time()
        return max(0.0, float(end) - float(status["started"]))

    @property
    def queue_position(self) -> int | None:
        """1 is next; None if it does not wait."""
        from bmcore.runs import slots

        return slots.position(self.id) if self.state == "queued" else None

    @property
    def progress(self) -> dict:
        """The newest progress event: phase, step, total, left_s and what was measured; empty before the first."""
        return events.last_progress(self.folder)

    def events(self, offset: int = 0) -> tuple[list[dict], int]:
        """Events from byte `offset` on, and the offset to go on from."""
        return events.read(self.folder, offset)

    def curve(self) -> list[dict]:
        """Progress events, at most 500: what a chart draws."""
        return events.curve(self.folder)

    @property
    def notes(self) -> list[Message]:
        """What the worker wants to be known, each sentence once."""
        found: dict[str, Message] = {}
        for event in events.of_kind(self.folder, "note"):
            try:
                message = Message.from_dict(event["message"])
                found.setdefault(str(message), message)
            except (KeyError, TypeError, AttributeError, ValueError, IndexError):
                continue
        return list(found.values())

    @property
    def evaluation(self) -> dict | None:
        """evaluation.json, or None before it is there."""
        found = self._json("evaluation.json")
        return found if isinstance(found, dict) else None

    @property
    def headline(self) -> dict | None:
        """The result in a line: metric, value, low, high, baseline, baseline_value, verdict. Cheaper than `evaluation`."""
        return self.status["headline"]

    @property
    def model_folder(self) -> Path | None:
        """The saved model of a finished run."""
        return self.folder / "model" if self.status["state"] == "done" and (self.folder / "model").is_dir() else None

    def log_tail(self, characters: int = 4000) -> str:
        """The end of what the worker printed."""
        try:
            with open(self.folder / "log.txt", "rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - 4 * characters))
                return file.read().decode("utf-8", "replace")[-characters:]
        except OSError:
            return ""

    def title(self) -> Message:
        """Its given title, else what was learned from what."""
        spec = self.spec
        if spec["title"]:
            return Message("{title}", title=spec["title"])
        try:
            from bmcore.data import refs
            from bmcore.runs import tasks

            return tasks.asks(spec["task"]).title(spec, refs.title(spec["data"]))
        except Exception:  # a damaged or foreign reference must not hide the run
            return Message("{title}", title=spec["estimator"] or self.id)


def _sound(stored: Any, schema: dict[str, tuple]) -> dict:
    """A stored object with a stand-in for each entry of `schema` that is missing or cannot be."""
    found = dict(stored) if isinstance(stored, dict) else {}
    for key, (kind, empty) in schema.items():
        value = found.get(key, empty)
        if not isinstance(value, kind) or (isinstance(value, int | float) and not 0 <= value < _FAR):
            value = empty
        found[key] = copy.copy(value) if value is empty else value
    return found

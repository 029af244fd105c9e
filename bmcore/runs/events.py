"""The event log of a run: one JSON object a line, one write a line, readable while it grows.

A reader drops a torn last line and skips a broken one in the middle, so a kill at any moment costs at most one line.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

NAME = "events.jsonl"
CURVE_POINTS = 500
_TAIL_BYTES = 64 * 1024


class Writer:
    """Appends events. Used by the worker only."""

    def __init__(self, folder: Path):
        self._handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        size = os.fstat(self._handle).st_size
        if size and os.pread(self._handle, 1, size - 1) != b"\n":
            os.write(self._handle, b"\n")  # the last attempt died inside a line

    def write(self, kind: str, **values) -> None:
        line = json.dumps({"t": round(time.time(), 3), "kind": kind, **values}, ensure_ascii=False) + "\n"
        os.write(self._handle, line.encode())

    def close(self) -> None:
        os.close(self._handle)


def _parse(lines: list[bytes]) -> list[dict]:
    found = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and isinstance(event.get("kind"), str):
            found.append(event)
    return found


def _bytes(folder: Path, offset: int = 0) -> bytes:
    """Whole lines from `offset` on."""
    try:
        with open(folder / NAME, "rb") as file:
            file.seek(offset)
            content = file.read()
    except OSError:
        return b""
    return content[: content.rfind(b"\n") + 1]


def read(folder: Path, offset: int = 0) -> tuple[list[dict], int]:
    """Events from byte `offset` on, and the offset to go on from."""
    content = _bytes(folder, max(0, offset))
    return _parse(content.splitlines()), max(0, offset) + len(content)


def size(folder: Path) -> int:
    """Bytes written so far: the offset from which only new events are read."""
    try:
        return os.stat(folder / NAME).st_size
    except OSError:
        return 0


def of_kind(folder: Path, kind: str) -> list[dict]:
    """Every event of one kind. Lines of other kinds are not parsed."""
    mark = f'"kind": "{kind}"'.encode()
    return [event for event in _parse([line for line in _bytes(folder).splitlines() if mark in line]) if event["kind"] == kind]


def tail(folder: Path) -> list[dict]:
    """The last events, as many as fit into 64 KiB: what a live view needs, whatever the length of the run."""
    start = max(0, size(folder) - _TAIL_BYTES)
    lines = _bytes(folder, start).splitlines()
    return _parse(lines[1:] if start else lines)


def last_progress(folder: Path) -> dict:
    """The newest progress event together with the newest phase; empty before there is one."""
    progress: dict = {}
    for event in tail(folder):
        if event["kind"] == "progress":
            progress = event
        elif event["kind"] == "phase" and event.get("phase") != progress.get("phase"):
            kept = {"left_s": progress["left_s"]} if "left_s" in progress else {}
            progress = {"t": event["t"], "kind": "progress", "phase": event.get("phase"), "step": 0, "total": 0, **kept}
    return {key: value for key, value in progress.items() if key != "kind"}


def curve(folder: Path, points: int = CURVE_POINTS) -> list[dict]:
    """Progress events in order, thinned to at most `points`; the last one and every dev measurement stay if there is room.

    A resumed attempt starts again at its checkpoint: what an earlier attempt reported beyond that step is dropped.
    """
    kept: list[dict] = []
    for event in of_kind(folder, "progress"):
        phase, step = event.get("phase"), event.get("step")
        if not isinstance(step, int | float):
            continue
        while kept and kept[-1]["phase"] == phase and kept[-1]["step"] >= step:
            if _measured(kept[-1]) and kept[-1]["step"] == step:
                event = {**kept[-1], **event}
            kept.pop()
        kept.append({key: value for key, value in event.items() if key != "kind"})
    if len(kept) <= points:
        return kept
    measured = [index for index, event in enumerate(kept) if _measured(event)][-points // 2 :]
    stride = len(kept) / (points - len(measured) - 1)
    chosen = {int(number * stride) for number in range(points - len(measured) - 1)} | set(measured) | {len(kept) - 1}
    return [kept[index] for index in sorted(chosen) if index < len(kept)]


def _measured(event: dict) -> bool:
    """Whether the model was tried on held-out rows at this step."""
    return any(name.startswith("dev_") for name in event)

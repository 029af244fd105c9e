"""What a run wrote while it learned: always from the same seed, so one draft is seen to grow."""

from __future__ import annotations

import json

from bmcore.ui import picture_measures

_MOST = 4_000_000  # bytes read of the file
_TAIL = 64_000  # bytes: the last drafts are in them


def newest(run) -> dict | None:
    """The last whole entry: seconds and texts."""
    for line in reversed(_lines(run, tail=True)):
        found = _entry(line)
        if found is not None:
            return found if found["texts"] else None
    return None


def every(run) -> list[dict]:
    """All of them, the first one first; damaged lines and empty drafts are left out."""
    return [found for line in _lines(run) if (found := _entry(line)) and found["texts"]]


def _lines(run, tail: bool = False) -> list[str]:
    try:
        with open(run.folder / "drafts.jsonl", "rb") as file:
            if tail:
                file.seek(max(0, file.seek(0, 2) - _TAIL))
            return file.read(_MOST).decode("utf-8", "replace").split("\n")
    except OSError:
        return []


def _entry(line: str) -> dict | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not picture_measures.finite(found.get("seconds")) or not isinstance(found.get("texts"), list):
        return None
    return {"seconds": found["seconds"], "texts": [text for text in found["texts"] if isinstance(text, str) and text.strip()]}

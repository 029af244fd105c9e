"""What a model writes while it learns: from the same seed every time, so one sees how it gets better."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bmcore import files
from bmcore.runs.report import Report

NAME = "drafts.jsonl"
MOST = 60  # lines; of more, those go whose neighbours are nearest
_LONGEST = 2_000  # characters of a draft


class Drafts:
    """Given to `fit` as its `watch`: a line `{"step", "seconds", "texts"}` in `drafts.jsonl`, which is whole at any moment.

    Parameters
    ----------
    folder : path of the run
    report : Report
        Asked first whether the run should stop.
    """

    def __init__(self, folder: Path, report: Report):
        self.folder, self.report = folder, report
        self.shown = drafts(folder)

    def __call__(self, step: int, seconds: float, texts: Sequence[str]) -> None:
        self.report.check()
        # what a killed attempt wrote after its last checkpoint never happened
        kept = thinned([entry for entry in self.shown if entry["step"] < step], MOST - 1)
        entry = {"step": int(step), "seconds": round(float(seconds), 2), "texts": [str(text)[:_LONGEST] for text in texts]}
        self.shown = [*kept, entry]
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in self.shown)
        files.write_bytes(self.folder / NAME, lines.encode("utf-8", "replace"))


def drafts(folder: Path) -> list[dict[str, Any]]:
    """What a run has written so far, in order; lines that are damaged are left out."""
    try:
        lines = (folder / NAME).read_bytes().decode("utf-8", "replace").split("\n")
    except OSError:
        return []
    return [entry for entry in map(_entry, lines) if entry]


def thinned(entries: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """At most so many, evenly over the steps: the first and the last stay."""
    entries = list(entries)
    while len(entries) > most:
        entries.pop(min(range(1, len(entries) - 1), key=lambda at: entries[at + 1]["step"] - entries[at - 1]["step"]))
    return entries


def _entry(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    sound = (
        isinstance(found, dict) and isinstance(found.get("step"), int) and isinstance(found.get("seconds"), int | float)
        and isinstance(found.get("texts"), list) and all(isinstance(text, str) for text in found["texts"])
    )
    return found if sound else None

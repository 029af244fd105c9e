"""What a model makes while it learns: a sheet of pictures from the same noise every time, and a list of the sheets."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import numpy as np

from bmcore import files
from bmcore.runs.report import Report
from bmcore.serve import sheets

LIST, FOLDER = "previews.json", "previews"
_EACH = 4  # pictures of a class follow each other: a class is a column
MOST = 60  # sheets; of more, those go whose neighbours are nearest
_FILE = re.compile(r"previews/\d{1,12}\.png")


class Previews:
    """Given to `fit` as its `watch`: writes `previews/<step>.png` and names it in `previews.json`, each in one step.

    Parameters
    ----------
    folder : path of the run
    report : Report
        Asked first whether the run should stop.
    """

    def __init__(self, folder: Path, report: Report):
        self.folder, self.report = folder, report
        (folder / FOLDER).mkdir(mode=0o700, exist_ok=True)
        found = files.read_json(folder / LIST)
        self.shown: list[dict[str, Any]] = [entry for entry in found if _sound(entry)] if isinstance(found, list) else []

    def __call__(self, step: int, seconds: float, pictures: np.ndarray) -> None:
        self.report.check()
        # what a killed attempt saw after its last checkpoint never happened
        kept = _thinned([entry for entry in self.shown if entry["step"] < step])
        name = f"{FOLDER}/{int(step)}.png"
        shown = sheets.sheet(pictures, max(1, len(pictures) // _EACH), by_column=True, most=sheets.PAGE)
        files.write_bytes(self.folder / name, sheets.png(shown))
        self.shown = [*kept, {"file": name, "step": int(step), "seconds": round(float(seconds), 2)}]
        files.write_json(self.folder / LIST, self.shown)
        self._sweep()

    def _sweep(self) -> None:
        """Remove the sheets that the list no longer names."""
        named = {entry["file"] for entry in self.shown}
        for path in (self.folder / FOLDER).iterdir():
            if f"{FOLDER}/{path.name}" not in named:
                with contextlib.suppress(OSError):
                    path.unlink()


def _thinned(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most `MOST - 1`: the first and the last stay."""
    entries = list(entries)
    while len(entries) >= MOST:
        entries.pop(min(range(1, len(entries) - 1), key=lambda at: entries[at + 1]["step"] - entries[at - 1]["step"]))
    return entries


def _sound(entry: Any) -> bool:
    return (
        isinstance(entry, dict) and isinstance(entry.get("step"), int) and isinstance(entry.get("seconds"), int | float)
        and isinstance(entry.get("file"), str) and bool(_FILE.fullmatch(entry["file"]))
    )

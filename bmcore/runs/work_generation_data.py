"""The texts of a run, read and split: the same for every attempt, since the data are pinned and the split has a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bmcore.data import texts_split
from bmcore.data.texts import Texts, load_texts, split_texts
from bmcore.runs.report import Report

_MINUTE, _MEGABYTE = 60.0, 1e6
_PER_SECOND = 10_000.0  # characters learned from, on two cores


@dataclass
class Halves:
    """What a run works on: texts to learn from and texts that only the judge sees."""

    train: Texts
    test: Texts


def read(spec: dict[str, Any], report: Report) -> Halves:
    """The run's data: phases data and split."""
    report.phase("data")
    texts = load_texts(spec["data"], spec["columns"].get("text"), report=report.within("data"))
    for note in texts.notes:
        report.note(note)
    report.left.forecast = forecast(spec["params"], texts.characters)
    report(1, 1, phase="data")
    report.phase("split")
    learn, judged = split_texts(texts, **spec["split"])
    for note in texts_split.notes(texts, learn, judged):
        report.note(note)
    report(1, 1, phase="split")
    return Halves(texts.take(learn), texts.take(judged))


def forecast(params: dict[str, Any], characters: int) -> dict[str, float]:
    """Seconds by phase on two cores, for the time left; the training's are known where minutes were given."""
    minutes, epochs = params.get("minutes"), params.get("epochs") or 1
    train = minutes * _MINUTE if minutes else 5 + epochs * characters / _PER_SECOND
    size = characters / _MEGABYTE
    return {"split": 0.1 + 0.05 * size, "train": train, "evaluate": 15 + 6 * size, "describe": 0.5 + 0.2 * min(size, 5.0), "save": 0.2}

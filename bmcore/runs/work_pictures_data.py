"""The pictures of a run, read and split: the same for every attempt, since the data are pinned and the split has a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bmcore.data.pictures import Pictures, load_pictures, split_pictures
from bmcore.errors import DataError
from bmcore.evaluate.picture_checks import judged, provable
from bmcore.messages import Message
from bmcore.runs.report import Report

_MINUTE = 60.0


@dataclass
class Halves:
    """What a run works on: pictures to learn from and pictures that only the judge sees."""

    train: Pictures
    test: Pictures


def read(spec: dict[str, Any], report: Report) -> Halves:
    """The run's data: phases data and split."""
    report.phase("data")
    pictures = load_pictures(spec["data"], size=spec["params"].get("image_size"), report=report.within("data"))
    for note in pictures.notes:
        report.note(note)
    wanted = spec.get("prove")
    if wanted:
        wanted["class"] = _class(pictures.labels, wanted["class"])
    report.left.forecast = forecast(spec, pictures)
    report(1, 1, phase="data")
    report.phase("split")
    learn, held = split_pictures(pictures, **spec["split"])
    if wanted:
        learn = _cut(pictures.labels, learn, wanted, spec["split"]["seed"], report)
    halves = Halves(pictures.take(learn), pictures.take(held))
    _check(halves, wanted)
    report(1, 1, phase="split")
    return halves


def _check(halves: Halves, wanted: dict[str, Any] | None) -> None:
    """Refuse now what could only be refused after the training."""
    judged(halves.train, halves.test)
    if wanted:
        provable(halves.train, halves.test, wanted["class"])


def _class(labels: np.ndarray | None, name: str) -> Any:
    """The class of that name as the data hold it, which may be a number."""
    known = [] if labels is None else np.unique(labels).tolist()
    for one in known:
        if str(one) == name:
            return one
    if len(known) < 2:
        raise DataError(
            "These pictures have no classes, so there is no {name!r} to make more of. Put each class into its own folder.", name=name
        )
    raise DataError(
        "There is no class {name!r} among these pictures. The classes are: {known}.",
        name=name, known=", ".join(map(str, known[:50])),
    )


def _cut(labels: np.ndarray, learn: np.ndarray, wanted: dict[str, Any], seed: int, report: Report) -> np.ndarray:
    """The rows to learn from with only so many of the rare class: nothing sees the others."""
    learn = np.asarray(learn)
    of_class = learn[labels[learn] == wanted["class"]]
    keep = np.random.default_rng(seed).permutation(of_class)[: wanted["keep"]]
    if len(keep) < len(of_class):
        report.note(Message(
            "Of {n:,} training pictures of {name}, {kept:,} are learned from; the others are left out, as if nobody had them.",
            n=len(of_class), name=str(wanted["class"]), kept=len(keep),
        ))
    return learn[(labels[learn] != wanted["class"]) | np.isin(learn, keep)]


def goal(train: Pictures, rare: Any) -> int:
    """How many pictures each class should have: what the others have, in the middle."""
    _, counts = np.unique(train.labels[train.labels != rare], return_counts=True)
    return int(np.median(counts))


def forecast(spec: dict[str, Any], pictures: Pictures) -> dict[str, float]:
    """Seconds by phase on two cores, for the time left; the training's are known where minutes were given."""
    count, megapixels = len(pictures.images), pictures.images.size / 1e6
    steps = spec["params"].get("steps")
    train = float(spec["params"].get("minutes") or 2.0) * _MINUTE
    if steps is not None:
        train = 2 + steps * 0.01 * (1 + pictures.images[0].size / 784)
    judge = 2 + 6 * min(megapixels, 20.0)
    rest = {"evaluate": 2 * judge} | ({"prove": 6 * judge} if spec.get("prove") else {})
    return {"split": 0.2 + count * 1e-5, "train": train, **rest, "describe": 1 + 0.3 * min(megapixels, 50.0), "save": 0.2}

"""The work of a run that learns to make pictures: data, split, train, evaluate, prove, describe, save."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bmcore import files
from bmcore.base import Estimator, estimator_class
from bmcore.messages import Message
from bmcore.runs import parts, work_pictures_files
from bmcore.runs.report import Report
from bmcore.runs.store import Run
from bmcore.runs.work_pictures_data import Halves, goal, read
from bmcore.runs.work_pictures_previews import Previews


def work(run: Run, report: Report, judge: Callable[..., dict]) -> dict:
    """Bring a run to its evaluation. The pictures are read and split anew by each attempt; every later part is a file."""
    spec, folder = {**run.spec}, run.folder
    spec["prove"] = dict(spec["prove"]) if isinstance(spec.get("prove"), dict) else None
    kept, model = folder / "checkpoints", folder / "model"
    halves = read(spec, report)
    fitted = model if model.is_dir() else kept / "fitted"
    generator = _fitted(spec, fitted, folder, halves, report)
    found = _judged(spec, kept / "judged.json", generator, halves, judge, report)
    found["proof"] = _proof(spec, kept / "proof.json", generator, halves, report)
    work_pictures_files.write(folder, generator, halves.train, spec["seed"], report)
    report.phase("save")
    if not model.is_dir():
        os.rename(fitted, model)  # it is on disk to the last byte
        files.fsync_folder(folder)
    report(1, 1, phase="save")
    return found


def _fitted(spec: dict[str, Any], place: Path, folder: Path, halves: Halves, report: Report) -> Estimator:
    if place.is_dir():
        return Estimator.load(place)
    report.phase("train")
    generator = estimator_class(spec["estimator"])(**spec["params"])
    previews = Previews(folder, report)
    checkpoints = place.with_name("fit")
    train = halves.train
    generator.fit(train, train.labels, report=report.within("train"), checkpoints=checkpoints, watch=previews)
    for note in getattr(generator, "notes_", ()):
        report.note(note)
    parts.folder(place, generator.save)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return generator


def _judged(spec: dict[str, Any], place: Path, generator: Estimator, halves: Halves, judge: Callable, report: Report) -> dict:
    report.phase("evaluate")
    found = parts.document(
        place, lambda: judge(generator, halves.train, halves.test, seed=spec["seed"], report=report.within("evaluate"))
    )
    for note in found.pop("notes", None) or ():
        report.note(Message.from_dict(note))
    return found


def _proof(spec: dict[str, Any], place: Path, generator: Estimator, halves: Halves, report: Report) -> dict | None:
    """Whether a classifier is better with pictures made of the rare class; None where nobody asked."""
    wanted = spec["prove"]
    if not wanted:
        return None
    from bmcore.evaluate.proof import prove

    report.phase("prove")
    return parts.document(place, lambda: prove(
        generator, halves.train, halves.test, rare=wanted["class"], per_class_goal=goal(halves.train, wanted["class"]),
        seed=spec["seed"], report=report.within("prove"),
    ))

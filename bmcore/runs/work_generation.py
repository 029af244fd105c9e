"""The work of a run that learns to write: data, split, train, evaluate, describe, save."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bmcore import files
from bmcore.base import Estimator, estimator_class
from bmcore.messages import Message
from bmcore.runs import parts, work_generation_corpus
from bmcore.runs.report import Report
from bmcore.runs.store import Run
from bmcore.runs.work_generation_data import Halves, read
from bmcore.runs.work_generation_drafts import Drafts

ADAPTER = "adapter"


def work(run: Run, report: Report, judge: Callable[..., dict]) -> dict:
    """Bring a run to its evaluation. The texts are read and split anew by each attempt; every later part is a file."""
    spec, folder = run.spec, run.folder
    kept, model = folder / "checkpoints", folder / "model"
    halves = read(spec, report)
    fitted = model if model.is_dir() else kept / "fitted"
    generator = _fitted(spec, fitted, folder, halves, report)
    found = _judged(spec, kept / "judged.json", generator, halves, judge, report)
    report.phase("describe")
    parts.document(folder / work_generation_corpus.NAME, lambda: work_generation_corpus.corpus(halves, report.within("describe")))
    report.phase("save")
    if not model.is_dir():
        os.rename(fitted, model)  # it is on disk to the last byte
        files.fsync_folder(folder)
    report(1, 1, phase="save")
    return found


def _fitted(spec: dict[str, Any], place: Path, folder: Path, halves: Halves, report: Report) -> Estimator:
    """What was learned, always as it is read back, so that every attempt judges the same."""
    kind = estimator_class(spec["estimator"])
    if not place.is_dir():
        report.phase("train")
        generator = kind(**spec["params"])
        checkpoints = place.with_name("fit")
        report.names = {"tokens": "train"}  # cutting texts into tokens belongs to training
        generator.fit(halves.train, report=report, checkpoints=checkpoints, watch=Drafts(folder, report))
        for note in getattr(generator, "notes_", ()):
            report.note(note)
        parts.folder(place, lambda beside: _save(generator, beside))
        shutil.rmtree(checkpoints, ignore_errors=True)
        del generator
    return kind.load(place)


def _save(generator: Estimator, folder: Path) -> None:
    """A plain folder; small matrices that were learned beside a base model are merged into it, and kept by themselves as well."""
    if generator.method != "lora":
        generator.save(folder)
        return
    generator.export_merged(folder)
    apart = folder.with_name(f"{ADAPTER}.tmp")
    shutil.rmtree(apart, ignore_errors=True)
    generator.save(apart)
    os.rename(apart / ADAPTER, folder / ADAPTER)
    shutil.rmtree(apart, ignore_errors=True)


def _judged(spec: dict[str, Any], place: Path, generator: Estimator, halves: Halves, judge: Callable, report: Report) -> dict:
    report.phase("evaluate")
    found = parts.document(
        place, lambda: judge(generator, halves.train, halves.test, seed=spec["seed"], report=report.within("evaluate"))
    )
    for note in found.pop("notes", None) or ():
        report.note(Message.from_dict(note))
    return found

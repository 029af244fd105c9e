"""What a run leaves beside its model: `samples.png`, a contact sheet; `real.png`, training pictures in the same places; and `training.npz`,
what it learned from, to compare with."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from bmcore import files
from bmcore.base import Estimator
from bmcore.data.pictures import Pictures
from bmcore.messages import Message
from bmcore.runs.report import Report
from bmcore.serve import sheets
from bmcore.serve.picture_model import TRAINING

SHEET, REAL = "samples.png", "real.png"
ROWS = 10  # classes, at most, and pictures of each
MOST = 20_000  # training pictures that are kept to compare with,
MOST_BYTES = 100_000_000  # and what they may take
_NAME = 120  # characters of a file name


def write(folder: Path, generator: Estimator, train: Pictures, seed: int, report: Report) -> None:
    """All of them: phase describe. One that an earlier attempt finished stays."""
    report.phase("describe")
    if not (folder / SHEET).is_file():
        files.write_bytes(folder / SHEET, sheets.png(sheets.sheet(drawn(generator, seed), most=sheets.PAGE)))
    if not (folder / REAL).is_file():
        files.write_bytes(folder / REAL, sheets.png(sheets.sheet(learned(generator, train, seed), most=sheets.PAGE)))
    report(1, 10, phase="describe")
    if not (folder / TRAINING).is_file():
        kept = io.BytesIO()
        np.savez(kept, **to_compare(train, seed, report))
        files.write_bytes(folder / TRAINING, kept.getbuffer())
    report(1, 1, phase="describe")


def drawn(generator: Estimator, seed: int) -> np.ndarray:
    """Ten pictures of each of the first ten classes, a class a row; a hundred where there are no classes."""
    classes = generator.classes_
    if classes is None:
        return generator.sample(ROWS * ROWS, seed=seed)
    asked = [one for one in list(classes)[:ROWS] for _ in range(ROWS)]
    return generator.sample(len(asked), asked, seed=seed)


def learned(generator: Estimator, train: Pictures, seed: int) -> np.ndarray:
    """Training pictures where `drawn` has those of the model; a place is white where there are not as many."""
    draw = np.random.default_rng(seed)
    if generator.classes_ is None:
        return train.pixels[draw.permutation(len(train.images))[: ROWS * ROWS]]
    classes = [str(one) for one in list(generator.classes_)[:ROWS]]
    shown = np.full((len(classes) * ROWS, *train.pixels.shape[1:]), 255, np.uint8)
    names = train.labels.astype(str)
    for row, name in enumerate(classes):
        picked = draw.permutation(np.flatnonzero(names == name))[:ROWS]
        shown[row * ROWS : row * ROWS + len(picked)] = train.pixels[picked]
    return shown


def to_compare(train: Pictures, seed: int, report: Report) -> dict[str, np.ndarray]:
    """Training pictures with what the judge's encoder sees in them, as many as fit."""
    count = len(train.images)
    most = min(count, MOST, max(1, MOST_BYTES // train.images[0].size))
    rows = np.sort(np.random.default_rng(seed).permutation(count)[:most])
    if most < count:
        report.note(Message("Generated pictures are compared with {n:,} of the {all:,} training pictures.", n=most, all=count))
    images = train.images[rows]
    kept: dict[str, Any] = {
        "images": images,
        "names": np.array([str(train.names[row])[:_NAME] for row in rows]),
        "features": _features(images, report),
    }
    return kept if train.labels is None else {**kept, "labels": train.labels[rows].astype(str)}


def _features(images: np.ndarray, report: Report) -> np.ndarray:
    """(n, d) float16."""
    from bmcore.evaluate.encoder import encode

    return encode(images, report=lambda done, all: report(1 + 8 * done / all, 10, phase="describe")).astype(np.float16)

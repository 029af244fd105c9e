"""The work of a run that learns to label texts: data, split, fit, save, evaluate."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bmcore import device
from bmcore.base import Estimator, estimator_class
from bmcore.data import check, refs
from bmcore.data.split import split
from bmcore.runs import parts
from bmcore.runs.report import Report
from bmcore.runs.store import Run

DEV_SHARE = 0.1
DEV_ROWS = 1000
_CHARACTERS = 4.0  # of a token, roughly
_LEAST_ROWS, _LEAST_PER_CLASS = 100, 20  # fewer are all needed for learning


def work(run: Run, report: Report, judge: Callable[..., dict]) -> dict:
    """Bring a run to its evaluation; skip the fit if an earlier attempt finished it."""
    spec = run.spec
    report.phase("data")
    train, test = _rows(spec)
    text, label = spec["columns"]["text"], spec["columns"]["label"]
    report.check()
    estimator = estimator_class(spec["estimator"])(**spec["params"])
    report.left.forecast = forecast(estimator, train[text], train[label].nunique(), len(test))
    estimator = _fitted(estimator, run.folder, train, text, label, spec, report)
    report.names = dict.fromkeys(("predict", "encode", "bootstrap"), "evaluate")
    return judge(
        estimator,
        (train[text].tolist(), train[label].tolist()),
        (test[text].tolist(), test[label].tolist()),
        seed=spec["seed"],
        report=report,
    )


def _rows(spec: dict) -> tuple[Any, Any]:
    """(train, test) frames of the run's data."""
    text, label = spec["columns"].get("text", ""), spec["columns"].get("label", "")
    frame = refs.load(spec["data"])
    check.require(check.check_training(frame, text, label))
    return split(check.usable(frame, text, label), text, label, **spec["split"])


def _fitted(estimator: Estimator, folder: Path, train, text: str, label: str, spec: dict, report: Report) -> Estimator:
    model, checkpoints = folder / "model", folder / "checkpoints"
    if model.is_dir():
        return type(estimator).load(model)
    learn, dev = _with_dev(train, text, label, spec["seed"])
    validation = None if dev is None else (dev[text].tolist(), dev[label].tolist())
    report.names = {"predict": "train"}  # looking at the dev rows belongs to training
    estimator.fit(learn[text].tolist(), learn[label].tolist(), validation=validation, report=report, checkpoints=checkpoints)
    for note in getattr(estimator, "notes_", ()):
        report.note(note)
    report.phase("save")
    parts.folder(model, estimator.save)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return estimator


def _with_dev(train, text: str, label: str, seed: int) -> tuple[Any, Any]:
    """(rows to learn from, rows to choose the best moment by, or None where every row is needed for learning)."""
    if len(train) < max(_LEAST_ROWS, _LEAST_PER_CLASS * train[label].nunique()):
        return train, None
    learn, dev = split(train, text, label, test=DEV_SHARE, seed=seed, max_test=DEV_ROWS)
    return (learn, dev) if len(dev) else (train, None)


def forecast(estimator: Estimator, texts: Any, classes: int, n_test: int) -> dict[str, float]:
    """Seconds by phase as the estimator expects them, for the time left. Their proportions matter, not their size."""
    try:
        tokens = float(texts.str.len().mean()) / _CHARACTERS
        found = dict(estimator.forecast(len(texts), n_test, tokens, device.gflops(), classes=classes, **estimator.get_params()))
        found.pop("start", None)  # the process has started
        return found
    except Exception:  # a guess must never stop a run
        return {}

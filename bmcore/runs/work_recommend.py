"""The work of a run that learns to recommend: data, split, train, evaluate, refit, describe, and the files that people take away.

What is judged was fitted on the training part of the log alone. What is saved is the same method fitted again on everything, so that the
latest purchases count.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bmcore.base import Estimator, estimator_class
from bmcore.messages import Message
from bmcore.recommend.model import RecommenderModel
from bmcore.runs import parts, work_recommend_files
from bmcore.runs.report import Report
from bmcore.runs.store import Run
from bmcore.runs.work_recommend_data import Log, read


def work(run: Run, report: Report, judge: Callable[..., dict]) -> dict:
    """Bring a run to its evaluation. The log is read and split anew by each attempt; every later part is a file."""
    spec, folder = run.spec, run.folder
    kept = folder / "checkpoints"
    log = read(spec, report)
    tried = _tried(spec, kept / "tried", log, report)
    found = _judged(spec, kept, tried, log, judge, report)
    model = _refitted(folder / "model", tried, log, report)
    work_recommend_files.write(folder, model, report)
    return {**found, "seconds": {**found["seconds"], "refit": round(model.recommender.seconds_, 3)}}


def _tried(spec: dict, place: Path, log: Log, report: Report) -> Estimator:
    """Fitted on the training part."""
    if place.is_dir():
        return Estimator.load(place)
    report.phase("train")
    estimator = estimator_class(spec["estimator"])(**spec["params"])
    estimator.fit(log.train, items=log.items, users=log.users, report=report.within("train"))
    _tell(estimator, report)
    parts.folder(place, estimator.save)
    return estimator


def _tell(estimator: Estimator, report: Report) -> None:
    """What a fit wants to be known."""
    if why := getattr(estimator, "why_", None):
        report.note(why)
    for one in (estimator, *(getattr(estimator, f"{name}_", None) for name in ("content", "people"))):
        for note in getattr(one, "notes_", ()):
            report.note(note)


def _judged(spec: dict, kept: Path, tried: Estimator, log: Log, judge: Callable, report: Report) -> dict:
    report.phase("evaluate")
    found = parts.document(
        kept / "judged.json",
        lambda: judge(
            tried, log.train, log.test, seed=spec["seed"], report=report.within("evaluate"), items=log.items, users=log.users
        ),
    )
    for note in found.pop("notes", ()):
        report.note(Message.from_dict(note))
    return found


def _refitted(place: Path, tried: Estimator, log: Log, report: Report) -> RecommenderModel:
    """The method that was judged, fitted on the whole log. Never chosen anew, or another one would be saved than was judged."""
    if place.is_dir():
        return RecommenderModel.load(place)
    report.phase("refit")
    judged = chosen(tried)
    fitted = type(judged)(**judged.get_params()).fit(log.everything, items=log.items, users=log.users, report=report.within("refit"))
    model = RecommenderModel(fitted, log.items)
    report.note(Message(
        "What is saved was fitted again on all {n:,} entries, so that the latest count; what is judged had seen {train:,} of them.",
        n=len(log.everything), train=len(log.train),
    ))
    parts.folder(place, model.save)
    return model


def chosen(estimator: Estimator) -> Estimator:
    """The method itself, where another one chose it."""
    return getattr(estimator, "chosen_", None) or estimator


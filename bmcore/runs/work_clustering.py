"""The work of a run that looks for groups: data, prepare, choose, fit, evaluate, describe, and the files that people take away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bmcore.base import Estimator, estimator_class
from bmcore.cluster.model import ClusterModel, write_names
from bmcore.data.prepared import Preparation, Prepared
from bmcore.messages import Message
from bmcore.runs import parts, work_files
from bmcore.runs.report import Report
from bmcore.runs.store import Run
from bmcore.runs.work_describe import describe
from bmcore.runs.work_prepared import prepare


def work(run: Run, report: Report, judge: Callable[..., dict]) -> dict:
    """Bring a run to its evaluation. Each part is a file, so a resumed run goes on after the last one that is there."""
    spec, folder = run.spec, run.folder
    kept = folder / "checkpoints"
    made, prepared = prepare(spec, kept / "prepared", report)
    choice = _choice(spec, kept, prepared, report)
    model = _fitted(spec, folder / "model", made, prepared, choice, report)
    evaluation = _evaluation(spec, kept, model, prepared, judge, report)
    evaluation = parts.document(
        kept / "described.json", lambda: {**evaluation, "choice": choice, **describe(spec, model, prepared, report)}
    )
    model.names_ = _names(evaluation)
    write_names(folder / "model", model.names_)
    report.phase("save")
    work_files.write(folder, model, prepared, evaluation, report)
    return evaluation


def _choice(spec: dict, kept: Path, prepared: Prepared, report: Report) -> dict | None:
    """What number of groups, or what distance, the table itself suggests."""
    if not spec["choose"]:
        return None
    report.phase("choose")
    return parts.document(kept / "choice.json", lambda: CHOICES[spec["estimator"]](spec, prepared, report.within("choose")))


def _choose_k(spec: dict, prepared: Prepared, report: Callable) -> dict:
    from bmcore.cluster.choose import choose_k

    return choose_k(prepared.X, seed=spec["seed"], report=report).to_dict()


def _choose_eps(spec: dict, prepared: Prepared, report: Callable) -> dict:
    from bmcore.cluster.choose import choose_eps

    return choose_eps(prepared.X, spec["params"]["min_samples"], seed=spec["seed"], report=report).to_dict()


CHOICES = {"KMeans": _choose_k, "DBSCAN": _choose_eps}
CHOSEN = {"KMeans": "n_clusters", "DBSCAN": "eps"}


def _fitted(spec: dict, place: Path, made: Preparation, prepared: Prepared, choice: dict | None, report: Report) -> ClusterModel:
    if place.is_dir():
        return ClusterModel.load(place)
    report.phase("train")
    clusterer = estimator_class(spec["estimator"])(**_settings(spec, choice, report))
    clusterer.fit(prepared.X, report=report.within("train"))
    for note in getattr(clusterer, "notes_", ()):
        report.note(note)
    model = ClusterModel(made, clusterer)
    parts.folder(place, model.save)
    return model


def _settings(spec: dict, choice: dict | None, report: Report) -> dict[str, Any]:
    """The settings, with the chosen one in place."""
    settings = dict(spec["params"])
    if choice is None:
        return settings
    name = CHOSEN[spec["estimator"]]
    if choice["recommended"] is not None:
        settings[name] = choice["recommended"]
        report.note(Message("{name} was chosen from the data: {value}.", name=name, value=choice["recommended"]))
    else:
        report.note(Message("The data suggests no {name}, so it stays at {value}.", name=name, value=settings[name]))
    return settings


def _evaluation(spec: dict, kept: Path, model: ClusterModel, prepared: Prepared, judge: Callable, report: Report) -> dict:
    report.phase("evaluate")
    clusterer: Estimator = model.clusterer
    found = parts.document(
        kept / "judged.json",
        lambda: judge(clusterer, prepared.X, names=prepared.names, seed=spec["seed"], report=report.within("evaluate")),
    )
    report.phase("describe")
    return {**found, "prepare": spec["columns"]["prepare"]}


def _names(evaluation: dict) -> dict[int, str]:
    """What groups are called, for the model's answers."""
    named = {entry["cluster"]: entry.get("name") for entry in evaluation["clusters"]}
    return {cluster: str(Message.from_dict(name)) if isinstance(name, dict) else name for cluster, name in named.items() if name}

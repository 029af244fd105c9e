"""What differs from task to task in a run, and where it is written: one row a task, and one module for each part.

A task's first module is read by every face, so it imports nothing heavy; its second works in the worker only.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from bmcore.errors import ParameterError, RunError

SCRIPTED = {"TextToImage": "text_to_image"}  # estimators without runs, and their tasks


class Task(NamedTuple):
    """The modules of a task.

    asks : what a request may say and how its result is put in a line: `entries`, `columns`, `title`, `headline`, `model_class`, `NO_MEMORY`
    works : `work(run, report, judge)` brings a run to its evaluation
    judges : `evaluate`
    stores : keeps a person's file in the home folder and gives the reference to it
    """

    asks: str
    works: str
    judges: str
    stores: str = "bmcore.data.refs.store"


TASKS = {
    "classification": Task("bmcore.runs.task_text", "bmcore.runs.work_text", "bmcore.evaluate.classification"),
    "clustering": Task("bmcore.runs.task_clustering", "bmcore.runs.work_clustering", "bmcore.evaluate.clustering"),
    "recommendation": Task("bmcore.runs.task_recommend", "bmcore.runs.work_recommend", "bmcore.evaluate.recommendation"),
    "pictures": Task("bmcore.runs.task_pictures", "bmcore.runs.work_pictures", "bmcore.evaluate.pictures",
                     "bmcore.data.pictures.store_archive"),
    "generation": Task("bmcore.runs.task_generation", "bmcore.runs.work_generation", "bmcore.evaluate.generation",
                       "bmcore.data.texts.store_texts"),
    "answers": Task("bmcore.runs.task_answers", "bmcore.runs.work_answers", "bmcore.evaluate.answers"),
}


def asks(task: str) -> ModuleType:
    """The light module of a task."""
    return _module(task, "asks")


def works(task: str) -> ModuleType:
    """The worker's module of a task."""
    return _module(task, "works")


def judges(task: str) -> ModuleType:
    """The module whose `evaluate` judges what was learned."""
    return _module(task, "judges")


def store(task: str, path: Path) -> dict[str, Any]:
    """Keep a person's file, or folder where the task takes one, in the home folder and give the reference to it."""
    module, name = _row(task).stores.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)(path, path.name)


def _module(task: str, part: str) -> ModuleType:
    return importlib.import_module(getattr(_row(task), part))


def _row(task: str) -> Task:
    for name, known in SCRIPTED.items():
        if task == known:
            raise ParameterError(
                "There are no runs of {estimator}: nothing here could judge what it learned. Train it in a script: "
                "bmcore.image.{estimator}(model=FOLDER).fit(pictures, captions)", estimator=name,
            )
    if task not in TASKS:
        raise RunError("Runs of the task {task!r} are not known to this version of bmcore. Update it.", task=str(task)[:60])
    return TASKS[task]

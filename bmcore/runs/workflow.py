"""What a worker does for one run, whatever its task: the task's own work brings it to its evaluation, and that becomes a line."""

from __future__ import annotations

import shutil

from bmcore.runs import parts, tasks
from bmcore.runs.report import Report
from bmcore.runs.store import Run

CHECKPOINTS = "checkpoints"  # what a resumed run needs and a finished one does not


def work(run: Run, report: Report) -> dict | None:
    """Bring a run to its evaluation; what an earlier attempt finished is skipped. Returns its headline."""
    parts.sweep(run.folder)
    task = run.spec["task"]
    evaluation = run.evaluation
    if evaluation is None:
        checkpoints = run.folder / CHECKPOINTS
        checkpoints.mkdir(mode=0o700, exist_ok=True)
        made = tasks.works(task).work(run, report, tasks.judges(task).evaluate)
        evaluation = parts.document(run.folder / "evaluation.json", lambda: made)
    shutil.rmtree(run.folder / CHECKPOINTS, ignore_errors=True)  # several times the size of the model, and of no more use
    return tasks.asks(task).headline(evaluation)

"""Runs for scripts: `train` starts one and waits for it, `load` opens a finished one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bmcore import i18n
from bmcore.base import Estimator, estimator_class
from bmcore.errors import DataError, RunError
from bmcore.params import declared
from bmcore.runs import control, events, launch, store, tasks
from bmcore.runs.store import Run

_POLL_S = 0.2


def train(
    estimator: str | Estimator,
    data: Any = None,
    *,
    sample: str | None = None,
    preset: str | None = None,
    choose: bool = False,
    prove: dict[str, Any] | None = None,
    detach: bool = False,
    report: Callable | None = None,
    title: str | None = None,
    **columns_and_settings: Any,
) -> Run:
    """Train in a process of its own and wait for the verdict. The run is in the history of every face.

        train("TextClassifier", "messages.csv", text="message", label="department", epochs=2)
        train("KMeans", sample="cdnow", prepare="purchases", customer="customer", date="date", money="money", n_clusters=5)
        train("DBSCAN", frame, prepare="numeric", features=["amount", "age"], choose=True)
        train("AutoRecommender", "purchases.csv", user="customer", item="product", name="product name")
        train("Diffusion", "pictures.zip", minutes=2)
        train("TextGenerator", "notes.txt", minutes=2)

    Use it when a script needs a trained model and wants to know whether it is worth having.

    Parameters
    ----------
    estimator : str or Estimator
        Its name, or one whose parameters are to be used: those that differ from their defaults, so that a preset sets the others.
    data : path, DataFrame or data reference
        The examples; or `sample`. For pictures a zip or a folder of them; to write like texts a table, a .txt or .md file, or a zip or
        folder of such files.
    sample : str
        Name of a built-in sample.
    preset : str, optional
        "fast", "balanced" or "best".
    choose : bool
        For groups: find the number of groups (KMeans) or the distance (DBSCAN) first, and use it.
    prove : dict, optional
        For pictures, {"class": name, "keep": n}: learn from n pictures of that class only, make more of it, and prove on real ones
        whether that helps a classifier.
    detach : bool
        Return at once; the run goes on when the script ends.
    report : callable, optional
        `report(step, total, **metrics)` as the run gets on. By default a bar in a terminal.
    title : str, optional
        A name for the list of runs.
    **columns_and_settings
        The columns: `text` and `label` to label texts; `text` to write like those of a table; for past answers `question`, `answer` and
        `topic`; for groups `prepare` with `features`, `key` and `label` ("numeric"), with
        `customer`, `date`, `money` and `quantity` ("purchases"), or with `text`, `time` and `by` ("messages"); to recommend `user` and
        `item`, and of the log `weight`, `time` and `basket`, of items `name`, `about`, `difficulty` and `requires`, of users `traits`. A
        sample knows its own. Everything else is a parameter of the estimator.

    Returns
    -------
    Run
        `run.evaluation` has the result, `bmcore.load(run.id)` the model.

    Raises
    ------
    ParameterError, DataError
        If something asked for cannot be meant.
    RunError
        If the run failed; the message says why.
    KeyboardInterrupt
        The run was asked to stop as well. `bmcore.runs.resume(id)` goes on.
    """
    estimator, settings = _named(estimator, columns_and_settings)
    cls = estimator_class(estimator)
    task = tasks.asks(cls.task)
    columns = {role: settings.pop(role) for role in task.ROLES if role in settings}
    if sample is not None:
        from bmcore.data import samples

        columns = task.of_sample(samples.sample(sample), columns)
    columns = task.columns(columns)
    request = {
        "estimator": estimator,
        "params": settings,
        "preset": preset,
        "data": _given(cls.task, data, sample, task.names(columns)),
        "columns": columns,
        "choose": choose,
        "prove": prove,
        "title": title,
        "origin": "script",
    }
    run = launch.start(request)
    return run if detach else _finished(run, report)


def _named(estimator: str | Estimator, settings: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """(name, settings) of an estimator given by name or as itself."""
    if not isinstance(estimator, Estimator):
        return estimator, dict(settings)
    known = declared(type(estimator))
    # an array has no plain answer to "are you the default", and is none
    changed = {name: value for name, value in estimator.get_params().items() if hasattr(value, "ndim") or value != known[name].default}
    return type(estimator).__name__, {**changed, **settings}


def _finished(run: Run, report: Callable | None) -> Run:
    state = follow(run, report)
    if state == "done":
        return run
    if state == "cancelled":
        raise RunError("Run {id} was cancelled. bmcore.runs.resume({id!r}) goes on with it.", id=run.id)
    raise RunError("Run {id} has failed: {reason}", id=run.id, reason=run.reason or "")


def load(id: str) -> Any:
    """What a finished run has learned: the estimator, or a `ClusterModel`, `RecommenderModel` or `PictureModel` around it.

    Raises
    ------
    RunNotFoundError
        If there is no such run.
    RunError
        If it has no model.
    """
    run = store.get(id)
    if run.model_folder is None:
        raise RunError("Run {id} has no model yet: it is {state}. A model is there once a run is done.", id=run.id, state=run.state)
    return tasks.asks(run.spec["task"]).model_class(run.spec).load(run.model_folder)


def reference(data: Any = None, sample: str | None = None, columns: tuple[str, ...] = ()) -> dict:
    """A data reference from a path, a DataFrame (of which `columns` must be kept), a reference or a sample's name."""
    from bmcore.data import refs

    if (data is None) == (sample is None):
        raise DataError("Give either data (a path, a DataFrame or a reference) or the name of a sample.")
    if sample is not None:
        return refs.sample(sample)
    if isinstance(data, dict):
        return data
    if isinstance(data, str | Path):
        return refs.store(Path(data), Path(data).name)
    if hasattr(data, "to_parquet"):
        return refs.store(_parquet(data, columns), "table.parquet")
    raise DataError("Data of type {kind} cannot be used. Give a path, a DataFrame or a reference.", kind=type(data).__name__)


def _given(task: str, data: Any, sample: str | None, columns: tuple[str, ...]) -> dict:
    """As `reference`, but a path is kept as the task wants it: a table, an archive of pictures, or texts."""
    if sample is None and isinstance(data, str | Path):
        return tasks.store(task, Path(data))
    if task == "pictures" and sample is None and data is not None and not isinstance(data, dict):
        raise DataError("Pictures cannot be given as {kind}. Give the path of a zip or a folder, or a reference.", kind=type(data).__name__)
    return reference(data, sample, columns)


def _parquet(frame: Any, columns: tuple[str, ...]) -> bytes:
    """The table as a file; where some column cannot be in one, only those that are needed."""
    import pyarrow

    kept = [name for name in columns if name in frame.columns]
    for part in (frame, frame[kept]) if kept else (frame,):
        try:
            return part.to_parquet(index=False)
        except (pyarrow.ArrowException, ValueError, TypeError, OverflowError) as error:
            reason = " ".join(str(error).split())[:200]
    raise DataError(
        "The table cannot be stored ({reason}). A column has to hold values of one type: turn it into text first, with astype(str).",
        reason=reason,
    )


def follow(run: Run, report: Callable | None = None) -> str:
    """Show a run until it ends; its state. Interrupting asks the run to stop, too."""
    bar = None if report else _Bar()
    offset = events.size(run.folder)
    try:
        while True:
            state = run.state  # before reading, so that the last events are not missed
            found, offset = run.events(offset)
            for event in found:
                if event["kind"] == "progress":
                    metrics = {key: value for key, value in event.items() if key not in ("kind", "t", "step", "total")}
                    (report or bar)(event["step"], event["total"], **metrics)
            if state not in store.ACTIVE:
                return state
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        control.cancel(run.id)
        print(
            i18n.translate(
                "Run {id} was asked to stop. It goes on from its last checkpoint with: python -m bmcore resume {id}",
                i18n.from_environment(),
                id=run.id,
            ),
            file=sys.stderr,
        )
        raise
    finally:
        if bar:
            bar.close()


class _Bar:
    """A tqdm bar a phase, on the terminal's error stream; nothing where that is no terminal."""

    def __init__(self):
        self._bar: Any = None
        self._phase: str | None = None
        self._wanted = sys.stderr.isatty()

    def __call__(self, step: float, total: float, *, phase: str = "", **metrics: Any) -> None:
        if not self._wanted:
            return
        if phase != self._phase:
            from tqdm import tqdm

            self.close()
            self._phase, self._bar = phase, tqdm(total=total, desc=phase, file=sys.stderr, leave=True)
        self._bar.total = total
        self._bar.set_postfix({key: metrics[key] for key in ("loss", "dev_macro_f1", "inertia") if key in metrics}, refresh=False)
        self._bar.update(step - self._bar.n)

    def close(self) -> None:
        if self._bar:
            self._bar.close()

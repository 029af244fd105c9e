"""A queue of the text lab: runs that were started together on the same texts and the same split. Draws nothing."""

from __future__ import annotations

from functools import cached_property

from bmcore.errors import BmcoreError
from bmcore.messages import Message
from bmcore.ui import lab_queue
from bmcore.ui.lab_queue import Entry, Method
from bmcore.ui.writing_measures import whole

SCENARIO, ESTIMATOR = "lab_words", "TextGenerator"
SPLIT = {"test": 0.1, "seed": 0}  # the same for every run of every queue, so that all were tested on the same texts
METHODS = {
    key: Method(key, ESTIMATOR, params, title, about)
    for key, params, title, about in (
        ("nano", {"model": "scratch", "size": "nano"}, "GPT nano", Message("From nothing, smallest: learns fastest, knows least.")),
        ("mini", {"model": "scratch", "size": "mini"}, "GPT mini", Message("From nothing, larger: slower, and better with more time.")),
        ("small", {"model": "scratch", "size": "small"}, "GPT small", Message("From nothing, largest: for much text and a graphics card.")),
    )
}


def compared(settings: dict[str, dict]) -> list[Entry]:
    """One run a method, each with its settings."""
    return [Entry(METHODS[key].title, METHODS[key], {**METHODS[key].params, **params}) for key, params in settings.items()]


def sweep(key: str, params: dict, parameter: str, values: list) -> list[Entry]:
    """One run a value of one setting; the others stay as they are."""
    return lab_queue.sweep(METHODS[key], {**METHODS[key].params, **params}, parameter, values)


def named(kind: str, nonce: str, ref: dict, columns: dict, entries: list[Entry]) -> str:
    """The queue's name: the same wish has the same name, so a button pressed twice makes one queue."""
    return lab_queue.code_of(kind, nonce, ref, columns, entries)


def start(code: str, ref: dict, columns: dict, entries: list[Entry]) -> list:
    """Make the runs, in order. Asked again it makes no second ones.

    Raises
    ------
    BmcoreError
        If a run was refused. Those before it are in the queue.
    """
    return lab_queue.start(SCENARIO, code, entries, {"data": ref, "columns": columns, "split": SPLIT})


class Member(lab_queue.Member):
    """One run of a queue and its place in it."""

    @cached_property
    def found(self) -> dict | None:
        """Its evaluation; None before it is done, or where the file is not whole."""
        found = self.run.evaluation if self.run.state == "done" else None
        return found if whole(found) else None


def members(code: str) -> list[Member]:
    """The runs of a queue, in the order in which they were started; of a run's id that run alone; none where there is neither."""
    return lab_queue.members(SCENARIO, Member, code) or _alone(code)


def _alone(run_id: str) -> list[Member]:
    """A run that was started elsewhere, as from a terminal."""
    from bmcore import runs
    from bmcore.ui import runlist

    try:
        run = runs.get(run_id)
    except BmcoreError:
        return []
    return [Member(run, {"name": runlist.name(run), "parameter": None, "value": None})] if run.spec["task"] == "generation" else []


def queues() -> list[tuple[str, list[Member]]]:
    """Every queue that has a run left, newest first."""
    return lab_queue.queues(SCENARIO, Member)


def finished(most: int = 50) -> dict[str, str]:
    """Every finished run that writes, whatever page started it, newest first: its id and its plain name."""
    from bmcore import runs
    from bmcore.ui import runlist

    done = [run for run in runs.list_runs() if run.spec["task"] == "generation" and run.state == "done"][:most]
    return {run.id: runlist.name(run) for run in done}


def start_of(run_id: str) -> str:
    """A prompt to begin with: the start of a text that the run was tested on, where it kept one."""
    from bmcore import runs

    found = runs.get(run_id).evaluation
    listed = found.get("continuations") if isinstance(found, dict) else None
    prompts = [entry.get("prompt") for entry in listed or [] if isinstance(entry, dict)] if isinstance(listed, list) else []
    return next((prompt[:200] for prompt in prompts if isinstance(prompt, str) and prompt.strip()), "I love")

"""A queue of the image lab: runs that were started together on the same pictures and the same split. Draws nothing."""

from __future__ import annotations

from functools import cached_property

from bmcore.ui import lab_queue, picture_form, picture_steps
from bmcore.ui.lab_queue import Entry, Method

SCENARIO = "lab_images"
SPLIT = {"test": 0.15, "seed": 0}  # the same for every run of every queue, so that all were tested on the same pictures
METHODS = {key: Method(key, key, {}, key, picture_form.METHODS[key][1]) for key in ("Diffusion", "GAN")}


def compared(settings: dict[str, dict]) -> list[Entry]:
    """One run a method, each with its settings."""
    return [Entry(METHODS[key].title, METHODS[key], params) for key, params in settings.items()]


def sweep(key: str, params: dict, parameter: str, values: list) -> list[Entry]:
    """One run a value of one setting; the others stay as they are."""
    return lab_queue.sweep(METHODS[key], params, parameter, values)


def named(kind: str, nonce: str, ref: dict, entries: list[Entry]) -> str:
    """The queue's name: the same wish has the same name, so a button pressed twice makes one queue."""
    return lab_queue.code_of(kind, nonce, ref, {}, entries)


def start(code: str, ref: dict, entries: list[Entry]) -> list:
    """Make the runs, in order. Asked again it makes no second ones.

    Raises
    ------
    BmcoreError
        If a run was refused. Those before it are in the queue.
    """
    return lab_queue.start(SCENARIO, code, entries, {"data": ref, "split": SPLIT})


class Member(lab_queue.Member):
    """One run of a queue and its place in it."""

    @cached_property
    def found(self) -> dict | None:
        """Its evaluation; None before it is done, or where the file is not whole."""
        found = self.run.evaluation if self.run.state == "done" else None
        return found if picture_steps.whole(found) else None


def members(code: str) -> list[Member]:
    """The runs of a queue, in the order in which they were started; none where there is no such queue."""
    return lab_queue.members(SCENARIO, Member, code)


def queues() -> list[tuple[str, list[Member]]]:
    """Every queue that has a run left, newest first."""
    return lab_queue.queues(SCENARIO, Member)

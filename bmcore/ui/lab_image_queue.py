"""A queue of the image lab: runs that were started together on the same pictures and the same split. Draws nothing.

What belongs together is written in the titles of the runs, as in the recommender lab:

    GAN · #c3f2a91c4                          several methods, the queue c3f2a91c4
    Diffusion · batch_size=64 · #s0b77e21d    one setting of one method, a run a value
"""

from __future__ import annotations

import re
from functools import cached_property

from bmcore.ui import picture_form, picture_steps
from bmcore.ui.lab_recommend_queue import CODE, Entry, Method, code_of

SCENARIO = "lab_images"
SPLIT = {"test": 0.15, "seed": 0}  # the same for every run of every queue, so that all were tested on the same pictures
_TITLE = re.compile(r"(?P<name>.+?)(?: · (?P<parameter>[a-z0-9_]+)=(?P<value>[^·]+))? · #(?P<code>[cs][0-9a-f]{8})")
METHODS = {key: Method(key, key, {}, key, picture_form.METHODS[key][1]) for key in ("Diffusion", "GAN")}


def compared(settings: dict[str, dict]) -> list[Entry]:
    """One run a method, each with its settings."""
    return [Entry(METHODS[key].title, METHODS[key], params) for key, params in settings.items()]


def sweep(key: str, params: dict, parameter: str, values: list) -> list[Entry]:
    """One run a value of one setting; the others stay as they are."""
    method = METHODS[key]
    return [Entry(f"{method.title} · {parameter}={value:g}", method, {**params, parameter: value}) for value in values]


def named(kind: str, nonce: str, ref: dict, entries: list[Entry]) -> str:
    """The queue's name: the same wish has the same name, so a button pressed twice makes one queue."""
    return code_of(kind, nonce, ref, {}, entries)


def start(code: str, ref: dict, entries: list[Entry]) -> list:
    """Make the runs, in order. Asked again it makes no second ones.

    Raises
    ------
    BmcoreError
        If a run was refused. Those before it are in the queue.
    """
    from bmcore import runs

    made = []
    for i, entry in enumerate(entries):
        request = {"estimator": entry.method.estimator, "params": entry.params, "data": ref, "split": SPLIT, "scenario": SCENARIO}
        made.append(runs.start(request | {"title": f"{entry.title} · #{code}", "origin": "page"}, token=f"{SCENARIO}:{code}:{i}"))
    return made


class Member:
    """One run of a queue and its place in it."""

    def __init__(self, run, found: re.Match):
        self.run, self.name, self.parameter = run, found["name"], found["parameter"]
        self.value = run.spec["params"].get(self.parameter) if self.parameter else None

    @property
    def title(self) -> str:
        value = f"{self.value:g}" if isinstance(self.value, int | float) else self.value
        return f"{self.name} · {self.parameter}={value}" if self.parameter else self.name

    @cached_property
    def found(self) -> dict | None:
        """Its evaluation; None before it is done, or where the file is not whole."""
        found = self.run.evaluation if self.run.state == "done" else None
        return found if picture_steps.whole(found) else None


def members(code: str) -> list[Member]:
    """The runs of a queue, in the order in which they were started; none where there is no such queue."""
    return next((found for known, found in queues() if known == code), []) if CODE.fullmatch(code) else []


def queues() -> list[tuple[str, list[Member]]]:
    """Every queue that has a run left, newest first."""
    from bmcore import runs

    found: dict[str, list[Member]] = {}
    for run in runs.list_runs():
        name = _TITLE.fullmatch(run.spec["title"] or "") if run.spec["scenario"] == SCENARIO else None
        if name:
            found.setdefault(name["code"], []).append(Member(run, name))
    return [(code, entries[::-1]) for code, entries in found.items()]

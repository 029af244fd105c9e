"""What the queues of every lab have in common: runs that were started together on the same data and the same split. Draws nothing.

What belongs together is written in the titles of the runs, so a queue is found again after a reload or a restart, by anybody:

    EASE · #c3f2a91c4                       several methods, the queue c3f2a91c4
    EASE · regularization=50 · #s0b77e21d   one setting of one method, a run a value
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from bmcore.messages import Message

MOST_VALUES = 8
CODE = re.compile(r"[cs][0-9a-f]{8}")
_TITLE = re.compile(r"(?P<name>.+?)(?: · (?P<parameter>[a-z0-9_]+)=(?P<value>[^·]+))? · #(?P<code>[cs][0-9a-f]{8})")


@dataclass(frozen=True)
class Method:
    """An algorithm with its settings: what a queue has one run of."""

    key: str
    estimator: str
    params: dict
    title: str  # names of algorithms are the same in every language
    about: Message


@dataclass(frozen=True)
class Entry:
    """One run to be: what it is called, and what it asks for."""

    title: str
    method: Method
    params: dict


class Member:
    """One run of a queue and its place in it."""

    def __init__(self, run, found: re.Match):
        self.run, self.name, self.parameter = run, found["name"], found["parameter"]
        self.value = self.run.spec["params"].get(self.parameter) if self.parameter else None

    @property
    def title(self) -> str:
        value = f"{self.value:g}" if isinstance(self.value, int | float) else self.value
        return f"{self.name} · {self.parameter}={value}" if self.parameter else self.name


def code_of(kind: str, nonce: str, ref: dict, columns: dict, entries: list[Entry]) -> str:
    """The queue's name: the same wish has the same name, so a button pressed twice makes one queue."""
    wish = json.dumps([nonce, ref, columns, [[entry.title, entry.params] for entry in entries]], sort_keys=True)
    return kind + hashlib.sha256(wish.encode()).hexdigest()[:8]


def sweep(method: Method, params: dict, parameter: str, values: list) -> list[Entry]:
    """One run a value of one setting; the others are as in `params`."""
    return [Entry(f"{method.title} · {parameter}={value:g}", method, {**params, parameter: value}) for value in values]


def start(scenario: str, code: str, entries: list[Entry], shared: dict) -> list:
    """Make the runs, in order. Asked again it makes no second ones. `shared`: what the requests of all of them have in common.

    Raises
    ------
    BmcoreError
        If a run was refused. Those before it are in the queue.
    """
    from bmcore import runs

    made = []
    for i, entry in enumerate(entries):
        request = {**shared, "estimator": entry.method.estimator, "params": entry.params}
        request |= {"scenario": scenario, "title": f"{entry.title} · #{code}", "origin": "page"}
        made.append(runs.start(request, token=f"{scenario}:{code}:{i}"))
    return made


def queues(scenario: str, member: type[Member]) -> list[tuple[str, list]]:
    """Every queue of a lab that has a run left, newest first; its runs in the order in which they were started."""
    from bmcore import runs

    found: dict[str, list] = {}
    for run in runs.list_runs():
        named = _TITLE.fullmatch(run.spec["title"] or "") if run.spec["scenario"] == scenario else None
        if named:
            found.setdefault(named["code"], []).append(member(run, named))
    return [(code, entries[::-1]) for code, entries in found.items()]


def members(scenario: str, member: type[Member], code: str) -> list:
    """The runs of a queue; none where there is no such queue."""
    return next((found for known, found in queues(scenario, member) if known == code), []) if CODE.fullmatch(code) else []

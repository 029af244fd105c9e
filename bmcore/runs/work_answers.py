"""The work of a run that searches past answers: data, encode, choose, save, evaluate.

What is saved remembers every pair. What is judged asks each question of all the others, so a held-out part of its own is not needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bmcore.base import Estimator, estimator_class
from bmcore.data import findings, refs
from bmcore.errors import DataError
from bmcore.messages import Message
from bmcore.runs import parts
from bmcore.runs.report import Report
from bmcore.runs.store import Run

LEAST_PAIRS = 10


@dataclass
class Pairs:
    """Questions, their answers, their topics where a column says them, and what was left out."""

    questions: list[str]
    answers: list[str]
    topics: list[str] | None
    notes: list[Message]


def work(run: Run, report: Report, judge: Callable[..., dict]) -> dict:
    """Bring a run to its evaluation; skip the fit if an earlier attempt finished it."""
    spec = run.spec
    report.phase("data")
    found = pairs(refs.load(spec["data"]), spec["columns"])
    report.check()
    report.left.forecast = _forecast(len(set(found.questions)), spec["params"].get("method"))
    for note in found.notes:
        report.note(note)
    search = _fitted(run.folder / "model", spec, found, report)
    report.phase("evaluate")
    return judge(search, found.topics, **spec["split"], report=report.within("evaluate"))


def pairs(frame: Any, columns: dict[str, str]) -> Pairs:
    """The pairs of a table: rows with both a question and an answer, exact copies once.

    Raises
    ------
    DataError
        If a column is missing or fewer than 10 pairs are left.
    """
    frame.columns = [str(name) for name in frame.columns]
    for name in columns.values():
        if found := findings.missing(frame, name, "text"):
            raise DataError(found[0].message)
    asked, said = columns["question"], columns["answer"]
    rows = findings.filled(frame[asked]) & findings.filled(frame[said])
    kept = frame[rows]
    once = kept[~kept[[asked, said]].astype(str).duplicated()]
    if len(once) < LEAST_PAIRS:
        raise DataError(
            "Only {n} different rows have both {question!r} and {answer!r}; at least {least} are needed. Add past questions with answers.",
            n=len(once), question=asked, answer=said, least=LEAST_PAIRS,
        )
    notes = [Message.from_dict(note) for note in frame.attrs.get("notes", [])]
    if len(frame) > len(kept):
        notes.append(Message("{n:,} rows without a question or without an answer are left out.", n=len(frame) - len(kept)))
    if len(kept) > len(once):
        notes.append(Message("{n:,} copies of a pair count once.", n=len(kept) - len(once)))
    topics = once[columns["topic"]].fillna("").astype(str).tolist() if columns.get("topic") else None
    return Pairs(once[asked].astype(str).tolist(), once[said].astype(str).tolist(), topics, notes)


def _fitted(place: Path, spec: dict, found: Pairs, report: Report) -> Estimator:
    if place.is_dir():
        return Estimator.load(place)
    report.phase("encode")
    search = estimator_class(spec["estimator"])(**spec["params"])
    search.fit(found.questions, found.answers, report=report)
    for note in (search.why_, *search.notes_):
        report.note(note)
    report.phase("save")
    parts.folder(place, search.save)
    return search


def _forecast(questions: int, method: str | None) -> dict[str, float]:
    """Seconds by phase on two cores, for the time left; their proportions matter."""
    each = 1e-3 + 3e-7 * questions  # one search
    reads = 0.5 + 1e-4 * questions if method == "words" else 5 + 3e-3 * questions
    return {"encode": reads, "choose": 0.1 + 3 * each * min(questions, 500), "evaluate": 0.5 + 3 * each * min(questions, 2000)}

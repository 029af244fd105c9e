"""`answer RUN QUESTION`: the nearest answers that people have given before."""

from __future__ import annotations

import argparse

from bmcore.commands.output import _, emit, plain
from bmcore.errors import DataError, ParameterError
from bmcore.params import Range

_K = Range(1, 100)


def add(commands: argparse._SubParsersAction) -> None:
    entry = commands.add_parser("answer", help=_("find past answers to a question with a finished run"))
    entry.add_argument("run", metavar=_("RUN"), help=_("id of a run, as `runs` lists it"))
    entry.add_argument("question", metavar=_("QUESTION"), help=_("in quotation marks"))
    entry.add_argument("--k", type=int, default=5, metavar="N", help=_("how many answers, by default 5"))
    entry.add_argument("--json", action="store_true", help=_("print one JSON document"))
    entry.set_defaults(command=_answer)


def _answer(options) -> int:
    from bmcore import runs

    run = runs.get(options.run)
    if run.spec["task"] != "answers":
        raise DataError("Run {id} has no past answers to search. Give the id of a run of AnswerSearch.", id=run.id)
    if not _K.takes(options.k):
        raise ParameterError("{name} cannot be {value}: it takes {allowed}.", name="--k", value=options.k, allowed=_K.allowed())
    if not options.question.strip():
        raise DataError("The question is empty. Write it in quotation marks after the id of the run.")
    found = runs.load(run.id).search([options.question], k=options.k)[0]
    if options.json:
        emit({"id": run.id, "state": run.state, "question": options.question, "answers": found})
        return 0
    if not found:
        print(_("Nothing like this question was asked before."))
    for number, entry in enumerate(found, 1):
        if number > 1:
            print()
        asked = plain(entry["question"])
        print(_("{number}. near: {score:.3f}, asked before: {question}", number=number, score=entry["score"], question=asked))
        print(plain(entry["answer"]))
    return 0

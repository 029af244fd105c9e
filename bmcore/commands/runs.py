"""`runs`, `show`, `cancel`, `resume`, `delete` and the worker's own `exec`."""

from __future__ import annotations

import argparse
from typing import Any

from bmcore.commands import results
from bmcore.commands.output import _, emit, how_long, plain, say, table, when
from bmcore.runs import status


def add(commands: argparse._SubParsersAction) -> None:
    listing = commands.add_parser("runs", help=_("list all runs"))
    listing.set_defaults(command=_list)
    steering = (
        ("show", _show, _("show one run")),
        ("cancel", _cancel, _("ask a run to stop; it can be resumed")),
        ("resume", _resume, _("go on with a run from its last checkpoint")),
        ("delete", _delete, _("remove a run with its model")),
    )
    parsers = [listing]
    for name, command, words in steering:
        entry = commands.add_parser(name, help=words)
        entry.add_argument("run", metavar=_("RUN"), help=_("id of a run, as `runs` lists it"))
        entry.set_defaults(command=command)
        parsers.append(entry)
    for entry in parsers:
        entry.add_argument("--json", action="store_true", help=_("print one JSON document"))
    worker = commands.add_parser("exec", help=_("work a run in this process: what a launcher starts"))
    worker.add_argument("folder", metavar=_("FOLDER"), help=_("folder of the run"))
    worker.add_argument("--lock", type=int, help=argparse.SUPPRESS)
    worker.set_defaults(command=_exec)


def summary(run) -> dict[str, Any]:
    """A run in a listing."""
    spec = run.spec
    return {
        "id": run.id,
        "state": run.state,
        "title": _(run.title()),
        "estimator": spec["estimator"],
        "created": run.created,
        "seconds": run.seconds,
        "origin": spec["origin"],
        "headline": run.headline,
    }


def details(run) -> dict[str, Any]:
    """Everything about a run."""
    reason = run.reason
    return {
        **summary(run),
        "reason": _(reason) if reason else None,
        "queue_position": run.queue_position,
        "progress": run.progress,
        "notes": [_(note) for note in run.notes],
        "folder": str(run.folder),
        "spec": run.spec,
        "evaluation": run.evaluation,
    }


def print_run(run) -> None:
    """A run for people."""
    found = details(run)
    rows = [
        [_("Run"), found["id"]],
        [_("State"), _(status.NAMES[found["state"]])],
        [_("What"), found["title"]],
        [_("Started"), when(found["created"])],
        [_("Time"), how_long(found["seconds"])],
        [_("Folder"), found["folder"]],
    ]
    if found["queue_position"]:
        rows.append([_("Place in the queue"), found["queue_position"]])
    if found["state"] == "running" and found["progress"]:
        now = found["progress"]
        rows.append([_("Now"), f"{now.get('phase')} {now.get('step')}/{now.get('total')}"])
        rows.append([_("Time left"), how_long(now.get("left_s"))])
    table(*_split(rows))
    for sentence in (found["reason"], *found["notes"]):
        if sentence:
            print(plain(sentence))
    if found["evaluation"]:
        results.show(found["evaluation"])


def _split(rows: list[list[Any]]) -> tuple[list[str], list[list[Any]]]:
    return rows[0], rows[1:]


def _list(options) -> int:
    from bmcore import runs

    found = [summary(run) for run in runs.list_runs()]
    if options.json:
        emit(found)
    elif not found:
        print(_("There are no runs yet. Start one with: python -m bmcore train --help"))
    else:
        head = [_("run"), _("state"), _("started"), _("time"), _("ours / baseline"), _("what")]
        table(
            head,
            [
                [
                    run["id"], _(status.NAMES[run["state"]]), when(run["created"]), how_long(run["seconds"]),
                    results.score(run["headline"]), run["title"],
                ]
                for run in found
            ],
        )
    return 0


def _show(options) -> int:
    from bmcore import runs

    run = runs.get(options.run)
    emit(details(run)) if options.json else print_run(run)
    return 0


def _cancel(options) -> int:
    from bmcore import runs

    return _told(options, runs.cancel(options.run), _("Run {id} was asked to stop, if it was still at work.", id=options.run))


def _resume(options) -> int:
    from bmcore import runs

    run = runs.resume(options.run)
    return _told(options, run, _("Run {id} is {state}. See it with: python -m bmcore show {id}", id=run.id, state=run.state))


def _delete(options) -> int:
    from bmcore import runs

    runs.delete(options.run)
    if options.json:
        emit({"id": options.run, "state": "deleted"})
    else:
        say(_("Run {id} is deleted.", id=options.run))
    return 0


def _told(options, run, sentence: str) -> int:
    if options.json:
        emit({"id": run.id, "state": run.state})
    else:
        say(sentence)
    return 0


def _exec(options) -> int:
    from bmcore.runs import worker

    return worker.main(options.folder, options.lock)

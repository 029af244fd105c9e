"""`train ESTIMATOR`: an option for every parameter, drawn from the estimator's signature."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bmcore import base, params
from bmcore.commands import columns
from bmcore.commands import runs as show
from bmcore.commands.output import _, emit, say
from bmcore.errors import ParameterError
from bmcore.runs import tasks

_OWN = ("sample", "data", "hub", *columns.NAMES, "preset", "choose", "prove", "keep", "set", "detach", "title", "json", "help")
_EXIT = {"done": 0, "cancelled": 130}
_GOODBYE_S = 15.0


def add(commands: argparse._SubParsersAction, argv: list[str]) -> None:
    known = ", ".join(name for name in base.ESTIMATORS if name not in tasks.SCRIPTED)
    entry = commands.add_parser("train", help=_("train a model and judge it against a simple one"))
    entry.add_argument("estimator", metavar=_("ESTIMATOR"), help=_("one of: {known}", known=known))
    data = entry.add_mutually_exclusive_group(required=True)
    data.add_argument("--sample", metavar=_("NAME"), help=_("a built-in sample, as `samples` lists them"))
    words = _("a table (csv, tsv, xlsx, jsonl, parquet); for pictures a folder or zip of them; to write also texts: .txt, .md, folder, zip")
    data.add_argument("--data", metavar=_("FILE"), help=words)
    data.add_argument("--hub", metavar=_("ID"), help=_("a data set of the Hugging Face hub, owner/name"))
    columns.add(entry)
    entry.add_argument("--preset", metavar=_("NAME"), help=_("fast, balanced or best"))
    entry.add_argument("--choose", action="store_true", help=_("for groups: find out how many there are, or how near is near, first"))
    words = _("for pictures: make more of this class, and prove on real ones whether that helps a classifier")
    entry.add_argument("--prove", metavar=_("CLASS"), help=words)
    entry.add_argument("--keep", metavar="N", type=int, help=_("with --prove: how many real pictures of that class to learn from"))
    entry.add_argument("--set", metavar=_("NAME=VALUE"), action="append", default=[], help=_("a setting by its name; may be given again"))
    entry.add_argument("--title", metavar=_("TEXT"), help=_("a name for the list of runs"))
    entry.add_argument("--detach", action="store_true", help=_("return at once; the run goes on"))
    entry.add_argument("--json", action="store_true", help=_("print one JSON document"))
    entry.set_defaults(command=_train)
    _settings(entry, argv)


def _settings(entry: argparse.ArgumentParser, argv: list[str]) -> None:
    """The options of the estimator that `argv` names, so that other commands do not import it."""
    name = next(iter(_positional(entry, argv[1:])), None) if argv[:1] == ["train"] else None
    if name not in base.ESTIMATORS:
        return
    group = entry.add_argument_group(_("settings of {estimator}", estimator=name))
    for parameter in params.declared(base.estimator_class(name)).values():
        if parameter.name not in _OWN:
            words = _(
                "{doc} ({allowed}; default {default})", doc=_(parameter.doc), allowed=parameter.allowed(), default=str(parameter.default)
            )
            group.add_argument(
                f"--{parameter.name.replace('_', '-')}",
                dest=f"set_{parameter.name}",
                metavar=_("VALUE"),
                help=words.replace("%", "%%"),
            )


def _positional(entry: argparse.ArgumentParser, words: list[str]) -> Iterator[str]:
    """The words that no option takes, as far as the options are known: the first is the estimator, --title may name another."""
    taking = {name for action in entry._actions if action.nargs is None for name in action.option_strings}
    taken = False
    for word in words:
        if not taken and not word.startswith("-"):
            yield word
        taken = word in taking


def _train(options) -> int:
    from bmcore import runs

    cls = base.estimator_class(options.estimator)
    request = {
        "estimator": options.estimator,
        "params": _values(cls, options),
        "preset": options.preset,
        "data": _data(options, cls.task),
        "columns": columns.given(options, tasks.asks(cls.task)),
        "choose": options.choose,
        "prove": _prove(options),
        "title": options.title,
        "origin": "terminal",
    }
    run = runs.start(request)
    if options.detach:
        return _end(options, run, 1 if run.state == "failed" else 0)
    say(_("Run {id} has started. Ctrl+C stops it; closing this window does not.", id=run.id))
    try:
        state = runs.follow(run)
    except KeyboardInterrupt:
        end = time.monotonic() + _GOODBYE_S
        while run.state in ("queued", "running") and time.monotonic() < end:
            time.sleep(0.2)
        return _end(options, run, 130)
    return _end(options, run, _EXIT.get(state, 1))


def _end(options, run, code: int) -> int:
    if options.json:
        emit(show.details(run))
    elif options.detach:
        print(run.id)
    else:
        show.print_run(run)
    return code


def _values(cls: type, options) -> dict[str, Any]:
    """Settings given by name and by option, parsed and checked."""
    known = params.declared(cls)
    texts = {name: getattr(options, f"set_{name}", None) for name in known}
    for pair in options.set:
        name, found, text = pair.partition("=")
        if not found:
            raise ParameterError("--set takes NAME=VALUE, for example --set epochs=1. But it was: {pair}", pair=pair[:80])
        name = name.strip().replace("-", "_")
        if name not in known:
            params.check(cls, {name: text})
        texts[name] = text
    return {name: known[name].parse(text) for name, text in texts.items() if text is not None}


def _prove(options) -> dict | None:
    if (options.prove is None) != (options.keep is None):
        raise ParameterError("--prove CLASS and --keep N belong together: a class, and how many of its pictures to learn from.")
    return None if options.prove is None else {"class": options.prove, "keep": options.keep}


def _data(options, task: str) -> dict:
    from bmcore.data import refs

    if options.sample is not None:
        return refs.sample(options.sample)
    if options.hub is not None:
        return refs.hub(options.hub)
    return tasks.store(task, Path(options.data))

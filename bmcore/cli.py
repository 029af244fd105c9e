"""The terminal's face: `python -m bmcore COMMAND`, or `bmcore COMMAND` where the package is installed.

    python -m bmcore train TextClassifier --sample dialogues_en --text text --label category --preset fast
    python -m bmcore train KMeans --sample cdnow --prepare purchases --customer customer --date date --money money --choose
    python -m bmcore train EASE --sample movielens_100k
    python -m bmcore train Diffusion --sample digits_28x28 --minutes 2
    python -m bmcore train TextGenerator --sample clothing_reviews --minutes 2
    python -m bmcore runs

Results go to stdout (with --json one document), progress and errors to stderr. Exit code: 0 done, 1 the run failed,
2 something asked for cannot be meant, 130 cancelled. Errors are a sentence, never a traceback (python -X dev shows it).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys

from bmcore.commands import answer, doctor, export, generate, pictures, predict, runs, samples, serve, train
from bmcore.commands.output import _, say
from bmcore.commands.parser import Parser, translated
from bmcore.errors import BmcoreError


def parser(argv: list[str]) -> argparse.ArgumentParser:
    """Every command. The options of `train` depend on the estimator, so they are drawn from `argv`."""
    top = Parser(prog="bmcore", description=_("Train real models on your own data and see whether they are worth having."))
    commands = top.add_subparsers(metavar=_("COMMAND"), required=True, parser_class=Parser)
    doctor.add(commands)
    samples.add(commands)
    train.add(commands, argv)
    runs.add(commands)
    predict.add(commands)
    pictures.add(commands)
    generate.add(commands)
    answer.add(commands)
    export.add(commands)
    serve.add(commands)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Examples
    --------
    >>> main(["runs"])
    There are no runs yet. Start one with: python -m bmcore train --help
    0
    """
    argv = sys.argv[1:] if argv is None else argv
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show Chinese must not end a command
    try:
        with translated():
            options = parser(argv).parse_args(argv)
        return options.command(options) or 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `bmcore runs | head`
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _complain(error)


def _complain(error: Exception) -> int:
    if sys.flags.dev_mode:
        raise error
    if isinstance(error, BmcoreError):
        say(_(error))
    elif isinstance(error, OSError):
        say(
            _(
                "{file} could not be read or written: {reason}.",
                file=str(error.filename or "?"),
                reason=error.strerror or type(error).__name__,
            )
        )
    else:
        say(
            _(
                "Something unexpected went wrong: {kind}: {detail} (python -X dev -m bmcore ... shows where).",
                kind=type(error).__name__,
                detail=str(error)[:300],
            )
        )
    return 2

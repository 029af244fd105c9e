"""`export RUN OUT.zip`: what a run has learned, to take away."""

from __future__ import annotations

import argparse
from pathlib import Path

from bmcore import i18n
from bmcore.commands.output import _, emit, say, size


def add(commands: argparse._SubParsersAction) -> None:
    entry = commands.add_parser("export", help=_("write a run that writes texts into a zip: the model, what it is worth, and its limits"))
    entry.add_argument("run", metavar=_("RUN"), help=_("id of a run, as `runs` lists it"))
    entry.add_argument("output", metavar="OUT.zip", help=_("the zip to write"))
    entry.add_argument("--json", action="store_true", help=_("print one JSON document"))
    entry.set_defaults(command=_export)


def _export(options) -> int:
    from bmcore import runs
    from bmcore.runs import export

    run, place = runs.get(options.run), Path(options.output)
    export.write(run, place, i18n.from_environment())
    written = place.stat().st_size
    if options.json:
        emit({"id": run.id, "state": run.state, "output": str(place), "bytes": written})
    else:
        say(_("{file} is written ({size}). README.md in it says what the model is worth.", file=str(place), size=size(written)))
    return 0

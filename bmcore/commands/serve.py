"""`serve RUN`: a finished run as an HTTP service on this computer."""

from __future__ import annotations

import argparse

from bmcore.commands.output import _, emit
from bmcore.errors import ParameterError


def add(commands: argparse._SubParsersAction) -> None:
    entry = commands.add_parser("serve", help=_("serve a finished run over HTTP on this computer"))
    entry.add_argument("run", metavar=_("RUN"), help=_("id of a run, as `runs` lists it"))
    entry.add_argument("--port", type=int, help=_("by default one that is free"))
    entry.add_argument("--json", action="store_true", help=_("print one JSON document"))
    entry.set_defaults(command=_serve)


def _serve(options) -> int:
    from bmcore.serve import server

    if options.port is not None and not 1 <= options.port <= 65535:
        raise ParameterError("Port {port} does not exist: a port is a whole number from 1 to 65535.", port=options.port)
    told = (lambda url: emit({"id": options.run, "url": url, "docs": f"{url}/docs"})) if options.json else None
    return server.main(options.run, port=options.port, told=told) or 0

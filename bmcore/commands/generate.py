"""`generate RUN [PROMPT]`: new texts by a finished run, shown piece by piece while they are written.

The model is opened in this process, not in a service: one text needs no other process to talk to, Ctrl+C stops it between two pieces
of a word, and nothing stays behind.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from bmcore.commands.output import _, emit, plain, say
from bmcore.errors import DataError, ParameterError
from bmcore.messages import Message
from bmcore.params import Range

DRAFTS, TOKENS = 8, 2_000
_NUMBERS = {
    "drafts": Range(1, DRAFTS), "tokens": Range(1, TOKENS), "temperature": Range(0.0, 10.0), "top_p": Range(0.01, 1.0),
    "seed": Range(0, 2**31 - 1),
}
_STOPPED = 130


def add(commands: argparse._SubParsersAction) -> None:
    entry = commands.add_parser("generate", help=_("write new texts with a finished run"))
    entry.add_argument("run", metavar=_("RUN"), help=_("id of a run, as `runs` lists it"))
    entry.add_argument("prompt", metavar=_("PROMPT"), nargs="?", default="", help=_("how the text begins; by default the model begins"))
    entry.add_argument("--drafts", type=int, default=1, metavar="N", help=_("how many, by default 1"))
    entry.add_argument("--tokens", type=int, default=120, metavar="N", help=_("pieces of a word that are added at most, by default 120"))
    words = _("0 always takes the most likely piece, more is bolder; by default 0.8")
    entry.add_argument("--temperature", type=float, default=0.8, metavar="X", help=words)
    words = _("leaves out the least likely pieces, by default 0.95; 1 leaves out none")
    entry.add_argument("--top-p", type=float, default=0.95, metavar="X", help=words)
    words = _("another number gives other texts, the same number the same ones")
    entry.add_argument("--seed", type=int, default=0, metavar="N", help=words)
    entry.add_argument("--json", action="store_true", help=_("print one JSON document"))
    entry.set_defaults(command=_generate)


def _generate(options) -> int:
    from bmcore import runs

    run = runs.get(options.run)
    if run.spec["task"] != "generation":
        raise DataError("Run {id} has not learned to write. Give the id of a run of TextGenerator.", id=run.id)
    for name, allowed in _NUMBERS.items():
        value = getattr(options, name)
        if not allowed.takes(value):
            flag = f"--{name.replace('_', '-')}"
            raise ParameterError("{name} cannot be {value}: it takes {allowed}.", name=flag, value=value, allowed=allowed.allowed())
    model = runs.load(run.id)
    made: list[str] = []
    try:
        for number in range(options.drafts):
            made.append(_draft(model, options, number))
    except KeyboardInterrupt:
        if not options.json:
            print(flush=True)
        say(_("Stopped."))
        return _STOPPED
    if options.json:
        emit({"id": run.id, "state": run.state, "prompt": options.prompt, "seed": options.seed, "drafts": made})
    return 0


def _draft(model: Any, options, number: int) -> str:
    """A draft, shown while it is written unless it goes into a JSON document."""
    settings = {"max_new_tokens": options.tokens, "temperature": options.temperature, "top_p": options.top_p}
    notes: list[Message] = []
    pieces = model.stream(options.prompt, **settings, seed=options.seed + number, notes=notes)
    text = "".join(pieces) if options.json else _shown(pieces, options, number)
    if number == 0:
        for note in notes:
            say(_(note))
    return text


def _shown(pieces: Iterator[str], options, number: int) -> str:
    if options.drafts > 1:
        print(_("--- draft {number}, seed {seed} ---", number=number + 1, seed=options.seed + number), flush=True)
    _show(options.prompt)
    kept = []
    for piece in pieces:
        _show(piece)
        kept.append(piece)
    print(flush=True)
    return "".join(kept)


def _show(text: str) -> None:
    sys.stdout.write(plain(text))
    sys.stdout.flush()

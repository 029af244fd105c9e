"""Argparse whose complaint is one sentence, and whose own words speak the terminal's language too."""

from __future__ import annotations

import argparse
import contextlib
import gettext
import os
from collections.abc import Iterator

from bmcore import i18n
from bmcore.commands.output import _, say
from bmcore.messages import Message

# what argparse says by itself; it looks its texts up by Python's own gettext, so they need only stand in our catalogue
ARGPARSE = (
    Message("usage: "),
    Message("positional arguments"),
    Message("options"),
    Message("show this help message and exit"),
    Message("argument %(argument_name)s: %(message)s"),
    Message("the following arguments are required: %s"),
    Message("one of the arguments %s is required"),
    Message("not allowed with argument %s"),
    Message("unrecognized arguments: %s"),
    Message("expected one argument"),
    Message("expected at least one argument"),
    Message("ignored explicit argument %r"),
    Message("invalid choice: %(value)r (choose from %(choices)s)"),
    Message("invalid %(type)s value: %(value)r"),
    Message("ambiguous option: %(option)s could match %(matches)s"),
)


class Parser(argparse.ArgumentParser):
    """An argument parser that ends with a sentence and the way to its help."""

    def error(self, message: str):
        say(_("{message}. For help: {command} --help", message=message[:1].upper() + message[1:].rstrip("."), command=self.prog))
        raise SystemExit(2)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Argparse speaks the terminal's language for as long as the block lasts."""
    before = gettext.textdomain(), os.environ.get("LANGUAGE")
    gettext.bindtextdomain(i18n.DOMAIN, str(i18n.FOLDER))
    gettext.textdomain(i18n.DOMAIN)
    os.environ["LANGUAGE"] = i18n.CATALOGUES.get(i18n.from_environment(), "C")  # the one variable that gettext asks first
    try:
        yield
    finally:
        gettext.textdomain(before[0])
        os.environ.pop("LANGUAGE")
        if before[1] is not None:
            os.environ["LANGUAGE"] = before[1]

"""`samples`: what is built in, and fetching it."""

from __future__ import annotations

import argparse

from bmcore.commands.output import _, emit, say, size, table


def add(commands: argparse._SubParsersAction) -> None:
    entry = commands.add_parser("samples", help=_("list the built-in data sets, or fetch them"))
    entry.add_argument("--fetch", metavar=_("NAME"), help=_("fetch one sample, or all"))
    entry.add_argument("--json", action="store_true", help=_("print one JSON document"))
    entry.set_defaults(command=_samples)


def _samples(options) -> int:
    from bmcore.data import samples

    if options.fetch:
        _fetch(list(samples.SAMPLES) if options.fetch == "all" else [samples.sample(options.fetch).key])
    found = [_told(entry) for entry in samples.SAMPLES.values()]
    if options.json:
        emit(found)
    else:
        head = [_("name"), _("rows, pictures or texts"), _("licence"), _("source"), _("download"), _("present")]
        table(head, [_line(entry) for entry in found])
    return 0


def _fetch(names: list[str]) -> None:
    from bmcore.data import samples

    for name in names:
        if not samples.present(name):
            say(_("Fetching {name} ({size}) ...", name=name, size=size(samples.sample(name).size_bytes)))
        samples.fetch(name)


def _told(entry) -> dict:
    """What is known of a sample."""
    from bmcore.data import samples

    return {
        "name": entry.key,
        "title": _(entry.title),
        "kind": entry.kind,
        "rows": entry.rows,
        "licence": entry.licence,
        "source": entry.source,
        "size_bytes": entry.size_bytes,
        "present": samples.present(entry.key),
        "columns": list(entry.columns),
    }


def _line(entry: dict) -> list[str]:
    present = _("yes") if entry["present"] else _("no")
    return [entry["name"], f"{entry['rows']:,}", entry["licence"], entry["source"], size(entry["size_bytes"]), present]

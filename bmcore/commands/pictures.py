"""`sample RUN`: new pictures of a finished run, as a folder, a zip or one contact sheet."""

from __future__ import annotations

import argparse
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bmcore.commands.output import _, emit, say
from bmcore.errors import DataError, ParameterError
from bmcore.params import Range

if TYPE_CHECKING:
    import numpy as np

MOST = 100_000
_AT_ONCE = 1000  # pictures in memory
_ON_SHEET = 400
_NUMBERS = {"n": Range(1, MOST), "seed": Range(0, 2**31 - 1), "steps": Range(1, 1000)}


def add(commands: argparse._SubParsersAction) -> None:
    entry = commands.add_parser("sample", help=_("make new pictures with a finished run"))
    entry.add_argument("run", metavar=_("RUN"), help=_("id of a run, as `runs` lists it"))
    entry.add_argument("--n", type=int, default=100, help=_("how many, by default 100"))
    entry.add_argument("--label", metavar=_("CLASS"), help=_("what they should show; by default classes as often as in the data"))
    entry.add_argument("--seed", type=int, default=0, help=_("another number gives other pictures, the same number the same ones"))
    entry.add_argument("--steps", type=int, help=_("steps from noise to picture, where the model takes several"))
    entry.add_argument("--out", metavar=_("PLACE"), help=_("a new folder, a .zip of pictures, or a .png for one sheet of them all"))
    entry.add_argument("--json", action="store_true", help=_("print one JSON document"))
    entry.set_defaults(command=_sample)


def _sample(options) -> int:
    from bmcore import runs

    run = runs.get(options.run)
    if run.spec["task"] != "pictures":
        raise DataError("Run {id} has not learned to make pictures. Give the id of a run of Diffusion or GAN.", id=run.id)
    for name, allowed in _NUMBERS.items():
        value = getattr(options, name)
        if value is not None and not allowed.takes(value):
            raise ParameterError("{name} cannot be {value}: it takes {allowed}.", name=f"--{name}", value=value, allowed=allowed.allowed())
    place = _free(Path(options.out or f"pictures-{run.id}"), options.n)
    model = runs.load(run.id)
    say(_("Making {n} pictures ...", n=options.n))
    _write(place, _made(model, options))
    if options.json:
        emit({"id": run.id, "state": run.state, "pictures": options.n, "output": str(place)})
    else:
        say(_("{n} pictures are written to {place}.", n=options.n, place=str(place)))
    return 0


def _free(place: Path, n: int) -> Path:
    """Where to write, which nothing else has."""
    if not place.parent.is_dir():
        raise DataError("The folder {folder} does not exist. Make it, or give another place.", folder=str(place.parent))
    if place.exists() or place.is_symlink():
        raise DataError("{place} is there already and is not overwritten. Give another place with --out.", place=str(place))
    if place.suffix.lower() == ".png" and n > _ON_SHEET:
        raise DataError("A sheet holds at most {most} pictures, not {n}. Give --out a folder or a .zip.", most=_ON_SHEET, n=n)
    return place


def _made(model: Any, options) -> Iterator[tuple[np.ndarray, list | None]]:
    """(pictures, their classes), part by part; the first part is what `sample` gives for this seed."""
    for part, start in enumerate(range(0, options.n, _AT_ONCE)):
        count, seed = min(_AT_ONCE, options.n - start), options.seed + part
        yield model.sample(count, options.label, seed=seed, steps=options.steps), model.labels_of(count, options.label, seed)


def _write(place: Path, parts: Iterator[tuple[np.ndarray, list | None]]) -> None:
    """Under a name of its own until it is whole."""
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    kind = place.suffix.lower()
    try:
        {".png": _sheet, ".zip": _zip}.get(kind, _folder)(beside, parts)
        os.rename(beside, place)
    except BaseException:
        _remove(beside)
        raise


def _sheet(place: Path, parts: Iterator) -> None:
    from bmcore.serve import sheets

    images, _labels = next(parts)
    place.write_bytes(sheets.png(sheets.sheet(images, columns=10 if len(images) <= 100 else 20)))


def _zip(place: Path, parts: Iterator) -> None:
    with zipfile.ZipFile(place, "x") as archive:  # a png cannot be packed further
        for name, content in _files(parts):
            archive.writestr(name, content)


def _folder(place: Path, parts: Iterator) -> None:
    place.mkdir()
    for name, content in _files(parts):
        (place / name).write_bytes(content)


def _files(parts: Iterator) -> Iterator[tuple[str, bytes]]:
    """A name that says what it is, and a png."""
    from bmcore.serve import sheets

    number = 0
    for images, labels in parts:
        for at, image in enumerate(images):
            number += 1
            shown = "".join(letter for letter in str(labels[at]) if letter.isalnum() or letter in "-_")[:40] if labels else ""
            yield f"generated-{number:05d}{'-' + shown if shown else ''}.png", sheets.png(image)


def _remove(place: Path) -> None:
    import shutil

    if place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)

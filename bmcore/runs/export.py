"""A finished run that writes, to take away: one zip with the model, its card, its figures and the script that repeats it.

No training text is in it: examples, drafts and the passages that they were compared with stay in the run.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bmcore.errors import DataError, RunError
from bmcore.runs import card, script_generation
from bmcore.runs.store import Run

# of an evaluation; `continuations` and `drafts` hold texts of the people whose texts these are
_FIGURES = (
    "task", "metric", "n_train", "n_test", "characters", "documents", "model", "baselines", "difference", "verdict", "by_length", "seconds",
)
_TELLING = ("training.json", "adapter_config.json", "config.json", "estimator.json")  # where the base is named
_PACKED = (".safetensors", ".npz")  # cannot be made smaller
_THEN = (1980, 1, 1, 0, 0, 0)  # the same run gives the same zip
_BLOCK = 2**20


def write(run: Run, place: Path, language: str = "en") -> None:
    """Write the zip of a finished run; whole or not at all.

    Use it when a model goes to another computer or to people who have to judge it.

    Parameters
    ----------
    run : Run
        Of the task generation, done.
    place : path of a .zip that is not there yet
    language : str
        Of the card, "en" or "zh".

    Raises
    ------
    DataError
        If the place cannot be meant or is taken.
    RunError
        If the run does not write texts, or is not done.

    Notes
    -----
    About 0.01 s a megabyte; memory does not grow with the model. `model/` in it is opened by
    `transformers.AutoModelForCausalLM.from_pretrained`.
    """
    _check(run, place)
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        with beside.open("xb") as file:
            pack(run, file, language)
        os.rename(beside, place)
    finally:
        beside.unlink(missing_ok=True)


def pack(run: Run, target: BinaryIO, language: str = "en") -> None:
    """The zip itself, into an open file.

    Raises
    ------
    RunError
        If the run does not write texts, or is not done.
    """
    if run.spec["task"] != "generation":
        raise RunError(
            "Run {id} does not write texts, so there is no zip of it. Its model is the folder {folder}, which can be copied; or start its "
            "service with: python -m bmcore serve {id}", id=run.id, folder=str(run.folder / "model"),
        )
    if run.state != "done" or run.model_folder is None or not run.evaluation:
        raise RunError("Run {id} cannot be exported: it is {state}. A run that is done can.", id=run.id, state=run.state)
    figures = {name: run.evaluation[name] for name in _FIGURES if name in run.evaluation}
    texts = {
        "README.md": card.card(run, language),
        "evaluation.json": json.dumps(figures, ensure_ascii=False, indent=1),
        "script.py": script_generation.script(run.spec),
        **_terms(run),
    }
    places = _places(run)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(_entry(name, zipfile.ZIP_DEFLATED), _without(text, places).encode("utf-8", "replace"))
        for path in _files(run.model_folder):
            name = f"model/{path.relative_to(run.model_folder).as_posix()}"
            if path.name in _TELLING:
                archive.writestr(_entry(name, zipfile.ZIP_DEFLATED), _without(path.read_text("utf-8"), places).encode())
            else:
                _add(archive, path, name)


def _places(run: Run) -> list[Path]:
    """Folders of this computer that a base model may have come from: nobody else has to know them."""
    from bmcore.text import gemma

    base = Path(str(run.spec["params"].get("model")))
    return [gemma.place().absolute(), *([base] if base.is_absolute() else [])]


def _without(text: str, places: list[Path]) -> str:
    """The text with the name of each folder in place of its whole path."""
    for place in places:
        for written in {json.dumps(str(place))[1:-1], json.dumps(str(place), ensure_ascii=False)[1:-1], repr(str(place))[1:-1]}:
            text = text.replace(written, place.name)
    return text


def _terms(run: Run) -> dict[str, str]:
    """What the terms of Gemma want to go with every model that was made from it."""
    if run.spec["params"].get("model") != "gemma":
        return {}
    from bmcore.text import gemma

    notice = f"Gemma is provided under and subject to the Gemma Terms of Use found at {gemma.ADDRESS}\nThe weights were changed.\n"
    return {"NOTICE": notice, "GEMMA_TERMS.txt": gemma.gemma_terms()["text"]}


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield path


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    kind = zipfile.ZIP_STORED if path.suffix in _PACKED else zipfile.ZIP_DEFLATED
    with path.open("rb") as source, archive.open(_entry(name, kind), "w", force_zip64=True) as into:
        shutil.copyfileobj(source, into, _BLOCK)


def _entry(name: str, kind: int) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name, _THEN)
    found.compress_type, found.external_attr = kind, 0o644 << 16
    return found


def _check(run: Run, place: Path) -> None:
    if place.suffix.lower() != ".zip":
        raise DataError("The export is a zip, so its name has to end in .zip. But it was: {name}", name=place.name)
    if not place.parent.is_dir():
        raise DataError("The folder {folder} does not exist. Make it, or give another place.", folder=str(place.parent))
    if place.exists() or place.is_symlink():
        raise DataError("{place} is there already and is not overwritten. Give another place.", place=str(place))

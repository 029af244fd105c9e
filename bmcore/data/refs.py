"""Where a run's data comes from, as a small dict that its spec.json keeps: a sample, a stored file or a hub data set.

{"kind": "sample", "name": "clothing_reviews"}
{"kind": "file", "name": "messages.csv", "stored": "<sha256>.csv", "sha256": "...", "bytes": 1234}
{"kind": "file", "name": "cats and dogs.zip", "stored": "<sha256>.zip", "sha256": "...", "bytes": 1234}  # pictures, see picture_archive
{"kind": "file", "name": "notes.zip", "stored": "<sha256>.zip", ..., "holds": "texts"}  # texts, see texts_store
{"kind": "hub", "id": "owner/name", "revision": "<commit>", "config": null, "split": "train"}
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bmcore import files
from bmcore.data import read, samples
from bmcore.errors import DataError, StorageError
from bmcore.home import subfolder
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd

_STORED = re.compile(r"[0-9a-f]{64}\.(csv|tsv|txt|xlsx|jsonl|json|parquet)")


def sample(name: str) -> dict[str, Any]:
    """A reference to a built-in sample.

    Raises
    ------
    DataError
        If there is none of that name.
    """
    return {"kind": "sample", "name": samples.sample(name).key}


def store(source: bytes | str | os.PathLike, name: str) -> dict[str, Any]:
    """Keep a person's table in the home folder, named by its content, and give the reference to it.

    Parameters
    ----------
    source : bytes or path
        The table, as uploaded.
    name : str
        Its file name. Only its ending decides anything; the rest is for display.

    Raises
    ------
    DataError
        If it is empty, over the cap or of an ending that tables do not have.
    StorageError
        If the home folder cannot be written.
    """
    content, shown = read._content(source, name)
    ending = read.ending_of(shown) or "csv"
    digest = hashlib.sha256(content).hexdigest()
    stored = f"{digest}.{ending}"
    path = subfolder("data") / stored
    if not _holds(path, digest):
        _write(path, content)
    return {"kind": "file", "name": shown, "stored": stored, "sha256": digest, "bytes": len(content)}


def hub(id: str, revision: str | None = None, config: str | None = None, split: str = "train") -> dict[str, Any]:
    """A reference to a data set on the Hugging Face hub, its revision resolved to a commit.

    Raises
    ------
    DataError
        If the id cannot be one, or the data set has no plain table for this split.
    AssetError
        If the hub cannot be reached.
    """
    from bmcore.data import hub as hub_module

    return hub_module.resolve({"kind": "hub", "id": id, "revision": revision, "config": config, "split": split})


def load(ref: dict[str, Any]) -> pd.DataFrame:
    """The table a reference means, its content verified.

    Raises
    ------
    DataError
        If the reference is damaged, or the file is gone or changed.
    AssetError
        If it has to be fetched and cannot be.
    """
    kind = ref.get("kind") if isinstance(ref, dict) else None
    if is_pictures(ref):
        raise DataError("{name} holds pictures, not a table. Use it where pictures are asked for, or give a table.", name=str(title(ref)))
    if is_texts(ref):
        raise DataError("{name} holds texts, not a table. Use it where texts are asked for, or give a table.", name=str(title(ref)))
    if kind == "sample":
        return samples.load_sample(str(ref.get("name")))
    if kind == "file":
        return read.read_table(content(ref), str(ref.get("name")))
    if kind == "hub":
        from bmcore.data import hub as hub_module

        return hub_module.load(ref)
    raise DataError("This run does not say where its data comes from. Start a new one with a sample, a file or a hub data set.")


def is_pictures(ref: dict[str, Any]) -> bool:
    """True for an archive of pictures or a sample that is pictures; what a hub data set holds is known only when it is read."""
    if not isinstance(ref, dict):
        return False
    if ref.get("kind") == "sample":
        found = samples.SAMPLES.get(str(ref.get("name")))
        return found is not None and found.kind == "pictures"
    return ref.get("kind") == "file" and str(ref.get("stored")).endswith(".zip") and not is_texts(ref)


def is_texts(ref: dict[str, Any]) -> bool:
    """True for an archive of texts or a sample that is texts; a single text file may also be read as a table."""
    if not isinstance(ref, dict):
        return False
    if ref.get("kind") == "sample":
        found = samples.SAMPLES.get(str(ref.get("name")))
        return found is not None and found.kind == "texts"
    return ref.get("kind") == "file" and ref.get("holds") == "texts"


def title(ref: dict[str, Any]) -> Message:
    """What to call the data on a page."""
    kind, name = ref.get("kind"), ref.get("name")
    if kind == "sample" and name in samples.SAMPLES:
        return samples.SAMPLES[name].title
    if kind == "hub":
        return Message("{id} from the hub", id=str(ref.get("id"))[:100])
    return Message("{name}", name=read.display_name(str(name or "table")))


def path(ref: dict[str, Any]) -> Path:
    """Where a stored file lies. Its name is checked, so a doctored reference never leaves the data folder.

    Raises
    ------
    DataError
        If the reference is not one that `store` made.
    """
    stored = ref.get("stored")
    if not isinstance(stored, str) or not _STORED.fullmatch(stored):
        raise DataError("The reference to the file {name} is damaged. Give the file again.", name=read.display_name(str(ref.get("name"))))
    return subfolder("data") / stored


def content(ref: dict[str, Any], most: int = read.MAX_BYTES) -> bytes:
    """The bytes of a stored file, verified.

    Raises
    ------
    DataError
        If the reference is damaged, or the file is gone, changed or of more than `most` bytes.
    """
    name = read.display_name(str(ref.get("name")))
    place = path(ref)
    try:
        with place.open("rb") as file:
            found = file.read(most + 1)
    except OSError as error:
        raise DataError("The file {name} is no longer in the home folder of bmcore. Give it again.", name=name) from error
    if hashlib.sha256(found).hexdigest() != place.stem:
        raise DataError("The stored copy of {name} has changed since it was given. Give the file again.", name=name)
    return found


def _holds(path: Path, digest: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
    except OSError:
        return False


def _write(path: Path, content: bytes) -> None:
    try:
        files.write_bytes(path, content)
    except OSError as error:
        raise StorageError(
            "The table could not be kept in {folder} ({reason}). Free some disk space, or set BMCORE_HOME to a folder you can write to.",
            folder=str(path.parent),
            reason=error.strerror or str(error)[:200],
        ) from error

"""Checkpoints that are whole or not there: files first, their manifest last.

`checkpoints/step-N/` holds safetensors, json and MANIFEST.json (size and sha256 of every other file). Each file is synced
before the manifest is renamed into place, so a manifest that can be seen vouches for files that are on the disk. A folder
whose manifest is missing or does not match is damaged: `newest` skips it. The two newest are kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from bmcore.errors import StorageError
from bmcore.files import fsync_folder
from bmcore.messages import Message

MANIFEST = "MANIFEST.json"
STATE = "state.json"
KEEP = 2
_CHUNK = 16 * 2**20


def save(folder: Path, step: int, tensors: dict[str, dict], state: dict[str, Any]) -> Path:
    """Write `step-<step>` in `folder` and drop all but the two newest.

    Parameters
    ----------
    tensors : {file name: {tensor name: torch.Tensor}}
        Each becomes `<file name>.safetensors`.
    state : dict
        Whatever JSON can hold; becomes state.json.

    Raises
    ------
    StorageError
        If the disk refuses. Earlier checkpoints stay as they were.
    """
    target = Path(folder) / f"step-{step}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_all(target, tensors, state)
        _prune(target.parent, step)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise StorageError(
            "The checkpoint {folder} could not be written ({reason}). Free some disk space and resume: the earlier checkpoint is intact.",
            folder=str(target), reason=error.strerror or str(error),
        ) from error
    return target


def _write_all(target: Path, tensors: dict[str, dict], state: dict[str, Any]) -> None:
    from safetensors.torch import save as serialize

    if target.exists():  # a damaged or repeated one of the same step
        (target / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(target)
    target.mkdir()
    entries = {}
    for name, group in tensors.items():
        content = serialize({key: value.detach().cpu().contiguous() for key, value in group.items()})
        entries[f"{name}.safetensors"] = _write(target / f"{name}.safetensors", content)
    entries[STATE] = _write(target / STATE, json.dumps(state).encode())
    fsync_folder(target)
    _write(target / f".{MANIFEST}", json.dumps({"step": int(target.name[5:]), "files": entries}, indent=1).encode())
    os.replace(target / f".{MANIFEST}", target / MANIFEST)
    fsync_folder(target)
    fsync_folder(target.parent)


def _write(path: Path, content: bytes) -> dict[str, Any]:
    """Write and sync one new file; gives its manifest entry."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view[:_CHUNK]):]
        os.fsync(handle)
    finally:
        os.close(handle)
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def steps(folder: Path) -> list[Path]:
    """Checkpoint folders, newest first, damaged ones included."""
    found = [path for path in Path(folder).glob("step-*") if path.name[5:].isdigit() and path.is_dir()]
    return sorted(found, key=lambda path: int(path.name[5:]), reverse=True)


def fits(found: dict[str, Any], own: dict[str, Any]) -> bool:
    """Whether stored tensors have the names and shapes of a model's own: on another device `auto` may have made another model."""
    return {name: value.shape for name, value in found.items()} == {name: value.shape for name, value in own.items()}


def _prune(folder: Path, step: int) -> None:
    """Keep the newest with a manifest; the manifest goes first so that a half-deleted folder never looks whole.

    What is further on than the step just saved was refused, or training would have gone on from there.
    """
    whole = [path for path in steps(folder) if (path / MANIFEST).is_file()]
    kept = [path for path in whole if int(path.name[5:]) <= step][:KEEP]
    for path in whole:
        if path in kept:
            continue
        with contextlib.suppress(OSError):
            (path / MANIFEST).unlink()
            shutil.rmtree(path)
    for path in steps(folder):
        if path not in whole:
            shutil.rmtree(path, ignore_errors=True)


def read(path: Path) -> tuple[dict[str, dict], dict[str, Any]]:
    """Tensors and state of one checkpoint, every byte verified.

    Raises
    ------
    ValueError or OSError
        If it is damaged.
    """
    from safetensors.torch import load

    entries = json.loads((path / MANIFEST).read_bytes())["files"]
    tensors, state = {}, None
    for name, entry in entries.items():
        if Path(name).name != name:
            raise ValueError(name)
        content = (path / name).read_bytes()
        if len(content) != entry["bytes"] or hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise ValueError(name)
        if name == STATE:
            state = json.loads(content)
        else:
            tensors[name.removesuffix(".safetensors")] = load(content)
    if not isinstance(state, dict):
        raise ValueError(STATE)
    return tensors, state


def newest(folder: Path) -> tuple[tuple[dict[str, dict], dict[str, Any]] | None, list[Message]]:
    """The newest checkpoint that verifies (None if there is none), and a note for each damaged one that was skipped."""
    notes = []
    for path in steps(folder):
        try:
            return read(path), notes
        except Exception:  # whatever is wrong with a damaged file, the next older one is the answer
            notes.append(Message("Checkpoint {name} is damaged or unfinished and was skipped.", name=path.name))
    return None, notes

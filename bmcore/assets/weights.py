"""The header of a safetensors file, read and checked before anything opens the file: sizes, offsets and shapes must add up."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

from bmcore.errors import ModelError

CAP = 100 * 2**20  # bytes of a header
WIDTH = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1, "U16": 2, "U32": 4, "U64": 8}


def header(path: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """{tensor name: (type, shape)} of a file that is what it says. Costs milliseconds whatever the file says.

    Raises
    ------
    ModelError
        If it is damaged.

    Examples
    --------
    >>> from safetensors.numpy import save_file
    >>> import numpy, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_file({"a": numpy.zeros((2, 3), "float32")}, f"{folder}/a.safetensors")
    ...     header(Path(folder) / "a.safetensors")
    {'a': ('F32', (2, 3))}
    """
    try:
        return _read(path)
    except (ValueError, KeyError, TypeError, OSError, struct.error, AttributeError, RecursionError) as error:
        raise ModelError(
            "The weights file {name} is damaged ({reason}). Fetch or export the model again.", name=path.name, reason=str(error)[:80]
        ) from error


def _read(path: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    size = path.stat().st_size
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > min(size - 8, CAP):
            raise ValueError("header longer than the file")
        entries = json.loads(file.read(length), object_pairs_hook=_once)
    entries = {name: entry for name, entry in entries.items() if name != "__metadata__"}
    _add_up(entries, size - 8 - length)
    return {name: (entry["dtype"], tuple(entry["shape"])) for name, entry in entries.items()}


def _add_up(entries: dict[str, Any], size: int) -> None:
    spans = []
    for entry in entries.values():
        start, stop = entry["data_offsets"]
        if any(side < 0 for side in entry["shape"]) or stop - start != math.prod(entry["shape"]) * WIDTH.get(entry["dtype"], 0):
            raise ValueError("shape and size disagree")
        spans.append((start, stop))
    place = 0
    for start, stop in sorted(spans):
        if start != place:
            raise ValueError("tensors overlap or leave gaps")
        place = stop
    if place != size:
        raise ValueError("file is cut or too long")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a tensor is there twice")
    return found

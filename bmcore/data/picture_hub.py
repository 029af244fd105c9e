"""Pictures in Parquet files, as data sets of the hub keep them: a column {bytes, path}, and a label column with its names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from bmcore.data import picture_names
from bmcore.errors import DataError
from bmcore.messages import Message

MOST, MAX_BYTES = 20_000, 500 * 2**20
_LABELS = ("label", "labels", "fine_label", "class", "category", "target")
_BATCH = 64


def load(ref: dict[str, Any]) -> tuple[list, list[Message]]:
    """The pictures of a hub data set, not yet decoded, and notes.

    Raises
    ------
    DataError, AssetError
        As `hub.load`.
    """
    from bmcore.data import hub

    return items([Path(file) for file in hub.fetched(ref, MAX_BYTES) if file.endswith(".parquet")], str(ref["id"]))


def items(files: list[Path], name: str = "parquet") -> tuple[list, list[Message]]:
    """The rows of Parquet files as pictures; of more than 20,000 rows as many, evenly spread.

    Raises
    ------
    DataError
        If there is no column of pictures, or a file is damaged.
    """
    from pyarrow import ArrowException, parquet

    try:
        opened = [parquet.ParquetFile(file) for file in files]
        image, label, names = _columns(opened, name)
        n = sum(one.metadata.num_rows for one in opened)
        wanted = np.unique(np.linspace(0, n - 1, min(n, MOST)).astype(np.int64))
        found = _rows(opened, image, label, names, set(wanted.tolist()))
    except (ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError("{name} is a cut or damaged Parquet file. Write or download it again.", name=name) from error
    notes = [] if len(wanted) == n else [Message("{n} of {all} pictures are used, evenly spread.", n=len(wanted), all=n)]
    return found, notes


def _columns(opened: list, name: str) -> tuple[str, str | None, list[str] | None]:
    """The column of pictures, the column of labels and what its numbers mean."""
    schema = opened[0].schema_arrow if opened else None
    image = next((field.name for field in schema or [] if _holds_pictures(field.type)), None)
    if image is None:
        raise DataError("{name} has no column of pictures. Choose a data set whose tables hold some.", name=picture_names.shown(name, 100))
    names = _class_names((schema.metadata or {}).get(b"huggingface"))
    label = next((one for one in (*names, *_LABELS) if one in schema.names and one != image), None)
    return image, label, names.get(label)


def _holds_pictures(kind) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        place = kind.get_field_index("bytes")
        return place >= 0 and _holds_pictures(kind.field(place).type)
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _class_names(metadata: bytes | None) -> dict[str, list[str]]:
    """Column -> names of its classes, as `datasets` writes them into a file."""
    try:
        features = json.loads(metadata or b"{}")["info"]["features"]
        return {
            str(column): [picture_names.label(str(one)) for one in feature["names"]]
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list)
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _rows(opened: list, image: str, label: str | None, names: list[str] | None, wanted: set[int]) -> list:
    from bmcore.data.picture_read import Item

    found, row, total = [], 0, 0
    for file in opened:
        for batch in file.iter_batches(_BATCH, columns=[image, *([label] if label else [])]):
            labels = batch.column(label).to_pylist() if label else [None] * batch.num_rows
            for cell, one in zip(batch.column(image), labels, strict=True):
                if row in wanted:
                    content = _content(cell.as_py())
                    total += len(content)
                    if total > MAX_BYTES:
                        most = MAX_BYTES // 2**20
                        raise DataError("The pictures have more than {most} MB together. Give fewer or smaller ones.", most=most)
                    found.append(Item(f"{row}", _label(one, names), lambda content=content: content))
                row += 1
    return found


def _content(cell: Any) -> bytes:
    given = cell.get("bytes") if isinstance(cell, dict) else cell
    return given if isinstance(given, bytes) else b""


def _label(value: Any, names: list[str] | None) -> Any:
    if value is None or (isinstance(value, float) and value != value):
        return None
    if names and isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    return value if isinstance(value, int) and not isinstance(value, bool) else picture_names.label(str(value))

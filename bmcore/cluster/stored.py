"""Arrays of a saved model, read so that a damaged or tampered file ends in a sentence and never in a wrong answer.

    with stored.damage(folder, "KMeans", "kmeans.npz", "kmeans.json"):
        arrays = stored.arrays(folder / "kmeans.npz", "cluster_centers", "labels")
        centres = stored.points(arrays["cluster_centers"])
        labels = stored.positions(arrays["labels"], below=len(centres))
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bmcore import files
from bmcore.cluster.inputs import unusable
from bmcore.errors import ModelError


@contextmanager
def damage(folder: Path, estimator: str, arrays: str, rest: str) -> Iterator[None]:
    """Whatever goes wrong inside becomes a ModelError that names the files."""
    try:
        yield
    except Exception:  # a file that somebody changed can raise anything
        raise ModelError(
            "{folder} is not a saved {estimator}: {arrays} or {rest} is missing or damaged. Save the model again.",
            folder=str(folder), estimator=estimator, arrays=arrays, rest=rest,
        ) from None


def arrays(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Arrays of an npz file by name. No memory is taken for more than the file holds.

    Raises
    ------
    Exception
        Of any kind, for a file that numpy's savez did not write: call it inside `damage`.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    size, found = path.stat().st_size, {}
    with zipfile.ZipFile(path) as archive:
        for name in names:
            entry = archive.getinfo(f"{name}.npy")
            # packed entries could grow without bound; savez packs none
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > size:
                raise ValueError(name)
            with archive.open(entry) as member:
                _check_header(member, entry.file_size)
            with archive.open(entry) as member:
                found[name] = np.lib.format.read_array(member, allow_pickle=False)
    return found


def _check_header(member: Any, size: int) -> None:
    """Raise ValueError unless the shape that an array claims fills its entry to the byte."""
    version = np.lib.format.read_magic(member)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, _, dtype = readers[version](member)
    if dtype.hasobject or any(length < 0 for length in shape) or math.prod(shape) * dtype.itemsize != size - member.tell():
        raise ValueError(shape)


def points(array: np.ndarray) -> np.ndarray:
    """(n, d) float32 or float64, C order, finite, of at least one column; else ValueError."""
    if array.ndim != 2 or not array.shape[1] or array.dtype not in (np.float32, np.float64):
        raise ValueError(array.shape)
    if unusable(array).any():
        raise ValueError("not finite")
    return np.ascontiguousarray(array)


SPARSE = ("data", "indices", "indptr")  # what a CSR table consists of


def table(path: Path, name: str, shape: tuple[int, int]) -> Any:
    """The array `name` of an npz file as `points` checks it, or the CSR table of that shape whose parts are there instead."""
    with zipfile.ZipFile(path) as archive:
        whole = f"{name}.npy" in archive.namelist()
    if whole:
        return points(arrays(path, name)[name])
    from scipy.sparse import csr_matrix

    parts = arrays(path, *SPARSE)
    if parts["data"].dtype not in (np.float32, np.float64) or unusable(parts["data"]).any():
        raise ValueError("not finite")
    found = csr_matrix(tuple(parts[part] for part in SPARSE), shape=shape)
    found.check_format(full_check=True)
    return found


def positions(array: np.ndarray, *, below: int, least: int = 0) -> np.ndarray:
    """(n,) whole numbers from `least` to under `below`; else ValueError."""
    if array.ndim != 1 or array.dtype.kind != "i" or (len(array) and not least <= array.min() <= array.max() < below):
        raise ValueError(array.shape)
    return array


def names(listed: Any, columns: int) -> np.ndarray | None:
    """(columns,) object, or None where the table had no names; else ValueError."""
    if not listed:
        return None
    if not isinstance(listed, list) or len(listed) != columns or not all(isinstance(name, str) for name in listed):
        raise ValueError("names")
    return np.array(listed, dtype=object)


def document(path: Path) -> Any:
    """A JSON document, or None if it is absent, not JSON, or nested too deeply to be read."""
    try:
        return files.read_json(path)
    except RecursionError:
        return None

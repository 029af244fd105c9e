"""A recommender's files: arrays in npz without pickle, the rest in json. A damaged file ends in a sentence.

Ids of any type are kept as the bytes of their texts, where each ends, and a letter for its type.
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
from bmcore.errors import ModelError

_TYPES = {"s": str, "i": int, "f": float, "b": lambda text: text == "True"}
_LETTERS = {str: "s", int: "i", float: "f", bool: "b"}


def packed(ids: np.ndarray, name: str) -> dict[str, np.ndarray]:
    """Ids as plain arrays."""
    texts = [str(one).encode("utf-8", "surrogatepass") for one in ids]
    letters = "".join(_LETTERS[type(one)] for one in ids)
    return {
        f"{name}_text": np.frombuffer(b"".join(texts), dtype=np.uint8),
        f"{name}_ends": np.cumsum([len(text) for text in texts], dtype=np.int64),
        f"{name}_types": np.frombuffer(letters.encode(), dtype=np.uint8),
    }


def unpacked(found: dict[str, np.ndarray], name: str) -> np.ndarray:
    """(n,) object: what `packed` was given."""
    text, letters = found[f"{name}_text"].tobytes(), found[f"{name}_types"].tobytes().decode()
    ends = positions(found[f"{name}_ends"], below=len(text) + 1).tolist()
    if len(ends) != len(letters) or (ends[-1] if ends else 0) != len(text) or ends != sorted(ends):
        raise ValueError(name)
    ids = np.empty(len(ends), dtype=object)
    for at, (first, last, letter) in enumerate(zip([0, *ends], ends, letters, strict=False)):
        ids[at] = _TYPES[letter](text[first:last].decode("utf-8", "surrogatepass"))
    return ids


def matrix_arrays(matrix: Any, name: str) -> dict[str, np.ndarray]:
    """A csr matrix as plain arrays."""
    return {
        f"{name}_data": matrix.data, f"{name}_indices": matrix.indices.astype(np.int32), f"{name}_indptr": matrix.indptr.astype(np.int64),
        f"{name}_shape": np.array(matrix.shape, dtype=np.int64),
    }


def matrix_of(found: dict[str, np.ndarray], name: str) -> Any:
    """The csr matrix of `matrix_arrays`; ValueError if its parts do not fit."""
    from scipy.sparse import csr_matrix

    rows, columns = positions(found[f"{name}_shape"], below=2**62).tolist()
    data, indices = found[f"{name}_data"], positions(found[f"{name}_indices"], below=columns)
    # signed before they are compared: a step down between unsigned numbers looks like a huge step up
    indptr = positions(found[f"{name}_indptr"], below=len(indices) + 1).astype(np.int64)
    if len(indptr) != rows + 1 or indptr[0] or indptr[-1] != len(indices) or (np.diff(indptr) < 0).any():
        raise ValueError(name)
    if data.shape != indices.shape or data.dtype != np.float32 or not np.isfinite(data).all():
        raise ValueError(name)
    small = len(indices) < 2**31
    return csr_matrix((data, indices.astype(np.int32), indptr.astype(np.int32 if small else np.int64)), shape=(rows, columns))


@contextmanager
def damage(folder: Path, what: str, *names: str) -> Iterator[None]:
    """Whatever goes wrong inside becomes a ModelError that names the files."""
    try:
        yield
    except Exception:  # a file that somebody changed can raise anything
        raise ModelError(
            "{folder} is not a saved {what}: {files} is missing or damaged. Save the model again.",
            folder=str(folder), what=what, files=", ".join(names),
        ) from None


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """An npz file that `arrays` reads back."""
    np.savez(path, **arrays)


def positions(array: np.ndarray, *, below: int, least: int = 0) -> np.ndarray:
    """(n,) whole numbers from `least` to under `below`; else ValueError."""
    if array.ndim != 1 or array.dtype.kind not in "iu" or (len(array) and not least <= int(array.min()) <= int(array.max()) < below):
        raise ValueError(array.shape)
    return array


def arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an npz file that numpy's savez wrote; no memory is taken for more than the file holds.

    Raises
    ------
    Exception
        Of any kind, for a file that it did not write: call it inside `damage`.
    """
    size, found = path.stat().st_size, {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            # packed entries could grow without bound; savez packs none
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > size:
                raise ValueError(entry.filename)
            with archive.open(entry) as member:
                _check_header(member, entry.file_size)
            with archive.open(entry) as member:
                found[entry.filename.removesuffix(".npy")] = np.lib.format.read_array(member, allow_pickle=False)
    return found


def _check_header(member: Any, size: int) -> None:
    version = np.lib.format.read_magic(member)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, _, dtype = readers[version](member)
    if dtype.hasobject or any(length < 0 for length in shape) or math.prod(shape) * dtype.itemsize != size - member.tell():
        raise ValueError(shape)


def save(recommender: Any, folder: Path) -> None:
    """Write what every recommender has, then what it learned."""
    order = np.zeros(0, np.int64)
    if recommender.content_ is not None:
        from bmcore.recommend import cold

        order = cold.places(recommender)
    np.savez(
        folder / "recommender.npz", popularity=recommender.popularity_, order=order, **matrix_arrays(recommender.history_, "history"),
        **packed(recommender.user_ids_, "users"), **packed(recommender.item_ids_, "items"),
    )
    parts = {name: getattr(recommender, f"{name}_") for name in ("content", "people")}
    for name, part in parts.items():
        if part is not None:
            (folder / name).mkdir(exist_ok=True)
            part.save(folder / name)
    recommender._save_learned(folder)
    files.write_json(folder / "recommender.json", {
        "seconds": recommender.seconds_, "n_learned": recommender._n_learned,
        "parts": [name for name, part in parts.items() if part is not None],
    })


def load(recommender: Any, folder: Path) -> None:
    """Read what `save` wrote.

    Raises
    ------
    ModelError
        If a file is missing or damaged.
    """
    try:
        with damage(folder, type(recommender).__name__, "recommender.npz", "recommender.json"):
            _load(recommender, folder)
    except BaseException:
        recommender._forget()
        raise


def _load(recommender: Any, folder: Path) -> None:
    found, told = arrays(folder / "recommender.npz"), files.read_json(folder / "recommender.json")
    user_ids, item_ids, history = unpacked(found, "users"), unpacked(found, "items"), matrix_of(found, "history")
    n_learned, parts, seconds = told["n_learned"], told["parts"], told["seconds"]
    _check_log(user_ids, item_ids, history, found["popularity"])
    _check_told(n_learned, parts, seconds)
    order = positions(found["order"], below=len(item_ids))
    _check_order(order, found["popularity"], n_learned, "content" in parts)
    recommender.user_ids_, recommender.item_ids_, recommender.history_ = user_ids, item_ids, history
    recommender.popularity_, recommender._n_learned = found["popularity"], n_learned
    recommender.content_ = recommender.people_ = None
    if parts:
        from bmcore.recommend import cold

        cold.load(recommender, folder, parts, order)
    if "content" in parts:
        _check_content(recommender.content_, np.count_nonzero(found["popularity"]))
    recommender._load_learned(folder)
    recommender.seconds_ = float(seconds)


def _check_log(user_ids: np.ndarray, item_ids: np.ndarray, history: Any, popularity: np.ndarray) -> None:
    """Histories of these users and items as `fit` makes them, or ValueError."""
    if history.shape != (len(user_ids), len(item_ids)) or not history.nnz or history.data.min() <= 0:
        raise ValueError("history")
    if any(len(set(ids.tolist())) != len(ids) for ids in (user_ids, item_ids)):
        raise ValueError("ids")
    rising = np.diff(history.indices) > 0
    starts = history.indptr[1:-1]
    rising[starts[(starts > 0) & (starts < history.nnz)] - 1] = True  # from one user to the next
    if not rising.all():
        raise ValueError("history")
    if popularity.dtype != np.int64 or not np.array_equal(popularity, np.bincount(history.indices, minlength=len(item_ids))):
        raise ValueError("popularity")


def _check_told(n_learned: Any, parts: Any, seconds: Any) -> None:
    """What recommender.json says, by itself, or ValueError."""
    if type(n_learned) is not int or type(seconds) not in (int, float) or not 0 <= seconds < math.inf:
        raise ValueError("numbers")
    if not isinstance(parts, list) or parts not in ([], ["content"], ["people"], ["content", "people"], ["people", "content"]):
        raise ValueError("parts")


def _check_order(order: np.ndarray, popularity: np.ndarray, n_learned: int, described: bool) -> None:
    """Where `Content`'s items are: those that somebody chose, all learned, then others, among them all that were not learned."""
    chosen, n = np.flatnonzero(popularity), len(popularity)
    if not chosen[-1] < n_learned <= n or (not described and (n_learned != n or len(order))):
        raise ValueError("n_learned")
    if described and not (
        np.array_equal(order[: len(chosen)], chosen) and np.array_equal(order[order >= n_learned], np.arange(n_learned, n))
        and np.bincount(order).max() == 1
    ):
        raise ValueError("order")


def _check_content(content: Any, chosen: int) -> None:
    """What `Content` cannot know when it is read: how many items were chosen, and how many words its vectors count."""
    if content.known_ != chosen:
        raise ValueError("known")
    if not (hasattr(content.weights_, "indptr") and hasattr(content._probe_weights, "indptr")):
        raise ValueError("weights")
    words = getattr(content.reader_, "terms_", None)
    if hasattr(content.vectors_, "indptr") != (words is not None) or (words is not None and content.vectors_.shape[1] != len(words)):
        raise ValueError("vectors")

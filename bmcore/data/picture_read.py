"""From many picture files to `Pictures`: headers first, then each file is decoded, at one size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bmcore.data import picture_archive, picture_check, picture_files, picture_names, read
from bmcore.data.pictures import Pictures
from bmcore.errors import DataError
from bmcore.messages import Message

MAX_ALL_PIXELS = 5_000_000_000  # decoded in about a minute
MAX_KEPT = 2**30  # bytes of what is learned from
MAX_CLASSES = 500
_USUAL = 64  # without a wish, larger pictures are reduced to this: four times the side costs sixteen times the training
_SPLITS = ("train", "training", "test", "val", "valid", "validation")
_LABELS = ("label", "labels", "class", "category", "target")


@dataclass
class Item:
    """One picture file that has not been opened."""

    name: str
    label: Any
    read: Callable[[], bytes]


def check_size(size: Any) -> int | None:
    """The wished size, or None.

    Raises
    ------
    DataError
        If it is no whole number from 8 to 256.
    """
    if size is None:
        return None
    whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
    if not whole or not picture_files.LEAST <= size <= picture_files.MOST:
        raise DataError("The size of pictures is a whole number from {least} to {most}, not {size!r}.", least=picture_files.LEAST,
                        most=picture_files.MOST, size=str(size)[:40])
    return int(size)


def from_file(ref: dict[str, Any], size: int | None, report: Callable | None) -> Pictures:
    """The pictures of a stored archive, or of a stored Parquet file with a column of pictures."""
    if str(ref.get("stored")).endswith(".parquet"):
        from bmcore.data import picture_hub, refs

        return build(*picture_hub.items([refs.path(ref)]), size, report)
    with picture_archive.opened(ref) as archive:
        items, notes = _items(archive)
        return build(items, notes, size, report)


def build(items: list[Item], notes: list[Message], size: int | None, report: Callable | None) -> Pictures:
    """Two passes: the headers tell the size and what is refused, then each file is decoded.

    Raises
    ------
    DataError
        If fewer than two can be read, or all together are over a cap.
    """
    notes, left = list(notes), []
    kept, sizes = _headers(items, left)
    _enough(kept, left)
    wanted = size or _own_size(sizes)
    if len(kept) * wanted * wanted * 3 > MAX_KEPT:
        raise DataError(
            "{n} pictures of {size} x {size} pixels need more than {most} MB. Choose a smaller size or give fewer pictures.",
            n=len(kept), size=wanted, most=MAX_KEPT // 2**20,
        )
    images, rows = _decoded(kept, wanted, left, report)
    kept, sizes = [kept[row] for row in rows], sizes[rows]
    _enough(kept, left)
    notes += _left_out(left) + picture_check.of_sizes(sizes, wanted, size is not None)
    middle = np.median(sizes, axis=0).astype(int)
    pictures = Pictures(_stacked(images), _labels(kept, notes), [item.name for item in kept], notes, (int(middle[1]), int(middle[0])))
    pictures.notes += picture_check.warnings(pictures)
    return pictures


def resized(pictures: Pictures, size: int | None) -> Pictures:
    """Pictures in memory at another size."""
    if size is None or size == pictures.images.shape[1]:
        return pictures
    from PIL import Image

    filter = Image.Resampling.LANCZOS if size < pictures.images.shape[1] else Image.Resampling.BICUBIC
    images = np.stack([np.asarray(Image.fromarray(image).resize((size, size), filter)) for image in pictures.images])
    return Pictures(images, pictures.labels, pictures.names, list(pictures.notes), tuple(pictures.images.shape[1:3]))


def _items(archive) -> tuple[list[Item], list[Message]]:
    """The picture files of an archive in the order of their names, and what is said of the others."""
    entries = {}
    for entry in archive.infolist():
        name = picture_names.decoded(entry.orig_filename, bool(entry.flag_bits & 0x800)).replace("\\", "/")
        if not entry.is_dir() and not name.endswith("/") and not picture_names.is_hidden(name):
            entries[name] = entry
    pictures = sorted(name for name in entries if picture_names.is_picture(name))
    others = sorted(name for name in entries if not picture_names.is_picture(name) and not picture_names.is_metadata(name))
    notes = [] if not others else [
        Message("{n} files are no png, jpg or webp pictures and were left out: {names}.", n=len(others), names=picture_names.some(others))
    ]
    labels = _by_folder(pictures, notes) | _by_metadata(archive, entries, notes)
    content = partial(picture_archive.content, archive, most=picture_files.MAX_BYTES)
    return [Item(picture_names.shown(name, 120), labels.get(name), partial(content, entries[name])) for name in pictures], notes


def _by_folder(names: list[str], notes: list[Message]) -> dict[str, str]:
    """The last folder above each file; where that is the same for all, the one above it."""
    folders = {name: picture_names.folders(name) for name in names}
    for up in range(1, 1 + max((len(path) for path in folders.values()), default=0)):
        known = {path[-up] for path in folders.values() if len(path) >= up}
        if len(known) > MAX_CLASSES:
            notes.append(Message("{n} folders are too many for classes (at most {most}), so all pictures count as one kind.", n=len(known),
                                 most=MAX_CLASSES))
            return {}
        if len(known) > 1:
            paths = [path[: len(path) - up + 1] for path in folders.values() if len(path) >= up]
            notes += _in_several_places(paths)
            return {name: path[-up] for name, path in folders.items() if len(path) >= up}
    return {}


def _in_several_places(paths: list[tuple[str, ...]]) -> list[Message]:
    """What is said where folders of one name lie in several others, which may be the classes that are meant."""
    places: dict[str, set[str]] = {}
    for path in paths:
        if len(path) > 1 and path[-2].lower() not in _SPLITS:
            places.setdefault(path[-1], set()).add("/".join(path[-2:]))
    several = next((sorted(found) for found in places.values() if len(found) > 1), None)
    return [] if several is None else [Message(
        "The last folder is the class, so {first} and {second} are one class. If the folders above are meant, leave out the last ones.",
        first=picture_names.shown(several[0]), second=picture_names.shown(several[1]),
    )]


def _by_metadata(archive, entries: dict, notes: list[Message]) -> dict[str, str]:
    """Labels from metadata.csv or metadata.jsonl files, as image folders of `datasets` have them: file_name and a label column."""
    found: dict[str, str] = {}
    for name in sorted(name for name in entries if picture_names.is_metadata(name)):
        try:
            frame = read.read_table(picture_archive.content(archive, entries[name], read.MAX_BYTES), name.rsplit("/", 1)[-1])
        except DataError as error:
            left = picture_names.shown(name)
            notes.append(Message("{name} could not be read and was left out. {reason}", name=left, reason=error.message))
            continue
        lowered = {str(column).lower(): column for column in frame.columns}
        label = next((lowered[one] for one in _LABELS if one in lowered), None)
        if label is None or "file_name" not in lowered:
            continue
        folder = name.rpartition("/")[0]
        for file, value, given in zip(frame[lowered["file_name"]].astype(str), frame[label], frame[label].notna(), strict=True):
            if given:
                file = file.replace("\\", "/").removeprefix("./")
                found[f"{folder}/{file}".lstrip("/")] = picture_names.label(str(value))
    return found if len(set(found.values())) <= MAX_CLASSES else {}


def _headers(items: list[Item], left: list) -> tuple[list[Item], np.ndarray]:
    """Items that may be decoded, with width and height of each."""
    kept, sizes, pixels = [], [], 0
    for item in items:
        try:
            header = picture_files.check(item.read(), item.name)
        except DataError as error:
            left.append((item.name, error.message))
            continue
        pixels += header.width * header.height
        if pixels > MAX_ALL_PIXELS:
            raise DataError("The pictures have more than {most} thousand million pixels together. Save them smaller or give fewer.",
                            most=MAX_ALL_PIXELS // 10**9)
        kept.append(item)
        sizes.append((header.width, header.height))
    return kept, np.array(sizes, np.int64).reshape(-1, 2)


def _enough(kept: list[Item], left: list) -> None:
    if len(kept) >= 2:
        return
    if left:
        raise DataError("At least two pictures are needed; {n} can be read. {reason}", n=len(kept), reason=left[0][1])
    raise DataError("At least two pictures are needed; {n} were found. Give png, jpg or webp files.", n=len(kept))


def _own_size(sizes: np.ndarray) -> int:
    """The middle of the shorter sides, from 8 to 64, a multiple of 4."""
    middle = float(np.median(sizes.min(axis=1)))
    return int(np.clip(4 * (middle // 4), picture_files.LEAST, _USUAL))


def _decoded(items: list[Item], size: int, left: list, report: Callable | None) -> tuple[list[np.ndarray], list[int]]:
    images, rows = [], []
    for row, item in enumerate(items):
        try:
            images.append(picture_files.read_picture(item.read(), item.name, size=size))
            rows.append(row)
        except DataError as error:
            left.append((item.name, error.message))
        if report is not None and row % 16 == 0:
            report(row, len(items), phase="data")
    return images, rows


def _stacked(images: list[np.ndarray]) -> np.ndarray:
    """(n, h, w) if all are grey, else (n, h, w, 3). Empties the list, so that memory is not needed twice for long."""
    grey = all(image.ndim == 2 for image in images)
    out = np.empty((len(images), *images[0].shape[:2]) if grey else (len(images), *images[0].shape[:2], 3), np.uint8)
    for row in range(len(images) - 1, -1, -1):
        image = images.pop()
        out[row] = image if grey or image.ndim == 3 else image[..., None]
    return out


def _labels(items: list[Item], notes: list[Message]) -> np.ndarray | None:
    """What each picture shows; None unless there are two classes."""
    known = Counter(item.label for item in items if item.label is not None)
    if len(known) < 2:
        return None
    without = len(items) - sum(known.values())
    if without:
        notes.append(Message("{n} pictures lie in no folder; they are of the class {name!r}.", n=without, name="other"))
    labels = ["other" if item.label is None else item.label for item in items]
    numbers = all(isinstance(label, int) for label in labels)
    return np.array(labels, np.int64) if numbers else np.array([str(label) for label in labels])


def _left_out(left: list) -> list[Message]:
    if not left:
        return []
    names = picture_names.some([name for name, _ in left])
    return [Message("{n} pictures could not be used and were left out: {names}. {reason}", n=len(left), names=names, reason=left[0][1])]

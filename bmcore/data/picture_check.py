"""What a person should know of their pictures before anything is learned: sizes, small classes, copies, empty ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bmcore.data import picture_names
from bmcore.messages import Message

if TYPE_CHECKING:
    from bmcore.data.pictures import Pictures

FEW = 20  # pictures of a class
_EMPTY = 2.0  # standard deviation of the pixels
_UPSCALED, _VERY_DIFFERENT = 2.0, 4.0


def of_sizes(sizes: np.ndarray, wanted: int, asked: bool) -> list[Message]:
    """Notes on (n, 2) widths and heights that are brought to the square `wanted`."""
    notes, shorter = [], sizes.min(axis=1)
    middle = np.median(sizes, axis=0).astype(int)
    if not asked and int(np.median(shorter)) > wanted:
        notes.append(Message(
            "The pictures come in about {width} x {height} pixels and are learned at {size} x {size}. A larger size can be asked for.",
            width=int(middle[0]), height=int(middle[1]), size=wanted,
        ))
    small = int((wanted > _UPSCALED * shorter).sum())
    if small:
        notes.append(Message(
            "{n} pictures are enlarged more than twice and will look blurred. Choose a smaller size or leave them out.", n=small
        ))
    if shorter.max() > _VERY_DIFFERENT * shorter.min():
        notes.append(Message(
            "The pictures have very different sizes: their shorter sides go from {least} to {most} pixels.",
            least=int(shorter.min()), most=int(shorter.max()),
        ))
    cut = int((sizes.max(axis=1) > 2 * shorter).sum())
    if cut:
        notes.append(Message("{n} pictures are more than twice as long as wide; only the square in their middle is used.", n=cut))
    return notes


def warnings(pictures: Pictures) -> list[Message]:
    """Notes on pictures of one size: small classes, exact copies, near-empty ones."""
    return _small_classes(pictures) + _copies(pictures) + _empty(pictures)


def _small_classes(pictures: Pictures) -> list[Message]:
    small = [f"{name} ({n})" for name, n in pictures.classes.items() if n < FEW]
    if small:
        return [Message("{n} classes have fewer than {few} pictures, which is little to learn from: {names}.", n=len(small), few=FEW,
                        names=picture_names.some(small))]
    if pictures.labels is None and len(pictures) < FEW:
        return [Message("{n} pictures are little to learn from: the model will mostly repeat them.", n=len(pictures))]
    return []


def _copies(pictures: Pictures) -> list[Message]:
    from bmcore.data.pictures import same

    groups = same(pictures)
    first = np.zeros(len(groups), bool)
    first[np.unique(groups, return_index=True)[1]] = True
    again = np.flatnonzero(~first)
    notes = []
    if len(again):
        names = picture_names.some([pictures.names[row] for row in again])
        notes.append(Message("{n} pictures are exact copies of another: {names}. They are kept together when pictures are held out.",
                             n=len(again), names=names))
    if len(again) and pictures.labels is not None:
        pairs = np.unique(np.stack([groups, np.unique(pictures.labels, return_inverse=True)[1]]), axis=1)
        torn = int((np.bincount(pairs[0]) > 1).sum())
        if torn:
            notes.append(Message("{n} pictures occur in more than one class. Leave each in the class it belongs to.", n=torn))
    return notes


def _empty(pictures: Pictures) -> list[Message]:
    empty = [name for name, image in zip(pictures.names, pictures.images, strict=True) if image.std() < _EMPTY]
    if not empty:
        return []
    return [Message("{n} pictures are nearly empty, of one plain colour: {names}.", n=len(empty), names=picture_names.some(empty))]

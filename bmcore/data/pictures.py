"""Pictures to learn from: all of one size, each with the class it shows, if there are classes.

pictures = load_pictures(store_archive("my pictures.zip"))
train, test = split_pictures(pictures)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bmcore.data.picture_archive import store_archive
from bmcore.errors import DataError
from bmcore.messages import Message

__all__ = ["Pictures", "load_pictures", "split_pictures", "store_archive"]

@dataclass
class Pictures:
    """Pictures of one size and one number of channels, in memory.

    Use it when pictures go from a file or a sample into an estimator.

    Parameters
    ----------
    images : (n, h, w) uint8 grey, or (n, h, w, 3) uint8 colour
    labels : (n,) int or str, or None
        What each picture shows; None without classes.
    names : list of str
        Their file names, for display only.
    notes : list of Message
        What a person should know: files left out, exact copies, sizes, small classes.
    own_size : (height, width) or None
        The middle of the sizes that the pictures came in; None if they are as they came.

    Notes
    -----
    Memory: n h w c bytes.

    Examples
    --------
    >>> pictures = Pictures(np.zeros((3, 8, 8), np.uint8), np.array(["a", "b", "a"]), ["1.png", "2.png", "3.png"])
    >>> pictures.pixels.shape, pictures.take([0, 2]).labels.tolist()
    ((3, 8, 8, 1), ['a', 'a'])
    """

    images: np.ndarray
    labels: np.ndarray | None
    names: list[str]
    notes: list[Message] = field(default_factory=list)
    own_size: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def pixels(self) -> np.ndarray:
        """(n, h, w, c) uint8, with one channel for grey."""
        return self.images if self.images.ndim == 4 else self.images[..., None]

    @property
    def classes(self) -> dict[Any, int]:
        """How many pictures each class has, in the order of the classes; empty without classes."""
        if self.labels is None:
            return {}
        names, counts = np.unique(self.labels, return_counts=True)
        return dict(zip(names.tolist(), counts.tolist(), strict=True))

    def take(self, rows) -> Pictures:
        """The pictures of these rows, in their order."""
        rows = np.arange(len(self))[rows]
        labels = None if self.labels is None else self.labels[rows]
        return Pictures(self.images[rows], labels, [self.names[row] for row in rows], list(self.notes), self.own_size)


def load_pictures(ref: dict[str, Any], *, size: int | None = None, report: Callable | None = None) -> Pictures:
    """The pictures that a reference means: a sample, a stored archive or a data set of the hub.

    Use it when a run or a page begins from a reference that its spec keeps.

    Parameters
    ----------
    ref : dict
        As `store_archive`, `refs.sample` or `refs.hub` give it.
    size : int, optional
        Height and width to bring all of them to, 8 to 256. By default their own: the middle of their shorter sides, at most 64,
        a multiple of 4.
    report : callable, optional
        Called as `report(done, all, phase="data")`; it may raise `Cancelled`.

    Returns
    -------
    Pictures
        Turned as their EXIF says, transparency on white, cut to the square in their middle, reduced with antialiasing; grey if all
        are. Broken files are left out and listed in `notes`.

    Raises
    ------
    DataError
        If the reference is damaged or of a table, the archive is refused, or fewer than two pictures can be read.
    AssetError
        If it has to be fetched and cannot be.

    Notes
    -----
    About 0.2 ms for a small picture, 0.1 s for a photo of 12 megapixels. Memory: the result twice, and eight bytes a pixel of the
    largest picture.

    Examples
    --------
    >>> load_pictures({"kind": "sample", "name": "digits_8x8"}).images.shape
    (1797, 8, 8)
    """
    from bmcore.data import picture_read, samples

    kind = ref.get("kind") if isinstance(ref, dict) else None
    size = picture_read.check_size(size)
    if kind == "sample":
        name = str(ref.get("name"))
        if samples.sample(name).kind != "pictures":
            raise DataError("The sample {name} is a table, not pictures. Choose a sample of pictures or give a zip of your own.", name=name)
        return picture_read.resized(samples.load_sample(name), size)
    if kind == "file":
        return picture_read.from_file(ref, size, report)
    if kind == "hub":
        from bmcore.data import picture_hub

        return picture_read.build(*picture_hub.load(ref), size, report)
    raise DataError("This does not say where the pictures come from. Choose a sample, a zip of pictures or a data set of the hub.")


def split_pictures(pictures: Pictures, *, test: float = 0.15, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to judge by, each class in the same share; exact copies are never on both sides.

    Use it when what was learned is to be judged by pictures that it never saw.

    Parameters
    ----------
    pictures : Pictures
    test : float, default 0.15
        Share of each class that is held out; of a class with two different pictures or more, at least one.
    seed : int

    Returns
    -------
    train, test : (n,) int64 each, ascending

    Raises
    ------
    DataError
        If there are no two different pictures.

    Notes
    -----
    Time and memory as one pass over the pixels.

    Examples
    --------
    >>> pictures = Pictures(np.arange(6, dtype=np.uint8).repeat(64).reshape(6, 8, 8), None, list("abcdef"))
    >>> train, test = split_pictures(pictures, test=0.3)
    >>> len(train), len(test)
    (4, 2)
    """
    groups = same(pictures)
    if groups.max() == 0:
        raise DataError("All pictures are exact copies of one. Give at least two that differ.")
    first = np.unique(groups, return_index=True)[1]  # the first row of each group says its class
    strata = np.zeros(len(first), int) if pictures.labels is None else np.unique(pictures.labels[first], return_inverse=True)[1]
    weights, random = np.bincount(groups), np.random.default_rng(seed)
    held = np.zeros(len(first), bool)
    for stratum in range(strata.max() + 1):
        members = random.permutation(np.flatnonzero(strata == stratum))
        held[_hold_out(members, weights[members], test)] = True
    if not held.any():  # classes of one picture each: one of all is held out
        held[random.integers(len(held))] = True
    return np.flatnonzero(~held[groups]), np.flatnonzero(held[groups])


def _hold_out(members: np.ndarray, weights: np.ndarray, share: float) -> np.ndarray:
    """The first groups whose pictures come nearest to the share; at least one, and never all."""
    if len(members) < 2:
        return members[:0]
    reached = np.cumsum(weights)
    n = int(np.abs(reached - share * reached[-1]).argmin()) + 1
    return members[: min(max(n, 1), len(members) - 1)]


def same(pictures: Pictures) -> np.ndarray:
    """(n,) the same number for pictures whose pixels are equal, numbered from 0 in order of appearance."""
    import hashlib

    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(hashlib.sha256(np.ascontiguousarray(image)).digest(), len(seen)) for image in pictures.images])

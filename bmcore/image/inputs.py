"""Pictures and their classes as people give them, checked and brought to one form. numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bmcore.errors import DataError, ParameterError

SMALLEST, LARGEST = 8, 256  # sides in pixels
MOST_CLASSES = 1000  # a diffusers DiTPipeline asks for "no class" by the number 1000
MOST_ASKED = 100_000  # pictures of one call


@dataclass
class Learnable:
    """What a fit learns from."""

    pixels: np.ndarray  # (n, h, w, c) uint8
    numbers: np.ndarray  # (n,) int64 class numbers, all 0 without classes
    classes: np.ndarray | None  # (k,) sorted labels

    @property
    def k(self) -> int:
        """How many classes; 0 without."""
        return 0 if self.classes is None else len(self.classes)


def learnable(images: Any, labels: Any, size: int | None) -> Learnable:
    """What is given to `fit`, checked.

    Parameters
    ----------
    images : Pictures, or uint8 array (n, h, w) or (n, h, w, c)
    labels : sequence of n labels, optional
        Default: those of the Pictures.
    size : int, optional
        Side in pixels to bring them to; default their own.

    Raises
    ------
    DataError
    """
    if labels is None and not isinstance(images, np.ndarray):
        labels = getattr(images, "labels", None)
    pixels = pictures_of(images)
    if len(pixels) < 2:
        raise DataError("There are {n} pictures to learn from. Give at least 2, better some hundreds.", n=len(pixels))
    pixels = resized(pixels, size)
    h, w = pixels.shape[1:3]
    if not (min(h, w) >= SMALLEST and max(h, w) <= LARGEST):
        raise DataError(
            "The pictures are {w} x {h} pixels. A side may have {low} to {high}: set image_size to a number in between.",
            w=w, h=h, low=SMALLEST, high=LARGEST,
        )
    classes, numbers = _classes(labels, len(pixels))
    return Learnable(pixels, numbers, classes)


def pictures_of(images: Any) -> np.ndarray:
    """Pictures as one array (n, h, w, c) uint8, c 1 or 3.

    Raises
    ------
    DataError
        If they are of another kind or shape.
    """
    images = getattr(images, "images", images)
    if isinstance(images, str | bytes):
        raise DataError("A text was given in place of pictures. Read the pictures first, for example with load_pictures.")
    try:
        pixels = np.asarray(images)
    except ValueError:
        raise DataError("The pictures have different sizes. Bring them to one size first, for example with load_pictures.") from None
    if pixels.dtype == object:
        raise DataError("The pictures have different sizes. Bring them to one size first, for example with load_pictures.")
    if pixels.dtype != np.uint8:
        raise DataError(
            "The pictures hold numbers of type {dtype}. Give whole numbers from 0 (black) to 255 (white) of type uint8.",
            dtype=str(pixels.dtype),
        )
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    if pixels.ndim != 4 or pixels.shape[-1] not in (1, 3) or 0 in pixels.shape[1:]:
        raise DataError(
            "The pictures have the shape {shape}. Give (n, height, width) for grey ones or (n, height, width, 3) for colour.",
            shape=str(tuple(np.shape(images)))[:80],
        )
    return pixels


def one_picture(image: Any, shape: tuple[int, int, int]) -> np.ndarray:
    """One picture (h, w) or (h, w, c) brought to the learned shape: (1, h, w, c) uint8; its size and channels are changed where needed."""
    pixels = np.asarray(image)
    if pixels.ndim not in (2, 3):
        raise DataError("Give one picture of the shape (height, width) or (height, width, 3), not {shape}.", shape=str(pixels.shape)[:80])
    return fitted(pictures_of(pixels[None]), shape)


def fitted(pixels: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Pictures with the learned number of channels and the learned size."""
    h, w, c = shape
    if pixels.shape[-1] != c:
        grey = pixels @ np.array([0.299, 0.587, 0.114]) if c == 1 else None
        pixels = np.repeat(pixels, 3, axis=-1) if grey is None else np.rint(grey).astype(np.uint8)[..., None]
    return pixels if pixels.shape[1:3] == (h, w) else _scaled(pixels, h, w)


def resized(pixels: np.ndarray, size: int | None) -> np.ndarray:
    """The centre square of each picture, `size` pixels a side; without a size they stay as they are."""
    if size is None or pixels.shape[1:3] == (size, size):
        return pixels
    h, w = pixels.shape[1:3]
    side = min(h, w)
    top, left = (h - side) // 2, (w - side) // 2
    return _scaled(pixels[:, top:top + side, left:left + side], size, size)


def _scaled(pixels: np.ndarray, h: int, w: int) -> np.ndarray:
    from PIL import Image

    scaled = np.empty((len(pixels), h, w, pixels.shape[-1]), np.uint8)
    for at, picture in enumerate(pixels):
        plain = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
        scaled[at] = np.asarray(plain.resize((w, h), Image.Resampling.LANCZOS)).reshape(h, w, -1)
    return scaled


def _classes(labels: Any, n: int) -> tuple[np.ndarray | None, np.ndarray]:
    if labels is None:
        return None, np.zeros(n, np.int64)
    if isinstance(labels, str | bytes):
        raise DataError("labels is one single text. Give a list with one label for each picture.")
    labels = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    if len(labels) != n:
        raise DataError("There are {n} pictures and {labels} labels. Give exactly one label for each picture.", n=n, labels=len(labels))
    for row, label in enumerate(labels):
        if label is None or label != label:
            raise DataError("Picture {row} (counted from 0) has no label. Fill it in or leave the picture out.", row=row)
    if not all(type(label) is int for label in labels):
        labels = [str(label) for label in labels]
    classes = sorted(set(labels))
    if len(classes) > MOST_CLASSES:
        raise DataError(
            "There are {k} different labels. At most {most} can be learned: give the pictures fewer classes, or none.",
            k=len(classes), most=MOST_CLASSES,
        )
    place = {label: number for number, label in enumerate(classes)}
    return classes_of(classes), np.array([place[label] for label in labels], np.int64)


def classes_of(classes: list[Any]) -> np.ndarray:
    """Sorted labels as an array: int64, or object for text."""
    return np.array(classes, dtype=np.int64 if all(type(label) is int for label in classes) else object)


def asked_classes(label: Any, classes: np.ndarray | None, n: int) -> np.ndarray | None:
    """Class numbers of the n pictures asked for; None where nothing was asked.

    Raises
    ------
    DataError
        For a label that was not learned.
    """
    if label is None:
        return None
    if classes is None:
        raise DataError("The pictures were learned without classes, so none can be asked for. Leave out label, or fit with labels.")
    several = isinstance(label, list | tuple | np.ndarray)
    wanted = (label.tolist() if hasattr(label, "tolist") else list(label)) if several else [label]
    if several and len(wanted) != n:
        raise DataError("There are {labels} labels for {n} pictures. Give one label, or one for each picture.", labels=len(wanted), n=n)
    place = {str(one): number for number, one in enumerate(classes.tolist())}
    numbers = [place.get(str(one), -1) for one in wanted]
    if -1 in numbers:
        raise DataError(
            "No pictures of class {label} were learned. The classes are: {known}.", label=repr(wanted[numbers.index(-1)])[:60],
            known=", ".join(list(place)[:30]),
        )
    return np.array(numbers if several else numbers * n, np.int64)


def whole(name: str, value: Any, low: int, high: int) -> int:
    """A whole number in its range, or ParameterError."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or not low <= int(value) <= high:
        raise ParameterError("{name} cannot be {value}: it takes a whole number from {low} to {high}.",
                             name=name, value=repr(value)[:40], low=low, high=high)
    return int(value)


def number(name: str, value: Any, low: float, high: float) -> float:
    """A number in its range, or ParameterError."""
    if isinstance(value, bool | str) or not hasattr(value, "__float__") or not low <= float(value) <= high:
        raise ParameterError("{name} cannot be {value}: it takes a number from {low} to {high}.",
                             name=name, value=repr(value)[:40], low=low, high=high)
    return float(value)

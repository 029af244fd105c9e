"""What a model that makes pictures answers, on the model's thread: pictures decoded, made, and written as png files."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from bmcore.errors import DataError
from bmcore.serve import sheets

if TYPE_CHECKING:
    import numpy as np

_HALF = 128  # of 255: a lighter point of a mask is white
_LIGHT = (0.299, 0.587, 0.114)  # how bright red, green and blue look


def sample(model: Any, asked: dict[str, Any]) -> dict:
    """New pictures, the class of each, and what each is nearest to."""
    return _pictures(model, _sampled(model, asked), model.labels_of(asked["n"], asked["label"], asked["seed"]), asked["nearest"])


def sample_sheet(model: Any, asked: dict[str, Any]) -> bytes:
    return sheets.png(sheets.sheet(_sampled(model, asked)))


def _sampled(model: Any, asked: dict[str, Any]) -> np.ndarray:
    return model.sample(asked["n"], asked["label"], seed=asked["seed"], steps=asked["steps"], guidance=asked["guidance"])


def interpolate(model: Any, asked: dict[str, Any]) -> dict:
    """Pictures in order."""
    return _pictures(model, model.interpolate(**asked), None, False)


def interpolate_sheet(model: Any, asked: dict[str, Any]) -> bytes:
    return sheets.png(sheets.sheet(model.interpolate(**asked)))


def edit(model: Any, asked: dict[str, Any]) -> dict:
    """One picture."""
    return _pictures(model, _edited(model, asked), _named(asked), asked["nearest"])


def edit_sheet(model: Any, asked: dict[str, Any]) -> bytes:
    return sheets.png(sheets.sheet(_edited(model, asked)))


def _edited(model: Any, asked: dict[str, Any]) -> np.ndarray:
    image = picture(asked["picture"], model)
    return _one(model.edit(image, strength=asked["strength"], label=_single(asked["label"]), seed=asked["seed"]))


def inpaint(model: Any, asked: dict[str, Any]) -> dict:
    """One picture."""
    return _pictures(model, _filled(model, asked), _named(asked), asked["nearest"])


def inpaint_sheet(model: Any, asked: dict[str, Any]) -> bytes:
    return sheets.png(sheets.sheet(_filled(model, asked)))


def _filled(model: Any, asked: dict[str, Any]) -> np.ndarray:
    image, white = picture(asked["picture"], model), mask(asked["mask"], model)
    return _one(model.inpaint(image, white, label=_single(asked["label"]), seed=asked["seed"]))


def trace(model: Any, asked: dict[str, Any]) -> dict:
    """The pictures of every step, noise first."""
    return _frames(model.trace(**asked), model.labels_of(asked["n"], asked["label"], asked["seed"]))


def trace_sheet(model: Any, asked: dict[str, Any]) -> bytes:
    frames = model.trace(**asked)  # (steps + 1, n, h, w, c)
    return sheets.png(sheets.sheet(frames.swapaxes(0, 1).reshape(-1, *frames.shape[2:]), columns=len(frames)))


def forward(model: Any, asked: dict[str, Any]) -> dict:
    """The picture at every time."""
    frames = _forwarded(model, asked)
    return _frames(frames[:, None], None)


def forward_sheet(model: Any, asked: dict[str, Any]) -> bytes:
    frames = _forwarded(model, asked)
    return sheets.png(sheets.sheet(frames, columns=len(frames)))


def _forwarded(model: Any, asked: dict[str, Any]) -> np.ndarray:
    frames = model.forward(picture(asked["picture"], model), asked["times"], seed=asked["seed"])
    return frames.reshape(len(asked["times"]), *frames.shape[-3:])


def score(model: Any, asked: dict[str, Any]) -> dict:
    """A number for each picture."""
    import numpy as np

    return {"scores": [float(one) for one in model.score(np.stack([picture(text, model) for text in asked["pictures"]]))]}


def _pictures(model: Any, images: np.ndarray, labels: list | None, nearest: bool) -> dict:
    near = model.nearest(images) if nearest else None
    return {
        **_sizes(images), "pictures": [encoded(image) for image in images], "labels": _texts(labels),
        "nearest": near and [{**one, "picture": encoded(one["picture"])} for one in near], "judge": None,
    }


def _frames(frames: np.ndarray, labels: list | None) -> dict:
    return {
        **_sizes(frames[0]), "frames": len(frames), "pictures": [encoded(image) for row in frames for image in row],
        "labels": _texts(labels), "nearest": None, "judge": None,
    }


def _sizes(images: np.ndarray) -> dict[str, int]:
    return {"width": int(images.shape[2]), "height": int(images.shape[1])}


def _texts(labels: list | None) -> list[str] | None:
    return None if labels is None else [str(label) for label in labels]


def _single(label: Any) -> Any:
    return label[0] if isinstance(label, list) else label


def _named(asked: dict[str, Any]) -> list | None:
    return None if asked["label"] is None else [_single(asked["label"])]


def _one(images: np.ndarray) -> np.ndarray:
    """One picture as a list of one: (1, h, w, c)."""
    return images.reshape(1, *images.shape[-3:])


def encoded(image: np.ndarray) -> str:
    """A picture as a png file in base64."""
    return base64.b64encode(sheets.png(image)).decode("ascii")


def picture(text: str, model: Any) -> np.ndarray:
    """A picture file in base64 as the model takes pictures: (h, w) or (h, w, 3) uint8, all of one shape for one model.

    Raises
    ------
    DataError
        If it is no base64, no picture, or one that is not safe to open.
    """
    import numpy as np

    pixels = _read(text, "picture", model)
    channels = model.generator.image_shape_[2]
    if channels == 3 and pixels.ndim == 2:
        return np.repeat(pixels[..., None], 3, axis=2)
    return np.rint(pixels @ np.array(_LIGHT)).astype(np.uint8) if channels == 1 and pixels.ndim == 3 else pixels


def mask(text: str, model: Any) -> np.ndarray:
    """(h, w) bool, True where a mask's picture is white; raises as `picture` does."""
    pixels = _read(text, "mask", model)
    return (pixels if pixels.ndim == 2 else pixels.mean(axis=2)) >= _HALF


def _read(text: str, field: str, model: Any) -> np.ndarray:
    from bmcore.data.picture_files import read_picture

    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise DataError("The field {field} is not base64. Send the bytes of the file in base64, without a prefix.", field=field) from None
    return read_picture(content, field, size=model.generator.image_shape_[0])

"""Features of pictures from a frozen encoder: what feature-FID, feature-KID, precision, recall and the search for copies compare.

    features = encode(images)                              # the encoder that is shipped with bmcore, 64 numbers a picture
    features = encode(images, encoder="facebook/dinov2-small")     # a vision model of the hub, or a folder

A distance belongs to its encoder: name it with every figure, and never compare figures of two encoders.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bmcore import files
from bmcore.errors import DataError, ModelError

SMALL = "small"
FOLDER = Path(__file__).parent / "encoder"
WEIGHTS, RECORD = FOLDER / "encoder.safetensors", FOLDER / "encoder.json"
AT_ONCE = 128


def encode(images: np.ndarray, encoder: str = SMALL, *, report: Callable | None = None) -> np.ndarray:
    """Features of pictures.

    Use it when two sets of pictures are to be compared, or the nearest training picture of a generated one is sought.

    Parameters
    ----------
    images : uint8 array of shape (n, h, w) or (n, h, w, c) with c 1 or 3
        Any size; the small encoder looks at 32 x 32, so it does not see finer detail than that.
    encoder : str
        "small", or a hub id or folder of a vision model in safetensors (opened with transformers, no code of its own).
    report : callable, optional
        `report(done, n)` after each 128 pictures; may raise `Cancelled`.

    Returns
    -------
    float32 array of shape (n, d)
        d is 64 for the small encoder.

    Raises
    ------
    DataError
        If the array is no set of pictures.
    ModelError
        If the encoder cannot be opened safely, or its file is not the one that was trained.

    Notes
    -----
    About 3,000 pictures a second on two cores. What the small encoder was trained on is in `training_record()`.

    Examples
    --------
    >>> encode(np.zeros((2, 28, 28), np.uint8)).shape
    (2, 64)
    """
    images = checked(images)
    blocks = [images[start:start + AT_ONCE] for start in range(0, len(images), AT_ONCE)]
    if encoder == SMALL:
        from bmcore.evaluate.picture_threads import spread

        found = spread(_small(), blocks)
    else:
        found = map(_hub(encoder), blocks)
    parts, done = [], 0
    for part in found:
        parts.append(part)
        done += len(part)
        if report:
            report(done, len(images))
    return np.concatenate(parts)


def checked(images: Any) -> np.ndarray:
    """The pictures as an array, or DataError."""
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or not len(images) or (images.ndim == 4 and images.shape[3] not in (1, 3)):
        raise DataError(
            "These are no pictures: an array of {kind} with shape {shape}. Give uint8 of shape (n, height, width), or with 1 or 3 "
            "channels at the end, and at least one picture.", kind=str(images.dtype), shape=str(images.shape),
        )
    return images


def training_record() -> dict:
    """What the small encoder was trained on, how well it does on what it has not seen, and the sha256 of its weights."""
    return files.read_json(RECORD, {})


@functools.cache
def _small() -> Callable[[np.ndarray], np.ndarray]:
    import torch
    from safetensors.torch import load

    from bmcore.evaluate.picture_network import Reader, prepared

    content = WEIGHTS.read_bytes() if WEIGHTS.is_file() else b""
    if hashlib.sha256(content).hexdigest() != training_record().get("sha256"):
        raise ModelError(
            "The weights of the picture encoder, {path}, are missing or not the ones that were trained. Install bmcore again.",
            path=str(WEIGHTS),
        )
    network = Reader()
    network.load_state_dict(load(content))
    network.eval()

    def run(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(prepared(images)).numpy()

    return run


@functools.lru_cache(maxsize=1)
def _hub(model: str) -> Callable[[np.ndarray], np.ndarray]:
    """A vision model of transformers, its own preparation of pictures, and its pooled output (or the mean of its patches)."""
    import torch
    from transformers import AutoImageProcessor, AutoModel

    from bmcore.text.models import locate

    folder = locate(model)
    options = {"local_files_only": True, "trust_remote_code": False}
    try:
        network = AutoModel.from_pretrained(folder, use_safetensors=True, dtype=torch.float32, **options).eval()
        prepare = AutoImageProcessor.from_pretrained(folder, **options)
    except Exception as error:
        raise ModelError(
            "The model {model!r} cannot be opened as an encoder of pictures ({reason}). Choose a vision model such as DINOv2, or small.",
            model=model, reason=" ".join(str(error).split())[:160],
        ) from error

    def run(images: np.ndarray) -> np.ndarray:
        colour = images.reshape(*images.shape[:3], -1)
        colour = colour if colour.shape[3] == 3 else np.repeat(colour, 3, axis=3)
        with torch.inference_mode():
            found = network(**prepare(images=list(colour), return_tensors="pt"))
        pooled = getattr(found, "pooler_output", None)
        pooled = found.last_hidden_state.mean(dim=1) if pooled is None else pooled
        return pooled.reshape(len(images), -1).float().numpy()

    return run

"""How much memory a text-to-image pipeline needs, told from the headers of its weights before any of them is fetched.

The factors were measured on the Stable Diffusion 1.5 networks (float32, main memory): decoding one picture 4.2 to 6.1 kB a pixel at 128
channels, one update with checkpointed activations 260 to 410 kB a latent pixel at 320 channels, one evaluation 50 to 190 kB.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bmcore import device as devices
from bmcore.errors import ModelError, StorageError
from bmcore.image.pipeline_source import damaged
from bmcore.messages import Message

if TYPE_CHECKING:
    from bmcore.image.pipeline_files import Pipeline

DECODE, LEARN, USE = 12, 320, 90  # numbers alive at the peak: a pixel and channel, a latent pixel and channel (learning, using)
ATTENTION = re.compile(r".*\.(to_q|to_k|to_v|to_out\.0)\.weight")
_SIZES = (1024, 768, 512, 384, 256)
GB = 10**9


@dataclass(frozen=True)
class Shape:
    """What the memory depends on, as numbers."""

    weights: int  # of all networks
    lora: int  # trained numbers a rank
    channels: int  # of the denoiser's first level (a transformer's: of its tokens, for a latent pixel)
    decoded: int  # channels of the decoder's last level
    factor: int  # picture pixels a latent pixel, along one side
    native: int  # side of the pictures it was trained on


def shape_of(pipeline: Pipeline) -> Shape:
    """Read configurations and headers; nothing of the weights."""
    headers = pipeline.headers()
    denoiser, vae = pipeline.config(pipeline.denoiser), pipeline.config("vae")
    levels = vae.get("block_out_channels")
    try:
        factor = 2 ** (len(levels) - 1)
        if pipeline.denoiser == "unet":
            channels = int(denoiser["block_out_channels"][0])
        else:
            width = int(denoiser["num_attention_heads"]) * int(denoiser["attention_head_dim"])
            channels = math.ceil(width / int(denoiser.get("patch_size") or 2) ** 2)
        native = int(denoiser.get("sample_size") or 64) * factor
        decoded = int(levels[0])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise damaged("config.json", pipeline.source.name) from error
    trained = [entry[1] for name, entry in headers[pipeline.denoiser].items() if ATTENTION.fullmatch(name) and len(entry[1]) == 2]
    weights = sum(math.prod(shape) for header in headers.values() for _, shape in header.values())
    return Shape(weights, sum(map(sum, trained)), channels, decoded, factor, native)


def needed(shape: Shape, *, size: int, batch: int, rank: int | None, width: int) -> int:
    """Bytes at the peak: the weights, and the larger of what the denoiser and the decoder hold in between.

    Parameters
    ----------
    size : int
        Side of the pictures in pixels.
    batch : int
        Pictures at a time.
    rank : int or None
        Of the LoRA that is trained; None where pictures are only made.
    width : int
        Bytes of a number: 4, or 2 in half precision.

    Examples
    --------
    >>> small = Shape(weights=10**9, lora=10**5, channels=320, decoded=128, factor=8, native=512)
    >>> round(needed(small, size=512, batch=1, rank=None, width=2) / 1e9, 1)
    2.8
    """
    latent = (size / shape.factor) ** 2
    decode = DECODE * shape.decoded * size**2  # one picture at a time
    if rank is None:
        return int(width * (shape.weights + max(decode, 2 * batch * USE * shape.channels * latent)))
    # a trained number is kept with its gradient and two averages, in float32
    return int(width * (shape.weights + max(decode, batch * LEARN * shape.channels * latent)) + 16 * rank * shape.lora)


def check(pipeline: Pipeline, shape: Shape, *, size: int, batch: int, rank: int | None, width: int, device: str,
          loaded: bool = False) -> None:
    """Say so, before anything is fetched, where this machine cannot hold it.

    Raises
    ------
    ModelError
        With what is needed, what there is, and what to choose instead.
    StorageError
        If the disk has no room for the download.
    """
    need = needed(shape, size=size, batch=batch, rank=rank, width=width)
    held = width * shape.weights if loaded else 0
    _refuse(pipeline, need, free_on(device) + held, shape, size, batch, rank, width, device)
    if loaded:
        return
    if device != "cpu":  # all weights pass through main memory
        _refuse(pipeline, width * shape.weights, devices.free_memory(), shape, size, batch, rank, width, "cpu")
    _check_disk(pipeline)


def free_on(device: str) -> int:
    """Bytes that are free on the device now."""
    if device != "cuda":
        return devices.free_memory()  # Apple's graphics share the main memory
    import torch

    return torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - torch.cuda.memory_allocated()


def _refuse(
    pipeline: Pipeline, need: int, free: int, shape: Shape, size: int, batch: int, rank: int | None, width: int, device: str
) -> None:
    if need <= free:
        return
    raise ModelError(
        "{model} needs about {need} GB of {place} {purpose}, and {free} GB are free here. {advice}",
        model=pipeline.source.name, need=_gb(need), free=_gb(free),
        place=Message("memory on the graphics card") if device == "cuda" else Message("main memory"),
        purpose=Message("to make pictures of {size} pixels", size=size) if rank is None
        else Message("to learn {batch} pictures of {size} pixels at a time", batch=batch, size=size),
        advice=_advice(shape, need, free, size, batch, rank, width),
    )


def _advice(shape: Shape, need: int, free: int, size: int, batch: int, rank: int | None, width: int) -> Message:
    """The largest thing that would fit."""
    if batch > 1 and needed(shape, size=size, batch=1, rank=rank, width=width) <= free:
        return Message("Set batch_size to 1.")
    for smaller in _SIZES:
        if smaller < size and needed(shape, size=smaller, batch=1, rank=rank, width=width) <= free:
            return Message("Set image_size to {size} and batch_size to 1.", size=smaller)
    if rank is not None and needed(shape, size=size, batch=1, rank=None, width=width) <= free:
        return Message("Making pictures without learning would fit. To learn your own, choose a smaller model or a larger machine.")
    return Message("Choose a smaller model, or a machine with at least {need} GB free.", need=_gb(need))


def _check_disk(pipeline: Pipeline) -> None:
    import shutil
    from pathlib import Path

    from huggingface_hub import constants

    missing = pipeline.download_bytes()
    place = Path(constants.HF_HUB_CACHE)
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if missing > free:
        raise StorageError(
            "{model} is a download of {size} GB, and the disk has {free} GB free. Free some disk space, or set HF_HOME to another disk.",
            model=pipeline.source.name, size=_gb(missing), free=_gb(free),
        )


def _gb(size: Any) -> str:
    return f"{size / GB:.1f}"

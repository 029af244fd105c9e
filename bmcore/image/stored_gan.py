"""The files of a GAN, `generator/` and `discriminator/` as `save_pretrained` writes them, and scores of a loaded one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from bmcore import device as devices
from bmcore import files
from bmcore.errors import ModelError, ParameterError
from bmcore.image.codec import as_tensor
from bmcore.image.networks_gan import PictureDiscriminator, PictureGenerator

WEIGHTS = "diffusion_pytorch_model.safetensors"
BLOCK = 256  # pictures scored at a time
MOST = {"noise": 1024, "base": 512}  # of what a config may say beyond the shape of the pictures
CONFIG_BYTES = 100_000


def save(folder: Path, generator: PictureGenerator, discriminator: PictureDiscriminator) -> None:
    """Write both."""
    generator.save_pretrained(folder / "generator")
    discriminator.save_pretrained(folder / "discriminator")


def load(
    folder: Path, shape: tuple[int, int, int], classes: int, device: str = "auto"
) -> tuple[PictureGenerator, PictureDiscriminator]:
    """Read both, on the device that is asked for, or on another where this machine lacks it.

    Raises
    ------
    ModelError
        If a file is missing, damaged, or does not fit the pictures. No memory is taken for weights that the files do not hold.
    """
    try:
        device = devices.resolve(device)
    except ParameterError:  # trained elsewhere
        device = devices.resolve("auto")
    return tuple(
        _opened(folder, name, kind, shape, classes).to(device)
        for name, kind in (("generator", PictureGenerator), ("discriminator", PictureDiscriminator))
    )


@torch.inference_mode()
def scores(discriminator: PictureDiscriminator, pixels: np.ndarray, numbers: np.ndarray | None) -> np.ndarray:
    """(n, h, w, c) uint8 -> (n,) float32."""
    device, found = next(discriminator.parameters()).device, [np.zeros(0, np.float32)]
    for at in range(0, len(pixels), BLOCK):
        x = as_tensor(pixels[at:at + BLOCK]).to(device)
        labels = None if numbers is None else torch.from_numpy(numbers[at:at + BLOCK]).to(device)
        score = discriminator.likeliest(x) if labels is None else discriminator(x, labels)
        found.append(score.float().cpu().numpy())
    return np.concatenate(found)


def _opened(folder: Path, name: str, kind: type, shape: tuple[int, int, int], classes: int) -> torch.nn.Module:
    try:
        return _read(folder / name, kind, shape, classes)
    except Exception:  # a file that somebody changed can raise anything
        raise ModelError(
            "{folder} is not a saved GAN: the files in {name} are missing or damaged. Train or save the model again.",
            folder=str(folder), name=name,
        ) from None


def _read(folder: Path, kind: type, shape: tuple[int, int, int], classes: int) -> torch.nn.Module:
    from safetensors import safe_open

    if (folder / "config.json").stat().st_size > CONFIG_BYTES:
        raise ValueError("config")
    config = files.read_json(folder / "config.json")
    sizes = {"height": shape[0], "width": shape[1], "channels": shape[2], "classes": classes}
    if config["_class_name"] != kind.__name__ or any(config[key] != value for key, value in sizes.items()):
        raise ValueError("config")
    for key in MOST.keys() & config.keys():
        if type(config[key]) is not int or not 1 <= config[key] <= MOST[key]:
            raise ValueError(key)
        sizes[key] = config[key]
    with torch.device("meta"):  # shapes only
        network = kind(**sizes)
    wanted = network.state_dict()
    with safe_open(folder / WEIGHTS, framework="pt") as held:
        if set(held.keys()) != set(wanted):
            raise ValueError("names")
        for key, value in wanted.items():
            piece = held.get_slice(key)
            if piece.get_dtype() != "F32" or list(piece.get_shape()) != list(value.shape):
                raise ValueError(key)
        tensors = {key: held.get_tensor(key).clone() for key in wanted}
    if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
        raise ValueError("values")
    network.load_state_dict(tensors, assign=True)
    return network.eval().requires_grad_(False)

"""A flow as a diffusers pipeline folder, there and back: safetensors and json only, sizes checked before anything is built."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import torch

from bmcore import device as devices
from bmcore import files
from bmcore.errors import ModelError
from bmcore.image.codec import PatchCodec
from bmcore.image.engine_diffusion import Flow
from bmcore.image.flow import FlowMLP

UNSAFE = {".py", ".pkl", ".pickle", ".bin", ".pt", ".pth", ".ckpt", ".so"}
WEIGHTS = "diffusion_pytorch_model.safetensors"
MOST = {"in_channels": 4096, "out_channels": 4096, "width": 8192, "layers": 64, "num_classes": 1000, "condition": 4096, "sample_size": 128,
        "num_attention_heads": 64, "attention_head_dim": 256, "num_layers": 64, "patch_size": 8, "num_embeds_ada_norm": 1000,
        "height": 256, "channels": 3, "patch_height": 256, "patch_width": 256, "components": 4096, "polish_width": 64}
HEADER = 1 << 22  # bytes


def save(flow: Flow, folder: Path) -> None:
    """Write the pipeline, which diffusers opens once `bmcore.image.components` is imported."""
    from diffusers import DiTPipeline, DPMSolverMultistepScheduler

    scheduler = DPMSolverMultistepScheduler(use_flow_sigmas=True, prediction_type="flow_prediction", solver_order=2)
    DiTPipeline(transformer=flow.transformer, vae=flow.codec, scheduler=scheduler).save_pretrained(folder)
    files.write_json(folder / "flow.json", {"distilled": flow.distilled})


def load(folder: Path, shape: tuple[int, int, int], k: int, device: str) -> Flow:
    """Read what `save` wrote, for pictures of `shape` and `k` classes.

    Raises
    ------
    ModelError
        If a file is missing, damaged, of another shape, or could run code.
    """
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in UNSAFE:
            raise ModelError("{name} in the model folder could run code, so the folder is not opened. Remove it, or save the model again.",
                             name=path.name)
    settings = files.read_json(folder / "flow.json")
    codec = _read(folder / "vae", {"PatchCodec": PatchCodec})
    network = _read(folder / "transformer", {"FlowMLP": FlowMLP, "DiTTransformer2DModel": _dit})
    config = codec.config
    fits = (config.height, config.width, config.channels) == tuple(shape) and network.config.in_channels == config.components
    classes = network.config.num_classes == k if isinstance(network, FlowMLP) else k <= network.config.num_embeds_ada_norm
    if not fits or not classes or network.config.sample_size != codec.grid or not isinstance(settings, dict):
        raise ModelError("The parts of the model in {folder} do not belong together. Train or save the model again.", folder=folder.name)
    return Flow(network.eval().requires_grad_(False), codec.eval(), k, devices.resolve(device), bool(settings.get("distilled")))


def _dit(**config: Any) -> torch.nn.Module:
    from diffusers import DiTTransformer2DModel

    network = DiTTransformer2DModel(**config)
    for block in network.transformer_blocks:
        block.norm1.emb.class_embedder.dropout_prob = 0.0
    return network


def _read(folder: Path, makers: dict[str, Any]) -> torch.nn.Module:
    try:
        config = files.read_json(folder / "config.json")
        maker = makers[config["_class_name"]]
        config = {name: value for name, value in config.items() if not name.startswith("_")}
        _check_sizes(config)
        shapes = _shapes(folder / WEIGHTS)
        with torch.device("meta"):
            wanted = {name: list(value.shape) for name, value in maker(**config).state_dict().items()}
        if wanted != shapes:
            raise ValueError("shapes and config disagree")
        from safetensors.torch import load_file

        weights = load_file(folder / WEIGHTS)
        if any(value.dtype != torch.float32 or not bool(value.isfinite().all()) for value in weights.values()):
            raise ValueError("weights are no numbers")
        network = maker(**config)
        network.load_state_dict(weights)
        return network
    except (OSError, KeyError, TypeError, ValueError, AttributeError, RuntimeError, struct.error, RecursionError, OverflowError,
            NotImplementedError, ZeroDivisionError) as error:
        raise ModelError(
            "The part {name} of the model is missing or damaged ({reason}). Train or save the model again.",
            name=folder.name, reason=" ".join(str(error).split())[:80],
        ) from error


def _check_sizes(config: dict[str, Any]) -> None:
    """Whole numbers no larger than any model of ours has: what is built from them is small until the weights file agrees."""
    for name, value in config.items():
        if isinstance(value, bool) or value is None or name in ("activation_fn", "norm_type"):
            continue
        if name in ("scaling_factor", "norm_eps", "dropout", "norm_num_groups"):
            if not 0 <= float(value) < math.inf:
                raise ValueError(name)
        elif not isinstance(value, int) or not 0 <= value <= MOST.get(name, 0):
            raise ValueError(name)


def _shapes(path: Path) -> dict[str, list[int]]:
    """Names and shapes that the header promises, which must add up to the size of the file."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > min(size - 8, HEADER):
            raise ValueError("header longer than the file")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    if sum(entry["data_offsets"][1] - entry["data_offsets"][0] for entry in header.values()) != size - 8 - length:
        raise ValueError("file is cut or too long")
    return {name: [int(side) for side in entry["shape"]] for name, entry in header.items()}

"""How much memory a language model needs to learn, told before anything is imported or fetched, and what to choose where it is too much.

Measured on a processor that computes in bf16, which halves the activations (1 to 40 million weights, context 256, 1,024): the forecast was
4 to 50 % above the peak. LoRA on 270 million weights took 5 % more than forecast with FROZEN at 8.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bmcore import device as devices
from bmcore import files
from bmcore.assets.weights import header
from bmcore.errors import ModelError
from bmcore.messages import Message

GB = 10**9
PROCESS = 500_000_000  # bytes of Python, torch and transformers
FULL, FROZEN = 32, 10  # bytes a weight while it learns: gradient, the optimiser's, a running average, the best ones; while it rests
SAVING = 64  # bytes a learned weight while a checkpoint is written
TRAINED = 32  # bytes a trained number of LoRA
ACTIVE = 22  # numbers kept a token, layer and unit of width
AT_ONCE = 4096  # tokens computed at once
LOGITS = 3 * 2**23  # numbers
TOKEN = 40  # bytes a character of the texts: read, cut, packed
_FEWER = (2048, 1024, 512, 256)
_SIZES = ("small", "mini", "nano")
# of scratch: width, layers
_SCRATCH = {"nano": (128, 3), "mini": (192, 4), "small": (512, 8)}
_VOCABULARY = 4096


@dataclass(frozen=True)
class Shape:
    """What the memory depends on, as numbers."""

    weights: int
    embedding: int  # weights of the table of tokens
    width: int  # the mean of the layers' inner widths, of which one counts 4 in a layer
    layers: int
    lora: int  # trained numbers a rank
    vocabulary: int


def scratch(size: str) -> Shape:
    """A model from nothing.

    >>> scratch("nano").weights // 1000
    1164
    """
    width, layers = _SCRATCH[size]
    inner = -(-width * 8 // 3 // 64) * 64
    embedding = _VOCABULARY * width
    return Shape(embedding + layers * (4 * width**2 + 3 * width * inner + 2 * width) + width, embedding, width, layers, 0, _VOCABULARY)


def of_folder(folder: Path) -> Shape | None:
    """Of a model on this machine, by its configuration and the headers of its weights; None if they cannot be read."""
    config = files.read_json(folder / "config.json")
    if not isinstance(config, dict):
        return None
    config = config.get("text_config", config)
    width, layers, vocabulary = (_first(config, *names) for names in (
        ("hidden_size", "n_embd", "d_model"), ("num_hidden_layers", "n_layer"), ("vocab_size",)))
    try:
        shapes = [shape for path in sorted(folder.glob("*.safetensors")) for _, shape in header(path).values()]
    except ModelError:
        return None
    if not (width and layers and shapes):
        return None
    matrices = [shape for shape in shapes if len(shape) == 2 and vocabulary not in shape]
    inner = _first(config, "intermediate_size", "n_inner") or 4 * width
    return Shape(sum(map(math.prod, shapes)), vocabulary * width, (3 * width + inner) // 7 if inner < 4 * width else inner // 4 or width,
                 layers, sum(map(sum, matrices)), vocabulary)


def shape_of(params: dict[str, Any]) -> Shape | None:
    """The shape of the model that these settings ask for; None where that is known only once it is fetched."""
    model = params.get("model", "scratch")
    if model == "scratch":
        return scratch(params.get("size", "mini"))
    from bmcore.text import gemma

    if model == gemma.NAME and not gemma.gemma_present():
        return Shape(268_098_176, 167_772_160, 640, 18, 2_000_000 // 8, 262_144)
    folder = gemma.place() if model == gemma.NAME else Path(os.path.expanduser(model))
    return of_folder(folder) if os.path.isdir(folder) else None  # a name that no disk would take is none either


def needed(shape: Shape, params: dict[str, Any], characters: int = 0) -> dict[str, int]:
    """Bytes at the peak of a training by part: weights, activations, logits, texts, process, saving (what a checkpoint takes beyond these),
    and their sum (bytes).
    """
    rank, lora = params.get("lora_rank", 8), params.get("method") == "lora"
    context, batch = params.get("context_length", 256), params.get("batch_tokens", 4096)
    tokens = max(min(batch, AT_ONCE), context)
    parts = {
        "weights": FROZEN * shape.weights + TRAINED * rank * shape.lora if lora else FULL * shape.weights,
        "activations": 4 * tokens * (ACTIVE * shape.layers * shape.width + 2 * context),
        "logits": 4 * (max(LOGITS, shape.vocabulary) + (0 if lora else 2 * shape.embedding)),
        "texts": TOKEN * characters,
        "process": PROCESS,
    }
    saving = 0 if lora else SAVING * shape.weights - sum(parts[name] for name in ("weights", "activations", "logits"))
    parts["saving"] = max(0, saving)
    return {"bytes": sum(parts.values())} | parts


def forecast(params: dict[str, Any], characters: int = 0, free: int | None = None) -> dict[str, Any] | None:
    """What these settings will need, for a form: nothing heavy is imported, nothing fetched.

    Parameters
    ----------
    params : dict
        Settings of TextGenerator; what is missing has its default.
    characters : int
        Of all texts.
    free : int, optional
        Bytes that may be used; default: what is free in main memory now.

    Returns
    -------
    dict or None
        bytes and its parts, free, fits, message (Message: what to choose instead; None where it fits). None for a hub model, whose size is
        known once it is asked for.

    Examples
    --------
    >>> forecast({"size": "nano"}, 10**6, free=8 * GB)["fits"]
    True
    """
    shape = shape_of(params)
    if shape is None:
        return None
    free = devices.free_memory() if free is None else free
    need = needed(shape, params, characters)
    fits = need["bytes"] <= free
    return need | {"free": free, "fits": fits, "message": None if fits else _refusal(params, characters, need["bytes"], free)}


def check(params: dict[str, Any], characters: int = 0, device: str = "cpu") -> dict[str, Any] | None:
    """The forecast, or a refusal where the device cannot hold the training.

    Raises
    ------
    ModelError
        With what is needed, what there is, and the nearest settings that fit.
    """
    found = forecast(params, characters, free_on(device))
    if found is not None and not found["fits"]:
        raise ModelError(found["message"])
    return found and {name: value for name, value in found.items() if name not in ("message", "fits")}


def check_weights(model: str, weights: int, free: int | None = None) -> None:
    """Refuse a model of so many weights where even LoRA cannot be trained.

    Raises
    ------
    ModelError
    """
    need, free = FROZEN * weights + PROCESS, devices.free_memory() if free is None else free
    if need > free:
        raise ModelError(
            "{model} needs about {need} GB of memory to learn, even with method lora, and {free} GB are free here. Choose a smaller model.",
            model=model, need=_gb(need), free=_gb(free),
        )


def free_on(device: str) -> int:
    """Bytes that are free on the device now."""
    if device != "cuda":
        return devices.free_memory()
    import torch

    return torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - torch.cuda.memory_allocated()


def nearest(params: dict[str, Any], characters: int, free: int) -> dict[str, Any] | None:
    """The settings nearest to these that fit: only what has to change. None if none do."""
    for change in _changes(params):
        shape = shape_of(params | change)
        if shape is not None and needed(shape, params | change, characters)["bytes"] <= free:
            return change
    return None


def _changes(params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """From the smallest change to the largest: fewer tokens at once, then LoRA, then a smaller model, then a shorter context too."""
    batch, context, own = params.get("batch_tokens", 4096), params.get("context_length", 256), params.get("model", "scratch") == "scratch"
    if own:
        place = _SIZES.index(params.get("size", "mini"))
        wider: list[dict[str, Any]] = [{}, *({"size": size} for size in _SIZES[place + 1:])]
    else:
        wider = [{}] if params.get("method") == "lora" else [{}, {"method": "lora"}]
    fewer = [{}, *({"batch_tokens": tokens} for tokens in _FEWER if tokens < batch)]
    shorter = [{}, *({"context_length": tokens} for tokens in _FEWER if tokens < context)]
    yield from (a | b | c for c in shorter for a in wider for b in fewer)


def _refusal(params: dict[str, Any], characters: int, need: int, free: int) -> Message:
    change = nearest(params, characters, free)
    return Message(
        "Learning with these settings needs about {need} GB of memory, and {free} GB are free here. {advice}",
        need=_gb(need), free=_gb(free),
        advice=Message("This fits: {settings}.", settings=", ".join(f"{name}={value}" for name, value in change.items())) if change
        else Message("Choose a smaller model or fewer texts, or a machine with at least {need} GB free.", need=_gb(need)),
    )


def _first(config: dict[str, Any], *names: str) -> int:
    return next((config[name] for name in names if isinstance(config.get(name), int)), 0)


def _gb(size: int) -> str:
    return f"{size / GB:.1f}"

"""LoRA: small trained matrices beside the linear layers of a frozen language model, kept in peft's own file format.

For a layer y = x W the addition is (alpha / rank) x A B. `attach` puts it there, `merge` makes it part of W, so a model that has learned is
a plain one again. Linear layers and transformers' Conv1D (GPT-2) are known.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from bmcore import files
from bmcore.assets import weights
from bmcore.errors import ModelError

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
ALPHA = 2  # alpha / rank
_PREFIX = "base_model.model."


class LoRALayer(nn.Module):
    """A frozen layer and what is learned beside it.

    Parameters
    ----------
    base : nn.Linear or Conv1D
        Stays as it is.
    rank : int
        Inner width.
    """

    def __init__(self, base: nn.Module, rank: int, scale: float = ALPHA):
        super().__init__()
        outputs, inputs = _sizes(base)
        made = {"dtype": torch.float32, "device": base.weight.device}
        self.base, self.scale = base, scale
        self.lora_A = nn.Parameter(torch.empty(rank, inputs, **made))
        self.lora_B = nn.Parameter(torch.zeros(outputs, rank, **made))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = F.linear(x, self.lora_A.to(x.dtype))  # (..., rank)
        return self.base(x) + self.scale * F.linear(inner, self.lora_B.to(x.dtype))  # (..., outputs)

    @torch.no_grad()
    def merged(self) -> nn.Module:
        """The layer itself, with the addition in its weights."""
        added = self.scale * (self.lora_B @ self.lora_A)  # (outputs, inputs)
        weight = self.base.weight
        weight += (added.t() if _turned(self.base) else added).to(weight.dtype)
        return self.base


def attach(model: nn.Module, rank: int, scale: float = ALPHA) -> list[nn.Parameter]:
    """Freeze the model and put an addition, which is nothing yet, beside each linear layer but the last; returns what is to be trained.

    Cost: rank times (inputs + outputs) trained numbers a layer. Draws from torch's random numbers.

    Raises
    ------
    ModelError
        If the model has no such layer.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    >>> [tuple(value.shape) for value in attach(model, 2)]
    [(2, 3), (4, 2)]
    """
    names = targets(model)
    if not names:
        raise ModelError("This model has no linear layers that LoRA could train. Choose method full, or another model.")
    model.requires_grad_(False)
    for name in names:
        _replace(model, name, LoRALayer(model.get_submodule(name), rank, scale))
    return [value for layer in layers(model).values() for value in (layer.lora_A, layer.lora_B)]


def targets(model: nn.Module) -> list[str]:
    """Names of the layers that LoRA stands beside: all linear ones but the head."""
    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    return [name for name, layer in model.named_modules() if _known(layer) and layer is not head]


def layers(model: nn.Module) -> dict[str, LoRALayer]:
    """The layers with an addition, by name."""
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, LoRALayer)}


def merge(model: nn.Module) -> nn.Module:
    """Make the additions part of the weights: the model is a plain one again, all of it trainable."""
    for name, layer in layers(model).items():
        _replace(model, name, layer.merged())
    return model.requires_grad_(True)


def tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """What was learned, by peft's names, on the processor: `merge` afterwards does not change it."""
    found = {}
    for name, layer in layers(model).items():
        found[f"{_PREFIX}{name}.lora_A.weight"] = layer.lora_A.detach().cpu().clone().contiguous()
        found[f"{_PREFIX}{name}.lora_B.weight"] = layer.lora_B.detach().cpu().clone().contiguous()
    return found


def save(learned: dict[str, torch.Tensor], folder: Path, base: str, model: nn.Module, scale: float = ALPHA) -> None:
    """Write `adapter_config.json` and `adapter_model.safetensors` as peft does; `model` is the plain one that they belong to."""
    from safetensors.torch import save as packed

    names = sorted({_name_of(key) for key in learned})
    folder.mkdir(parents=True, exist_ok=True)
    files.write_bytes(folder / WEIGHTS, packed(learned, metadata={"format": "pt"}))
    files.write_json(folder / CONFIG, config_of(learned, scale) | {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base,
        "lora_dropout": 0.0, "bias": "none", "target_modules": names, "inference_mode": True,
        "fan_in_fan_out": any(_turned(model.get_submodule(name)) for name in names),
    })


def config_of(learned: dict[str, torch.Tensor], scale: float = ALPHA) -> dict[str, Any]:
    """Rank and alpha, by peft's names, of what `tensors` gave."""
    rank = next(len(value) for key, value in learned.items() if ".lora_A." in key)
    return {"r": rank, "lora_alpha": scale * rank}


def load(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """(what was learned, adapter_config.json) of a folder in peft's format.

    Raises
    ------
    ModelError
        If a file is missing, damaged, or of another kind of adapter.
    """
    from safetensors.torch import load_file

    try:
        config = json.loads((folder / CONFIG).read_bytes())
        kind = config["peft_type"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(
            "{name} in {folder} is missing or damaged. Train or save the model again.", name=CONFIG, folder=folder.name) from error
    plain = not any(config.get(name) for name in ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern", "modules_to_save"))
    if kind != "LORA" or not plain:
        raise ModelError("The adapter in {folder} is no plain LoRA. Only plain LoRA can be opened.", folder=folder.name)
    weights.header(folder / WEIGHTS)
    return load_file(folder / WEIGHTS), config


@torch.no_grad()
def put(model: nn.Module, learned: dict[str, torch.Tensor], config: dict[str, Any]) -> None:
    """Attach what `load` read to its base model.

    Raises
    ------
    ModelError
        If it belongs to another model.
    """
    rank = config.get("r")
    known, wanted = set(targets(model)), {_name_of(key) for key in learned}
    fits = isinstance(rank, int) and rank > 0 and bool(wanted) and wanted <= known
    if not fits or not _shapes_fit(model, learned, wanted, rank) or not all(bool(value.isfinite().all()) for value in learned.values()):
        raise ModelError(
            "{name} does not fit its base model: it was trained beside another one, or is damaged. Train the model again.", name=WEIGHTS)
    for name in wanted:
        layer = LoRALayer(model.get_submodule(name), rank, float(config.get("lora_alpha", ALPHA * rank)) / rank)
        layer.lora_A.copy_(learned[f"{_PREFIX}{name}.lora_A.weight"])
        layer.lora_B.copy_(learned[f"{_PREFIX}{name}.lora_B.weight"])
        _replace(model, name, layer)


def _shapes_fit(model: nn.Module, learned: dict[str, torch.Tensor], names: set[str], rank: int) -> bool:
    shapes = {}
    for name in names:
        outputs, inputs = _sizes(model.get_submodule(name))
        shapes |= {f"{_PREFIX}{name}.lora_A.weight": (rank, inputs), f"{_PREFIX}{name}.lora_B.weight": (outputs, rank)}
    return shapes == {name: tuple(value.shape) for name, value in learned.items()}


def _name_of(key: str) -> str:
    return key.removeprefix(_PREFIX).rsplit(".lora_", 1)[0]


def _known(layer: nn.Module) -> bool:
    return type(layer) is nn.Linear or _turned(layer)


def _turned(layer: nn.Module) -> bool:
    """Conv1D of transformers keeps its weight as (inputs, outputs)."""
    return type(layer).__name__ == "Conv1D" and hasattr(layer, "nf")


def _sizes(layer: nn.Module) -> tuple[int, int]:
    """(outputs, inputs)"""
    shape = tuple(layer.weight.shape)
    return shape[::-1] if _turned(layer) else shape


def _replace(model: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent) if parent else model, last, layer)

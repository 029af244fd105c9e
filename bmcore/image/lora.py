"""LoRA: a low-rank addition to the linear layers of a denoiser's attention, added from outside by hooks, so the model stays as it is.

Files are in diffusers' own format (`pipeline.load_lora_weights` opens them): for each layer A (rank, in) and B (out, rank); the addition
is B A x, with the scale 1 (alpha = rank). diffusers reads them through peft; here nothing beyond torch is needed.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from bmcore.errors import ModelError
from bmcore.image.memory import ATTENTION
from bmcore.image.pipeline_files import LORA_FILE


class LoRA(nn.Module):
    """Trained matrices beside the attention layers of one denoiser.

    Parameters
    ----------
    shapes : {layer name: (outputs, inputs)}
    rank : int
        Inner width; at most the layer's own.
    """

    def __init__(self, shapes: dict[str, tuple[int, int]], rank: int, device: str = "cpu"):
        super().__init__()
        self.names, self.rank, self.handles = list(shapes), rank, []
        self.down = nn.ParameterList(torch.randn(rank, shapes[name][1]) / rank for name in self.names)  # (rank, in)
        self.up = nn.ParameterList(torch.zeros(shapes[name][0], rank) for name in self.names)  # (out, rank)
        self.to(device)

    @classmethod
    def beside(cls, denoiser: nn.Module, rank: int) -> LoRA:
        """A new one that adds nothing yet."""
        shapes = attention(denoiser)
        if not shapes:
            raise ModelError("The denoiser of this model has no attention layers that LoRA could train. Choose another model.")
        return cls(shapes, rank, str(next(denoiser.parameters()).device))

    def attach(self, denoiser: nn.Module) -> LoRA:
        """From now on the denoiser computes with the addition."""
        self.detach()
        for name, down, up in zip(self.names, self.down, self.up, strict=True):
            self.handles.append(denoiser.get_submodule(name).register_forward_hook(_adding(down, up)))
        return self

    def detach(self) -> None:
        """The denoiser computes as before."""
        for handle in self.handles:
            handle.remove()
        self.handles = []

    def to_bytes(self, prefix: str) -> bytes:
        """diffusers' LoRA file; `prefix` is the denoiser's name in the pipeline."""
        from safetensors.torch import save

        tensors = {}
        for name, down, up in zip(self.names, self.down, self.up, strict=True):
            tensors[f"{prefix}.{name}.lora_A.weight"] = down.detach().cpu().contiguous()
            tensors[f"{prefix}.{name}.lora_B.weight"] = up.detach().cpu().contiguous()
        return save(tensors, metadata={"format": "pt"})

    @classmethod
    def from_bytes(cls, content: bytes, prefix: str, denoiser: nn.Module) -> LoRA:
        """Read what `to_bytes` gave for the same denoiser.

        Raises
        ------
        ModelError
            If the file belongs to another model.
        """
        from safetensors.torch import load

        found, shapes = load(content), attention(denoiser)
        ranks = {len(value) for name, value in found.items() if name.endswith(".lora_A.weight")}
        rank = ranks.pop() if len(ranks) == 1 else 0
        wanted = {f"{prefix}.{name}.lora_A.weight": (rank, inputs) for name, (_, inputs) in shapes.items()}
        wanted |= {f"{prefix}.{name}.lora_B.weight": (outputs, rank) for name, (outputs, _) in shapes.items()}
        if wanted != {name: tuple(value.shape) for name, value in found.items()}:
            raise ModelError("{name} does not belong to this model: it was trained beside another one.", name=LORA_FILE)
        if any(not bool(value.isfinite().all()) for value in found.values()):
            raise ModelError("{name} holds values that are not numbers (NaN or infinity). Train the model again.", name=LORA_FILE)
        lora = cls(shapes, rank)
        with torch.no_grad():
            for name, down, up in zip(lora.names, lora.down, lora.up, strict=True):
                down.copy_(found[f"{prefix}.{name}.lora_A.weight"])
                up.copy_(found[f"{prefix}.{name}.lora_B.weight"])
        return lora.to(next(denoiser.parameters()).device)


def attention(denoiser: nn.Module) -> dict[str, tuple[int, int]]:
    """The linear layers of the denoiser's attention: {name: (outputs, inputs)}."""
    return {
        name: tuple(layer.weight.shape) for name, layer in denoiser.named_modules()
        if isinstance(layer, nn.Linear) and ATTENTION.fullmatch(f".{name}.weight")
    }


def _adding(down: nn.Parameter, up: nn.Parameter):
    def add(layer: nn.Module, given: tuple, out: torch.Tensor) -> torch.Tensor:
        x = given[0]
        return out + F.linear(F.linear(x, down.to(x.dtype)), up.to(x.dtype))

    return add

"""Weights while they are learned: exact copies in fp32 where the model computes in bf16, a running average, and their optimisers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from bmcore import device as devices
from bmcore.training.muon import Muon


def fast_bf16(device: str) -> bool:
    """Whether bf16 is the faster choice: cards of compute capability 8 or more, processors with AVX512-BF16 or AMX (2 to 3 times)."""
    if device != "cpu":
        return devices.precision(device) == "bf16"
    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(known.get("avx512_bf16") or known.get("amx_bf16") or known.get("amx_tile"))


class Weights(torch.nn.Module):
    """Parameters by name, in fp32: what a checkpoint keeps of them."""

    def __init__(self, values: dict[str, torch.Tensor]):
        super().__init__()
        for name, value in values.items():
            value = value if isinstance(value, torch.nn.Parameter) else torch.nn.Parameter(value)
            self.register_parameter(name.replace(".", "/"), value)


class Learned:
    """The trainable parameters of a model.

    Parameters
    ----------
    model : transformers model
        Computes in bf16 from here on where that is faster; `finish` brings it back to fp32.
    averaged : bool
        Whether to keep a running average of the weights.

    Attributes
    ----------
    exact, average : Weights
    """

    def __init__(self, model: torch.nn.Module, device: str, averaged: bool):
        self.model, self.half, self.averaged = model.to(device), fast_bf16(device), averaged
        live = {name: value for name, value in model.named_parameters() if value.requires_grad}
        exact = {name: value.detach().float().clone() for name, value in live.items()} if self.half else live
        self.frozen = [(value, value.data) for value in model.parameters() if not value.requires_grad] if self.half else []
        if self.half:
            for value in model.parameters():  # not `model.to`: tables of angles among the buffers must stay exact
                value.data = value.data.to(torch.bfloat16)
        self.live = list(live.values())
        self.exact = Weights(exact)
        self.values = list(self.exact.parameters())
        self.average = Weights({name: value.detach().clone() for name, value in exact.items()}) if averaged else None

    @property
    def modules(self) -> dict[str, torch.nn.Module]:
        return {"weights": self.exact} | ({"average": self.average} if self.averaged else {})

    def slopes(self, most: float) -> None:
        """Gradients of the model become those of the exact weights, no longer than `most` together."""
        if self.half:
            for value, live in zip(self.values, self.live, strict=True):
                value.grad, live.grad = None if live.grad is None else live.grad.float(), None
        torch.nn.utils.clip_grad_norm_(self.values, most)

    @torch.no_grad()
    def settle(self) -> None:
        """The model gets the exact weights, wherever they are from: an update, a checkpoint, the best ones."""
        if self.half:
            torch._foreach_copy_(self.live, self.values)

    @torch.no_grad()
    def add(self, share: float) -> None:
        """After an update: the average gets `share` of the exact weights."""
        if self.averaged:
            torch._foreach_lerp_(list(self.average.parameters()), self.values, share)

    def forget(self) -> None:
        """Drop half-made gradients."""
        for value in (*self.live, *self.values):
            value.grad = None

    @contextlib.contextmanager
    def judged(self) -> Iterator[Any]:
        """The model with its averaged weights, for as long as it is looked at."""
        self.model.eval()
        final, own = self.average if self.averaged else self.exact, [live.data for live in self.live]
        for live, value in zip(self.live, final.parameters(), strict=True):
            live.data = value.data.to(live.dtype)
        try:
            yield self.model
        finally:
            for live, value in zip(self.live, own, strict=True):
                live.data = value
            self.model.train()

    @torch.no_grad()
    def finish(self) -> torch.nn.Module:
        """The model with the final weights, for use: fp32, what was not learned exactly as it was."""
        final = self.average if self.averaged else self.exact
        for live, value in zip(self.live, final.parameters(), strict=True):
            live.data = value.detach().clone()
            live.grad = None
        for value, own in self.frozen:
            value.data = own
        return self.model.eval()


def optimizers(learned: Learned, matrices: float, others: float, decay: float) -> dict[str, torch.optim.Optimizer]:
    """Muon for the matrices of hidden layers where `matrices`, its learning rate, is not 0; AdamW for everything else."""
    inner, outer, flat = [], [], []
    for name, value in learned.exact.named_parameters():
        hidden = value.ndim == 2 and not name.endswith(("wte/weight", "wpe/weight", "embed_tokens/weight", "lm_head/weight"))
        (inner if hidden and matrices else flat if value.ndim < 2 else outer).append(value)
    device = str(learned.values[0].device.type)
    adamw = torch.optim.AdamW([{"params": outer, "weight_decay": decay}, {"params": flat, "weight_decay": 0.0}], others, betas=(0.9, 0.95),
                              fused=device in ("cpu", "cuda"))
    if not inner:
        return {"adamw": adamw}
    return {"adamw": adamw, "muon": Muon(inner, matrices, weight_decay=decay, dtype=torch.bfloat16 if learned.half else torch.float32)}

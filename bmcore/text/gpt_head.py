"""Cross-entropy over a vocabulary without holding its logits: rows of hidden states are turned into losses and gradients a part at a time.

For 4,096 tokens and a vocabulary of 262,144 the logits and their gradient would take 8 GB; here they take as much as one part.
"""

from __future__ import annotations

from typing import Any

import torch

from bmcore.text import gpt_attention
from bmcore.text.gpt_packing import IGNORED

_KNOW_BOOL = ("sdpa", gpt_attention.NAME)

PART, PART_SMALL, PART_CARD = 1 << 23, 1 << 21, 1 << 25  # logits at a time; the small part stays in a processor's cache
SMALL = 8192  # tokens of a vocabulary, up to which that pays


class _MeanLoss(torch.autograd.Function):
    """Sum of the losses over `count`; the gradients are made in the forward pass, while the logits are there."""

    @staticmethod
    def forward(context: Any, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, count: int) -> torch.Tensor:
        total = torch.zeros((), device=hidden.device)
        towards_hidden = torch.empty_like(hidden)
        towards_weight = torch.zeros_like(weight, dtype=torch.float32) if weight.requires_grad else None
        for rows in _parts(hidden, weight):
            h = hidden[rows]  # (R, D)
            logits = (h @ weight.t()).float()  # (R, V)
            wanted = targets[rows, None]
            total += torch.logsumexp(logits, 1).sum() - logits.gather(1, wanted).sum()
            slope = torch.softmax(logits, 1)
            slope.scatter_add_(1, wanted, torch.full_like(wanted, -1, dtype=slope.dtype))
            slope = slope.mul_(1 / count).to(hidden.dtype)
            torch.mm(slope, weight, out=towards_hidden[rows])
            if towards_weight is not None:
                towards_weight += slope.t() @ h
        context.save_for_backward(towards_hidden, None if towards_weight is None else towards_weight.to(weight.dtype))
        return total / count

    @staticmethod
    def backward(context: Any, slope: torch.Tensor) -> tuple:
        towards_hidden, towards_weight = context.saved_tensors
        return towards_hidden * slope, None if towards_weight is None else towards_weight * slope, None, None


def mean_loss(model: Any, inputs: dict[str, torch.Tensor], targets: torch.Tensor, count: int) -> torch.Tensor:
    """Sum of the losses at the targets that are not ignored, over `count`; differentiable."""
    known, inputs = targets != IGNORED, masked(model, inputs)
    if not plain(model):
        logits = model(**inputs, use_cache=False).logits.flatten(0, 1)  # (B * T, V)
        return torch.nn.functional.cross_entropy(logits.float(), targets, ignore_index=IGNORED, reduction="sum") / count
    hidden = model.base_model(**inputs, use_cache=False)[0].flatten(0, 1)  # (B * T, D)
    if not bool(known.all()):
        hidden, targets = hidden[known], targets[known]
    return _MeanLoss.apply(hidden, model.get_output_embeddings().weight, targets, count)


@torch.no_grad()
def row_losses(model: Any, inputs: dict[str, torch.Tensor], targets: torch.Tensor) -> torch.Tensor:
    """Nats at each of (B * T,) targets, which are all tokens."""
    inputs = masked(model, inputs)
    if not plain(model):
        logits = model(**inputs, use_cache=False).logits.flatten(0, 1)
        return torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none")
    hidden, weight = model.base_model(**inputs, use_cache=False)[0].flatten(0, 1), model.get_output_embeddings().weight
    return torch.cat([
        torch.nn.functional.cross_entropy((hidden[rows] @ weight.t()).float(), targets[rows], reduction="none")
        for rows in _parts(hidden, weight)
    ])


def masked(model: Any, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The inputs with a mask that the model's attention understands: where it is no fused kernel, masks are added to the scores."""
    mask = inputs.get("attention_mask")
    if mask is None or mask.dtype != torch.bool or getattr(model.config, "_attn_implementation", "sdpa") in _KNOW_BOOL:
        return inputs
    dtype = next(model.parameters()).dtype
    return {**inputs, "attention_mask": torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask, torch.finfo(dtype).min)}


def plain(model: Any) -> bool:
    """Whether logits are hidden states times the weights of the head, and nothing else."""
    head = model.get_output_embeddings()
    names = ("final_logit_softcapping", "logit_scale", "logits_scaling")
    changed = any(getattr(model.config, name, None) not in (None, 1, 1.0) for name in names)
    return type(head) is torch.nn.Linear and head.bias is None and not changed


def _parts(hidden: torch.Tensor, weight: torch.Tensor) -> list[slice]:
    most = PART_CARD if weight.device.type == "cuda" else PART_SMALL if len(weight) <= SMALL else PART
    rows = max(1, most // len(weight))
    return [slice(start, start + rows) for start in range(0, len(hidden), rows)]

"""What an opened classifier can do, tried on two short inputs: no name, type or config could promise it for every architecture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from bmcore.errors import ModelError
from bmcore.text.stack import MISFITS, alike, head_inputs, head_of

LONGEST = 8  # tokens of a probe

Inputs = dict[str, torch.Tensor]


def rows(tokenizer: Any, longest: int) -> list[list[int]]:
    """Two token rows of different length: the special tokens where the tokenizer puts them, and different ordinary ones between."""
    special = set(tokenizer.all_special_ids)
    ordinary = [token for token in range(min(len(tokenizer), 10_000)) if token not in special] or [0]
    draw = np.random.default_rng(0)

    def row(text: str) -> list[int]:
        found = tokenizer(text, truncation=True, max_length=longest)["input_ids"]
        kept = special - {tokenizer.unk_token_id}
        return [token if token in kept else int(draw.choice(ordinary)) for token in found] or [ordinary[0]]

    return [row("it"), row("where is my order, please")]


@torch.inference_mode()
def padding(answer: Callable[[Inputs], torch.Tensor], inputs: Callable[..., Inputs]) -> str | None:
    """The side on which padding does not change a text's answer; None if it does on both."""
    for side in ("right", "left"):
        try:
            if alike(answer(inputs(side, (0,)))[0], answer(inputs(side))[0]):
                return side
        except MISFITS:
            continue
    return None


@torch.inference_mode()
def require_head(model: Any, inputs: Inputs) -> None:
    """Raise ModelError unless the last linear layer, applied to `pooled`, gives the class scores."""
    try:
        with head_inputs(model) as seen:
            scores = model(**inputs).logits
        if len(seen) == 1 and alike(scores, head_of(model)(pooled(seen[0], inputs, model.config.pad_token_id))):
            return
    except MISFITS:
        pass
    raise ModelError(
        "A model of type {kind} gives its class scores in a way that cannot be fine-tuned here. Choose a BERT-like model or a "
        "GPT-like one, or minilm.",
        kind=str(model.config.model_type),
    )


def pooled(states: torch.Tensor, inputs: Inputs, pad: int) -> torch.Tensor:
    """(B, d) from what the head is given: as it is, or for heads that score every token (GPT-like) the last that is no padding.

    The token counts, not the mask, as in transformers: a text may end in the token that also fills up.
    """
    if states.dim() == 2:
        return states
    ids = inputs["input_ids"]
    places = torch.arange(ids.shape[1], device=ids.device) * (ids != pad)
    return states[torch.arange(len(states), device=states.device), places.argmax(1)]

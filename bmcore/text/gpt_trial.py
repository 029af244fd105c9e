"""What this project needs of a language model, tried on a few tokens before anybody waits: it looks back only, it keeps packed texts
apart, and its memory of earlier tokens can be kept in columns.

Models that carry a state along the text (Mamba, and the linear layers of Qwen3-Next, LFM2 or Falcon-H1) have no mask that keeps texts
apart, and those that count places from the attention mask (BLOOM) take none of that shape.
"""

from __future__ import annotations

from typing import Any

import torch

from bmcore.text.gpt_batch import Batch
from bmcore.text.gpt_head import masked, plain
from bmcore.text.gpt_packing import within

_SHARE = 1e-3  # of the largest number, by which two ways to the same answer may differ
_LONG, _CUT = 7, 4  # tokens of two packed texts, and where the second begins


def looks_back_only(model: Any) -> bool:
    """Whether what comes later leaves the answers before it as they are."""
    both = _tokens(model).repeat(2, 1)
    both[1, -1] = both[0, 0]
    first, second = _states(model, {"input_ids": both})[:, :-1]
    return _alike(first, second)


def can_be_trained(model: Any) -> bool:
    """Whether the second of two packed texts is read as it is alone."""
    tokens = _tokens(model)
    places = torch.arange(_LONG, device=tokens.device)
    segments = (places >= _CUT).int()[None]  # (1, T)
    inputs = {"input_ids": tokens, "position_ids": (places - _CUT * (places >= _CUT))[None], "attention_mask": within(segments)}
    try:
        packed, alone = _states(model, masked(model, inputs)), _states(model, {"input_ids": tokens[:, _CUT:]})
    except Exception:  # every architecture has its own way to refuse an argument
        return False
    return _alike(packed[:, _CUT:], alone)


def can_write(model: Any) -> bool:
    """Whether a text that is read token by token, beside a shorter one, gets the logits that it gets at once."""
    tokens = _tokens(model)[0].tolist()
    try:
        batch = Batch(model, [tokens[:3], tokens[:1]], _LONG + 1, 2)
        batch.start()
        found = batch.step([tokens[3], tokens[1]])
    except Exception:
        return False
    with torch.no_grad():
        wanted = model(input_ids=torch.tensor([tokens[:4]], device=model.device), use_cache=False).logits[0, [3, 1]].float()  # (2, V)
    return _alike(found, wanted)


def _tokens(model: Any) -> torch.Tensor:
    """(1, T) different tokens, as far as the vocabulary goes."""
    most = model.get_input_embeddings().num_embeddings - 1
    return torch.arange(1, _LONG + 1, device=model.device).clamp(max=most)[None]


@torch.no_grad()
def _states(model: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """What the model's answers are made from: (B, T, D), or the logits (B, T, V) themselves where there is more between."""
    found = model.base_model(**inputs, use_cache=False)[0] if plain(model) else model(**inputs, use_cache=False).logits
    return found.float()


def _alike(first: torch.Tensor, second: torch.Tensor) -> bool:
    return bool(torch.allclose(first, second, rtol=_SHARE, atol=_SHARE * float(first.abs().max())))

"""One opened classifier: its model, tokenizer and device, and the passes without gradients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bmcore import device as devices
from bmcore.text import encode, models
from bmcore.text.encode import Tokens
from bmcore.text.stack import head_inputs, head_of, reads_first_token, scores_only


class Network:
    """A transformers sequence classifier on a device.

    Attributes
    ----------
    model, tokenizer
        As transformers opened them.
    device : str
    max_length : int
        Tokens after which a text is cut.
    """

    def __init__(self, model: Any, tokenizer: Any, device: str, max_length: int):
        self.model, self.tokenizer, self.device = model.to(device), tokenizer, device
        self.max_length = min(max_length, models.longest(model, tokenizer))
        self.left = tokenizer.padding_side == "left"
        self.first_token = reads_first_token(self.model.eval(), self.inputs(encode.Tokens(_probe(tokenizer)), np.arange(2)))

    def tokenize(self, texts: list[str]) -> Tokens:
        return encode.tokenize(self.tokenizer, texts, self.max_length)

    def inputs(self, tokens: Tokens, batch: np.ndarray) -> dict[str, torch.Tensor]:
        return encode.rectangle(tokens, batch, self.tokenizer.pad_token_id, self.device, self.left)

    def autocast(self) -> torch.autocast:
        """bf16 where the hardware is fast at it."""
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=devices.precision(self.device) == "bf16")

    @torch.inference_mode()
    def logits(self, tokens: Tokens, report: Callable[..., None]) -> np.ndarray:
        """Class scores, (n, k) float32."""
        out = np.zeros((len(tokens), self.model.config.num_labels), dtype=np.float32)
        self.model.eval()
        for batch in encode.sweep(tokens, report, "predict"):
            with self.autocast(), scores_only(self.model, self.first_token):
                out[batch] = self.model(**self.inputs(tokens, batch)).logits.float().cpu().numpy()
        return out

    @torch.inference_mode()
    def features(self, tokens: Tokens, report: Callable[..., None]) -> np.ndarray:
        """What the last linear layer is given, (n, d) float32."""
        out = np.zeros((len(tokens), head_of(self.model).in_features), dtype=np.float32)
        self.model.eval()
        with head_inputs(self.model) as seen:
            for batch in encode.sweep(tokens, report, "encode"):
                inputs = self.inputs(tokens, batch)
                with self.autocast(), scores_only(self.model, self.first_token):
                    self.model(**inputs)
                out[batch] = pooled(seen.pop(), inputs, self.left).float().cpu().numpy()
        return out

    @torch.inference_mode()
    def embed(self, tokens: Tokens, report: Callable[..., None]) -> np.ndarray:
        """Mean of the encoder's states over a text's tokens, of length 1: (n, d) float32."""
        self.model.eval()
        out: np.ndarray | None = None
        for batch in encode.sweep(tokens, report, "encode"):
            inputs = self.inputs(tokens, batch)
            with self.autocast():
                states = self.model.base_model(**inputs)[0].float()  # (B, T, d)
            mask = inputs.get("attention_mask")
            weights = torch.ones(states.shape[:2], device=states.device) if mask is None else mask.to(states.dtype)
            means = torch.einsum("btd,bt->bd", states, weights)
            means = torch.nn.functional.normalize(means, dim=1).cpu().numpy()
            if out is None:
                out = np.zeros((len(tokens), means.shape[1]), dtype=np.float32)
            out[batch] = means
        return out if out is not None else np.zeros((0, self.model.config.hidden_size), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """A plain transformers folder."""
        self.tokenizer.model_max_length = self.max_length
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def _probe(tokenizer: Any) -> list[list[int]]:
    """Two short texts of different length."""
    return [tokenizer(text)["input_ids"][:8] for text in ("where is my order", "hello")]


def pooled(states: torch.Tensor, inputs: dict[str, torch.Tensor], left: bool) -> torch.Tensor:
    """(B, d) from what the head is given: as it is, or for heads that score every token (GPT-like) the last token's."""
    if states.dim() == 2:
        return states
    mask = inputs.get("attention_mask")
    if mask is None or left:
        return states[:, -1]
    return states[torch.arange(len(states), device=states.device), mask.sum(1) - 1]

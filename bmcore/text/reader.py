"""An opened model that reads texts: tokens, padding and batches for one architecture, and the vector of each text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from bmcore import device as devices
from bmcore.text import encode, models, probe
from bmcore.text.encode import Tokens


class Reader:
    """A transformers model on a device, with or without a head.

    Attributes
    ----------
    model, tokenizer
        As transformers opened them.
    device : str
    max_length : int
        Tokens after which a text is cut.
    pad : int
        The token that fills up shorter texts.
    padding : "right", "left" or None
        The side on which it changes no result; None where it always would, so that only texts of one length share a batch.
    """

    def __init__(self, model: Any, tokenizer: Any, device: str, max_length: int):
        self.model, self.tokenizer, self.device = model.to(device).eval(), tokenizer, device
        self.max_length = min(max_length, models.longest(model, tokenizer))
        self.pad = tokenizer.pad_token_id
        self.padding = probe.padding(self._answer, self._probe)
        self.tokenizer.padding_side = self.padding or "right"

    def _answer(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """(B, d) that must not depend on padding."""
        return _means(self._states(inputs), inputs)

    def _probe(self, side: str | None, rows: tuple[int, ...] | None = None) -> dict[str, torch.Tensor]:
        """Inputs of two texts of different length, or of one of them."""
        tokens = Tokens(probe.rows(self.tokenizer, min(self.max_length, probe.LONGEST)))
        rows = rows or ((0, 1) if side else (0,))
        return encode.rectangle(tokens, np.array(rows), self.pad, self.device, side == "left")

    @property
    def left(self) -> bool:
        return self.padding == "left"

    def tokenize(self, texts: list[str]) -> Tokens:
        return encode.tokenize(self.tokenizer, texts, self.max_length)

    def inputs(self, tokens: Tokens, batch: np.ndarray) -> dict[str, torch.Tensor]:
        return encode.rectangle(tokens, batch, self.pad, self.device, self.left)

    def batches(self, tokens: Tokens, budget: int = encode.ENCODE_TOKENS, **changes: Any) -> list[np.ndarray]:
        return encode.batches_of(tokens, budget, equal=self.padding is None, **changes)

    def sweep(self, tokens: Tokens, report: Callable[..., None], phase: str) -> Iterator[np.ndarray]:
        return encode.sweep(tokens, self.batches(tokens), report, phase)

    def autocast(self) -> torch.autocast:
        """bf16 where the hardware is fast at it."""
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=devices.precision(self.device) == "bf16")

    def _states(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """The encoder's last states, (B, T, d)."""
        base = self.model.base_model
        if getattr(self.model.config, "is_encoder_decoder", False):
            base = base.get_encoder()
        return base(**inputs)[0]

    @torch.inference_mode()
    def embed(self, tokens: Tokens, report: Callable[..., None]) -> np.ndarray:
        """Mean of the encoder's states over each text's tokens, scaled to length 1: (n, d) float32."""
        self.model.eval()
        out: np.ndarray | None = None
        for batch in self.sweep(tokens, report, "encode"):
            inputs = self.inputs(tokens, batch)
            with self.autocast():
                states = self._states(inputs)
            vectors = torch.nn.functional.normalize(_means(states, inputs), dim=1).cpu().numpy()
            if out is None:
                out = np.zeros((len(tokens), vectors.shape[1]), dtype=np.float32)
            out[batch] = vectors
        return out if out is not None else np.zeros((0, self.model.config.hidden_size), dtype=np.float32)


def _means(states: torch.Tensor, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """(B, d) from states (B, T, d), padding left out."""
    states, mask = states.float(), inputs.get("attention_mask")
    return states.mean(1) if mask is None else torch.einsum("btd,bt->bd", states, mask.float()) / mask.sum(1, keepdim=True)

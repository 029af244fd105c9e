"""One opened classifier: its model, tokenizer and device, and the passes without gradients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bmcore.text import models, probe
from bmcore.text.encode import Tokens
from bmcore.text.probe import pooled
from bmcore.text.reader import Reader
from bmcore.text.stack import Split, head_inputs, head_of, layers_of, reads_first_token, scores_only


class Network(Reader):
    """A transformers sequence classifier on a device.

    Attributes
    ----------
    first_token : bool
        The scores need the last layer at the first token alone.

    Raises
    ------
    ModelError
        If the class scores are not what the last linear layer gives for one token or one vector a text.
    """

    def __init__(self, model: Any, tokenizer: Any, device: str, max_length: int):
        super().__init__(model, tokenizer, device, max_length)
        probe.require_head(model, self._probe(self.padding))
        self.first_token = reads_first_token(model, self._probe(self.padding))

    def _answer(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        with head_inputs(self.model) as seen:
            self.model(**inputs)
        return pooled(seen[-1], inputs, self.pad)

    def splits_at(self, depth: int) -> bool:
        """Whether the layers below `depth` can be computed once and cached."""
        return layers_of(self.model) is not None and Split(self.model, depth).works(self._probe(self.padding))

    @torch.inference_mode()
    def logits(self, tokens: Tokens, report: Callable[..., None]) -> np.ndarray:
        """Class scores, (n, k) float32."""
        out = np.zeros((len(tokens), self.model.config.num_labels), dtype=np.float32)
        self.model.eval()
        for batch in self.sweep(tokens, report, "predict"):
            with self.autocast(), scores_only(self.model, self.first_token):
                out[batch] = self.model(**self.inputs(tokens, batch)).logits.float().cpu().numpy()
        return out

    @torch.inference_mode()
    def features(self, tokens: Tokens, report: Callable[..., None]) -> np.ndarray:
        """What the last linear layer is given, (n, d) float32."""
        out = np.zeros((len(tokens), head_of(self.model).in_features), dtype=np.float32)
        self.model.eval()
        with head_inputs(self.model) as seen:
            for batch in self.sweep(tokens, report, "encode"):
                inputs = self.inputs(tokens, batch)
                with self.autocast(), scores_only(self.model, self.first_token):
                    self.model(**inputs)
                out[batch] = pooled(seen.pop(), inputs, self.pad).float().cpu().numpy()
        return out

    def save(self, folder: Path) -> None:
        """A plain transformers folder."""
        self.tokenizer.model_max_length = self.max_length
        with models.quiet():
            self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

"""Texts to token ids once, and token ids through a frozen model in length-sorted batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from bmcore.training.batching import token_batches

CHUNK = 2048  # texts tokenised at a time
ENCODE_TOKENS = 4096  # in a batch without gradients
UNKNOWN_SHARE = 0.3  # of a text's words: a model that knows fewer does not know the language
_SAMPLE = 200_000  # tokens


class Tokens:
    """Token ids of many texts in one flat array.

    Attributes
    ----------
    ids : (total,) int32 array
    offsets : (n + 1,) int64 array
        Text i has ids[offsets[i]:offsets[i + 1]].
    lengths : (n,) int64 array
    """

    def __init__(self, ids: list[list[int]]):
        self.lengths = np.array([len(row) for row in ids], dtype=np.int64)
        self.offsets = np.concatenate([[0], np.cumsum(self.lengths)])
        self.ids = np.fromiter((token for row in ids for token in row), dtype=np.int32, count=int(self.offsets[-1]))

    def __len__(self) -> int:
        return len(self.lengths)

    def row(self, index: int) -> np.ndarray:
        return self.ids[self.offsets[index]:self.offsets[index + 1]]


def tokenize(tokenizer: Any, texts: list[str], max_length: int) -> Tokens:
    """Token ids with the model's special tokens, cut at `max_length`; at least one, though a GPT has none for an empty text."""
    nothing = [_filler(tokenizer)]
    rows: list[list[int]] = []
    for start in range(0, len(texts), CHUNK):
        part = tokenizer(texts[start:start + CHUNK], truncation=True, max_length=max_length, padding=False,
                         return_attention_mask=False, return_token_type_ids=False)
        rows += [row or nothing for row in part["input_ids"]]
    return Tokens(rows)


def _filler(tokenizer: Any) -> int:
    """The token that stands for an empty text: not the padding token if there is another."""
    known = [token for token in (tokenizer.bos_token_id, tokenizer.unk_token_id, tokenizer.eos_token_id) if token is not None]
    return next((token for token in known if token != tokenizer.pad_token_id), known[0] if known else 0)


def unknown_share(tokenizer: Any, tokens: Tokens) -> float:
    """Share of the words, from 0 to 1, that the model does not know; looks at the first texts."""
    sample, unknown = tokens.ids[:_SAMPLE], tokenizer.unk_token_id
    if unknown is None or not len(sample):
        return 0.0
    texts = int(np.searchsorted(tokens.offsets, len(sample)))
    words = len(sample) - 2 * min(len(tokens), texts)  # every text has its two special tokens
    return min(1.0, float((sample == unknown).sum() / max(1, words)))


def batches_of(tokens: Tokens, budget: int = ENCODE_TOKENS, *, seed: int | None = None, most: int | None = None,
               equal: bool = False) -> list[np.ndarray]:
    """Batches by token budget as `token_batches` cuts them; with `equal`, only texts of one length share a batch."""
    if not equal:
        return token_batches(tokens.lengths, budget, seed=seed, most=most)
    order = np.argsort(-tokens.lengths, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(tokens.lengths[order])) + 1)
    found = [group[batch] for group in groups for batch in token_batches(tokens.lengths[group], budget, seed=seed, most=most)]
    if seed is not None:
        np.random.default_rng(seed).shuffle(found)
    return found


def rectangle(tokens: Tokens, batch: np.ndarray, pad: int, device: str, left: bool = False) -> dict[str, torch.Tensor]:
    """Model inputs of a batch: input_ids (B, T), and attention_mask (B, T) where there is padding at all."""
    lengths = tokens.lengths[batch]
    width = int(lengths.max())
    ids = np.full((len(batch), width), pad, dtype=np.int64)
    mask = np.zeros((len(batch), width), dtype=np.int64)
    for place, index in enumerate(batch):
        span = slice(width - lengths[place], width) if left else slice(0, lengths[place])
        ids[place, span] = tokens.row(index)
        mask[place, span] = 1
    inputs = {"input_ids": torch.from_numpy(ids).to(device, non_blocking=True)}
    if not mask.all():
        inputs["attention_mask"] = torch.from_numpy(mask).to(device, non_blocking=True)
    return inputs


def sweep(tokens: Tokens, batches: list[np.ndarray], report: Callable[..., None], phase: str) -> Iterator[np.ndarray]:
    """The batches one by one, reporting after each how far it is."""
    started, seen, words = time.monotonic(), 0, 0
    for step, batch in enumerate(batches):
        yield batch
        seen, words = seen + len(batch), words + int(tokens.lengths[batch].sum())
        seconds = max(time.monotonic() - started, 1e-9)
        report(step + 1, len(batches), phase=phase, samples_per_s=seen / seconds, tokens_per_s=words / seconds)

"""Texts of any length as full rows of tokens, none of them padding, in which no text sees another.

A document is fed as border, t1, ..., tn and learned as t1, ..., tn, border. Documents stand behind one another and are cut every `context`
tokens; positions start again at each document and at each cut, and attention stays between two borders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

IGNORED = -100  # a target that is not learned


@dataclass
class Blocks:
    """Rows of `context` tokens.

    Attributes
    ----------
    ids, targets, positions, segments : int32 arrays (n, context)
        Tokens, the token after each (IGNORED in the filling of the last row), their places in their document or piece of it, and a number
        for each document within its row.
    """

    ids: np.ndarray
    targets: np.ndarray
    positions: np.ndarray
    segments: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def cut(self, rows: Any) -> Blocks:
        """Some of the rows: a number of first ones, a slice, or an array of numbers."""
        rows = slice(0, rows) if isinstance(rows, int) else rows
        return Blocks(self.ids[rows], self.targets[rows], self.positions[rows], self.segments[rows])

    def batch(self, rows: Sequence[int] | np.ndarray | slice, device: str = "cpu") -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """(inputs of a transformers model, targets (rows * context,)).

        Where every row is one piece of text, neither mask nor positions are given: attention is then simply causal, and faster.
        """
        ids, targets = _tensor(self.ids[rows], device), _tensor(self.targets[rows], device)  # (B, T)
        segments = self.segments[rows]
        inputs = {"input_ids": ids}
        if segments.any():
            inputs["position_ids"] = _tensor(self.positions[rows], device)
            inputs["attention_mask"] = within(_tensor(segments, device))
        return inputs, targets.flatten()  # (B * T,)


def within(segments: torch.Tensor) -> torch.Tensor:
    """The causal mask inside each document: bool (B, 1, T, T), True where a token may look.

    >>> within(torch.tensor([[0, 0, 1]])).int()[0, 0].tolist()
    [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    """
    same = segments[:, None, :, None] == segments[:, None, None, :]  # (B, 1, T, T)
    return same.tril()


def pack(documents: Sequence[np.ndarray], context: int, border: int, begin: int | None = None) -> Blocks:
    """Documents, in this order, as rows. Memory: 16 bytes a token.

    Parameters
    ----------
    documents : sequence of int arrays
        Tokens of each, without borders.
    context : int
        Tokens a row.
    border : int
        The token that stands behind each document.
    begin : int, optional
        The token that stands before it; without it the border.

    Examples
    --------
    >>> blocks = pack([np.array([5, 6]), np.array([7])], 4, 0)
    >>> blocks.ids.tolist(), blocks.targets.tolist()
    ([[0, 5, 6, 0], [7, 0, 0, 0]], [[5, 6, 0, 7], [0, -100, -100, -100]])
    >>> blocks.positions.tolist(), blocks.segments.tolist()
    ([[0, 1, 2, 0], [0, 0, 1, 2]], [[0, 0, 0, 1], [0, 1, 1, 1]])
    """
    lengths = np.array([len(tokens) + 1 for tokens in documents], dtype=np.int64)
    total, starts = int(lengths.sum()), np.cumsum(lengths) - lengths
    n = -(-total // context)
    ids = np.full(n * context, border, np.int32)
    first = np.zeros(n * context, bool)
    for start, tokens in zip(starts, documents, strict=True):
        ids[start + 1:start + 1 + len(tokens)] = tokens
    first[starts] = True
    if total < n * context:
        first[total] = True
    targets = np.full(n * context, IGNORED, np.int32)
    targets[:total - 1] = ids[1:total]
    targets[total - 1] = border
    ids[starts] = border if begin is None else begin
    first = first.reshape(n, context)
    segments = np.cumsum(first, axis=1, dtype=np.int32) - first[:, :1]  # 0 is what the row begins with
    first[:, 0] = True
    places = np.arange(context, dtype=np.int32)
    positions = places - np.maximum.accumulate(np.where(first, places, 0), axis=1)
    return Blocks(ids.reshape(n, context), targets.reshape(n, context), positions.astype(np.int32), segments)


class Feed:
    """Rows without end: each pass over the documents has its own order, and so its own cuts.

    Where it stands is two numbers in `place` (pass, row), which a checkpoint can keep; nothing else is drawn or remembered.
    """

    def __init__(self, documents: Sequence[np.ndarray], context: int, border: int, seed: int, begin: int | None = None):
        self.documents, self.context, self.border, self.seed, self.begin = documents, context, border, seed, begin
        tokens = sum(len(one) + 1 for one in documents)
        self.rows = -(-tokens // context)  # a pass
        self.place = torch.zeros(2, dtype=torch.int64)
        self._packed, self._blocks = -1, None

    def take(self, n: int) -> Blocks:
        """The next n rows."""
        parts = []
        while n:
            epoch, row = self.place.tolist()
            found = min(n, self.rows - row)
            blocks = self._epoch(epoch)
            parts.append(blocks.cut(slice(row, row + found)))
            n -= found
            self.place.copy_(torch.tensor([epoch + 1, 0] if row + found == self.rows else [epoch, row + found]))
        if len(parts) == 1:
            return parts[0]
        return Blocks(*(np.concatenate([getattr(one, name) for one in parts]) for name in ("ids", "targets", "positions", "segments")))

    def _epoch(self, number: int) -> Blocks:
        if number != self._packed:
            order = np.random.default_rng([self.seed, number]).permutation(len(self.documents))
            blocks = pack([self.documents[row] for row in order], self.context, self.border, self.begin)
            self._blocks = blocks.cut(np.random.default_rng([self.seed, number, 1]).permutation(len(blocks)))
            self._packed = number
        return self._blocks


def _tensor(values: np.ndarray, device: str) -> torch.Tensor:
    tensor = torch.from_numpy(np.ascontiguousarray(values)).long()
    return tensor.pin_memory().to(device, non_blocking=True) if device == "cuda" else tensor.to(device)

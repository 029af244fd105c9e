"""How surprised a model is by whole documents: nats, tokens and bytes of each. Everything that is called perplexity comes from here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from bmcore.text import gpt_tokenizer
from bmcore.text.gpt_head import row_losses

ROWS = 8192  # tokens at a time on a processor
ROWS_CARD = 32_768


def losses(model: Any, tokenizer: Any, documents: Sequence[str], context: int,
           report: Callable[..., Any] | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(nats, tokens, bytes) of each document.

    Each token of a text, the first one too, is predicted from what stands before it in its document: at most `context` tokens, and at
    least half as many where the document has them. The border after the last token is not counted, so texts and not their ends are judged.

    Parameters
    ----------
    model : transformers causal language model
    tokenizer : its tokenizer
    documents : sequence of n str
    context : int
    report : callable, optional
        `report(done, total, phase="losses")`, in tokens.

    Returns
    -------
    nats : float64 array (n,)
        Sums, natural logarithm.
    tokens, bytes : int64 arrays (n,)
        Predicted tokens, UTF-8 bytes.
    """
    arrays = gpt_tokenizer.encode(tokenizer, documents)
    nats = token_losses(model, arrays, gpt_tokenizer.start_of(tokenizer, model), context, report)
    tokens = np.array([len(one) for one in arrays], np.int64)
    sizes = np.array([len(text.encode("utf-8", "surrogatepass")) for text in documents], np.int64)
    return np.array([one.sum() for one in nats], np.float64), tokens, sizes


def token_losses(model: Any, arrays: Sequence[np.ndarray], border: int, context: int,
                 report: Callable[..., Any] | None = None) -> list[np.ndarray]:
    """Nats of every token of every document: float64 arrays as long as the documents."""
    pieces = [piece for number, one in enumerate(arrays) for piece in windows(number, len(one), context)]
    found = [np.zeros(len(one), np.float64) for one in arrays]
    pieces.sort(key=lambda piece: piece[2] - piece[1])
    total, done = sum(end - start for _, start, end, _ in pieces), 0
    for group in _groups(pieces, ROWS_CARD if model.device.type == "cuda" else ROWS):
        if report is not None:
            report(done, total, phase="losses")
        for piece, row in zip(group, _judge(model, [_piece(arrays, border, one) for one in group]), strict=True):
            number, start, end, counted = piece
            found[number][counted:end] = row[counted - start:end - start]
            done += end - start
    return found


def windows(number: int, n: int, context: int) -> list[tuple[int, int, int, int]]:
    """(number, start, end, first that counts) of the pieces in which n tokens are judged: each token counts once.

    >>> windows(0, 10, 8)
    [(0, 0, 8, 0), (0, 4, 10, 8)]
    """
    found, counted = [], 0
    step = max(1, context // 2)
    while counted < n:
        start = 0 if counted == 0 else max(0, counted - (context - step))
        end = min(n, start + context)
        found.append((number, start, end, counted))
        counted = end
    return found


def _groups(pieces: list[tuple[int, int, int, int]], most: int) -> list[list]:
    groups: list[list] = []
    for piece in pieces:  # in order of length, so a group is as wide as its last
        if not groups or (len(groups[-1]) + 1) * (piece[2] - piece[1]) > most:
            groups.append([])
        groups[-1].append(piece)
    return groups


def _piece(arrays: Sequence[np.ndarray], border: int, piece: tuple[int, int, int, int]) -> np.ndarray:
    """Inputs and, one further, targets."""
    number, start, end, _ = piece
    before = border if start == 0 else arrays[number][start - 1]
    return np.concatenate([[before], arrays[number][start:end]])


@torch.no_grad()
def _judge(model: Any, pieces: list[np.ndarray]) -> np.ndarray:
    """Nats (pieces, longest): filling stands on the right, where a causal model does not see it."""
    longest = max(map(len, pieces)) - 1
    ids = np.zeros((len(pieces), longest + 1), np.int64)
    for row, piece in zip(ids, pieces, strict=True):
        row[:len(piece)] = piece
    given = torch.from_numpy(ids).to(model.device)
    found = row_losses(model, {"input_ids": given[:, :-1]}, given[:, 1:].flatten())  # (B * T,)
    return found.view(len(pieces), longest).double().cpu().numpy()

"""Writing with a causal language model: token by token, several drafts in one batch, as text that can be shown as it comes.

    for step in pieces(model, tokenizer, ["Dear customer,"] * 3, seeds=[0, 1, 2]):
        for piece in step:
            drafts[piece.draft] += piece.text
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple

import torch

from bmcore.errors import DataError
from bmcore.messages import Message
from bmcore.text.gpt_batch import Batch
from bmcore.text.gpt_cache import row_bytes
from bmcore.text.gpt_pieces import Detokenizer, encode
from bmcore.text.gpt_sample import COLDEST, choose

MOST_ROWS = 64  # of one batch
_CACHE = 2**30  # bytes
_MASK = 2**28  # bytes: one a row and pair of columns while the prompts are read


class Piece(NamedTuple):
    """Text that a draft has grown by; the last of a draft says why it ended and how many tokens it has."""

    draft: int
    text: str
    ended: str | None = None  # "end": of its own accord; "stop": a stop text; "length": max_new_tokens; "cancelled"
    tokens: int = 0


def generate(
    model: torch.nn.Module, tokenizer: Any, prompts: Sequence[str], *, max_new_tokens: int = 120, temperature: float = 0.8,
    top_p: float = 0.95, stop: str | Sequence[str] | None = None, seed: int = 0, context: int | None = None,
    cancelled: Callable[[], bool] | None = None, notes: list[Message] | None = None,
) -> list[str]:
    """The continuation of each prompt, without the prompt.

    Use it when texts are wanted as a whole. Prompt number i is written with the seed `seed + i`, so each text is the one that it would be
    alone.

    Parameters
    ----------
    model : PreTrainedModel
        Any causal language model of transformers.
    tokenizer : PreTrainedTokenizerBase
    prompts : sequence of str
        "" starts a text of its own.
    max_new_tokens : int
        1 to 100,000.
    temperature : float
        0 to 10; 0 takes the most probable token every time.
    top_p : float
        Above 0 to 1: tokens are drawn from the most probable ones that together have this share.
    stop : str or sequence of str, optional
        A text ends before the first of these.
    seed : int
    context : int, optional
        Tokens that the model is given at most; by default, and at most, as many as it has positions. A prompt that is longer keeps its
        end, a text that grows beyond goes on from its last half.
    cancelled : callable, optional
        Asked before every token; True ends all texts where they are.
    notes : list of Message, optional
        Gets a sentence where a prompt was cut.

    Returns
    -------
    list of str

    Raises
    ------
    DataError
        If an argument is out of its range.
    ModelError
        If the model answers with what is no number.

    Notes
    -----
    A pass of the model over each prompt, then one over a token a row and step. Memory beside the model: the cache of at most 64 rows and
    about 1 GiB; more prompts are written in turn.
    """
    asked = asked_of(max_new_tokens, temperature, top_p, stop)
    texts, (seed,) = [""] * len(prompts), _seeds([seed])
    room = context_of(model, context)
    rows = _rows_at_once(model, room, max_new_tokens)
    for first in range(0, len(prompts), rows):
        part = prompts[first:first + rows]
        seeds = range(seed + first, seed + first + len(part))
        for step in _write(model, tokenizer, part, asked, seeds, room, cancelled, notes):
            for piece in step:
                texts[first + piece.draft] += piece.text
    return texts


def stream(model: torch.nn.Module, tokenizer: Any, prompt: str = "", *, seed: int = 0, **asked: Any) -> Iterator[str]:
    """The continuation of one prompt in pieces as they come, whole characters only; arguments as of `generate`.

    Use it to show a text while it is written. Closing the iterator ends the writing.
    """
    found = pieces(model, tokenizer, [prompt], seeds=[seed], **asked)
    return (piece.text for step in found for piece in step if piece.text)


def pieces(
    model: torch.nn.Module, tokenizer: Any, prompts: Sequence[str], *, seeds: Sequence[int], max_new_tokens: int = 120,
    temperature: float = 0.8, top_p: float = 0.95, stop: str | Sequence[str] | None = None, context: int | None = None,
    cancelled: Callable[[], bool] | None = None, notes: list[Message] | None = None,
) -> Iterator[list[Piece]]:
    """What each draft has grown by, after each token; arguments as of `generate`, and a seed for each prompt.

    Use it to show several drafts while they are written. A list may be empty; closing the iterator ends the writing.
    """
    asked = asked_of(max_new_tokens, temperature, top_p, stop)
    return _write(model, tokenizer, prompts, asked, _seeds(seeds), context_of(model, context), cancelled, notes)


class _Asked(NamedTuple):
    most: int
    temperature: float
    top_p: float
    stops: tuple[str, ...]


class _Draft:
    """One text being written: its random numbers, its tokens so far, and what of them can be shown."""

    def __init__(self, number: int, seed: int, text: Detokenizer):
        self.number, self.text, self.tokens = number, text, 0
        self.draw = random.Random(seed).random

    def add(self, token: int, ends: frozenset[int], most: int) -> Piece:
        if token in ends:
            return Piece(self.number, self.text.end(), "end", self.tokens)
        self.tokens += 1
        shown = self.text.add(token)
        if self.text.stopped:
            return Piece(self.number, shown, "stop", self.tokens)
        if self.tokens >= most:
            return Piece(self.number, shown + self.text.end(), "stop" if self.text.stopped else "length", self.tokens)
        return Piece(self.number, shown)


def _write(model, tokenizer, prompts, asked: _Asked, seeds, context: int, cancelled, notes) -> Iterator[list[Piece]]:
    windows = [window_of(tokenizer, prompt, context, notes) for prompt in prompts]
    drafts = [
        _Draft(number, seed, Detokenizer(tokenizer, window, asked.stops))
        for number, (seed, window) in enumerate(zip(seeds, windows, strict=True))
    ]
    batch, ends, learning = Batch(model, windows, context, asked.most), _ends(model, tokenizer), model.training
    model.eval()
    try:
        logits = None
        while drafts:
            if cancelled is not None and cancelled():
                yield [Piece(draft.number, draft.text.end(), "cancelled", draft.tokens) for draft in drafts]
                return
            logits = batch.start() if logits is None else batch.step(tokens)  # noqa: F821 (the last turn's)
            tokens = choose(logits, asked.temperature, asked.top_p, [draft.draw() for draft in drafts])
            found = [draft.add(token, ends, asked.most) for draft, token in zip(drafts, tokens, strict=True)]
            going = [row for row, piece in enumerate(found) if piece.ended is None]
            if going and len(going) < len(drafts):
                batch.keep(going)
            drafts, tokens = [drafts[row] for row in going], [tokens[row] for row in going]
            yield [piece for piece in found if piece.text or piece.ended]
    finally:
        model.train(learning)


def window_of(tokenizer: Any, prompt: str, context: int, notes: list[Message] | None = None) -> list[int]:
    """The tokens of a prompt that a model of this context is given: its end."""
    tokens = encode(tokenizer, prompt)
    if len(tokens) <= context:
        return tokens
    if notes is not None:
        notes.append(Message(
            "The prompt has {given:,} pieces of a word (tokens) and the model reads {context:,} at a time: only its end was used.",
            given=len(tokens), context=context))
    return tokens[-context:]


def context_of(model: torch.nn.Module, asked: int | None) -> int:
    """Tokens that the model is given at most."""
    config = model.config.get_text_config(decoder=True)
    positions = getattr(config, "max_position_embeddings", None) or asked or 2048
    return max(min(positions, asked or positions), 2)


def _rows_at_once(model: torch.nn.Module, context: int, more: int) -> int:
    columns = context + max(context // 4, 16)
    return max(1, min(MOST_ROWS, _CACHE // row_bytes(model, columns), _MASK // context**2))


def _ends(model: torch.nn.Module, tokenizer: Any) -> frozenset[int]:
    named = [getattr(getattr(model, "generation_config", None), "eos_token_id", None), model.config.eos_token_id, tokenizer.eos_token_id]
    return frozenset(
        token for one in named for token in (one if isinstance(one, list | tuple) else [one]) if token is not None)


def asked_of(most: int, temperature: float, top_p: float, stop: str | Sequence[str] | None) -> _Asked:
    """The settings of a draft; DataError for one out of its range."""
    stops = () if stop is None else (stop,) if isinstance(stop, str) else tuple(stop)
    if isinstance(most, bool) or not isinstance(most, Integral) or not 1 <= most <= 100_000:
        raise DataError("max_new_tokens is {value}. Give a whole number from 1 to 100,000.", value=repr(most)[:60])
    if not _number(temperature) or not 0 <= temperature <= 10:
        raise DataError("temperature is {value}. Give a number from 0 (always the most probable) to 10.", value=repr(temperature)[:60])
    if not _number(top_p) or not 0 < top_p <= 1:
        raise DataError("top_p is {value}. Give a number above 0 and at most 1.", value=repr(top_p)[:60])
    if not all(isinstance(one, str) and one for one in stops):
        raise DataError("stop holds {value}. Give texts of at least one character.", value=repr(stop)[:60])
    return _Asked(int(most), float(temperature) if temperature >= COLDEST else 0.0, float(top_p), stops)


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _seeds(given: Sequence[int]) -> list[int]:
    """Whole numbers, numpy's too; DataError for anything else."""
    for seed in given:
        if isinstance(seed, bool) or not isinstance(seed, Integral):
            raise DataError("The seed is {value}. Give a whole number.", value=repr(seed)[:60])
    return [int(seed) for seed in given]

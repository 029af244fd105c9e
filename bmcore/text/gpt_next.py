"""Looking into a causal language model: the next token's probabilities, how surprising each token of a text is, who attends to whom."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import torch

from bmcore.errors import DataError
from bmcore.text.gpt_decode import asked_of, context_of, window_of
from bmcore.text.gpt_pieces import BROKEN, encode
from bmcore.text.gpt_sample import probabilities

MOST_SEEN = 64  # tokens of an attention picture
_WEIGHTS = 1_000_000  # of all layers and heads together: about 6 MB of JSON
_BYTES = {}  # a character that byte-level vocabularies write for a byte -> the byte


@torch.inference_mode()
def next_tokens(
    model: torch.nn.Module, tokenizer: Any, prompt: str, *, temperature: float = 1.0, top_p: float = 1.0, k: int = 20,
    context: int | None = None,
) -> list[dict[str, Any]]:
    """The k most probable next tokens.

    Use it to show what temperature and top-p do to a choice.

    Parameters
    ----------
    model : PreTrainedModel
    tokenizer : PreTrainedTokenizerBase
    prompt : str
    temperature, top_p : float
        As in `gpt_decode.generate`.
    k : int
        1 to 1,000.
    context : int, optional

    Returns
    -------
    list of dict
        token (text), id, probability (after temperature and top-p), raw (as the model gives it); the most probable first.

    Raises
    ------
    DataError
    """
    asked = asked_of(1, temperature, top_p, None)
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= 1000:
        raise DataError("k is {value}. Give a whole number from 1 to 1,000.", value=repr(k)[:60])
    window = window_of(tokenizer, prompt, context_of(model, context))
    with _resting(model):
        logits = _forward(model, [window]).logits[0, -1].float()  # (v,)
    raw, given = logits.softmax(-1), probabilities(logits, asked.temperature, asked.top_p)
    shares, tokens = raw.topk(min(k, len(raw)))
    return [
        {"token": token_text(tokenizer, token), "id": token, "probability": round(float(given[token]), 8), "raw": round(share, 8)}
        for token, share in zip(tokens.tolist(), shares.tolist(), strict=True)
    ]


@torch.inference_mode()
def tokens(model: torch.nn.Module, tokenizer: Any, text: str, *, context: int | None = None) -> list[dict[str, Any]]:
    """The tokens of a text, and how surprising the model finds each.

    Use it to show how a text is cut, and where it is unlike what the model has learned.

    Returns
    -------
    list of dict
        token (text), id, surprise (bits; None for the first). 10 bits: one chance in 1,024. Each token is predicted from at least half a
        context before it, where the text has that many.
    """
    ids = encode(tokenizer, text)
    with _resting(model):
        surprises = _surprise(model, ids, context_of(model, context))
    return [
        {"token": token_text(tokenizer, token), "id": token, "surprise": round(bits, 4) if at else None}
        for at, (token, bits) in enumerate(zip(ids[1:], surprises, strict=True))
    ]


@torch.inference_mode()
def attention(model: torch.nn.Module, tokenizer: Any, text: str, *, context: int | None = None) -> dict[str, Any]:
    """How much each token attends to each before it, in every layer and head.

    Use it to show what a layer looks at. It is no explanation of what the model writes.

    Returns
    -------
    dict
        tokens (t; the first is the one that starts a text), layers, heads, weights (layers, heads, t, t) nested lists: row i is what
        token i attends to, and sums to 1. At most 64 tokens, and fewer of a model with many heads.
    """
    config = model.config.get_text_config(decoder=True)
    heads = config.num_hidden_layers * config.num_attention_heads
    most = max(2, min(MOST_SEEN, math.isqrt(_WEIGHTS // heads), context_of(model, context)))
    window = encode(tokenizer, text)[:most]
    with _resting(model), _eager(model):
        seen = _forward(model, [window], output_attentions=True).attentions
    weights = torch.stack([layer[0].float() for layer in seen]).cpu()  # (layers, heads, t, t)
    rounded = (weights.double() * 10_000).round() / 10_000
    return {
        "tokens": [token_text(tokenizer, token) for token in window], "layers": len(seen), "heads": weights.shape[1],
        "weights": rounded.tolist(),
    }


def token_text(tokenizer: Any, token: int) -> str:
    """A token for people: its text, its name if it is a special one, its bytes as in <E4 B8> if they are half a character."""
    name = str(tokenizer.convert_ids_to_tokens(token))
    if token in tokenizer.all_special_ids:
        return name
    if name.startswith("<0x"):
        return f"<{name[3:-1]}>"
    text = tokenizer.decode([token], clean_up_tokenization_spaces=False)
    if BROKEN in text:
        return _bytes_of(name) or name
    return f" {text}" if name.startswith("\u2581") and not text.startswith(" ") else text


def _bytes_of(name: str) -> str | None:
    if not _BYTES:
        from transformers.convert_slow_tokenizer import bytes_to_unicode

        _BYTES.update({character: byte for byte, character in bytes_to_unicode().items()})
    found = [_BYTES.get(character) for character in name]
    return None if None in found else "<" + " ".join(f"{byte:02X}" for byte in found) + ">"


def _surprise(model: torch.nn.Module, ids: list[int], room: int) -> list[float]:
    """Bits of every token but the first; windows of a context, half of each known already."""
    bits: list[float] = []
    start, step = 0, max(room // 2, 1)
    while len(bits) < len(ids) - 1:
        window = ids[start:start + room]
        shares = _forward(model, [window]).logits[0, :-1].float().log_softmax(-1)  # (t - 1, v)
        found = -shares[range(len(window) - 1), window[1:]] / math.log(2)  # (t - 1,)
        bits += found[len(bits) - start:].tolist()
        start += step
    return bits


def _forward(model: torch.nn.Module, ids: list[list[int]], **more: Any) -> Any:
    given = torch.tensor(ids, device=next(model.parameters()).device)
    return model(input_ids=given, attention_mask=torch.ones_like(given), use_cache=False, return_dict=True, **more)


@contextlib.contextmanager
def _resting(model: torch.nn.Module) -> Iterator[None]:
    """Without dropout."""
    learning = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(learning)


@contextlib.contextmanager
def _eager(model: torch.nn.Module) -> Iterator[None]:
    """Attention that is spelt out: the fused kernels keep no weights."""
    usual = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(usual)

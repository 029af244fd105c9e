"""Gemma's tokenizer from what a GGUF file says: pieces, their ranks and kinds, as a plain fast tokenizer."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

_NORMAL, _CONTROL, _NAMED = 1, 3, 4  # kinds of pieces
_SPACE = "\u2581"
_SIGN = re.compile(r"<(unused\d+|(start|end)_of_\w+|mask)>|\[multimodal\]")  # no text, though the file lists them with tags such as <b>


def tokenizer_of(facts: dict[str, Any]) -> Any:
    """A `PreTrainedTokenizerFast`; 262,144 pieces take some seconds."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces, kinds = facts["tokenizer.ggml.tokens"], facts["tokenizer.ggml.token_type"]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    names = {role: pieces[facts[f"tokenizer.ggml.{key}_token_id"]]
             for role, key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding"))}
    inner = Tokenizer(models.BPE(
        vocab=numbers, merges=merges(pieces, facts["tokenizer.ggml.scores"], kinds), unk_token=names["unk"], fuse_unk=True,
        byte_fallback=True,
    ))
    added: dict[bool, list] = {False: [], True: []}
    inner.normalizer = normalizers.Replace(" ", _SPACE)
    inner.decoder = decoders.Sequence([decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()])
    inner.post_processor = processors.TemplateProcessing(
        single=f"{names['bos']} $A", pair=f"{names['bos']} $A {names['bos']} $B", special_tokens=[(names["bos"], numbers[names["bos"]])])
    for at in np.flatnonzero((kinds == _NAMED) | (kinds == _CONTROL)):
        special = kinds[at] == _CONTROL or bool(_SIGN.fullmatch(pieces[at]))
        added[special].append(AddedToken(pieces[at], normalized=False, special=special))
    inner.add_tokens(added[False])
    inner.add_special_tokens(added[True])
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, **{f"{role}_token": name for role, name in names.items()},
        model_max_length=int(facts["gemma3.context_length"]), clean_up_tokenization_spaces=False,
    )


def merges(pieces: list[str], scores: np.ndarray, kinds: np.ndarray) -> list[tuple[str, str]]:
    """Which two pieces become one, the most usual first: every way to make a piece of two others.

    Examples
    --------
    >>> merges(["a", "b", "ab", "aba"], np.array([0.0, 0.0, -1.0, -2.0]), np.full(4, _NORMAL))
    [('a', 'b'), ('ab', 'a')]
    """
    numbers = {piece: number for number, (piece, kind) in enumerate(zip(pieces, kinds, strict=True)) if kind in (_NORMAL, _NAMED)}
    found = []
    for piece, number in numbers.items():
        for cut in range(1, len(piece)):
            left = numbers.get(piece[:cut])
            if left is not None:
                right = numbers.get(piece[cut:])
                if right is not None:
                    found.append((-scores[number], left, right))
    found.sort()
    return [(pieces[left], pieces[right]) for _, left, right in found]

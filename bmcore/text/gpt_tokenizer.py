"""Byte-level BPE learned from the user's own texts, and texts as arrays of its tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

BORDER = "<|endoftext|>"
SMALLEST, LARGEST = 300, 4096  # tokens; 256 of them are the bytes
ENCODED = 1000  # documents at a time, so that a stop is heard
LEARNED = 20_000_000  # characters that merges are learned from: more change nothing and take memory


def learn(documents: Sequence[str], vocabulary: int, context: int | None = None) -> Any:
    """A `PreTrainedTokenizerFast` of at most `vocabulary` tokens, learned from the documents.

    Every text can be written in it, since each byte is a token; one special token is the border of documents: beginning, end and padding.
    5 MB take about 2 s.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=[BORDER], initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False,
    )
    inner.train_from_iterator(_until(documents, LEARNED), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token=BORDER, eos_token=BORDER, pad_token=BORDER, model_max_length=context or int(1e30),
        clean_up_tokenization_spaces=False,
    )


def _until(documents: Sequence[str], most: int) -> list[str]:
    total, found = 0, []
    for text in documents:
        found.append(text[:most - total])
        total += len(text)
        if total >= most:
            break
    return found


def vocabulary_for(size: int) -> int:
    """Tokens for texts of `size` bytes: so many that each is seen often enough.

    >>> vocabulary_for(5_000_000), vocabulary_for(20_000)
    (2048, 512)
    """
    return 512 if size < 100_000 else 1024 if size < 1_000_000 else 2048 if size < 20_000_000 else LARGEST


def encode(tokenizer: Any, documents: Sequence[str], report: Callable[..., Any] | None = None) -> list[np.ndarray]:
    """Tokens of each document as int32 arrays, without borders: a text that contains the name of a border holds its letters."""
    found: list[np.ndarray] = []
    for start in range(0, len(documents), ENCODED):
        if report is not None:
            report(start, len(documents), phase="tokens")
        part = tokenizer(list(documents[start:start + ENCODED]), add_special_tokens=False, split_special_tokens=True,
                         return_attention_mask=False, return_token_type_ids=False, verbose=False)["input_ids"]
        found += [np.asarray(ids, dtype=np.int32) for ids in part]
    return found


def start_of(tokenizer: Any, model: Any = None) -> int:
    """The token that a document begins with: bos where the model knows one, as Gemma and Llama must have it, else its end."""
    return tokenizer.bos_token_id if isinstance(tokenizer.bos_token_id, int) else border_of(tokenizer, model)


def border_of(tokenizer: Any, model: Any = None) -> int:
    """The token that a document ends with."""
    for number in (tokenizer.eos_token_id, tokenizer.bos_token_id, getattr(getattr(model, "config", None), "eos_token_id", None)):
        if isinstance(number, int):
            return number
    return 0

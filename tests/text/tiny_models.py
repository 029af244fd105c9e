"""Tiny causal language models with random weights, one of each family, and a byte-level tokenizer."""

from __future__ import annotations

import functools

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

TEXT = ["The parcel came late. 快递太慢了，客服很好。", "A dress, two sizes too small; naïve café 😀.", "Where is my parcel? 在哪里？"]
CONTEXT = 48
_SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48, "max_position_embeddings": CONTEXT}
_ENDS = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
FAMILIES = ("gpt2", "qwen3", "llama", "gemma3")


@functools.cache
def tokenizer():
    """Byte-level BPE of 300 tokens: most Chinese characters are several tokens."""
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(TEXT, trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<|endoftext|>", eos_token="<|endoftext|>")


@functools.cache
def model(family, spread=0.3):
    """A random model of the family; `spread` is the size of its weights, so that its answers differ from token to token."""
    torch.manual_seed(5)
    words = len(tokenizer())
    made = _made(family, words).eval()
    with torch.no_grad():
        for weight in made.parameters():
            if weight.ndim > 1:
                weight.normal_(0, spread)
    return made


def _made(family, words):
    import transformers as tf

    if family == "gpt2":
        return tf.GPT2LMHeadModel(tf.GPT2Config(
            vocab_size=words, n_positions=CONTEXT, n_embd=32, n_layer=2, n_head=4, activation_function="gelu_pytorch_tanh", **_ENDS))
    if family == "qwen3":
        return tf.Qwen3ForCausalLM(tf.Qwen3Config(vocab_size=words, num_key_value_heads=2, head_dim=8, **_SIZES, **_ENDS))
    if family == "llama":
        return tf.LlamaForCausalLM(tf.LlamaConfig(vocab_size=words, num_key_value_heads=2, **_SIZES, **_ENDS))
    return tf.Gemma3ForCausalLM(tf.Gemma3TextConfig(
        vocab_size=words, num_key_value_heads=1, head_dim=8, sliding_window=6, layer_types=["sliding_attention", "full_attention"],
        **_SIZES, **_ENDS))

"""A BERT so small that a test can train it: 2 layers, 32 units, a vocabulary of some dozens of words, random weights."""

from __future__ import annotations

import random

import pytest

WORDS = {
    "delivery": ["parcel", "courier", "late", "shipping", "tracking", "arrived"],
    "money": ["refund", "invoice", "charged", "card", "price", "paid"],
    "product": ["broken", "size", "colour", "fabric", "torn", "fits"],
}
COMMON = ["the", "my", "is", "was", "please", "help", "and", "it", "with", "very"]


def make_texts(n: int, seed: int = 0, classes: int = 3) -> tuple[list[str], list[str]]:
    """Messages of 3 to 15 words with one telling word in three."""
    generator = random.Random(seed)
    names = sorted(WORDS)[:classes]
    labels = [names[row % classes] for row in range(n)]
    texts = [" ".join(generator.choice(WORDS[label] if generator.random() < 0.4 else COMMON) for _ in range(generator.randint(3, 15)))
             for label in labels]
    return texts, labels


@pytest.fixture(scope="session")
def words():
    """Every word of the messages."""
    return [*COMMON, *(word for group in WORDS.values() for word in group)]


@pytest.fixture(scope="session")
def texts():
    return make_texts


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Folder of the tiny model."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *COMMON, *(word for group in WORDS.values() for word in group)]
    (folder / "vocab.txt").write_text("\n".join(words))
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
                        max_position_embeddings=64)
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    return folder

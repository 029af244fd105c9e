"""Byte-level BPE: every text comes back as it was, borders in a text are letters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmcore.text import gpt_tokenizer

TEXTS = ["The parcel came late, and the parcel was wet.", "快递太慢了，客服很好。", "naïve café 😀\n\n\tTabs  and   spaces "] * 3


@pytest.fixture(scope="module")
def tokenizer():
    return gpt_tokenizer.learn(TEXTS, 320)


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_every_text_comes_back(tokenizer, text):
    ids = gpt_tokenizer.encode(tokenizer, [text])[0]
    assert tokenizer.decode(ids.tolist()) == text


def test_a_border_in_a_text_is_letters(tokenizer):
    border = gpt_tokenizer.border_of(tokenizer)
    ids = gpt_tokenizer.encode(tokenizer, [f"so {gpt_tokenizer.BORDER} it ends"])[0]
    assert border == 0 and border not in ids and tokenizer.decode([border]) == gpt_tokenizer.BORDER


def test_common_words_are_one_token(tokenizer):
    assert len(tokenizer) == 320
    assert len(gpt_tokenizer.encode(tokenizer, [" parcel"])[0]) == 1


def test_it_is_saved_and_opened_by_transformers(tokenizer, tmp_path):
    from transformers import AutoTokenizer

    tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert (gpt_tokenizer.encode(again, TEXTS)[0] == gpt_tokenizer.encode(tokenizer, TEXTS)[0]).all()
    assert again.eos_token == again.bos_token == gpt_tokenizer.BORDER

"""Writing with a cache is writing without one; alone as in a batch; whole characters; and the views of how a model writes."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models

from bmcore.errors import DataError, ModelError
from bmcore.text import gpt_decode, gpt_next
from bmcore.text.gpt_batch import Batch
from bmcore.text.gpt_pieces import BROKEN, Detokenizer, encode
from bmcore.text.gpt_sample import choose, probabilities
from tests.text.tiny_models import CONTEXT, FAMILIES, model, tokenizer

PROMPTS = ["The parcel", "", "快递太慢了", "A dress, two sizes too small; naïve café " * 3, "Where"]
WAYS = [(0, 1), (0.8, 0.95), (1.3, 1), (0.7, 0.5)]


@torch.no_grad()
def without_cache(family, prompt, seed, temperature, top_p, most=90):
    """The tokens that the model writes when it reads everything again for each, by the rules that are promised."""
    window, draw, found = gpt_decode.window_of(tokenizer(), prompt, CONTEXT), random.Random(seed).random, []
    while len(found) < most:
        logits = model(family)(input_ids=torch.tensor([window]), attention_mask=torch.ones(1, len(window)), use_cache=False).logits[:, -1]
        token = choose(logits.float(), temperature, top_p, [draw()])[0]
        if token == tokenizer().eos_token_id:
            break
        found.append(token)
        window.append(token)
        if len(window) > CONTEXT:
            window = window[-(CONTEXT // 2):]
    return found


@pytest.fixture
def heard(monkeypatch):
    """The tokens of each draft."""
    made = []

    class Heard(Detokenizer):
        def __init__(self, *given):
            super().__init__(*given)
            self.heard = []
            made.append(self.heard)

        def add(self, token):
            self.heard.append(token)
            return super().add(token)

    monkeypatch.setattr(gpt_decode, "Detokenizer", Heard)
    return made


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("temperature", "top_p"), WAYS)
def test_cached_is_uncached_and_a_batch_is_single_ones(family, temperature, top_p, heard):
    """90 tokens of a context of 48: rows of different lengths slide at different times, and some end before others."""
    asked = {"max_new_tokens": 90, "temperature": temperature, "top_p": top_p}
    together = gpt_decode.generate(model(family), tokenizer(), PROMPTS, seed=3, **asked)
    assert heard == [without_cache(family, prompt, 3 + at, temperature, top_p) for at, prompt in enumerate(PROMPTS)]
    alone = [gpt_decode.generate(model(family), tokenizer(), [prompt], seed=3 + at, **asked)[0] for at, prompt in enumerate(PROMPTS)]
    assert together == alone
    streamed = "".join(gpt_decode.stream(model(family), tokenizer(), PROMPTS[2], seed=5, **asked))
    assert streamed == together[2]


def test_another_seed_is_another_text():
    drafts = gpt_decode.generate(model("gpt2"), tokenizer(), ["Dear"] * 20, max_new_tokens=20, temperature=1.5, top_p=1)
    assert len(set(drafts)) > 15


def test_a_greedy_text_is_transformers_own():
    ids = torch.tensor([encode(tokenizer(), "The parcel")])
    for family in FAMILIES:
        theirs = model(family).generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=30, do_sample=False, pad_token_id=0)
        kept = [token for token in theirs[0, ids.shape[1]:].tolist() if token]
        mine = gpt_decode.generate(model(family), tokenizer(), ["The parcel"], max_new_tokens=30, temperature=0)[0]
        assert mine == tokenizer().decode(kept).rstrip(BROKEN)


def test_more_prompts_than_rows(monkeypatch):
    asked = {"max_new_tokens": 10, "temperature": 1.0}
    whole = gpt_decode.generate(model("llama"), tokenizer(), PROMPTS, **asked)
    monkeypatch.setattr(gpt_decode, "MOST_ROWS", 2)
    assert gpt_decode.generate(model("llama"), tokenizer(), PROMPTS, **asked) == whole
    assert gpt_decode.generate(model("llama"), tokenizer(), [], **asked) == []


def test_the_cache_stays_within_bounds():
    batch = Batch(model("gpt2"), [[1, 2, 3], [4] * 40], CONTEXT, 100_000)
    logits = batch.start()
    for _ in range(400):
        logits = batch.step(logits.argmax(-1).tolist())
        assert max(map(len, batch.windows)) <= CONTEXT
    assert batch.columns == CONTEXT + 16
    assert all(layer.keys.shape[2] == batch.columns and layer.used <= batch.columns for layer in batch._cache.layers)


def test_the_prompts_end_is_kept_and_said():
    notes = []
    long = "far too long " * 100 + "The parcel"
    gpt_decode.generate(model("gpt2"), tokenizer(), [long, "short"], max_new_tokens=2, notes=notes)
    assert len(notes) == 1 and "only its end" in str(notes[0]) and notes[0].values["context"] == CONTEXT
    window = gpt_decode.window_of(tokenizer(), long, 10)
    assert window == encode(tokenizer(), long)[-10:]
    assert gpt_decode.context_of(model("gpt2"), 10_000) == CONTEXT and gpt_decode.context_of(model("gpt2"), 8) == 8


@given(st.text(max_size=60), st.text(max_size=20))
def test_pieces_are_the_text_in_whole_characters(text, prompt):
    tokens = tokenizer()(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    detokenizer = Detokenizer(tokenizer(), encode(tokenizer(), prompt))
    found = [detokenizer.add(token) for token in tokens]
    assert "".join(found) + detokenizer.end() == text.rstrip(BROKEN)
    assert BROKEN in text or not any(BROKEN in piece for piece in found)


@given(st.text(alphabet="abc快递😀", max_size=40), st.lists(st.text(alphabet="ab快递😀", min_size=1, max_size=5), min_size=1, max_size=3))
def test_a_stop_text_is_found_across_tokens(text, stops):
    detokenizer, found = Detokenizer(tokenizer(), encode(tokenizer(), ""), stops), ""
    for token in tokenizer()(text, add_special_tokens=False)["input_ids"]:
        found += detokenizer.add(token)
        if detokenizer.stopped:
            break
    found += detokenizer.end()
    ends = [text.find(stop) for stop in stops if stop in text]
    assert detokenizer.stopped == bool(ends)
    if not ends:
        assert found == text
    else:  # a longer stop text that begins earlier may end later: the one met first counts
        assert text.startswith(found) and any(text[len(found):].startswith(stop) for stop in stops)


def test_half_a_character_at_the_end_is_dropped():
    detokenizer = Detokenizer(tokenizer(), encode(tokenizer(), ""))
    tokens = tokenizer()("ok 龘", add_special_tokens=False)["input_ids"]
    shown = [detokenizer.add(token) for token in tokens[:-1]]
    assert "".join(shown) + detokenizer.end() == "ok "


def test_bytes_that_are_no_character_come_in_the_end():
    detokenizer = Detokenizer(tokenizer(), encode(tokenizer(), ""))
    lone = tokenizer().convert_tokens_to_ids("¿")  # the byte BF never begins a character
    found = "".join(detokenizer.add(lone) for _ in range(100))
    assert set(found) == {BROKEN} and len(found) >= 90


def test_bytes_of_sentencepiece_vocabularies():
    """There a word's space belongs to the word, and a run of bytes is text or broken as a whole."""
    from transformers import PreTrainedTokenizerFast

    words = ["<s>", "</s>", "\u2581the", "\u2581dog", *(f"<0x{byte:02X}>" for byte in range(256))]
    inner = Tokenizer(models.BPE({word: at for at, word in enumerate(words)}, [], byte_fallback=True))
    inner.decoder = decoders.Sequence([
        decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    made = PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>")
    bytes_of = [4 + byte for byte in "快递太慢".encode()]
    detokenizer = Detokenizer(made, [0, 3, *bytes_of])
    tokens = [*bytes_of, 2, 3, *bytes_of]
    pieces = [detokenizer.add(token) for token in tokens]
    assert pieces == ["", "", "快", "", "", "递", "", "", "太", "", "", "慢", " the", " dog", *pieces[:12]]
    assert [gpt_next.token_text(made, token) for token in (0, 2, bytes_of[0])] == ["<s>", " the", "<E5>"]


def test_stop_and_length_and_the_end():
    asked = {"max_new_tokens": 30, "temperature": 0}
    whole = gpt_decode.generate(model("gpt2"), tokenizer(), ["Where"], **asked)[0]
    stop = whole[3:6]
    cut = gpt_decode.generate(model("gpt2"), tokenizer(), ["Where"], stop=stop, **asked)[0]
    assert cut == whole[:whole.index(stop)]
    *_, last = gpt_decode.pieces(model("gpt2"), tokenizer(), ["Where"], seeds=[0], stop=[stop, "never"], **asked)
    assert last[-1].ended == "stop"
    *_, last = gpt_decode.pieces(model("gpt2"), tokenizer(), ["Where"], seeds=[0], **asked)
    assert (last[-1].ended, last[-1].tokens) == ("length", 30)


def test_cancelled_and_closed(heard):
    found = gpt_decode.generate(
        model("gpt2"), tokenizer(), ["a", "b"], max_new_tokens=1000, temperature=2.0, cancelled=lambda: len(heard[0]) == 5)
    assert [len(one) for one in heard] == [5, 5] and len(found) == 2
    writing = gpt_decode.pieces(model("gpt2"), tokenizer(), ["a"], seeds=[1], max_new_tokens=1000, temperature=2.0)
    next(writing)
    writing.close()
    assert len(heard[2]) == 1


def test_a_model_that_is_learning_goes_on_learning():
    made = model("gpt2").train()
    try:
        first, second = (gpt_decode.generate(made, tokenizer(), ["a"], max_new_tokens=5, seed=1) for _ in range(2))
        assert first == second and made.training
        assert gpt_next.next_tokens(made, tokenizer(), "a", k=3) == gpt_next.next_tokens(made, tokenizer(), "a", k=3) and made.training
    finally:
        made.eval()


@pytest.mark.parametrize(("asked", "words"), [
    ({"max_new_tokens": 0}, "max_new_tokens is 0"), ({"max_new_tokens": True}, "max_new_tokens"), ({"max_new_tokens": "5"}, "max_new"),
    ({"temperature": math.nan}, "temperature is nan"), ({"temperature": -1}, "temperature"), ({"temperature": 10**400}, "temperature"),
    ({"top_p": 0}, "top_p is 0"), ({"top_p": math.nan}, "top_p"), ({"stop": ""}, "stop holds"), ({"stop": [1]}, "stop holds"),
])
def test_impossible_settings(asked, words):
    with pytest.raises(DataError, match=words):
        gpt_decode.generate(model("gpt2"), tokenizer(), ["a"], **asked)
    with pytest.raises(DataError, match=words):
        gpt_decode.pieces(model("gpt2"), tokenizer(), ["a"], seeds=[0], **asked)


@pytest.mark.parametrize("seed", ["a", 1.5, None, True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(DataError, match="The seed is"):
        gpt_decode.generate(model("gpt2"), tokenizer(), ["a"], seed=seed)
    with pytest.raises(DataError, match="The seed is"):
        gpt_decode.pieces(model("gpt2"), tokenizer(), ["a"], seeds=[seed])


def test_numbers_of_numpy_are_numbers():
    plain = gpt_decode.generate(model("gpt2"), tokenizer(), ["a"], max_new_tokens=4, temperature=0.5, seed=3)
    asked = {"max_new_tokens": np.int64(4), "temperature": np.float32(0.5), "seed": np.int32(3)}
    assert gpt_decode.generate(model("gpt2"), tokenizer(), ["a"], **asked) == plain


def test_a_choice_has_the_probabilities_it_says():
    torch.manual_seed(0)
    logits = torch.randn(1, 300) * 2
    for temperature, top_p in ((1.0, 1.0), (0.7, 0.9), (1.5, 0.999), (0.5, 0.01)):
        wanted = probabilities(logits[0], temperature, top_p)
        draws = [(at + 0.5) / 20_000 for at in range(20_000)]
        chosen = choose(logits.expand(20_000, -1), temperature, top_p, draws)
        found = torch.bincount(torch.tensor(chosen), minlength=300) / 20_000
        assert float((found - wanted).abs().max()) < 2e-4 and wanted.sum() == pytest.approx(1, abs=1e-5)
        kept = (logits[0] / temperature).softmax(-1)[wanted > 0].sort(descending=True).values
        assert float(kept[:-1].sum()) < top_p + 1e-5 <= float(kept.sum()) + 1e-4
    assert choose(torch.zeros(1, 5), 1.0, 1.0, [0.999_999_999_999]) == [4]


def test_a_broken_model_is_said():
    for temperature in (0, 1.0):
        with pytest.raises(ModelError, match="not a number"):
            choose(torch.full((1, 5), math.nan), temperature, 0.9, [0.5])


def test_next_tokens():
    found = gpt_next.next_tokens(model("gpt2"), tokenizer(), "Where", temperature=0.5, top_p=0.6, k=300)
    assert [one["raw"] for one in found] == sorted((one["raw"] for one in found), reverse=True)
    assert sum(one["raw"] for one in found) == pytest.approx(1, abs=1e-4) and sum(one["probability"] for one in found) == pytest.approx(1)
    assert found[-1]["probability"] == 0 and len({one["id"] for one in found}) == len(tokenizer())
    greedy = gpt_next.next_tokens(model("gpt2"), tokenizer(), "Where", temperature=0, k=2)
    assert [one["probability"] for one in greedy] == [1, 0]
    with pytest.raises(DataError, match="k is 0"):
        gpt_next.next_tokens(model("gpt2"), tokenizer(), "Where", k=0)


def test_tokens_with_surprise():
    text = "快递 parcel " * 20  # longer than the context
    found = gpt_next.tokens(model("llama"), tokenizer(), text)
    ids = encode(tokenizer(), text)
    assert [one["id"] for one in found] == ids[1:] and found[0]["surprise"] is None
    with torch.no_grad():
        logits = model("llama")(input_ids=torch.tensor([ids[:CONTEXT]])).logits[0].log_softmax(-1)
    wanted = -logits[4, ids[5]].item() / math.log(2)
    assert found[4]["surprise"] == pytest.approx(wanted, abs=1e-3)
    assert all(one["surprise"] > 0 for one in found[1:])
    assert gpt_next.tokens(model("llama"), tokenizer(), "") == []
    assert [one["token"] for one in gpt_next.tokens(model("llama"), tokenizer(), "<|endoftext|>")] != ["<|endoftext|>"]


@pytest.mark.parametrize("family", FAMILIES)
def test_attention(family):
    usual = model(family).config._attn_implementation
    found = gpt_next.attention(model(family), tokenizer(), "The parcel came late. " * 30)
    assert model(family).config._attn_implementation == usual
    n = len(found["tokens"])
    assert found["tokens"][0] == "<|endoftext|>" and n == CONTEXT
    weights = torch.tensor(found["weights"])
    assert weights.shape == (found["layers"], found["heads"], n, n) == (2, 4, n, n)
    assert torch.allclose(weights.sum(-1), torch.ones(2, 4, n), atol=0.01) and float(weights.triu(1).abs().max()) == 0

"""The judgement of what writes: each verdict from a made generator, and a real small one."""

from __future__ import annotations

import numpy as np
import pytest

from bmcore.data.texts import Texts
from bmcore.errors import Cancelled
from bmcore.evaluate import generation, generation_parts
from bmcore.evaluate.copying import Copied
from bmcore.messages import Message
from bmcore.text import gpt_tokenizer

WORDS = ["the", "a", "red", "blue", "dress", "shirt", "fits", "runs", "small", "large", "and", "but", "is", "was", "very", "nice",
         "soft", "long", "short", "I", "bought", "returned", "it", "again"]


def made(n: int, seed: int) -> list[str]:
    dice = np.random.default_rng(seed)
    return [" ".join(dice.choice(WORDS, 60)) + "." for _ in range(n)]


class Writer:
    """Knows how surprised it is, and what it says."""

    model, size, before_, seconds_, counts_ = "scratch", "nano", None, 1.0, {"parameters": 1000}

    def __init__(self, train, bits, says):
        self.tokenizer_, self.bits, self.says = gpt_tokenizer.learn(train, 300), bits, says

    def losses(self, texts):
        sizes = np.array([len(text) for text in texts])
        wobble = np.random.default_rng(0).normal(0, 0.2, len(texts))
        return (self.bits + wobble) * sizes * np.log(2), sizes // 4, sizes

    def generate(self, prompts, **_):
        return [self.says[i % len(self.says)] for i in range(len(prompts))]


@pytest.fixture(scope="module")
def texts():
    return Texts(made(120, 0)), Texts(made(40, 1))


def verdict(texts, bits, says):
    train, test = texts
    return generation.evaluate(Writer(train.documents, bits, says), train, test, seed=0)


def test_learned_worse_and_not_proven(texts):
    new = made(20, 2)
    found = verdict(texts, 0.3, new)
    assert found["verdict"]["kind"] == "learned" and found["difference"]["high"] < 0
    rival = found["baselines"][0]["bits_per_byte"]["value"]
    assert verdict(texts, rival + 1, new)["verdict"]["kind"] == "worse"
    close = verdict(texts, rival - 0.005, new)
    assert close["verdict"]["kind"] == "not_proven" and close["difference"]["low"] < 0 < close["difference"]["high"]
    assert str(Message.from_dict(close["verdict"]["message"])).startswith("Not proven")


def test_memorised(texts):
    found = verdict(texts, 0.3, texts[0].documents[:20])
    assert found["verdict"]["kind"] == "memorised"
    assert found["model"]["copied"]["share_over_50"]["value"] == 1 and found["baselines"][-1]["copied"]["share_over_50"]["value"] == 0
    assert found["model"]["copied"]["texts_over_50"] == {"value": 1, "low": 1, "high": 1}
    assert found["drafts"][0]["nearest"] == found["drafts"][0]["text"]


def test_one_draft_of_four_with_a_long_copy():
    found = generation_parts.copied(["a" * 100] * 4, [Copied(60, 0, "", 60), *[Copied(9, 0, "", 0)] * 3], 0)
    assert found["texts_over_50"]["value"] == 0.25 and found["share_over_50"]["value"] == 0.15
    assert found["longest"] == {"value": 9, "max": 60}


def test_variety_and_repetition():
    found = generation_parts.variety(["a b c d a b c d", "e f g h i j k l"], 0)
    assert found["distinct_1"]["value"] == 12 / 16 and found["distinct_2"]["value"] == 11 / 14 and found["repetition"]["value"] == 1 / 10


def test_the_interval_holds_the_truth():
    dice, held = np.random.default_rng(1), 0
    for turn in range(100):
        bits = dice.normal(2.0, 0.5, 60)
        value = generation_parts.span(*generation_parts.ratio(bits, np.ones(60), generation_parts.resamples(60, turn)))
        held += value["low"] < 2.0 < value["high"]
    assert held >= 85


def test_cancelled_where_asked(texts):
    def stop(*_, **__):
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        generation.evaluate(Writer(texts[0].documents, 1.0, ["x"]), *texts, report=stop)


def test_a_real_small_one(texts):
    from bmcore import TextGenerator

    train, test = texts
    model = TextGenerator(size="nano", epochs=1, context_length=64, device="cpu").fit(train)
    found = generation.evaluate(model, train, test, seed=0)
    assert found["model"]["bits_per_byte"]["low"] < model.bits_per_byte(test) < found["model"]["bits_per_byte"]["high"]
    assert found["model"]["bits_per_byte"]["value"] == pytest.approx(model.bits_per_byte(test), rel=1e-4)
    assert len(found["continuations"]) == 8 and len(found["drafts"]) == 20 and found["model"]["tokens_per_s"] > 0
    for one in found["continuations"]:
        assert any(text.startswith(one["prompt"]) for text in test.documents)


def test_the_better_rival_decides():
    spans = {"ours": (3.0, np.full(9, 3.0)), generation.NGRAM: (1.0, np.full(9, 1.0)), generation.BEFORE: (8.0, np.full(9, 8.0))}
    assert generation._difference(spans)["against"] == generation.NGRAM
    assert generation._difference({**spans, generation.BEFORE: (0.5, np.full(9, 0.5))})["against"] == generation.BEFORE


@pytest.mark.parametrize(("n", "copied", "kind", "words"), [
    (40, (0.0, 0.0, 0.0), "learned", "does not copy"),
    (40, (0.2, 0.05, 0.4), "not_proven", "may copy: 20 %"),
    (40, (0.03, 0.0, 0.2), "learned", "too few drafts"),
    (40, (0.5, 0.3, 0.7), "memorised", "50 %"),
    (3, (0.0, 0.0, 0.0), "not_proven", "only 3 texts"),
])
def test_what_is_said_of_copies_and_of_few_texts(n, copied, kind, words):
    from bmcore.evaluate.generation_verdict import judge

    shares = [{"share_over_50": dict(zip(("value", "low", "high"), one, strict=True))} for one in (copied, (0.0, 0.0, 0.0))]
    model, real = ({"bits_per_byte": {"value": 1.0}, "copied": one} for one in shares)
    difference = {"against": generation.NGRAM, "value": -0.5, "low": -0.6, "high": -0.4}
    found, message = judge(model, real, 1.5, difference, n)
    assert found == kind and words in str(message)

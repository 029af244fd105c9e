"""TextGenerator: what it learns, keeps, refuses; plain folders that transformers opens without it."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from bmcore.base import Estimator
from bmcore.errors import Cancelled, DataError, ModelError, NotFittedError, ParameterError
from bmcore.messages import Message
from bmcore.text import gpt_memory, gpt_stored
from bmcore.text.generator import TextGenerator
from bmcore.text.gpt_inputs import documents_of
from tests.text import tiny_models

TEXTS = [f"Parcel {number}: the {word} dress came late, and it is too {size}. 快递太慢了。" * 2
         for number, (word, size) in enumerate(zip(["red", "blue", "soft", "green"] * 6, ["small", "large", "long"] * 8, strict=True))]
SMALL = {"size": "nano", "epochs": 1, "context_length": 32, "device": "cpu"}
SETTINGS = {"max_new_tokens": 12, "seed": 3}


def quiet(*_, **__):
    pass


def made(family="gpt2", method="full", base=None):
    """A generator with a random model, as a fit would leave it."""
    import copy

    from bmcore.training import lora

    model = copy.deepcopy(tiny_models.model(family))
    if method == "lora":
        torch.manual_seed(1)
        with torch.no_grad():
            for value in lora.attach(model, 2):
                value.normal_(0, 0.1)
    generator = TextGenerator(method=method, model=base or "scratch", context_length=32, device="cpu")
    gpt_stored.take(generator, SimpleNamespace(
        model=model, tokenizer=copy.deepcopy(tiny_models.tokenizer()), history=[{"step": 1, "validation_loss": 2.0}],
        notes=[Message("Training goes on from update {step}.", step=4)],
        counts={"documents": 3, "tokens": 50, "parameters": 7}, base={"model": base, "revision": None} if base else None))
    generator.seconds_ = 1.5
    return generator


@pytest.fixture(scope="module")
def fitted():
    shown = []
    generator = TextGenerator(**SMALL).fit(TEXTS, report=quiet, watch=lambda step, seconds, texts: shown.append((step, seconds, texts)))
    return generator, shown


def test_a_fit_learns_and_says_what(fitted):
    generator, shown = fitted
    assert generator.counts_["documents"] <= len(TEXTS) and generator.counts_["tokens"] > 500
    assert generator.counts_["parameters"] == sum(value.numel() for value in generator.model_.parameters())
    assert generator.history_ and {"step", "seconds"} <= set(generator.history_[-1]) and generator.seconds_ > 0
    assert generator.before_ is None and generator.bits_per_byte(TEXTS) < 8
    assert shown and all(isinstance(text, str) for _, _, texts in shown for text in texts)
    assert not any(value.isnan().any() for value in generator.model_.parameters())


def test_the_same_seed_gives_the_same_model_and_text(fitted):
    again = TextGenerator(**SMALL).fit(TEXTS, report=quiet)
    assert again.bits_per_byte(TEXTS) == pytest.approx(fitted[0].bits_per_byte(TEXTS), abs=1e-9)
    assert again.generate("The", **SETTINGS) == fitted[0].generate("The", **SETTINGS)


def test_a_saved_one_is_a_plain_folder(fitted, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    generator = fitted[0]
    generator.save(tmp_path)
    back = Estimator.load(tmp_path)
    assert back.get_params() == generator.get_params() and back.counts_ == generator.counts_ and back.history_ == generator.history_
    assert back.generate("The", **SETTINGS) == generator.generate("The", **SETTINGS)
    plain, tokenizer = AutoModelForCausalLM.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    ids = tokenizer("The dress", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        assert torch.allclose(plain(ids).logits, generator.model_(ids).logits, atol=1e-5)


@pytest.mark.parametrize("family", ["gpt2", "qwen3"])
@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_model_that_was_trained_before_learns_on(family, method, tmp_path):
    base = tmp_path / "base"
    tiny_models.model(family, 0.05).save_pretrained(base)
    tiny_models.tokenizer().save_pretrained(base)
    before = TextGenerator(model=str(base), context_length=32, device="cpu").open()
    generator = TextGenerator(model=str(base), method=method, epochs=4, context_length=32, batch_tokens=128, device="cpu", lora_rank=4)
    generator.fit(TEXTS, report=quiet)
    assert generator.before_ == str(base) and generator.bits_per_byte(TEXTS) < before.bits_per_byte(TEXTS)
    generator.save(tmp_path / "saved")
    assert (tmp_path / "saved" / "adapter").is_dir() == (method == "lora")
    assert (tmp_path / "saved" / "config.json").is_file() == (method == "full")
    assert Estimator.load(tmp_path / "saved").generate("The", **SETTINGS) == generator.generate("The", **SETTINGS)


def test_lora_is_kept_by_itself_and_merged(tmp_path):
    peft = pytest.importorskip("peft")
    from transformers import AutoModelForCausalLM

    base = tmp_path / "base"
    tiny_models.model("gpt2").save_pretrained(base)
    tiny_models.tokenizer().save_pretrained(base)
    generator = made("gpt2", "lora", str(base))
    generator.save(tmp_path / "apart")
    generator.export_merged(tmp_path / "merged")
    ids = torch.tensor([[4, 9, 2]])
    with torch.no_grad():
        wanted = generator.model_(ids).logits
        merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
        apart = peft.PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), tmp_path / "apart" / "adapter").eval()
        assert torch.allclose(merged(ids).logits, wanted, atol=1e-4) and torch.allclose(apart(ids).logits, wanted, atol=1e-3)
    assert Estimator.load(tmp_path / "merged").generate("a", **SETTINGS) == generator.generate("a", **SETTINGS)
    # as a run keeps it: the merged folder, and what was learned beside it
    (tmp_path / "apart" / "adapter").rename(tmp_path / "merged" / "adapter")
    back = Estimator.load(tmp_path / "merged")
    back.save(tmp_path / "again")
    assert (tmp_path / "again" / "adapter" / "adapter_model.safetensors").is_file() and back.before_ == str(base)


def test_what_it_knows_about_itself_is_kept(tmp_path):
    generator = made()
    generator.save(tmp_path)
    back = TextGenerator.load(tmp_path)
    assert [str(note) for note in back.notes_] == ["Training goes on from update 4."] and back.seconds_ == 1.5
    (tmp_path / "training.json").write_text("{")
    with pytest.raises(ModelError, match="missing or damaged"):
        TextGenerator.load(tmp_path)


def test_perplexity_bits_and_losses_are_one_thing():
    generator = made()
    texts = ["The parcel came late. 快递", "Where is it?"]
    nats, tokens, size = generator.losses(texts)
    assert tokens.tolist() == [len(generator.tokenizer_(text)["input_ids"]) for text in texts]
    assert size.tolist() == [len(text.encode()) for text in texts]
    assert generator.perplexity(texts) == pytest.approx(np.exp(nats.sum() / tokens.sum()))
    assert generator.bits_per_byte(texts) == pytest.approx(nats.sum() / np.log(2) / size.sum()) == -generator.score(texts)
    with pytest.raises(DataError, match="no text to judge"):
        generator.perplexity([""])


def test_a_model_that_knows_nothing_needs_as_many_bits_as_there_are_tokens():
    generator = made()
    with torch.no_grad():
        for value in generator.model_.parameters():
            value.zero_()
    assert generator.perplexity(["Where is my parcel?"]) == pytest.approx(len(generator.tokenizer_), rel=1e-4)


def test_lists_streams_and_looks_into_it():
    generator = made()
    alone = generator.generate("The parcel", **SETTINGS)
    assert generator.generate(["The parcel", "a"], **SETTINGS)[0] == alone == "".join(generator.stream("The parcel", **SETTINGS))
    assert generator.generate([], **SETTINGS) == []
    found = generator.next_tokens("The", k=300)
    assert sum(entry["raw"] for entry in found) == pytest.approx(1, abs=1e-4) and found[0]["raw"] == max(entry["raw"] for entry in found)
    assert generator.tokens("The parcel")[0]["surprise"] is None and generator.attention("The parcel")["layers"] == 2
    notes = []
    generator.generate("late " * 60, notes=notes, **SETTINGS)
    assert "only its end was used" in str(notes[0])
    with pytest.raises(DataError, match="Give a text"):
        generator.generate(5)


def test_what_cannot_be_learned_from_is_said(monkeypatch):
    with pytest.raises(DataError, match="There are 1 texts"):
        TextGenerator(**SMALL).fit(["only one", " "], report=quiet)
    with pytest.raises(DataError, match="Text 2 is no text but 5"):
        TextGenerator(**SMALL).fit(["a", 5], report=quiet)
    for table in (pd.DataFrame({"text": TEXTS}), {"text": TEXTS}, b"bytes", 5):
        with pytest.raises(DataError, match="Give a list of texts"):
            TextGenerator(**SMALL).fit(table, report=quiet)
    with pytest.raises(DataError, match=r"Text 2 is no text but (nan|None)"):
        TextGenerator(**SMALL).fit(pd.Series(["a", None]), report=quiet)
    assert documents_of(["half \ud83d a pair", "x"]) == ["half ? a pair", "x"]
    with pytest.raises(ParameterError, match="method"):
        TextGenerator(method="half").fit(TEXTS, report=quiet)
    with pytest.raises(ModelError, match="has to learn"):
        TextGenerator().open()
    with pytest.raises(NotFittedError):
        TextGenerator().generate("a")
    monkeypatch.setattr(gpt_memory, "free_on", lambda device: 10**6)
    with pytest.raises(ModelError, match="GB of memory"):
        TextGenerator(**SMALL).fit(TEXTS, report=quiet)


def test_lora_from_scratch_is_refused():
    with pytest.raises(ParameterError, match="lora"):
        TextGenerator(**SMALL, method="lora").fit(TEXTS, report=quiet)


def test_a_stop_is_heard():
    def stop(*_, **__):
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        TextGenerator(**SMALL).fit(TEXTS, report=stop)


def test_texts_of_every_kind():
    assert documents_of(SimpleNamespace(documents=["a", "b"])) == ["a", "b"] and documents_of(("a", "")) == ["a"]


def test_a_folder_without_weights_is_refused(tmp_path):
    made().save(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="no safetensors"):
        TextGenerator.load(tmp_path)
    settings = json.loads((tmp_path / "estimator.json").read_text())
    assert settings["estimator"] == "TextGenerator"

"""Training of language models: resumed equals uninterrupted, memory that runs out, both budgets, from nothing and from a model."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bmcore.errors import Cancelled
from bmcore.text import gpt_engine, gpt_train, gpt_weights
from bmcore.text.generator import TextGenerator
from bmcore.training.muon import Muon, orthogonal
from tests.text import tiny_models

WORDS = ["the", "parcel", "courier", "brought", "a", "red", "boat", "and", "nobody", "asked", "why", "it", "rained", "in", "harbour"]
SETTINGS = {"size": "nano", "epochs": 2, "context_length": 32, "batch_tokens": 256, "device": "cpu"}


def documents(n=24):
    draw = np.random.default_rng(0)
    return [" ".join(draw.choice(WORDS, 40)) for _ in range(n)]


def train(report=lambda *_, **__: None, folder=None, watch=None, **changes):
    return gpt_engine.fit(TextGenerator(**SETTINGS | changes), documents(), report, folder, watch)


def flat(model):
    return torch.cat([value.flatten() for value in model.parameters()]).detach()


@pytest.fixture(params=[True, False], ids=["bf16", "fp32"])
def half(request, monkeypatch):
    monkeypatch.setattr(gpt_weights, "fast_bf16", lambda device: request.param)
    return request.param


def test_resumed_equals_uninterrupted(tmp_path, half):
    whole, told = train(), []

    def stop(step, total, **metrics):
        if step == 7 and metrics.get("phase") == "train":
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        train(stop, tmp_path)
    torch.manual_seed(99)
    again = train(lambda step, total, **_: told.append(step), tmp_path)
    torch.testing.assert_close(flat(again.model), flat(whole.model), atol=1e-6, rtol=0)
    assert [entry["train_loss"] for entry in again.history] == pytest.approx([entry["train_loss"] for entry in whole.history], abs=1e-6)
    assert again.updates == whole.updates and "7" in str(again.notes[0])


def test_the_forecast_counts_that_batches_grow():

    plan = gpt_train.Plan(0.0, 0.1, 1000, 2000)
    feed = SimpleNamespace(rows=100, context=100, place=torch.zeros(2, dtype=torch.int64))
    clock = gpt_engine._Clock(lambda *given, **more: None, feed, [], SimpleNamespace(steps=600, seconds=None, validations=10), plan, 3000)
    clock._tell(100.0)
    assert clock.found["seconds"] == (600 * 1500 + 10 * 1000) / 100


def test_it_learns_and_keeps_the_best_weights(half):
    drafts = []
    found = train(epochs=5, watch=lambda *given: drafts.append(given))
    assert found.history[-1]["validation_loss"] < found.history[0]["validation_loss"] - 0.2
    assert set(found.history[0]) >= {"step", "seconds", "train_loss", "validation_loss"}
    assert found.counts["documents"] == 24 and found.model.dtype == torch.float32 and not found.model.training
    assert found.forecast["tokens_per_s"] > 0 and 3 <= len(drafts) <= 14
    assert all(len(texts) == 2 and isinstance(texts[0], str) for _, _, texts in drafts)
    held = found.model(torch.tensor([[0]])).logits
    assert held.isfinite().all()


def test_memory_that_runs_out_halves_the_parts_and_nothing_else(monkeypatch, half):
    whole, asked = train(epochs=1), []
    real = gpt_train.mean_loss

    def short(model, inputs, targets, count):
        asked.append(len(inputs["input_ids"]))
        if len(inputs["input_ids"]) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(model, inputs, targets, count)

    monkeypatch.setattr(gpt_train, "mean_loss", short)
    found = train(epochs=1)
    assert found.updates == whole.updates and max(asked) > 3 and "Memory" in str(found.notes[0])
    first, second = found.history[0]["train_loss"], whole.history[0]["train_loss"]
    assert first == pytest.approx(second, abs=0.03 if half else 1e-4)


def test_minutes_end_it_and_so_do_enough_passes(monkeypatch):
    told = []
    train(lambda step, total, **metrics: told.append((step, total)) if metrics.get("phase") == "train" else None, minutes=0.02)
    assert told == sorted(told) and told[-1] == (12, 12)
    monkeypatch.setattr(gpt_engine, "PASSES", 1)
    found = train(minutes=100)
    assert "enough" in str(found.notes[-1])


@pytest.mark.parametrize("family", ["gpt2", "qwen3"])
@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_model_that_was_trained_before_goes_on(family, method, tmp_path):
    from bmcore.training import lora

    model = tiny_models.model(family)
    model.save_pretrained(tmp_path)
    tiny_models.tokenizer().save_pretrained(tmp_path)
    found = train(model=str(tmp_path), method=method, learning_rate=0.01)
    assert found.history[-1]["validation_loss"] < found.history[0]["validation_loss"]
    assert bool(lora.layers(found.model)) == (method == "lora") and found.base["model"] == str(tmp_path)
    assert all(value.dtype == torch.float32 for value in found.model.parameters())
    if method == "lora":  # what was frozen is exactly as it was, though training may have computed in bf16
        base = dict(model.named_parameters())
        kept = {name.replace(".base.", "."): value for name, value in found.model.named_parameters() if ".lora_" not in name}
        assert all(torch.equal(value, base[name]) for name, value in kept.items())
    assert all(value.dtype != torch.bfloat16 for value in found.model.buffers())


def test_a_sliding_window_limits_the_context(tmp_path):
    assert gpt_engine._context(tiny_models.model("gemma3"), 32) == 6
    assert gpt_engine._context(tiny_models.model("gpt2"), 4096) == tiny_models.CONTEXT


def test_orthogonal_pushes_singular_values_to_one():
    found = torch.linalg.svdvals(orthogonal(torch.randn(2, 16, 40, generator=torch.Generator().manual_seed(0))))
    assert found.min() > 0.5 and found.max() < 1.3


def test_muon_treats_fused_projections_as_three():
    value = torch.nn.Parameter(torch.zeros(8, 24))
    value.grad = torch.randn(8, 24, generator=torch.Generator().manual_seed(0))
    Muon([value], 1.0).step()
    for piece in value.detach().chunk(3, 1):
        assert torch.linalg.svdvals(piece / (0.2 * 8**0.5)).max() < 1.3


def test_a_plan_grows_its_batches_and_ends_at_nought():
    plan = gpt_train.Plan(0.01, 0.01, 100, 300)
    assert plan.tokens(0) == 100 and plan.tokens(1) == 300
    assert plan.factor(0) < 0.1 and plan.factor(0.2) == 1 and plan.factor(0.999) < 0.01


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_quick_attention_gives_the_same_losses_and_gradients(family):
    from bmcore.text import gpt_attention, gpt_head
    from bmcore.text.gpt_packing import pack

    model, found = tiny_models._made(family, 300).train(), []
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    for name in ("attn_pdrop", "attention_dropout"):
        if hasattr(model.config, name):
            setattr(model.config, name, 0.0)
    draw = np.random.default_rng(0)
    blocks = pack([draw.integers(1, 300, n) for n in (9, 20, 40, 27)], 32, 0)
    for device in ("cpu", "none"):
        for rows in (slice(0, 1), slice(0, None)):
            model.zero_grad()
            with gpt_attention.quick(model, device):
                assert (model.config._attn_implementation == gpt_attention.NAME) == (device == "cpu")
                loss = gpt_head.mean_loss(model, *blocks.batch(rows), 32)
                loss.backward()
            found.append([loss.detach(), *(value.grad.clone() for value in model.parameters())])
    torch.testing.assert_close(found[0], found[2], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found[1], found[3], atol=1e-5, rtol=1e-4)
    assert model.config._attn_implementation == "sdpa"

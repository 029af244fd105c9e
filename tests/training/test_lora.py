"""LoRA beside the layers of a language model: the same sums as peft, merged as unmerged, in peft's own files."""

import copy
import json

import pytest
import torch
from torch import nn

from bmcore.errors import ModelError
from bmcore.training import lora
from tests.text import tiny_models

IDS = torch.tensor([[3, 7, 9, 20, 41, 5]])


def learned(family, rank=3, seed=0):
    """(a model with additions that do something, the model before)"""
    before = tiny_models.model(family)
    model = copy.deepcopy(before)
    torch.manual_seed(seed)
    for value in lora.attach(model, rank):
        with torch.no_grad():
            value.normal_(0, 0.1)
    return model, before


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_nothing_is_added_in_the_beginning_and_only_the_additions_learn(family):
    model = copy.deepcopy(tiny_models.model(family))
    trained = lora.attach(model, 2)
    with torch.no_grad():
        assert torch.equal(model(IDS).logits, tiny_models.model(family)(IDS).logits)
    assert {id(value) for value in model.parameters() if value.requires_grad} == {id(value) for value in trained}
    frozen = [value.clone() for value in model.parameters() if not value.requires_grad]
    descent = torch.optim.SGD(trained, 0.1)
    for _ in range(2):  # the first step moves B only, since B is 0
        model(IDS, labels=IDS).loss.backward()
        descent.step()
    assert all(value.grad is not None and bool(value.any()) for value in trained)
    assert all(torch.equal(old, new) for old, new in zip(frozen, (v for v in model.parameters() if not v.requires_grad), strict=True))


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_peft_opens_the_files_and_computes_the_same(family, tmp_path):
    peft = pytest.importorskip("peft")
    model, before = learned(family)
    tensors = lora.tensors(model)
    with torch.no_grad():
        ours = model(IDS).logits
        merged = lora.merge(model)
        assert not lora.layers(merged) and type(merged) is type(before)
        assert torch.allclose(merged(IDS).logits, ours, atol=2e-4 * float(ours.abs().max()))
        lora.save(tensors, tmp_path, "base", merged)
        theirs = peft.PeftModel.from_pretrained(copy.deepcopy(before), tmp_path).eval()
        assert torch.allclose(theirs(IDS).logits, ours, atol=1e-5 * float(ours.abs().max()))
        again = copy.deepcopy(before)
        lora.put(again, *lora.load(tmp_path))
        assert torch.equal(again(IDS).logits, ours)
        assert not torch.allclose(before(IDS).logits, ours, atol=1e-2)
    assert all(torch.equal(value, lora.tensors(again)[name]) for name, value in tensors.items())


@pytest.mark.parametrize("family", ["gpt2", "qwen3"])
def test_files_that_peft_wrote_are_read(family, tmp_path):
    peft = pytest.importorskip("peft")
    before = tiny_models.model(family)
    wanted = peft.get_peft_model(copy.deepcopy(before), peft.LoraConfig(
        r=2, lora_alpha=8, target_modules=["c_attn"] if family == "gpt2" else ["q_proj", "v_proj"], fan_in_fan_out=family == "gpt2",
        init_lora_weights=False, task_type="CAUSAL_LM")).eval()
    wanted.save_pretrained(tmp_path)
    model = copy.deepcopy(before)
    lora.put(model, *lora.load(tmp_path))
    with torch.no_grad():
        assert torch.allclose(lora.merge(model)(IDS).logits, wanted(IDS).logits, atol=1e-4)


def test_the_head_and_the_tables_stay_as_they_are():
    names = lora.targets(tiny_models.model("gpt2"))
    assert len(names) == 2 * 4 and not any("lm_head" in name or "wte" in name for name in names)
    assert len(lora.targets(tiny_models.model("llama"))) == 2 * 7


def test_a_model_without_linear_layers_is_refused():
    with pytest.raises(ModelError, match="no linear layers"):
        lora.attach(nn.Sequential(nn.ReLU()), 2)


def test_an_adapter_of_another_model_or_with_damage_is_refused(tmp_path):
    model, _ = learned("gpt2")
    tensors = lora.tensors(model)
    lora.save(tensors, tmp_path, "base", lora.merge(model))
    with pytest.raises(ModelError, match="does not fit"):
        lora.put(copy.deepcopy(tiny_models.model("llama")), *lora.load(tmp_path))
    tensors[next(iter(tensors))][0, 0] = float("nan")
    lora.save(tensors, tmp_path / "nan", "base", model)
    with pytest.raises(ModelError, match="does not fit"):
        lora.put(copy.deepcopy(tiny_models.model("gpt2")), *lora.load(tmp_path / "nan"))
    (tmp_path / lora.CONFIG).write_text(json.dumps({"peft_type": "IA3"}))
    with pytest.raises(ModelError, match="no plain LoRA"):
        lora.load(tmp_path)
    (tmp_path / lora.CONFIG).write_text("{")
    with pytest.raises(ModelError, match="missing or damaged"):
        lora.load(tmp_path)

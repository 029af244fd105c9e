"""The forecast of a language model's memory: sizes as they are built, a refusal with settings that fit."""

import pytest

from bmcore.errors import ModelError
from bmcore.text import gpt_memory
from tests.text import tiny_models

GB = gpt_memory.GB


def test_sizes_are_those_that_are_built():
    from bmcore.text import gpt_sizes

    for name in ("nano", "mini"):
        built = gpt_sizes.build(name, gpt_memory._VOCABULARY, 256, 0)
        assert gpt_memory.scratch(name).weights == pytest.approx(sum(value.numel() for value in built.parameters()), rel=0.02)
    assert {name: (size.width, size.layers) for name, size in gpt_sizes.SIZES.items()} == gpt_memory._SCRATCH


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_a_folder_is_measured_by_its_headers(family, tmp_path):
    from bmcore.training import lora

    model = tiny_models.model(family)
    model.save_pretrained(tmp_path)
    shape = gpt_memory.of_folder(tmp_path)
    assert shape.weights == sum(value.numel() for value in model.parameters())
    assert (shape.layers, shape.vocabulary) == (2, 300)
    sizes = [sum(model.get_submodule(name).weight.shape) for name in lora.targets(model)]
    assert sum(sizes) <= shape.lora <= 2 * sum(sizes)


def test_what_cannot_be_known_is_not_told(tmp_path):
    assert gpt_memory.forecast({"model": "owner/name"}) is None
    (tmp_path / "config.json").write_text("[]")
    assert gpt_memory.forecast({"model": str(tmp_path)}) is None


def test_gemma_is_known_before_it_is_here(monkeypatch, tmp_path):
    monkeypatch.setenv("BMCORE_ASSETS", str(tmp_path))
    full, lora = (gpt_memory.forecast({"model": "gemma", "method": method}, free=100 * GB)["bytes"] for method in ("full", "lora"))
    assert 8 * GB < full < 20 * GB and 2 * GB < lora < full / 2


@pytest.mark.parametrize(("params", "free"), [
    ({"size": "small"}, 1.5 * GB), ({"size": "small", "context_length": 4096}, GB), ({"size": "mini"}, 0.9 * GB),
    ({"model": "gemma"}, 5 * GB),
])
def test_the_advice_fits_and_changes_only_what_it_must(params, free, monkeypatch, tmp_path):
    monkeypatch.setenv("BMCORE_ASSETS", str(tmp_path))
    refused = gpt_memory.forecast(params, free=int(free))
    change = gpt_memory.nearest(params, 0, int(free))
    assert not refused["fits"] and change
    assert gpt_memory.forecast(params | change, free=int(free))["fits"]
    assert all(f"{name}={value}" in str(refused["message"]) for name, value in change.items())


def test_a_training_that_cannot_fit_is_refused_before_it_starts(monkeypatch):
    monkeypatch.setattr(gpt_memory, "free_on", lambda device: 10**6)
    with pytest.raises(ModelError, match="GB of memory"):
        gpt_memory.check({"size": "nano"})
    monkeypatch.setattr(gpt_memory, "free_on", lambda device: 100 * GB)
    assert gpt_memory.check({"size": "nano"})["bytes"] < GB


def test_a_giant_is_refused_by_its_number_of_weights():
    gpt_memory.check_weights("owner/tiny", 10**6, free=4 * GB)
    with pytest.raises(ModelError, match="Choose a smaller model"):
        gpt_memory.check_weights("owner/giant", 7 * 10**10, free=16 * GB)

"""Diffusion end to end, on tiny pictures and few updates."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from bmcore.base import Estimator
from bmcore.errors import Cancelled, DataError, ModelError, ParameterError
from bmcore.image import Diffusion

SMALL = {"batch_size": 8, "device": "cpu"}


def test_pictures_of_the_asked_class_repeatable_by_seed(trained):
    made = trained.sample(5, label=3, seed=1)
    assert made.shape == (5, 8, 8, 1) and made.dtype == np.uint8
    np.testing.assert_array_equal(made, trained.sample(5, label=3, seed=1))
    assert (made != trained.sample(5, label=3, seed=2)).any()
    assert (made != trained.sample(5, label=4, seed=1)).any()
    assert trained.sample(3, label=[1, "2", 3], steps=2, guidance=0.0).shape == (3, 8, 8, 1)
    assert trained.sample(1500, steps=1).shape == (1500, 8, 8, 1)
    assert trained.image_shape_ == (8, 8, 1) and trained.counts_[0] > 30 and trained.steps_ == 30
    assert trained.history_[-1]["score"] == -trained.history_[-1]["held_out_loss"]


def test_what_is_made_from_a_picture(trained, digits):
    picture = digits[0][0]
    np.testing.assert_array_equal(trained.edit(picture, 0.0)[..., 0], picture)
    near, far = (trained.edit(picture, strength, seed=0).astype(int) for strength in (0.05, 1.0))
    assert np.abs(near - picture[..., None]).mean() < np.abs(far - picture[..., None]).mean()
    mask = np.zeros((8, 8), bool)
    mask[:4] = True
    filled = trained.inpaint(picture, mask, label=0)
    np.testing.assert_array_equal(filled[4:, :, 0], picture[4:])
    assert (filled[:4, :, 0] != picture[:4]).any()
    assert np.abs(trained.reconstruct(digits[0][:9])[..., 0].astype(int) - digits[0][:9]).max() <= 1
    assert trained.trace(2, label=1, steps=3).shape == (4, 2, 8, 8, 1)
    np.testing.assert_array_equal(trained.trace(2, label=1, seed=5, steps=6)[-1], trained.sample(2, label=1, seed=5, steps=6))
    way = trained.forward(picture, [0.0, 1.0], seed=3)
    assert way.shape == (2, 8, 8, 1) and np.abs(way[0, ..., 0].astype(int) - picture).max() <= 1


def test_from_one_picture_to_another(trained):
    way = trained.interpolate(5, seeds=(3, 4), labels=[1, 7])
    assert way.shape == (5, 8, 8, 1)
    for at, (seed, label) in {0: (3, 1), -1: (4, 7)}.items():
        assert np.abs(way[at].astype(int) - trained.sample(1, label=label, seed=seed)[0]).max() <= 1
    assert trained.interpolate(2).shape == (2, 8, 8, 1)


@pytest.mark.parametrize("space", ["picture", "patches"])
def test_saved_and_loaded_and_opened_as_a_pipeline(digits, tmp_path, space):
    from diffusers import DiffusionPipeline

    import bmcore.image.components  # noqa: F401

    made = Diffusion(steps=6, space=space, **SMALL).fit(digits[0][:60], digits[1][:60])
    folder = made.save(tmp_path / "model")
    loaded = Estimator.load(folder)
    pictures = made.sample(4, label=3, seed=1, steps=5, guidance=1.0)
    np.testing.assert_array_equal(loaded.sample(4, label=3, seed=1, steps=5, guidance=1.0), pictures)
    assert loaded.history_ == made.history_ and loaded.counts_ == made.counts_
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {".json", ".safetensors"}
    pipeline = DiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    same = torch.Generator().manual_seed(1)
    theirs = pipeline([3] * 4, guidance_scale=1.0, num_inference_steps=5, generator=same, output_type="np").images
    assert np.abs(theirs * 255 - pictures).max() < 2  # diffusers cuts times to whole thousandths
    assert len(pipeline([3], guidance_scale=2.0, num_inference_steps=2).images) == 1


@pytest.mark.parametrize(("distill", "at"), [(False, 11), (True, 11), (True, 20)])  # 20 is in the student's part
def test_resumed_equals_uninterrupted(distill, at, digits, tmp_path):
    settings = {"steps": 24, "distill": distill, **SMALL}
    whole = Diffusion(**settings).fit(*digits)

    def stop(step, total, **_):
        if step == at:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        Diffusion(**settings).fit(*digits, report=stop, checkpoints=tmp_path)
    resumed = Diffusion(**settings).fit(*digits, checkpoints=tmp_path)
    for a, b in zip(whole._engine.transformer.parameters(), resumed._engine.transformer.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)
    assert any(str(at) in str(note) for note in resumed.notes_)


def test_minutes_end_and_pictures_are_shown(digits):
    told, seen = [], []
    made = Diffusion(minutes=0.05, **SMALL).fit(
        *digits, report=lambda step, total, **metrics: told.append((step, total, metrics)), watch=lambda *given: seen.append(given))
    assert told[-1][:2] == (30, 30) and [step for step, *_ in told] == sorted(step for step, *_ in told)
    assert any({"loss", "samples_per_s", "updates"} <= set(metrics) for *_, metrics in told)
    assert seen[0][2].shape == (40, 8, 8, 1) and made.history_[-1]["seconds"] < 60


def test_distilled_samples_in_two_steps(digits, tmp_path):
    made = Diffusion(steps=12, distill=True, **SMALL).fit(*digits)
    assert made._engine.distilled and made._engine.steps == 2
    usual = made.sample(3, label=1, seed=2)  # guidance is in the weights already
    np.testing.assert_array_equal(usual, made.sample(3, label=1, seed=2, guidance=1.0))
    assert (usual != made.sample(3, label=1, seed=2, guidance=3.0)).any()
    np.testing.assert_array_equal(Diffusion.load(made.save(tmp_path)).sample(2), made.sample(2))


@pytest.mark.parametrize(("pictures", "labels"), [
    (np.zeros((2, 8, 8), np.uint8), None),
    (np.full((5, 8, 8, 3), 255, np.uint8), ["a"] * 5),
    (np.random.default_rng(0).integers(0, 256, (3, 8, 12, 3), np.uint8), None),
    (np.random.default_rng(0).integers(0, 256, (30, 10, 9), np.uint8), ["a", "b", "c"] * 10),
])
@pytest.mark.parametrize("space", ["picture", "patches"])
def test_odd_pictures_are_learned(pictures, labels, space):
    made = Diffusion(steps=2, space=space, **SMALL).fit(pictures, labels)
    assert made.sample(2).shape == (2, *made.image_shape_)
    assert np.isfinite(made.history_[-1]["loss"])
    if labels is None:
        assert made.classes_ is None and made.counts_ == {}
        with pytest.raises(DataError, match="without classes"):
            made.sample(1, label=1)


def test_sizes_are_changed_on_request():
    pictures = np.random.default_rng(0).integers(0, 256, (4, 20, 30), np.uint8)
    assert Diffusion(steps=1, image_size=16, **SMALL).fit(pictures).image_shape_ == (16, 16, 1)


@pytest.mark.parametrize(("pictures", "labels"), [
    (np.zeros((1, 8, 8), np.uint8), None), (np.zeros((4, 7, 8), np.uint8), None), (np.zeros((4, 8, 300), np.uint8), None),
    (np.zeros((4, 8, 8), float), None), (np.zeros((4, 8), np.uint8), None), (np.zeros((4, 8, 8, 4), np.uint8), None), ("pictures", None),
    ([np.zeros((8, 8), np.uint8), np.zeros((9, 8), np.uint8)], None), (np.zeros((4, 8, 8), np.uint8), [1]),
    (np.zeros((4, 8, 8), np.uint8), [1, 2, None, 3]), (np.zeros((4, 8, 8), np.uint8), "abcd"),
    (np.zeros((1001, 8, 8), np.uint8), list(range(1001))),
])
def test_what_cannot_be_learned_is_refused_in_a_sentence(pictures, labels):
    with pytest.raises(DataError) as refused:
        Diffusion(steps=1, **SMALL).fit(pictures, labels)
    assert str(refused.value).endswith(".")


def test_what_cannot_be_asked_is_refused_in_a_sentence(trained, digits):
    for ask in (lambda: trained.sample(2, label="cat"), lambda: trained.sample(2, label=[1]), lambda: trained.edit(np.zeros(5, np.uint8)),
                lambda: trained.inpaint(digits[0][0], np.zeros((3, 3))), lambda: trained.interpolate(seeds=(1,)),
                lambda: trained.reconstruct(np.zeros((2, 8, 8)))):
        with pytest.raises(DataError):
            ask()
    for ask in (lambda: trained.sample(0), lambda: trained.sample(1, steps=0), lambda: trained.sample(1, seed=-1),
                lambda: trained.sample(1, guidance=float("nan")), lambda: trained.edit(digits[0][0], 1.5), lambda: trained.trace(1000)):
        with pytest.raises(ParameterError):
            ask()


def damage_config(folder, part, **values):
    path = folder / part / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize("damage", [
    lambda folder: (folder / "transformer" / "evil.py").write_text("1"),
    lambda folder: (folder / "vae" / "weights.bin").write_bytes(b"x"),
    lambda folder: (folder / "pictures.json").unlink(),
    lambda folder: (folder / "flow.json").write_text("[]"),
    lambda folder: damage_config(folder, "transformer", width=8000),
    lambda folder: damage_config(folder, "transformer", layers=10**9),
    lambda folder: damage_config(folder, "transformer", _class_name="Other"),
    lambda folder: damage_config(folder, "transformer", num_classes=4),
    lambda folder: damage_config(folder, "vae", height=10**9),
    lambda folder: damage_config(folder, "vae", patch_height=0),
    lambda folder: damage_config(folder, "vae", scaling_factor="x"),
    lambda folder: damage_config(folder, "vae", width=9),
    lambda folder: (folder / "vae" / "config.json").write_text("[" * 100000),
    lambda folder: (folder / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"\xff" * 100),
    lambda folder: (folder / "transformer" / "diffusion_pytorch_model.safetensors").unlink(),
])
def test_a_damaged_folder_is_refused(trained, tmp_path, damage):
    folder = trained.save(tmp_path / "model")
    damage(folder)
    with pytest.raises(ModelError):
        Diffusion.load(folder)


def test_weights_that_are_no_numbers_are_refused(trained, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = trained.save(tmp_path / "model")
    path = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    weights["enter.weight"][0, 0] = float("nan")
    save_file(weights, path)
    with pytest.raises(ModelError):
        Diffusion.load(folder)
    shutil.rmtree(folder)

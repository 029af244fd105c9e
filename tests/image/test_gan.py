"""GAN: what it promises, on 8 x 8 digits and few updates."""

import json
import struct

import numpy as np
import pytest
import torch

from bmcore.errors import Cancelled, DataError, ModelError, ParameterError
from bmcore.image.gan import GAN


def quiet(*args, **metrics):
    pass


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits

    found = load_digits()
    rows = np.flatnonzero(found.target < 2)
    return (found.images[rows] * 15.9).astype(np.uint8), found.target[rows]


@pytest.fixture(scope="module")
def fitted(digits):
    return GAN(steps=6, batch_size=8).fit(*digits, report=quiet)


def test_it_learns_two_digits(digits):
    images, labels = digits
    gan = GAN(steps=150, batch_size=32).fit(images, labels, report=quiet)
    means = np.stack([images[labels == one].mean(0).ravel() for one in (0, 1)])
    for label in (0, 1):
        made = gan.sample(50, label).reshape(50, -1).astype(float)
        nearest = ((made[:, None] - means) ** 2).sum(2).argmin(1)
        assert (nearest == label).mean() >= 0.9
        assert made.std(0).mean() > 5  # not one picture fifty times
    assert gan.history_[-1]["score"] > gan.history_[0]["score"]
    assert {"loss_generator", "loss_discriminator", "penalty", "variety", "score", "step", "seconds"} <= set(gan.history_[-1])


def test_sampling_is_repeatable_and_of_the_asked_class(fitted):
    assert np.array_equal(fitted.sample(5, seed=3), fitted.sample(5, seed=3))
    assert not np.array_equal(fitted.sample(5, seed=3), fitted.sample(5, seed=4))
    assert fitted.sample(2, [0, 1]).dtype == np.uint8
    with pytest.raises(DataError):
        fitted.sample(2, 7)
    with pytest.raises(ParameterError):
        fitted.sample(2, steps=4)


def test_interpolation_starts_and_ends_where_it_should(fitted):
    way = fitted.interpolate(5, seeds=(0, 1), labels=[0, 1])
    assert way.shape == (5, 8, 8, 1)
    ends = [fitted.sample(1, 0, seed=0)[0], fitted.sample(1, 1, seed=1)[0]]
    for got, wanted in zip((way[0], way[-1]), ends, strict=True):
        assert np.abs(got.astype(int) - wanted).max() <= 1


def test_training_is_repeatable_by_seed(digits, fitted):
    again = GAN(steps=6, batch_size=8).fit(*digits, report=quiet)
    other = GAN(steps=6, batch_size=8, seed=1).fit(*digits, report=quiet)
    assert np.array_equal(again.sample(4), fitted.sample(4))
    assert not np.array_equal(other.sample(4), fitted.sample(4))


def test_resumed_equals_uninterrupted(digits, fitted, tmp_path, monkeypatch):
    monkeypatch.setenv("BMCORE_CHECKPOINT_SECONDS", "1e9")

    def stop(step, total, **metrics):
        if step == 3:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        GAN(steps=6, batch_size=8).fit(*digits, report=stop, checkpoints=tmp_path)
    resumed = GAN(steps=6, batch_size=8).fit(*digits, report=quiet, checkpoints=tmp_path)
    assert np.array_equal(resumed.sample(4), fitted.sample(4))
    plain = [[{k: v for k, v in entry.items() if k != "seconds"} for entry in gan.history_] for gan in (resumed, fitted)]
    assert plain[0][-1] == pytest.approx(plain[1][-1], rel=1e-4)


@pytest.mark.parametrize("shape", [(9, 8, 1), (21, 30, 3), (64, 64, 3)])
def test_sizes_and_colour(shape):
    images = np.random.default_rng(0).integers(0, 256, (6, *shape), dtype=np.uint8)
    gan = GAN(steps=1, batch_size=2).fit(images, report=quiet)
    assert gan.sample(2).shape == (2, *shape)
    assert gan.score(images).shape == (6,)


def test_score_of_one_class_is_at_most_that_of_the_best(digits, fitted):
    images = digits[0][:20]
    best = fitted.score(images)
    assert best.shape == (20,) and np.allclose(best, np.maximum(fitted.score(images, 0), fitted.score(images, 1)), atol=1e-4)
    with pytest.raises(DataError):
        fitted.score(images, 9)


def test_watching(digits):
    seen = []
    GAN(steps=4, batch_size=4).fit(*digits, report=quiet, watch=lambda step, seconds, pictures: seen.append(pictures))
    assert seen and all(one.shape == (8, 8, 8, 1) and one.dtype == np.uint8 for one in seen)


def test_collapse_is_noticed():
    gan = GAN(steps=1, batch_size=4)
    pictures = np.random.default_rng(0).integers(0, 2, (40, 8, 8), dtype=np.uint8) * 255
    gan.fit(pictures, report=quiet)
    assert gan.history_[-1]["variety"] < 0.25
    assert any("collapsed" in note.template for note in gan.notes_)


def test_frechet_distance_of_known_normals():
    from bmcore.image.distance import frechet

    rng = np.random.default_rng(0)
    a = rng.normal(size=(200_000, 2))
    assert frechet(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet(a, 2 * a + 3) == pytest.approx(18 + 2, rel=0.02)  # |m|^2 + sum (s1 - s2)^2


def test_refused(digits):
    with pytest.raises(ParameterError):
        GAN(batch_size=1).fit(*digits, report=quiet)
    with pytest.raises(DataError):
        GAN().fit(digits[0][:1], report=quiet)


# files

@pytest.fixture
def folder(fitted, tmp_path):
    return fitted.save(tmp_path / "model")


def test_saved_and_loaded(fitted, folder, digits):
    loaded = GAN.load(folder)
    assert np.array_equal(loaded.sample(6, seed=2), fitted.sample(6, seed=2))
    assert np.array_equal(loaded.score(digits[0][:5]), fitted.score(digits[0][:5]))
    assert loaded.history_ == fitted.history_ and loaded.counts_ == fitted.counts_


def test_networks_open_by_themselves(fitted, folder):
    from bmcore.image.networks_gan import PictureDiscriminator, PictureGenerator

    generator = PictureGenerator.from_pretrained(folder / "generator")
    discriminator = PictureDiscriminator.from_pretrained(folder / "discriminator")
    noise, labels = torch.randn(3, 64), torch.tensor([0, 1, 1])
    with torch.no_grad():
        assert torch.allclose(generator(noise, labels), fitted._engine[0](noise, labels), atol=1e-5)
        x = generator(noise, labels)
        assert torch.allclose(discriminator(x, labels), fitted._engine[1](x, labels), atol=1e-5)


@pytest.mark.parametrize("change", [
    {"base": 100_000}, {"base": -1}, {"base": "16"}, {"noise": 10**9}, {"height": 256}, {"classes": 3}, {"_class_name": "Other"},
    {"base": 32},
])
def test_a_doctored_config_is_refused(folder, change):
    path = folder / "generator" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelError):
        GAN.load(folder)


@pytest.mark.parametrize("damage", ["cut", "gone", "nan", "header"])
def test_damaged_weights_are_refused(folder, damage):
    path = folder / "discriminator" / "diffusion_pytorch_model.safetensors"
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({
            "cut": content[:-10], "nan": content[:-4] + struct.pack("<f", float("nan")), "header": struct.pack("<Q", 2**60) + content[8:],
        }[damage])
    with pytest.raises(ModelError):
        GAN.load(folder)


def test_the_ruler_looks_at_all_classes_of_sorted_pictures():
    """An archive lists one class after the other: components of its first rows would not see what varies in the second."""
    from bmcore.image import distance

    draw = np.random.default_rng(0)
    left, right = (np.zeros((distance.LEARNED, 8, 8, 1), np.uint8) for _ in "lr")
    left[:, :, :4], right[:, :, 4:] = (draw.integers(0, 256, (distance.LEARNED, 8, 4, 1)) for _ in "lr")
    ruler = distance.Ruler(np.concatenate([left, right]), np.concatenate([left[:60], right[:60]]), np.repeat([0, 1], 60))
    half = np.where((ruler.asked == 1)[:, None, None, None], 0, left[:len(ruler.asked)])  # the second class is all black
    assert ruler.measure(half, ruler.asked)[1] < 0.75

"""Made generators of known kind, judged on small digits: each must get the verdict it deserves."""

import dataclasses
import json
from typing import ClassVar

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from bmcore.data.pictures import Pictures
from bmcore.errors import Cancelled, DataError, ModelError
from bmcore.evaluate import encoder, picture_intervals
from bmcore.evaluate import judge as judges
from bmcore.evaluate.picture_baselines import PCAGaussian
from bmcore.evaluate.picture_sides import Familiar, Side, repeats
from bmcore.evaluate.picture_threads import spread
from bmcore.evaluate.picture_verdict import Facts, judge
from bmcore.evaluate.pictures import evaluate

GOOD = Facts(500, 1.0, 0.01, 0.02, 0.01, 0.015, 0.95, 9.0, 8.0, 10.0, 3.0, 12.0, 0.9, 0.98, 0.97, 0.98)


@pytest.fixture(scope="module")
def parts():
    found = load_digits()
    images, labels = np.round(found.images * 255 / 16).astype(np.uint8), found.target
    order = np.random.default_rng(0).permutation(len(images))
    return [Pictures(images[rows], labels[rows], [""] * len(rows)) for rows in (order[:700], order[700:950], order[950:])]


@pytest.fixture(scope="module")
def reader(parts):
    """One judge for all that learn from the same pictures."""
    return judges.Judge().fit(parts[0].pixels, parts[0].labels, seed=1, steps=60)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(judges, "LEAST_STEPS", 60)
    monkeypatch.setattr(judges, "EPOCHS", 1)
    monkeypatch.setattr(picture_intervals, "OFTEN", 30)


class Made:
    """Pictures that `make(label, rows used so far)` returns."""

    image_shape_ = (8, 8, 1)

    def __init__(self, source, change=lambda x, draw: x, pick=None):
        self.source, self.change, self.pick, self.used = source, change, pick, {}

    def sample(self, n, label, *, seed):
        rows = []
        for one in label:
            known = np.flatnonzero(self.source.labels == one)
            self.used[one] = self.used.get(one, -1) + 1
            rows.append(known[self.used[one] % len(known)] if self.pick is None else self.pick)
        return self.change(self.source.pixels[rows], np.random.default_rng(seed))


class Mended(Made):
    """With the two things only some generators can; every other picture is a training picture."""

    def sample(self, n, label, *, seed):
        made = super().sample(n, label, seed=seed)
        made[::2] = self.known.sample(n, label, seed=seed)[::2]
        return made

    def reconstruct(self, images):
        return images

    def inpaint(self, image, mask, *, label, seed):
        assert mask.shape == image.shape[:2] and mask.sum() == 16 and 0 <= label <= 9
        return np.where(mask[..., None], 0, image).astype(np.uint8)


def blurred(x, draw):
    wide = np.pad(x.astype(float), ((0, 0), (2, 2), (2, 2), (0, 0)))
    return sum(wide[:, i:i + 8, j:j + 8] for i in range(5) for j in range(5)).__truediv__(25).astype(np.uint8)


def noise(x, draw):
    return draw.integers(0, 256, x.shape).astype(np.uint8)


@pytest.mark.parametrize("kind, expected", [
    ("held out", {"varied"}), ("half copies", {"copies"}), ("one", {"collapsed"}), ("blurred", {"worse"}), ("noise", {"worse"}),
    ("trivial", {"not_proven", "worse"}),
])
def test_a_made_generator_gets_its_verdict(parts, reader, quick, monkeypatch, kind, expected):
    monkeypatch.setattr(judges.Judge, "fit", lambda self, *args, **options: reader)
    train, test, third = parts
    made = {
        "held out": Made(third), "half copies": Mended(third), "one": Made(third, pick=3), "blurred": Made(third, blurred),
        "noise": Made(third, noise), "trivial": PCAGaussian().fit(train.pixels, train.labels, seed=5),
    }[kind]
    made.known = Made(train)
    found = evaluate(made, train, test, seed=1)
    assert found["verdict"]["kind"] in expected, found["verdict"]["message"]
    json.dumps(found, allow_nan=False)
    assert found["n"] == 250 and [one["name"] for one in found["baselines"]] == ["PCA + Gaussian", "Real pictures"]
    assert found["judge"]["accuracy"]["value"] > 0.6 and len(found["by_class"]) == 10
    assert (found["model"]["repeats"]["value"] > 0.5) == (kind == "one")
    assert ("{read_trivial:.0%}" in found["verdict"]["message"]["template"]) == (kind in ("blurred", "noise"))
    assert ("blurry too" in found["verdict"]["message"]["template"]) == (kind == "blurred")
    if kind == "half copies":
        assert 0.45 < found["model"]["copies"]["share"]["value"] < 0.6
        assert found["reconstruction"]["psnr"] == 100 and found["reconstruction"]["ssim"] == pytest.approx(1)
        assert 5 < found["inpainting"]["psnr"] < 30 and found["inpainting"]["ssim"] < 0.9
    else:
        assert found["reconstruction"] is None and found["inpainting"] is None


def test_pictures_that_are_there_twice_hide_no_copy_and_no_repeat(parts):
    train, test, third = (Side.of(name, some.pixels, None, encoder.SMALL) for name, some in zip("abc", parts, strict=True))
    twice = np.concatenate([np.arange(240), np.arange(10)])  # 4 in a hundred have a twin
    seen = np.concatenate([test.pixels[:240], train.pixels[:10]]), np.concatenate([test.features[:240], train.features[:10]])
    real = Side("real", np.concatenate([test.images[:240], train.images[:10]]), seen[1], seen[0])
    known = Familiar(train, real)
    assert known.copies(train.take(np.arange(50))).all() and 0.04 <= known.expected < 0.08
    assert known.copies(third.take(np.arange(200))).mean() < 0.08
    assert repeats(train.take(np.zeros(60, int)), test.take(twice)) == 1 and repeats(third.take(np.arange(200)), test.take(twice)) < 0.1


@pytest.mark.parametrize("change, kind", [
    ({}, "varied"), ({"n": 30}, "not_proven"), ({"variety": 0.1}, "collapsed"), ({"repeats": 0.9}, "collapsed"),
    ({"copies_low": 0.2}, "copies"), ({"sharpness": 0.3}, "blurry"), ({"nearer_high": -1.0}, "worse"), ({"nearer_low": -1.0}, "not_proven"),
    ({"sharpness": 0.3, "nearer_low": -2.0, "nearer_high": -1.0}, "worse"), ({"read_trivial": 0.99, "read_more_high": -0.01}, "not_proven"),
    ({"sharpness": 0.3, "nearer_low": -2.0, "read_trivial": 0.99, "read_more_high": -0.01}, "worse"),
    ({"recall": 0.2}, "not_proven"),
    ({"precision": 0.2}, "not_proven"), ({"read": 0.3}, "not_proven"), ({"read": None, "read_most": None}, "varied"),
    ({"copies_low": 0.2, "repeats": 0.9, "nearer_high": -1.0}, "collapsed"), ({"n": 30, "repeats": 0.9}, "not_proven"),
    ({"n": 4, "repeats": 0.9, "variety": 0.1, "copies_low": 0.2}, "not_proven"),
])
def test_each_rule_decides(change, kind):
    assert judge(dataclasses.replace(GOOD, **change))[0] == kind


def test_pictures_without_classes_progress_and_stop(parts, quick):
    train, test, _ = (Pictures(part.images[:90], None, [""] * 90) for part in parts)
    pca = PCAGaussian().fit(train.pixels)
    told = []
    found = evaluate(pca, train, test, report=lambda step, total, phase: told.append((step, total, phase)))
    assert found["judge"] is None and found["metric"] == "feature_fid" and found["model"]["class_accuracy"] is None
    assert [step for step, _, _ in told] == sorted(step for step, _, _ in told) and told[-1][:2] == (1000, 1000)

    def stop(step, total, phase):
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        evaluate(pca, train, test, report=stop)
    with pytest.raises(DataError):
        evaluate(pca, train, test.take([0]))


def test_a_class_that_was_never_learned_is_not_asked_for(parts, quick):
    train, test, _ = parts
    known = train.take(np.flatnonzero(train.labels != 9))
    found = evaluate(PCAGaussian().fit(known.pixels, known.labels), known, test)
    assert found["n_test"] == found["n"] == (test.labels != 9).sum() and found["classes"] == list("012345678")
    assert found["judge"]["accuracy"]["value"] > 0.5 and found["seconds"]["judge"] > 0


def test_the_encoder_orders_damage_and_is_the_one_of_its_record(parts, monkeypatch, tmp_path):
    from bmcore.evaluate.picture_metrics import frechet

    _, test, third = parts
    real, floor = encoder.encode(test.pixels), frechet(encoder.encode(third.pixels), encoder.encode(test.pixels))
    draw = np.random.default_rng(0)
    soft, hard = (
        frechet(encoder.encode(np.clip(third.pixels + draw.normal(0, s, (len(third), 8, 8, 1)), 0, 255).astype(np.uint8)), real)
        for s in (30, 90))
    assert floor < soft < hard and floor < frechet(encoder.encode(blurred(third.pixels, None)), real)
    np.testing.assert_array_equal(encoder.encode(test.images), real)
    monkeypatch.setattr(encoder, "WEIGHTS", tmp_path / "absent")
    encoder._small.cache_clear()
    with pytest.raises(ModelError):
        encoder.encode(test.images)
    encoder._small.cache_clear()
    with pytest.raises(DataError):
        encoder.encode(test.images.astype(float))


def test_blocks_come_back_in_order_and_the_threads_of_torch_as_they_were():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert list(spread(lambda n: (n, torch.get_num_threads()), range(20))) == [(n, 1) for n in range(20)]
        assert torch.get_num_threads() == 3
        with pytest.raises(ZeroDivisionError):
            list(spread(lambda n: 1 / n, range(3)))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_holes_are_filled_in_pictures_of_all_classes():
    from bmcore.evaluate import picture_repair

    class Filler:
        asked: ClassVar[list] = []

        def inpaint(self, image, mask, label, seed):
            self.asked.append(label)
            return image

    images, labels = np.zeros((90, 8, 8, 1), np.uint8), np.repeat(["a", "b", "c"], 30)
    picture_repair.inpainting(Filler(), images, labels)
    assert set(Filler.asked) == {"a", "b", "c"} and len(Filler.asked) == picture_repair.HOLES

"""The proof finds a help that is there and no help where the pictures are worthless."""

import json

import numpy as np
import pytest
from sklearn.datasets import load_digits

from bmcore.data.pictures import Pictures
from bmcore.errors import DataError
from bmcore.evaluate import proof
from bmcore.evaluate.proof import prove, verdict


class Fixed:
    image_shape_ = (8, 8, 1)

    def __init__(self, images):
        self.images = images

    def sample(self, n, label, *, seed):
        return self.images[np.random.default_rng(seed).integers(0, len(self.images), n)][..., None]


def parts():
    found = load_digits()
    images, labels = np.round(found.images * 255 / 16).astype(np.uint8), found.target
    rows = np.arange(len(labels))
    known = np.concatenate([np.flatnonzero((labels == 8) & (rows < 900))[:3], np.flatnonzero((labels != 8) & (rows < 500))])
    train, test = (Pictures(images[some], labels[some], [""] * len(some)) for some in (known, rows[1000:]))
    return train, test, images[(labels == 8) & (rows < 1000)]


def test_real_pictures_as_generated_ones_help_and_counts_are_right(monkeypatch):
    monkeypatch.setattr(proof, "RESAMPLES", 100)
    train, test, eights = parts()
    found = prove(Fixed(eights), train, test, rare="8", seeds=2, updates=50)
    json.dumps(found, allow_nan=False)
    assert found["n_real"] == 3 and found["n_real"] + found["n_generated"] == found["goal"] and found["n_test"] == len(test)
    assert found["with"]["recall"]["value"] > found["without"]["recall"]["value"]
    assert found["verdict"]["kind"] == "better", found


def test_many_held_out_pictures_that_come_class_by_class(monkeypatch):
    monkeypatch.setattr(proof, "RESAMPLES", 20)
    monkeypatch.setattr(proof, "MOST_TEST", 100)  # a share of which would be 10 of the class
    train, test, eights = parts()
    test = test.take(np.argsort(test.labels, kind="stable"))
    found = prove(Fixed(eights), train, test, rare="8", seeds=1, updates=2)
    assert 100 <= found["n_test"] <= 120 and found["n_test_class"] == proof.LEAST


def test_the_sentence_may_say_not_proven_or_worse():
    rest = (30, 300, "8", 0.9, 0.9, 25, 400)
    assert verdict({"low": -0.1, "high": 0.1}, *rest)[0] == "not_proven"
    assert verdict({"low": -0.2, "high": -0.1}, *rest)[0] == "worse"
    assert verdict({"low": 0.1, "high": 0.2}, 5, *rest[1:])[0] == "not_proven"


def test_faults():
    train, test, _ = parts()
    with pytest.raises(DataError):
        prove(None, train, test, rare="9", per_class_goal=10)
    with pytest.raises(DataError):
        prove(None, train, test, rare="cat")

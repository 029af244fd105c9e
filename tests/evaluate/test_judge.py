"""The judge learns, repeats itself, and copes with a class of three pictures."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from bmcore.errors import DataError, NotFittedError
from bmcore.evaluate.judge import Judge


def digits():
    found = load_digits()
    return np.round(found.images * 255 / 16).astype(np.uint8), found.target


def test_it_reads_digits_it_never_saw_and_repeats_itself():
    images, labels = digits()
    one, other = (Judge().fit(images[:800], labels[:800], seed=3, steps=80).predict_proba(images[1200:]) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert (one.argmax(axis=1) == labels[1200:]).mean() > 0.85


def test_a_class_of_three_pictures_and_names():
    images, labels = digits()
    rows = np.concatenate([np.flatnonzero(labels == 0)[:60], np.flatnonzero(labels == 1)[:3]])
    judge = Judge().fit(images[rows], np.array(["nought", "one"])[labels[rows]], steps=60)
    assert set(judge.predict(images[labels <= 1]).tolist()) == {"nought", "one"}


def test_faults():
    images, _ = digits()
    with pytest.raises(NotFittedError):
        Judge().predict(images)
    with pytest.raises(DataError):
        Judge().fit(images[:5], [1] * 5)

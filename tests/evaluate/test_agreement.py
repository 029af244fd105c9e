"""Groups against a label that is known."""

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from bmcore.errors import DataError
from bmcore.evaluate.clustering import agreement
from bmcore.messages import Message


def test_agreement_of_flags():
    labels = np.array([-1] * 100 + [0] * 900)
    truth = ["fraud"] * 50 + ["ok"] * 50 + ["fraud"] * 50 + ["ok"] * 850
    result = agreement(labels, truth)
    assert (result["rare"], result["base_rate"], result["flagged"], result["precision"], result["recall"]) == ("fraud", 0.1, 0.1, 0.5, 0.5)
    assert "50%" in str(Message.from_dict(result["message"]))
    json.dumps(result, allow_nan=False)


def test_average_precision_is_scikit_learns_and_its_interval_covers():
    covered, true = 0, None
    for seed in [9999, *range(100)]:
        rng = np.random.default_rng(seed)
        n = 200_000 if seed == 9999 else 500
        rare = rng.random(n) < 0.15
        scores = np.round(rng.standard_normal(n) + rare, 1)
        if seed == 9999:
            true = average_precision_score(rare, scores)
            continue
        found = agreement(scores, np.where(rare, "bad", "good"), seed=seed)["average_precision"]
        assert found["value"] == pytest.approx(average_precision_score(rare, scores))
        covered += found["low"] <= true <= found["high"]
    assert covered >= 88


def test_agreement_where_unusual_says_nothing():
    rng = np.random.default_rng(0)
    result = agreement(rng.random(2000), rng.random(2000) < 0.1)
    assert str(Message.from_dict(result["message"])).startswith("Not proven that unusual rows are more often True")


@pytest.mark.parametrize(("hits", "flagged", "words"), [(15, 36, "Not proven"), (150, 360, "42% of these are bad"), (3, 90, "opposite")])
def test_agreement_says_what_the_interval_says(hits, flagged, words):
    labels, bad = np.full(1000, 0), np.zeros(1000, bool)
    labels[:flagged], bad[:hits] = -1, True
    bad[flagged : flagged + 300 - hits] = True
    result = agreement(labels, np.where(bad, "bad", "good"))
    low, high = result["precision_interval"].values()
    assert low < result["precision"] < high
    assert words in str(Message.from_dict(result["message"]))


def test_interval_of_a_precision_is_wilsons():
    found = agreement(np.array([-1] * 10 + [0] * 90), np.arange(100) < 3)["precision_interval"]
    assert (found["low"], found["high"]) == (pytest.approx(0.10779, abs=1e-4), pytest.approx(0.60322, abs=1e-4))


def test_agreement_leaves_out_unknown_labels_and_refuses_one_label():
    assert agreement(np.array([0, -1, 0, -1]), ["a", "b", "a", None])["n"] == 3
    assert agreement(np.array([0, 0, 0]), ["a", "b", "a"])["precision"] is None
    with pytest.raises(DataError):
        agreement(np.array([0, -1]), ["a", "a"])
    with pytest.raises(DataError):
        agreement(np.array([0, -1]), ["a"])

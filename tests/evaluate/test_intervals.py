import time

import numpy as np
import pytest

from bmcore.evaluate import metrics
from bmcore.evaluate.intervals import Bootstrap


def simulated(draw, n, skill, other):
    """A test set of three uneven classes, answered by two models that share half of their mistakes."""
    shares = [0.6, 0.3, 0.1]
    true = draw.choice(3, n, p=shares)
    luck = draw.random(n)
    luck_of_other = np.where(draw.random(n) < 0.5, luck, draw.random(n))
    guess = draw.choice(3, n, p=shares)
    return true, np.where(luck < skill, true, guess), np.where(luck_of_other < other, true, guess)


def test_intervals_hold_the_truth_about_95_percent_of_the_time():
    draw = np.random.default_rng(0)
    true, one, two = simulated(draw, 400_000, 0.7, 0.6)
    value, difference = metrics.macro_f1(true, one, 3), metrics.macro_f1(true, one, 3) - metrics.macro_f1(true, two, 3)
    hits = np.zeros(3)
    rounds = 200
    for seed in range(rounds):
        sample = simulated(draw, 500, 0.7, 0.6)
        boot = Bootstrap(sample[0], list(sample[1:]), 3, resamples=500, seed=seed)
        bounds = [(value, boot.interval("macro_f1", 0)), (difference, boot.difference("macro_f1", 0, 1)),
                  (np.mean(true == one), boot.interval("accuracy", 0))]
        hits += [low <= truth <= high for truth, (low, high) in bounds]
    assert (hits / rounds > 0.90).all() and (hits / rounds < 0.99).all()


def test_a_paired_difference_is_narrower_than_its_parts():
    true, one, two = simulated(np.random.default_rng(1), 1000, 0.7, 0.65)
    boot = Bootstrap(true, [one, two], 3)
    width = np.subtract(*boot.difference("accuracy", 0, 1)[::-1])
    apart = sum(np.subtract(*boot.interval("accuracy", model)[::-1]) for model in (0, 1))
    assert width < 0.75 * apart


def test_every_resample_is_scored_as_sklearn_would():
    """A resample of whole rows gives the same score by counts as by rows."""
    true, one, _ = simulated(np.random.default_rng(2), 50, 0.5, 0.5)
    boot = Bootstrap(true, [one], 3, resamples=50, seed=3)
    kinds, counts = np.unique(np.stack([true, one], axis=1), axis=0, return_counts=True)
    weights = np.random.default_rng(3).multinomial(50, counts / 50, size=50)
    for at, weight in enumerate(weights):
        rows = np.repeat(kinds, weight, axis=0)
        assert boot.macro_f1[0, at] == pytest.approx(metrics.macro_f1(rows[:, 0], rows[:, 1], 3))
        assert boot.accuracy[0, at] == pytest.approx(metrics.accuracy(rows[:, 0], rows[:, 1]))


def test_same_seed_same_interval():
    true, one, two = simulated(np.random.default_rng(3), 200, 0.7, 0.6)
    assert Bootstrap(true, [one, two], 3, seed=5).interval("macro_f1", 0) == Bootstrap(true, [one, two], 3, seed=5).interval("macro_f1", 0)


def test_fast_enough():
    draw = np.random.default_rng(4)
    true = draw.integers(0, 6, 4500)
    answers = [np.where(draw.random(4500) < 0.6, true, draw.integers(0, 6, 4500)) for _ in range(3)]
    since = time.process_time()
    Bootstrap(true, answers, 6)
    assert time.process_time() - since < 1


@pytest.mark.parametrize("n", [1, 2])
def test_tiny(n):
    true = np.zeros(n, int)
    assert Bootstrap(true, [true], 1).interval("macro_f1", 0) == (1.0, 1.0)

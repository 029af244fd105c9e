"""What tests of a clustering's evaluation share."""

import numpy as np

from bmcore.evaluate.clustering import evaluate
from bmcore.messages import Message


def polygon(k, distance, rng, n=600):
    """Gaussian groups whose centres are corners of a polygon, neighbours `distance` standard deviations apart."""
    angle = 2 * np.pi * np.arange(k) / k + 0.3
    centres = distance / (2 * np.sin(np.pi / k)) * np.c_[np.cos(angle), np.sin(angle)]
    labels = rng.integers(k, size=n)
    return centres[labels] + rng.standard_normal((n, 2)), labels


def kinds(clusterer, draw, seeds):
    return [evaluate(clusterer, draw(np.random.default_rng(seed)), seed=seed)["verdict"]["kind"] for seed in range(seeds)]


def sentence(result):
    return str(Message.from_dict(result["verdict"]["message"]))

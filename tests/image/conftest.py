"""Tiny pictures for the tests of what makes pictures."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def digits():
    """(pictures (400, 8, 8) uint8, labels (400,)) of scikit-learn's digits."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return (found.images[:400] * 15.9).astype(np.uint8), found.target[:400]


@pytest.fixture(scope="session")
def trained(digits):
    """A Diffusion after a few updates."""
    from bmcore.image import Diffusion

    return Diffusion(steps=30, batch_size=32, device="cpu").fit(*digits)

"""The shapes: where points lie without noise, how far they scatter with it, and the same seed the same points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmcore.data import shapes
from bmcore.errors import ParameterError

GROUPS = {"moons": 2, "rings": 2, "blobs": 3, "bands": 3, "densities": 3, "uniform": 0}


@given(n=st.integers(1, 500), seed=st.integers(0, 2**32 - 1), name=st.sampled_from(sorted(shapes.SHAPES)))
def test_points_and_labels(n, seed, name):
    X, labels = shapes.SHAPES[name](n, seed=seed)
    assert X.shape == (n, 2) and X.dtype == np.float64 and labels.shape == (n,) and labels.dtype == np.int64
    again, same = shapes.SHAPES[name](n, seed=seed)
    assert (again == X).all() and (same == labels).all()
    if GROUPS[name]:
        counts = np.bincount(labels, minlength=GROUPS[name])
        assert len(counts) == GROUPS[name] and counts.max() - counts.min() <= 1
    else:
        assert (labels == -1).all()


def test_another_seed_is_another_draw_and_order_tells_nothing():
    (X, labels), (other, _) = shapes.blobs(600, seed=1), shapes.blobs(600, seed=2)
    assert not np.allclose(X, other)
    assert 100 < labels[:300].sum() < 500 and len(set(labels[:30])) == 3


def distance_to_ideal(name: str, X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """From each point to the nearest place of its group without noise, by geometry written anew."""
    if name == "moons":
        middle = np.where(labels[:, None] == 0, [0.0, 0.0], [1.0, 0.5])
        above = np.where(labels == 0, X[:, 1], 0.5 - X[:, 1])
        assert (above > -1e-9).all()
        return np.abs(np.linalg.norm(X - middle, axis=1) - 1)
    if name == "rings":
        return np.abs(np.linalg.norm(X, axis=1) - np.where(labels == 0, 1, 0.45))
    if name == "blobs":
        angles = np.pi / 2 + 2 * np.pi / 3 * labels
        return np.linalg.norm(X - np.column_stack([np.cos(angles), np.sin(angles)]), axis=1)
    if name == "bands":
        across = np.array([-np.sin(np.pi / 6), np.cos(np.pi / 6)])
        return np.abs(X @ across - 0.75 * (labels - 1))
    return np.linalg.norm(X - np.array([(-0.9, -0.7), (-0.6, 0.5), (0.8, 0.0)])[labels], axis=1)


@pytest.mark.parametrize("name", ["moons", "rings", "blobs", "bands", "densities"])
def test_without_noise_points_lie_on_their_shape(name):
    X, labels = shapes.SHAPES[name](300, noise=0, seed=3)
    assert distance_to_ideal(name, X, labels).max() < 1e-12


@pytest.mark.parametrize("scatter, group", [(0.4, 0), (1.0, 1), (2.5, 2)])
def test_noise_is_a_standard_deviation(scatter, group):
    X, labels = shapes.densities(60_000, noise=0.2, seed=0)
    assert np.std(X[labels == group], axis=0) == pytest.approx(0.2 * scatter, rel=0.03)
    X, labels = shapes.blobs(60_000, noise=0.2, seed=0)
    assert np.std(X[labels == group], axis=0) == pytest.approx(0.2, rel=0.03)


@pytest.mark.parametrize("wrong", [{"n": 0}, {"noise": -0.1}, {"noise": float("nan")}, {"noise": float("inf")}])
def test_what_cannot_be_drawn_is_a_sentence(wrong):
    with pytest.raises(ParameterError):
        shapes.moons(**wrong)

"""Data without groups, made from data: what it keeps."""


import numpy as np
import pytest

from bmcore.cluster.nulls import OneCloud, shuffled_columns


def test_one_cloud_keeps_spread_skew_and_correlation():
    rng = np.random.default_rng(0)
    X = np.exp(rng.multivariate_normal([0, 1], [[1, 0.8], [0.8, 1]], 4000))
    cloud = OneCloud(X, rng).rows(4000, rng)
    assert np.allclose(np.quantile(cloud, [0.05, 0.5, 0.95], axis=0), np.quantile(X, [0.05, 0.5, 0.95], axis=0), rtol=0.15)
    assert np.corrcoef(np.log(cloud).T)[0, 1] == pytest.approx(0.8, abs=0.04)


def test_one_cloud_keeps_counts_and_a_constant_column():
    rng = np.random.default_rng(0)
    X = np.c_[rng.integers(0, 2, 500), np.full(500, 7.0), rng.poisson(2, 500)]
    cloud = OneCloud(X, rng).rows(500, rng)
    assert set(np.unique(cloud[:, 0])) == {0, 1}
    assert set(np.unique(cloud[:, 1])) == {7}
    assert (cloud[:, 2] == np.round(cloud[:, 2])).all()


def test_shuffling_keeps_each_column():
    X = np.random.default_rng(0).random((50, 3))
    assert np.array_equal(np.sort(shuffled_columns(X, np.random.default_rng(1)), axis=0), np.sort(X, axis=0))

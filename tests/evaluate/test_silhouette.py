"""Silhouette, agreement and stability: known answers, scikit-learn, coverage by simulation."""


import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from bmcore.cluster.partitions import ari
from bmcore.cluster.resample import agreements, mean_of_few
from bmcore.cluster.silhouette import SameRows, mean_silhouette


@pytest.mark.parametrize("seed", range(5))
def test_silhouette_of_a_small_table_is_exact(seed):
    rng = np.random.default_rng(seed)
    X, labels = rng.standard_normal((150, 3)) + 100, rng.integers(-1, 6, 150)
    labels[:2] = 99, 98  # alone in their groups
    found = mean_silhouette(X, labels, seed=seed)
    assert found.value == pytest.approx(silhouette_score(X[labels >= 0], labels[labels >= 0]), abs=1e-5)
    assert found.low < found.value < found.high


def test_silhouette_of_a_sample_weighs_groups_by_their_size():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [3000, 900, 100])
    X = np.array([[0, 0], [4, 0], [0, 3]])[labels] + rng.standard_normal((4000, 2))
    true = silhouette_score(X, labels)
    found = mean_silhouette(X, labels, sample=600)
    assert found.low < true < found.high
    assert found.value == pytest.approx(true, abs=0.03)


def test_silhouette_interval_covers_what_endless_rows_would_give():
    centres = np.array([[0, 0], [3, 0], [0, 4.0]])
    nearest = lambda X: ((X[:, None] - centres) ** 2).sum(-1).argmin(1)  # noqa: E731
    make = lambda rng, n: centres[rng.integers(3, size=n)] + rng.standard_normal((n, 2))  # noqa: E731
    many = make(np.random.default_rng(999), 4000)
    true = mean_silhouette(many, nearest(many), resamples=0).value
    covered = 0
    for seed in range(100):
        X = make(np.random.default_rng(seed), 120)
        found = mean_silhouette(X, nearest(X), seed=seed)
        covered += found.low <= true <= found.high
    assert covered >= 89  # 95 % of 100 is 95; below 89 in fewer than 1 of 100 tries


def test_silhouette_never_holds_a_square(monkeypatch):
    from bmcore.cluster import silhouette

    seen, real = [], silhouette._Points.distances
    monkeypatch.setattr(silhouette._Points, "distances", lambda points, rows: seen.append(len(rows)) or real(points, rows))
    X = np.random.default_rng(0).random((9000, 2))
    mean_silhouette(X, (X[:, 0] > 0.5).astype(int), resamples=0)
    assert max(seen) <= 256
    assert sum(seen) <= 4000


def test_many_clusterings_of_the_same_rows():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3000, 3)) + 4 * (np.arange(3000) % 3)[:, None]
    whole, part = SameRows(X), SameRows(X, sample=1000)
    for labels in (np.arange(3000) % 3, np.arange(3000) % 2, (np.arange(3000) == 5) + 0):
        one = mean_silhouette(X, labels)
        assert whole.silhouette(labels).value == pytest.approx(one.value, abs=1e-5)
        again = whole.silhouette(labels, resamples=200)
        assert (again.low, again.high) == (pytest.approx(one.low, abs=1e-4), pytest.approx(one.high, abs=1e-4))
    assert part.silhouette(np.arange(3000) % 3).value == pytest.approx(mean_silhouette(X, np.arange(3000) % 3).value, abs=0.02)
    assert whole.silhouette(np.zeros(3000, int)) is None


def test_many_groups_of_few_rows_are_measured():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(1500), 4)
    X = rng.random((1500, 2))[labels] * 1000 + 0.1 * rng.standard_normal((6000, 2))
    assert mean_silhouette(X, labels, resamples=0).value == pytest.approx(silhouette_score(X, labels), abs=0.03)


def test_ari_equals_scikit_learns():
    rng = np.random.default_rng(0)
    for _ in range(30):
        a, b = rng.integers(-1, 4, 50), rng.integers(0, 6, 50)
        assert ari(a, b) == pytest.approx(adjusted_rand_score(a, b))
    assert ari(np.zeros(5, int), np.zeros(5, int)) == 1


def test_stability_interval_covers_the_mean_of_many_pairs():
    X = np.random.default_rng(3).standard_normal((150, 2))
    pairs = agreements(KMeans(3, n_init=1), X, 200, 7, {}, lambda: None)
    rng = np.random.default_rng(0)
    tries = [mean_of_few(rng.choice(pairs, 10)) for _ in range(400)]
    assert np.mean([one.low <= pairs.mean() <= one.high for one in tries]) >= 0.9

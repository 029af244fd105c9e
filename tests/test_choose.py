"""Which k, which eps: known answers, and none where there is none."""

import json

import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from sklearn.datasets import make_circles, make_moons
from sklearn.metrics import adjusted_rand_score

from bmcore.cluster import choose_eps, choose_k
from bmcore.cluster.kdistance import k_distances
from bmcore.cluster.knee import knee
from bmcore.errors import Cancelled, DataError, ParameterError


def blobs(k, seed, n=300, columns=2, distance=8.0):
    """Gaussian groups with centres at least `distance` standard deviations apart."""
    rng = np.random.default_rng(seed)
    centres, width = [], distance * k ** (1 / columns) * 0.75
    while len(centres) < k:
        centre = rng.uniform(-width, width, columns)
        if all(np.linalg.norm(centre - other) >= distance for other in centres):
            centres.append(centre)
        else:
            width *= 1.01
    labels = rng.integers(k, size=n)
    return np.array(centres)[labels] + rng.standard_normal((n, columns)), labels


@pytest.mark.parametrize("k", range(2, 9))
def test_number_of_blobs_is_found(k):
    found = [choose_k(blobs(k, seed, columns=2 + 3 * seed)[0], k_max=k + 1, seed=seed).recommended for seed in range(2)]
    assert found == [k] * 2


@pytest.mark.slow
@pytest.mark.parametrize("k", range(2, 9))
def test_number_of_blobs_is_found_in_nine_of_ten(k):
    found = [choose_k(blobs(k, seed, n=600)[0], seed=seed).recommended for seed in range(10)]
    assert found.count(k) >= 9


NOTHING = {
    "uniform": lambda rng: rng.random((300, 2)),
    "one Gaussian": lambda rng: rng.standard_normal((300, 3)),
    "a long Gaussian": lambda rng: rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 300),
}


@pytest.mark.parametrize("name", NOTHING)
def test_no_number_is_recommended_where_nothing_is(name):
    found = [choose_k(NOTHING[name](np.random.default_rng(seed)), k_max=4, seed=seed) for seed in range(3)]
    assert [one.recommended for one in found] == [None] * 3
    assert "No cluster structure found" in str(found[0].reason)


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTHING)
def test_no_number_is_recommended_in_nine_of_ten(name):
    found = [choose_k(NOTHING[name](np.random.default_rng(seed)), seed=seed).recommended for seed in range(20)]
    assert found.count(None) >= 18


def test_choice_of_k_is_whole_and_repeatable():
    X, calls = blobs(3, 0)[0], []
    choice = choose_k(X, 5, report=lambda step, total, phase: calls.append((step, total, phase)))
    stored = json.loads(json.dumps(choice.to_dict(), allow_nan=False))
    assert stored["ks"] == [2, 3, 4, 5]
    assert {len(stored[name]) for name in ("ks", "inertia", "silhouette", "one_cloud", "stability")} == {4}
    assert stored["inertia"] == sorted(stored["inertia"], reverse=True)
    assert choose_k(X, 5).to_dict() == stored
    steps = [step for step, _, _ in calls]
    assert steps == sorted(steps)
    assert calls[-1] == (calls[0][1], calls[0][1], "choose")


@pytest.mark.parametrize("X", [np.ones((50, 2)), np.repeat([[0.0], [1.0]], 30, axis=0), np.random.default_rng(0).random((9, 2)), [[1.0]]])
def test_too_little_for_k_gets_a_sentence(X):
    choice = choose_k(X)
    assert choice.recommended is None
    assert str(choice.reason)
    json.dumps(choice.to_dict(), allow_nan=False)


@pytest.mark.parametrize("k_max", [1, 0, 2.5, True, "4", 101])
def test_k_max_is_checked(k_max):
    with pytest.raises(ParameterError):
        choose_k(np.random.default_rng(0).random((50, 2)), k_max)


@pytest.mark.parametrize("seed", [-1, None, "a", 2**40, True, 1.5])
def test_seed_is_checked(seed):
    with pytest.raises(ParameterError, match=r"seed is .* from 0 to 4294967295"):
        choose_k(np.random.default_rng(0).random((50, 2)), 3, seed=seed)


def test_the_largest_seed_works():
    assert choose_k(blobs(3, 0)[0], 4, seed=2**32 - 1).recommended == 3


def test_a_small_group_far_away_is_recommended():
    rng = np.random.default_rng(0)
    X = np.r_[rng.standard_normal((950, 2)), rng.normal(12, 1, (50, 2))]
    assert choose_k(X, 4).recommended == 2


def test_pieces_of_one_shape_are_not_recommended():
    for seed in range(2):
        rng = np.random.default_rng(seed)
        t = rng.random(1000) * 4 - 2
        angle = np.pi * t / 2
        for X in (np.c_[t, np.sin(3 * t), t**2], np.c_[np.cos(angle), np.sin(angle), 0 * t]):
            choice = choose_k(X + rng.normal(0, 0.02, (1000, 3)), 8, seed=seed)
            assert choice.recommended is None
            assert "run into each other" in str(choice.reason)


def test_groups_too_small_to_count_are_called_that():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(at, 1, (4, 2)) for at in (0, 20, 40)])
    assert "to count" in str(choose_k(X).reason)
    assert "to count" in str(choose_k(np.r_[rng.standard_normal((300, 2)), [[90, 90]]], 2).reason)


@pytest.mark.parametrize("scale", [1e140, 1e-200])
def test_groups_of_any_size_are_found(scale):
    choice = choose_k(blobs(3, 0)[0] * scale, 4)
    assert choice.recommended == 3
    json.dumps(choice.to_dict(), allow_nan=False)


# --- eps


def right(X, labels, seed):
    """Whether DBSCAN finds exactly the true groups at the recommended eps, and the noise that was foretold."""
    choice = choose_eps(X, seed=seed)
    found = DBSCAN(eps=choice.recommended).fit(X).labels_
    kept = found >= 0
    assert choice.noise == pytest.approx((~kept).mean(), abs=1e-9)
    return bool(kept.mean() > 0.8 and adjusted_rand_score(labels[kept], found[kept]) > 0.95 and len(set(found[kept])) == len(set(labels)))


SHAPES = {
    "four blobs": lambda seed: blobs(4, seed, 800),
    "blobs of eight columns": lambda seed: blobs(4, seed, 800, columns=8, distance=10.0),
    "moons": lambda seed: make_moons(800, noise=0.06, random_state=seed),
    "rings": lambda seed: make_circles(800, noise=0.04, factor=0.5, random_state=seed),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_eps_finds_the_right_groups(shape):
    assert sum(right(*SHAPES[shape](seed), seed) for seed in range(10)) >= 9


def test_choice_of_eps_is_whole():
    X, calls = blobs(3, 0, 1200)[0], []
    choice = choose_eps(X, 7, report=lambda step, total, phase: calls.append((step, total)))
    stored = json.loads(json.dumps(choice.to_dict(), allow_nan=False))
    assert len(stored["share"]) == len(stored["distance"]) <= 500
    assert stored["distance"] == sorted(stored["distance"])
    assert stored["min_samples"] == 7
    assert 0 <= stored["noise"] <= 1
    assert [step for step, _ in calls] == sorted(step for step, _ in calls)
    assert "Kneedle" in str(choice.reason)


def test_a_large_table_is_asked_by_a_sample():
    X, labels = blobs(3, 1, 7000)
    choice = choose_eps(X)
    assert choice.rows == 5000
    found = DBSCAN(eps=choice.recommended).fit(X).labels_
    assert choice.noise == pytest.approx((found < 0).mean(), abs=0.01)
    assert adjusted_rand_score(labels[found >= 0], found[found >= 0]) > 0.95


def test_one_gaussian_has_no_groups_at_any_eps():
    assert "unusual rows, not groups" in str(choose_eps(np.random.default_rng(0).standard_normal((600, 2))).reason)


@pytest.mark.parametrize("X", [np.ones((50, 2)), np.ones((3, 2)), np.arange(4.0)[:, None]])
def test_no_eps_gets_a_sentence(X):
    choice = choose_eps(X)
    assert choice.recommended is None
    assert "No eps" in str(choice.reason)
    json.dumps(choice.to_dict(), allow_nan=False)


@pytest.mark.parametrize("min_samples", [1, 2, 30])
def test_eps_for_any_min_samples(min_samples):
    assert choose_eps(blobs(2, 0)[0], min_samples).recommended > 0


def test_equal_rows_beside_others_give_an_eps_above_zero():
    X = np.r_[np.zeros((300, 2)), np.random.default_rng(0).random((60, 2))]
    choice = choose_eps(X)
    assert choice.recommended is None or choice.recommended > 0


def test_wrong_input_is_refused():
    with pytest.raises(ParameterError):
        choose_eps(np.ones((20, 2)), 0)
    for choose in (choose_eps, choose_k):
        with pytest.raises(DataError):
            choose([[np.nan, 1.0]] * 20)


def test_choosing_stops_on_request():
    def stop(step, total, **_):
        raise Cancelled("stop")

    for choose in (choose_eps, choose_k):
        with pytest.raises(Cancelled):
            choose(blobs(2, 0)[0], report=stop)


# --- their parts


def test_knee_of_a_known_curve():
    x = np.linspace(0, 1, 101)
    assert x[knee(x, np.maximum(0, x - 0.7))] == pytest.approx(0.7)
    assert knee(x, x) is None
    assert knee(x, np.ones(101)) is None


def test_k_distances_are_brute_forces():
    X = np.random.default_rng(0).random((200, 3))
    X[50:60] = X[0]
    square = np.sort(np.sqrt(((X[:, None] - X[None]) ** 2).sum(-1)), axis=1)
    for k in (1, 2, 5, 11):
        assert np.allclose(k_distances(X, k, rows=np.arange(200)), square[:, k - 1], atol=1e-9)

"""Is a clustering's verdict true: known answers, coverage by simulation, nothing found where nothing is."""

import json

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import make_circles, make_moons
from sklearn.metrics import adjusted_rand_score, average_precision_score, silhouette_score

from bmcore.cluster.nulls import OneCloud, shuffled_columns
from bmcore.cluster.partitions import ari
from bmcore.cluster.resample import agreements, mean_of_few
from bmcore.cluster.silhouette import mean_silhouette
from bmcore.errors import Cancelled, DataError
from bmcore.evaluate.clustering import agreement, evaluate
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


# --- the measures


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

    seen, real = [], silhouette._distances
    monkeypatch.setattr(silhouette, "_distances", lambda *given: seen.append(len(given[2])) or real(*given))
    X = np.random.default_rng(0).random((9000, 2))
    mean_silhouette(X, (X[:, 0] > 0.5).astype(int), resamples=0)
    assert max(seen) <= 256
    assert sum(seen) <= 4000


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


# --- the nulls


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


# --- the verdict

NOTHING = {
    "uniform": (KMeans(4), lambda rng: rng.random((400, 2))),
    "columns of different scale": (KMeans(2), lambda rng: rng.random((400, 2)) * [10, 1]),
    "one Gaussian": (KMeans(3), lambda rng: rng.standard_normal((400, 3))),
    "a long Gaussian": (KMeans(2), lambda rng: rng.multivariate_normal([0, 0], [[1, 0.95], [0.95, 1]], 400)),
    "skewed": (KMeans(4), lambda rng: rng.exponential(size=(400, 2))),
    "one column": (KMeans(3), lambda rng: rng.random((400, 1))),
    "yes and no": (KMeans(4), lambda rng: rng.integers(0, 2, (400, 5)).astype(float)),
    "density in a Gaussian": (DBSCAN(eps=0.3), lambda rng: rng.standard_normal((400, 2))),
    "density in noise": (DBSCAN(eps=0.05), lambda rng: rng.random((400, 2))),
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_is_found_where_nothing_is(name):
    found = kinds(*NOTHING[name], 4)
    assert found.count("structure") == 0
    assert found.count("none") >= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTHING)
def test_nothing_is_called_structure_in_a_hundred_seeds(name):
    found = kinds(*NOTHING[name], 100)
    assert found.count("structure") <= 1
    assert found.count("none") >= 95


SOMETHING = {
    "three groups": (KMeans(3), lambda rng: polygon(3, 8, rng)[0]),
    "two groups": (KMeans(2), lambda rng: polygon(2, 8, rng)[0]),
    "corners of a square": (KMeans(4), lambda rng: rng.integers(2, size=(400, 2)) * 8 + rng.standard_normal((400, 2))),
    "one column": (KMeans(3), lambda rng: rng.integers(3, size=(400, 1)) * 8 + rng.standard_normal((400, 1))),
    "sixteen columns": (KMeans(4, n_init=5), lambda rng: 6 * np.eye(16)[rng.integers(4, size=400)] + rng.standard_normal((400, 16)) / 2),
    "moons by density": (DBSCAN(eps=0.16), lambda rng: make_moons(600, noise=0.05, random_state=int(rng.integers(1000)))[0]),
    "rings by density": (DBSCAN(eps=0.2), lambda rng: make_circles(600, noise=0.04, factor=0.4, random_state=int(rng.integers(1000)))[0]),
}


@pytest.mark.parametrize("name", SOMETHING)
def test_groups_far_apart_are_structure(name):
    assert kinds(*SOMETHING[name], 2) == ["structure"] * 2


def test_overlapping_groups_are_weak_structure():
    assert kinds(KMeans(4), lambda rng: polygon(4, 3.4, rng, 1500)[0], 2) == ["weak"] * 2


def test_result_is_whole():
    X, _ = polygon(3, 8, np.random.default_rng(0))
    result = evaluate(KMeans(3, random_state=0).fit(X), X, names=["a", "b"], seed=1)
    stored = json.loads(json.dumps(result, allow_nan=False))
    assert stored == result
    assert {"task", "metric", "n", "n_features", "k", "noise", "columns", "model", "baselines", "difference", "verdict", "sizes",
            "seconds"} == set(result)
    assert [one["name"] for one in result["baselines"]] == ["shuffled_columns", "one_cloud"]
    assert result["difference"]["against"] == "shuffled_columns"
    assert sum(size["n"] for size in result["sizes"]) == 600
    for figures in (result["model"], *result["baselines"]):
        for metric in ("silhouette", "stability"):
            assert figures[metric]["low"] <= figures[metric]["value"] <= figures[metric]["high"]
    text = sentence(result)
    assert f"{result['model']['silhouette']['value']:.2f}" in text
    assert "{" not in text
    again = evaluate(KMeans(3, random_state=0).fit(X), X, names=["a", "b"], seed=1)
    assert {**again, "seconds": 0} == {**result, "seconds": 0}


def test_one_column_has_nothing_to_shuffle_and_says_so():
    result = evaluate(KMeans(3), np.random.default_rng(0).integers(3, size=(300, 1)) * 8.0 + np.random.default_rng(1).random((300, 1)))
    assert result["difference"]["against"] == "one_cloud"
    assert "single column" in sentence(result)


def test_noise_is_left_out_and_counted():
    X = np.r_[polygon(3, 12, np.random.default_rng(0), 300)[0], [[200, 200], [300, -300]]]
    result = evaluate(DBSCAN(eps=1.5).fit(X), X)
    assert result["noise"] >= 2
    assert result["sizes"][-1]["cluster"] == -1
    assert result["verdict"]["kind"] == "structure"


HARD = {
    "one group": (KMeans(1), np.random.default_rng(0).random((50, 2)), "one group"),
    "all noise": (DBSCAN(eps=1e-9), np.random.default_rng(0).random((50, 2)), "noise"),
    "few rows": (KMeans(2), np.random.default_rng(0).random((9, 2)), "9 rows"),
    "one row": (KMeans(2), np.ones((1, 2)), "1 rows"),
    "all equal": (KMeans(3), np.ones((60, 2)), "equal"),
    "two different rows": (KMeans(2), np.repeat([[0.0, 1.0], [5.0, 5.0]], 30, axis=0), "2 different"),
    "k = n": (KMeans(40), np.random.default_rng(0).random((40, 2)), "fewer than four"),
    "more groups than rows": (KMeans(80), np.random.default_rng(0).random((40, 2)), "one group"),
    "one outlier": (KMeans(2), np.r_[np.random.default_rng(0).standard_normal((300, 2)), [[90, 90]]], "unusual"),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_cases_get_a_sentence(name):
    clusterer, X, word = HARD[name]
    result = evaluate(clusterer, X)
    assert result["verdict"]["kind"] == "none"
    assert word in sentence(result)
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize("X", [[["a", "b"]] * 20, [[1.0, np.nan]] * 20, [1.0] * 20, np.zeros((0, 2))])
def test_what_is_no_table_of_numbers_is_refused(X):
    with pytest.raises(DataError):
        evaluate(KMeans(2), X)


def test_progress_never_goes_back_and_stops_on_request():
    X, calls = polygon(3, 8, np.random.default_rng(0), 200)[0], []
    evaluate(KMeans(3), X, report=lambda step, total, phase: calls.append((step, total, phase)))
    steps = [step for step, _, _ in calls]
    assert steps == sorted(steps)
    assert calls[-1] == (calls[0][1], calls[0][1], "evaluate")
    assert len(calls) > 40

    def stop(step, total, **_):
        if step > 10:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        evaluate(KMeans(3), X, report=stop)


# --- agreement with a known label


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
    assert "not True" in str(Message.from_dict(result["message"]))


def test_agreement_leaves_out_unknown_labels_and_refuses_one_label():
    assert agreement(np.array([0, -1, 0, -1]), ["a", "b", "a", None])["n"] == 3
    assert agreement(np.array([0, 0, 0]), ["a", "b", "a"])["precision"] is None
    with pytest.raises(DataError):
        agreement(np.array([0, -1]), ["a", "a"])
    with pytest.raises(DataError):
        agreement(np.array([0, -1]), ["a"])

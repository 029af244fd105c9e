"""Is a clustering's verdict true: nothing found where nothing is."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import make_circles, make_moons

from bmcore.cluster import choose_k
from bmcore.cluster.partitions import filled, splits
from bmcore.cluster.resample import agreements
from bmcore.cluster.silhouette import Bounded, SameRows, mean_silhouette
from bmcore.errors import Cancelled, DataError, ParameterError
from bmcore.evaluate.clustering import evaluate
from bmcore.evaluate.structure import Found, judge
from tests.evaluate.groups import kinds, polygon, sentence

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


def three(rows, distance, seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(at, 1, (rows, 2)) for at in (0, distance, 2 * distance)])


def curve(seed):
    rng = np.random.default_rng(seed)
    t = rng.random(1000) * 4 - 2
    return np.c_[t, np.sin(3 * t), t**2] + rng.normal(0, 0.02, (1000, 3))


def ring(seed):
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * rng.random(1000)
    return np.c_[np.cos(angle), np.sin(angle)] + rng.normal(0, 0.05, (1000, 2))


def test_a_small_group_far_away_is_found_again_and_again():
    rng = np.random.default_rng(0)
    X = np.r_[rng.standard_normal((950, 2)), rng.normal(12, 1, (50, 2))]  # just above a twentieth; in half of the resamples just below
    result = evaluate(KMeans(2, n_init=3, random_state=0), X)
    assert result["verdict"]["kind"] == "structure"
    assert result["model"]["stability"]["value"] > 0.99


def test_a_resample_in_one_heap_confirms_nothing():
    X = np.random.default_rng(0).standard_normal((100, 2))
    assert (agreements(DBSCAN(eps=50), X, 3, 0, {}, lambda: None) == 0).all()


@pytest.mark.parametrize("seed", range(2))
def test_pieces_of_a_curve_are_not_really_there(seed):
    result = evaluate(KMeans(4, n_init=3, random_state=0), curve(seed), seed=seed)
    assert result["verdict"]["kind"] == "weak"
    assert "not all are apart" in sentence(result)


@pytest.mark.parametrize("draw", [curve, ring])
def test_borders_of_pieces_are_full(draw):
    for seed in range(5):
        X = draw(seed)
        assert min(filled(X, KMeans(k, n_init=3, random_state=0).fit(X).labels_) for k in range(2, 9)) > 0.45


@pytest.mark.parametrize(("distance", "low", "high"), [(3, 0.45, 1), (4, 0.25, 0.5), (6, 0, 0.15), (9, 0, 0.02)])
def test_borders_of_groups_are_as_empty_as_they_are_far_apart(distance, low, high):
    assert low <= filled(*polygon(4, distance, np.random.default_rng(0), 4000)) <= high


def test_borders_where_there_are_none_to_compare():
    X = np.random.default_rng(0).random((40, 2))
    assert filled(X, np.full(40, -1)) == filled(X, np.zeros(40, int)) == filled(X, np.arange(40) // 3) == 0
    assert filled(np.ones((40, 2)), np.arange(40) % 2) == 1  # two groups in one place


def test_groups_too_small_to_count_are_called_that():
    result = evaluate(KMeans(3, n_init=3, random_state=0), three(4, 20))
    assert result["verdict"]["kind"] == "none"
    assert "too few rows a group" in sentence(result)


@pytest.mark.parametrize("rows", [5, 6])
def test_few_rows_are_not_called_no_structure(rows):
    for seed in range(2):
        result = evaluate(KMeans(3, n_init=3, random_state=0), three(rows, 20, seed), seed=seed)
        text = sentence(result)
        assert "no clearer" not in text
        assert "run into each other" not in text
        assert choose_k(three(rows, 20, seed), seed=seed).recommended in ((3,) if result["verdict"]["kind"] != "none" else (None, 3))


def test_an_interval_too_wide_for_few_rows_is_shown():
    found = Found(n=15, groups=3, noise=0.0, splits=True, counting=5, largest=0.4, border=0.0, silhouette=Bounded(0.98, 0.9, 1.0),
                  stability=Bounded(1, 1, 1), cloud=Bounded(0.2, 0, 0.9), difference=Bounded(0.78, -0.05, 1.1),
                  cloud_stability=Bounded(0, 0, 0), shuffled=None, shuffled_difference=None, by_density=False)
    kind, message = judge(found)
    assert kind == "none"
    assert "Too few rows to tell" in str(message)
    assert "-0.05 to 1.10" in str(message)
    assert "no clearer" in str(judge(replace(found, n=1000))[1])


def test_a_model_of_other_rows_is_fitted_again():
    X, Y = polygon(3, 8, np.random.default_rng(0), 300)[0], polygon(3, 8, np.random.default_rng(1), 300)[0]
    foreign = KMeans(3, n_init=3, random_state=0).fit(Y)
    own = evaluate(KMeans(3, n_init=3, random_state=0).fit(X), X)
    for other in (foreign, KMeans(3, n_init=3, random_state=0).fit(np.c_[Y, Y])):
        assert evaluate(other, X)["model"]["silhouette"]["value"] == pytest.approx(own["model"]["silhouette"]["value"], abs=0.01)
    assert np.array_equal(foreign.labels_, KMeans(3, n_init=3, random_state=0).fit(Y).labels_)


@pytest.mark.parametrize("seed", [-1, None, "a", 2**40, True, 1.5])
def test_seed_is_checked(seed):
    with pytest.raises(ParameterError, match=r"seed is .* from 0 to 4294967295"):
        evaluate(KMeans(3), np.random.default_rng(0).random((50, 2)), seed=seed)


@pytest.mark.parametrize("scale", [1e140, 1e-200])
def test_numbers_of_any_size_are_measured(scale):
    X, labels = polygon(3, 8, np.random.default_rng(0), 150)
    assert mean_silhouette(X * scale, labels).value == pytest.approx(mean_silhouette(X, labels).value, abs=1e-4)
    assert SameRows(X * scale).silhouette(labels).value == pytest.approx(SameRows(X).silhouette(labels).value, abs=1e-4)
    assert filled(X * scale, labels) == filled(X, labels)


def test_of_a_small_table_smaller_groups_count():
    labels = np.repeat([0, 1], [8, 3])
    assert not splits(labels)
    assert splits(labels, least=2)


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

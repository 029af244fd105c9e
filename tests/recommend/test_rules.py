"""Variety, prerequisites and learning paths: known answers, and promises over many inputs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmcore.errors import DataError
from bmcore.recommend import rules

# two kinds of things: 0, 1, 2 are shoes, 3 and 4 are hats
ALIKE = np.array([[1, 0.9, 0.8, 0, 0], [0.9, 1, 0.9, 0, 0], [0.8, 0.9, 1, 0, 0], [0, 0, 0, 1, 0.7], [0, 0, 0, 0.7, 1]])
SCORES = np.array([5.0, 4.5, 4.0, 2.0, 1.0])


def test_no_diversity_keeps_the_order():
    assert rules.diverse("abcde", SCORES, ALIKE, 5, 0.0).tolist() == list("abcde")


def test_full_diversity_is_maximally_different():
    # after the best shoe any hat is least alike, the better one first; then what is least like either
    assert rules.diverse("abcde", SCORES, ALIKE, 3, 1.0).tolist() == ["a", "d", "e"]


def test_some_diversity_lets_one_hat_in():
    assert rules.diverse(np.arange(5), SCORES, ALIKE, 3, 0.5).tolist() == [0, 3, 1]


def test_similarity_may_be_a_function():
    by_row = rules.diverse(np.arange(5), SCORES, lambda place: ALIKE[place], 4, 0.4)
    assert by_row.tolist() == rules.diverse(np.arange(5), SCORES, ALIKE, 4, 0.4).tolist()


def test_padding_is_never_chosen():
    scores = np.array([3.0, 2.0, -np.inf, np.nan])
    assert rules.diverse(["a", "b", None, None], scores, np.eye(4), 4, 0.3).tolist() == ["a", "b"]


@pytest.mark.parametrize("wrong", [-0.1, 1.01, float("nan"), "0.5", None, [0.5]])
def test_diversity_out_of_range(wrong):
    with pytest.raises(DataError, match="from 0"):
        rules.diverse("abcde", SCORES, ALIKE, 3, wrong)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12), st.floats(0, 1), st.integers(1, 15), st.integers(0, 1000))
def test_mmr_promises(scores, diversity, k, seed):
    scores = np.sort(np.array(scores))[::-1]
    likeness = rules.alike(np.random.default_rng(seed).random((len(scores), 3)))
    chosen = rules.diverse(np.arange(len(scores)), scores, likeness, k, diversity).tolist()
    assert len(chosen) == min(k, len(scores)) == len(set(chosen))
    assert scores[chosen[0]] == scores.max()
    if diversity == 0:
        assert chosen == list(range(len(chosen)))


@given(st.integers(0, 1000), st.floats(0.05, 1))
def test_mmr_follows_its_formula(seed, diversity):
    rng = np.random.default_rng(seed)
    scores, likeness = np.sort(rng.random(8))[::-1], rules.alike(rng.random((8, 4)))
    unit, expected = (scores - scores.min()) / (scores.max() - scores.min()), [0]
    while len(expected) < 5:
        value = {
            place: (1 - diversity) * unit[place] - diversity * max(float(likeness[place, taken]) for taken in expected)
            for place in range(8) if place not in expected
        }
        expected.append(max(value, key=lambda place: (value[place], -place)))
    assert rules.diverse(np.arange(8), scores, likeness, 5, diversity).tolist() == expected


def test_alike_of_sparse_and_dense_agree():
    from scipy import sparse

    vectors = np.array([[3.0, 4.0], [0.0, 0.0], [6.0, 8.0]])
    assert np.allclose(rules.alike(vectors), [[1, 0, 1], [0, 0, 0], [1, 0, 1]])
    assert np.allclose(rules.alike(sparse.csr_matrix(vectors)), rules.alike(vectors))


NEEDS = {"algebra": ["sums"], "calculus": ["algebra", "graphs"]}
ITEMS = ["sums", "graphs", "algebra", "calculus", "poetry"]


def test_allowed():
    assert rules.allowed({"sums"}, NEEDS, ITEMS).tolist() == [True, True, True, False, True]
    assert rules.allowed({"algebra", "graphs"}, NEEDS, ITEMS).tolist() == [True, True, False, True, True]
    assert rules.allowed([], {}, ITEMS).all()


def test_a_circle_is_refused_by_its_name():
    with pytest.raises(DataError, match="'b' needs 'c' needs 'b'"):
        rules.check_requires({"a": ["b"], "b": ["c"], "c": ["b"]})
    with pytest.raises(DataError, match="'a' needs 'a': nobody"):
        rules.check_requires({"a": ["a"]})


def test_unknown_prerequisites_are_left_out_and_told():
    kept, notes = rules.check_requires({"a": ["x", "b", "b"], "b": []})
    assert kept == {"a": ["b"]}
    assert "'x'" in str(notes[0])
    assert rules.check_requires({"a": [], "b": ["a"]}) == ({"b": ["a"]}, [])


def test_a_chain_of_thousands_needs_no_recursion():
    chain = {place: [place + 1] for place in range(20_000)}
    kept, _ = rules.check_requires({**chain, 20_000: []})
    assert len(kept) == 20_000
    with pytest.raises(DataError, match="nobody could ever begin"):
        rules.check_requires({**chain, 20_000: [0]})


def test_level_and_fit():
    assert rules.level_of([1, 2, 3, 4, 5]) == 4.0
    assert rules.level_of([np.nan]) is None
    assert rules.fits([1, 3, np.nan], None, 1).all()
    assert rules.fits([1, 2, 3, 4.5], 2.5, 0.5).tolist() == [False, True, True, False]


def test_a_path_reaches_for_the_best_and_inserts_what_it_needs():
    scores = {"calculus": 0.9, "poetry": 0.8, "sums": 0.1, "graphs": 0.1, "algebra": 0.1}
    steps = rules.path(scores, NEEDS, {"graphs": 1, "sums": 2, "algebra": 3}, set(), k=5)
    assert [step.item for step in steps] == ["graphs", "sums", "algebra", "calculus", "poetry"]
    assert [step.toward for step in steps] == ["calculus"] * 4 + ["poetry"]
    # no room for calculus and its three prerequisites: the next best that can be finished
    assert [step.item for step in rules.path(scores, NEEDS, None, set(), k=2)] == ["poetry", "sums"]
    assert [step.item for step in rules.path(scores, NEEDS, None, {"algebra", "graphs"}, k=1)] == ["calculus"]


def test_a_path_climbs():
    difficulty = {name: float(place) for place, name in enumerate("abcdef", start=1)}
    scores = {name: value for value, name in enumerate("abcdef")}  # the hardest would be best
    assert [step.item for step in rules.path(scores, {}, difficulty, set(), k=4, width=1)] == ["b", "c", "d", "e"]
    assert [step.item for step in rules.path(scores, {}, difficulty, {"d"}, k=2, width=1)] == ["e", "f"]
    # nothing is near enough: a short path is honest
    assert rules.path({"f": 1.0}, {}, difficulty, {"a"}, k=3, width=1) == []


def test_a_path_refuses_a_circle():
    with pytest.raises(DataError, match="nobody could ever begin"):
        rules.path({"a": 1.0}, {"a": ["b"], "b": ["a"]}, None, set(), k=3)


@st.composite
def courses(draw):
    n = draw(st.integers(1, 14))
    # an item needs only earlier ones, so there is no circle
    needs = {item: draw(st.lists(st.integers(0, item - 1), max_size=3, unique=True)) for item in range(1, n)}
    number = st.floats(0, 5) | st.just(float("nan"))
    scores = {item: draw(st.floats(-9, 9) | st.just(-np.inf)) for item in range(n)}
    difficulty = {item: draw(number) for item in range(n)}
    return needs, scores, difficulty, draw(st.sets(st.integers(0, n - 1)))


@given(courses(), st.integers(0, 10), st.none() | st.floats(0, 5))
def test_path_promises(course, k, width):
    needs, scores, difficulty, done = course
    steps = rules.path(scores, needs, difficulty, done, k, width)
    taken = [step.item for step in steps]
    assert len(taken) <= k and len(set(taken)) == len(taken) and not set(taken) & done
    for place, step in enumerate(steps):
        assert set(needs.get(step.item, [])) <= done | set(taken[:place])
        assert np.isfinite(scores[step.toward]) and step.toward in taken[place:]
    if width is None and len(taken) < k:  # whatever is left does not fit into the room that is left, or is not wanted
        free = [item for item in scores if item not in done and item not in taken and np.isfinite(scores[item])]
        assert not any(set(needs.get(item, [])) <= done | set(taken) for item in free)

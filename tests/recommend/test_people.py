"""People without a history: known answers, readable groups, what cannot be used, damaged files."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from bmcore.errors import ModelError
from bmcore.messages import Message
from bmcore.recommend import binning
from bmcore.recommend.people import People


def crowd(n=400, seed=0):
    """Everybody likes item 0; women item 1, men item 2; people from 40 on item 3; item 4 nobody."""
    rng = np.random.default_rng(seed)
    traits = pd.DataFrame({"user": range(n), "gender": rng.choice(["F", "M"], n), "age": rng.integers(15, 75, n)})
    X = np.zeros((n, 5), np.float32)
    X[:, 0] = rng.random(n) < 0.75
    X[:, 1], X[:, 2] = traits["gender"] == "F", traits["gender"] == "M"
    X[:, 3] = traits["age"] >= 40
    return traits, csr_matrix(X)


@pytest.fixture(scope="module")
def people():
    traits, X = crowd()
    return People().fit(traits, traits["user"], X)


def test_popular_with_people_like_that(people):
    positions, scores, why = people.popular({"gender": "F"}, 2)
    assert positions.tolist() == [1, 0] and scores[0] > scores[1]
    assert str(why) == "popular with people whose gender is F"
    assert people.popular({"gender": "M"}, 1)[0].tolist() == [2]
    positions, _, why = people.popular({"gender": "F", "age": 71}, 2)
    assert sorted(positions.tolist()) == [1, 3]
    assert str(why).startswith("popular with people whose gender is F and age is ") and str(why).endswith(" or more")


def test_the_shrinkage_is_a_pseudo_count():
    traits = pd.DataFrame({"user": list("abcd"), "city": ["Oslo", "Oslo", "Rome", "Rome"]})
    people = People().fit(traits, list("abcd"), csr_matrix([[1, 0], [1, 0], [1, 1], [0, 1]]))
    assert people.scores(None).tolist() == [0.75, 0.5]
    assert np.allclose(people.scores({"city": "Oslo"}), [(2 + 50 * 0.75) / 52, (0 + 50 * 0.5) / 52])


@given(st.integers(1, 200), st.integers(0, 200), st.integers(0, 50))
def test_a_score_lies_between_the_group_and_everybody(n, m, chosen):
    traits = pd.DataFrame({"user": range(n + m), "group": ["a"] * n + ["b"] * m})
    X = csr_matrix((np.arange(n + m) < min(chosen, n)).astype(np.float32)[:, None])
    people = People().fit(traits, range(n + m), X)
    own, everybody = min(chosen, n) / n, min(chosen, n) / (n + m)
    assert min(own, everybody) - 1e-12 <= people.scores({"group": "a"})[0] <= max(own, everybody) + 1e-12


@pytest.mark.parametrize("like", [None, {}, {"gender": ""}, {"age": None}, {"gender": float("nan")}])
def test_nothing_known_is_popular_with_everybody(people, like):
    positions, scores, why = people.popular(like, 3)
    assert str(why) == "popular with everybody" and np.array_equal(scores, people.popularity_[positions])


def test_what_nobody_has_is_not_used_and_told(people):
    _, scores, why = people.popular({"gender": "F", "planet": "Mars", "age": "old"}, 3)
    assert str(why) == "popular with people whose gender is F (not used, since nobody known has it: planet: Mars, age: old)"
    assert np.array_equal(scores, people.popular({"gender": "F"}, 3)[1])
    assert str(people.why({"gender": "X"})) == "popular with everybody (not used, since nobody known has it: gender: X)"


def test_no_one_has_it_all():
    traits = pd.DataFrame({"user": [1, 2], "city": ["Oslo", "Rome"], "job": ["cook", "judge"]})
    people = People().fit(traits, [1, 2], csr_matrix([[1, 0], [0, 1]]))
    assert str(people.why({"city": "Oslo", "job": "judge"})) == "popular with people whose city is Oslo or job is judge"
    assert np.allclose(people.scores({"city": "Oslo", "job": "judge"}), 0.5)


def test_users_without_traits_and_traits_without_users():
    traits = pd.DataFrame({"user": ["b", "z", "b"], "city": ["Oslo", "Rome", "Lima"]})
    people = People().fit(traits, ["a", "b"], csr_matrix([[1, 0], [0, 1]]))
    assert people.codes_.shape == (2, 1) and people.codes_[0, 0] == -1
    assert np.argmax(people.scores({"city": "oslo "})) == 1
    assert "not used" in str(people.why({"city": "Rome"}))  # only somebody without a history has it
    assert "not used" in str(people.why({"city": "Lima"}))  # of repeated users the first row counts


def test_a_name_is_no_trait():
    traits = pd.DataFrame({"user": range(60), "mail": [f"user{n}@example.org" for n in range(60)], "empty": [None] * 60})
    people = People().fit(traits, range(60), csr_matrix(np.eye(60, dtype=np.float32)))
    assert not people.traits_ and "'mail'" in str(people.notes_[0])
    assert people.popular({"mail": "user1@example.org"}, 2)[0].tolist() == [0, 1]


# ranges ---------------------------------------------------------------------------------------------------------------------


def test_ranges_hold_about_as_many_each_and_every_number_finds_its_own():
    ages = pd.Series(np.random.default_rng(0).integers(15, 75, 1000))
    labels, lows, codes = binning.bins(ages)
    assert len(labels) == 5 and labels[0].startswith("under ") and " to " in labels[1] and labels[-1].endswith(" or more")
    assert np.bincount(codes).min() > 150
    assert [binning.code_of(int(age), labels, lows) for age in ages] == codes.tolist()
    assert binning.code_of("27", labels, lows) == binning.code_of(27.0, labels, lows)
    assert binning.code_of(-5, labels, lows) == 0 and binning.code_of(1e9, labels, lows) == 4


@given(st.lists(st.floats(-1e9, 1e9) | st.none(), min_size=1, max_size=60))
def test_any_numbers_have_ranges(numbers):
    labels, lows, codes = binning.bins(pd.Series(numbers, dtype=object))
    assert len(codes) == len(numbers) and codes.min() >= -1 and codes.max() < max(1, len(labels))
    assert [code == -1 for code in codes] == [number is None for number in numbers]
    assert len(set(labels)) == len(labels)
    if lows is not None:
        assert len(lows) == len(labels) and (np.diff(lows) > 0).all()


def test_numbers_that_lie_close_or_are_nearly_all_the_same():
    close = pd.Series(1000 + np.arange(50) / 25)
    labels, _, codes = binning.bins(close)
    assert len(labels) == 5 and np.bincount(codes).tolist() == [10] * 5
    labels, _, codes = binning.bins(pd.Series([0.0] * 99 + list(range(1, 12))))
    assert labels == ["under 1", "1 or more"] and np.bincount(codes).tolist() == [99, 11]


def test_few_numbers_codes_and_truths_stay_categories():
    assert binning.bins(pd.Series([3, 1, 2, 1]))[:2] == (["1", "2", "3"], None)
    assert binning.bins(pd.Series(["007", *map(str, range(20))]))[1] is None
    assert binning.bins(pd.Series([True, False, None], dtype=object))[0] == ["False", "True"]
    assert binning.bins(pd.Series([1.0, np.nan, 2.0]))[2].tolist() == [0, -1, 1]
    assert binning.bins(pd.Series([pd.NA, 1], dtype="Int64"))[2].tolist() == [-1, 0]


def test_ranges_made_by_somebody_else_take_numbers_too():
    labels, lows, codes = binning.bins(pd.Series(["25 to 34", "5 to 24", "35 to 60", ""]))
    assert labels == ["5 to 24", "25 to 34", "35 to 60"] and codes.tolist() == [1, 0, 2, -1]
    assert [binning.code_of(age, labels, lows) for age in (3, 24, 25, 34.5, "59")] == [0, 0, 1, 1, 2]


# sentences and files --------------------------------------------------------------------------------------------------------


def test_the_sentence_can_be_translated(people):
    why = people.why({"age": 20, "gender": "M"})
    assert Message.from_dict(json.loads(json.dumps(why.to_dict()))) == why
    assert "JUNGER ALS" in why.render(lambda text: {"under {high}": "JUNGER ALS {high}"}.get(text, text))


def test_saved_and_loaded(people, tmp_path):
    _, X = crowd()
    again = People.load(people.save(tmp_path / "people"), X)
    for like in (None, {"gender": "F"}, {"age": 33, "gender": "M"}, {"age": 1}):
        assert np.array_equal(again.scores(like), people.scores(like)) and again.why(like) == people.why(like)
    assert not list((tmp_path / "people").glob("*.pkl"))


def test_damaged_files(people, tmp_path):
    _, X = crowd()
    people.save(tmp_path)
    told = json.loads((tmp_path / "people.json").read_text())
    with pytest.raises(ModelError):
        People.load(tmp_path, X[:-1])
    gender = told["traits"][0]
    for trait in ({}, {**gender, "name": 1}, {**gender, "labels": ["F"]}, {**gender, "labels": [1, 2]}, {**gender, "lows": [1]},
                  {**gender, "lows": [2, 1]}, {**gender, "lows": ["x", "y"]}):
        (tmp_path / "people.json").write_text(json.dumps({**told, "traits": [trait, told["traits"][1]]}))
        with pytest.raises(ModelError):
            People.load(tmp_path, X)
    (tmp_path / "people.json").write_text(json.dumps(told))
    for codes in (np.full((400, 2), 9, np.int32), np.full((400, 2), -2, np.int32), np.zeros((400, 2)), np.zeros((2, 400), np.int32)):
        np.savez(tmp_path / "people.npz", codes=codes)
        with pytest.raises(ModelError):
            People.load(tmp_path, X)
    (tmp_path / "people.npz").write_bytes(b"PK")
    with pytest.raises(ModelError, match="damaged"):
        People.load(tmp_path, X)


def test_traits_of_ids_that_are_numbers_in_one_table_and_text_in_the_other():
    traits = pd.DataFrame({"user": [1.0, 2.5, " b "], "city": ["Oslo", "Rome", "Rome"]})
    X = csr_matrix(np.eye(3, dtype=np.float32))
    found = People().fit(traits, ["1", "2.5", "b"], X).popular({"city": "Rome"}, 3)[0]
    assert found[-1] == 0, "what only the one in Oslo has comes last"
    assert People().fit(traits, [1, "2.5", "b"], X).popular({"city": "Oslo"}, 1)[0].tolist() == [0]

"""Held-out parts: shares, copies, caps, determinism."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bmcore.data import check
from bmcore.data.split import split
from bmcore.errors import DataError, ParameterError


def table(texts, labels):
    return pd.DataFrame({"text": texts, "label": labels})


def test_known_answer():
    frame = table([f"t{n}" for n in range(100)], ["a"] * 70 + ["b"] * 30)
    train, held_out = split(frame, "text", "label")
    assert train.label.value_counts().to_dict() == {"a": 56, "b": 24}
    assert held_out.label.value_counts().to_dict() == {"a": 14, "b": 6}
    assert sorted([*train.index, *held_out.index]) == list(range(100))


def test_same_seed_same_parts_other_seed_other_parts():
    frame = table([f"t{n}" for n in range(60)], ["a", "b", "c"] * 20)
    one, again, other = (split(frame, "text", "label", seed=seed)[1].index.tolist() for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_copies_stay_together_whatever_case_and_space():
    texts = ["Hello there", "hello  THERE", "hello there ", "x"] + [f"t{n}" for n in range(20)]
    for seed in range(20):
        train, held_out = split(table(texts, ["a", "b"] * 12), "text", "label", seed=seed)
        assert not set(check.folded(train.text)) & set(check.folded(held_out.text))


def test_caps_are_stratified_and_keep_every_class():
    frame = table([f"t{n}" for n in range(1010)], ["big"] * 1000 + ["small"] * 10)
    train, held_out = split(frame, "text", "label", max_train=100, max_test=50)
    assert len(train) == 100 and len(held_out) == 50
    assert train.label.value_counts().to_dict() == {"big": 99, "small": 1}


def test_labels_of_two_examples_are_on_both_sides():
    train, held_out = split(table(list("abcd"), ["x", "x", "y", "y"]), "text", "label")
    assert sorted(train.label) == sorted(held_out.label) == ["x", "y"]


def test_nothing_to_hold_out():
    with pytest.raises(DataError, match="fewer than two different texts"):
        split(table(["a"] * 10, ["x", "y"] * 5), "text", "label")
    with pytest.raises(ParameterError):
        split(table(list("ab"), list("xy")), "text", "label", test=1.5)


def test_every_class_is_one_text():
    with pytest.raises(DataError, match="only one text in column 'text'"):
        split(table(["p"] * 6 + ["q"] * 3, ["x"] * 6 + ["y"] * 3), "text", "label")


def test_fast():
    random = np.random.default_rng(0)
    words = np.array([f"word{n}" for n in range(500)])
    frame = table([" ".join(random.choice(words, 50)) for _ in range(5000)] * 4, random.integers(0, 6, 20000))
    start = time.process_time()
    split(frame, "text", "label")
    assert time.process_time() - start < 1.0  # measured 0.1; the limit allows for a busy machine


rows = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4)), min_size=4, max_size=120)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, seed=st.integers(0, 100), share=st.sampled_from([0.1, 0.2, 0.5]), cap=st.sampled_from([None, 6, 20]))
def test_promises(rows, seed, share, cap):
    frame = check.usable(table([f"text {one}" for one, _ in rows], [f"label {two}" for _, two in rows]), "text", "label")
    if frame.text.nunique() < 2:
        return
    try:
        train, held_out = split(frame, "text", "label", test=share, seed=seed, max_train=cap, max_test=cap)
    except DataError:
        assert not (frame.groupby("label").text.nunique() > 1).any() or frame.text.duplicated().any()
        return
    assert len(train) and len(held_out)
    assert not set(train.text) & set(held_out.text)
    assert set(train.index).isdisjoint(held_out.index)
    if len(set(train.text) | set(held_out.text)) >= 2 and cap is None:
        assert set(train.label) == set(frame.label)
        assert len(train) + len(held_out) == len(frame)
    if cap is not None:
        assert len(train) <= max(cap, frame.label.nunique()) and len(held_out) <= cap

"""Labels keep their type, bad input is named by row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bmcore.errors import DataError, ModelError
from bmcore.text.labels import Labels, labels_of, texts_of


@pytest.mark.parametrize(("given", "kind"), [
    (["b", "a", "b"], str), ([3, 1, 2], int), ([True, False, True], bool), ([1.5, 0.5, 1.5], float), (np.array([2, 1, 2]), int),
    (np.array(["x", "y", "x"]), str), (pd.Series([1, 2, 1]), int), (pd.Series(["u", "v", "u"], dtype="category"), str),
    ([np.int32(4), np.int64(5), 4], int), (["a", 1, True], str), ([1, 2.5, 1], float), (pd.Series([True, False, True]), bool),
])
def test_types(given, kind, tmp_path):
    labels = labels_of(given, 3)
    learned = Labels.learn(labels)
    assert {type(label) for label in labels} == {kind}
    assert {type(label) for label in learned.classes.tolist()} == {kind}
    assert learned.classes.tolist() == sorted(set(labels))
    learned.save(tmp_path / "labels.json")
    again = Labels.load(tmp_path / "labels.json")
    assert again.classes.tolist() == learned.classes.tolist()
    assert again.classes.dtype == learned.classes.dtype
    assert again.classes[again.encode(labels)].tolist() == labels


def test_a_label_never_seen_is_minus_one():
    assert Labels(["a", "b"]).encode(["b", "c"]).tolist() == [1, -1]


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA, pd.NaT])
def test_missing_values_name_the_row(missing):
    with pytest.raises(DataError, match="Row 1"):
        texts_of(["a", missing])
    with pytest.raises(DataError, match="Row 1"):
        labels_of(["a", missing], 2)


def test_other_mistakes():
    with pytest.raises(DataError, match="one single text"):
        texts_of("hello")
    with pytest.raises(DataError, match="one single text"):
        labels_of("hello", 5)
    with pytest.raises(DataError, match="2 texts and 3 labels"):
        labels_of([1, 2, 3], 2)
    with pytest.raises(DataError, match="same label"):
        Labels.learn(["a", "a"])


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"type": "str", "labels": []}', '{"type": "odd", "labels": [1]}'])
def test_damaged_file(content, tmp_path):
    (tmp_path / "labels.json").write_text(content)
    with pytest.raises(ModelError):
        Labels.load(tmp_path / "labels.json")


def test_moments_and_huge_numbers_become_their_text():
    days = np.array(["2024-01-01", "2024-02-01"], "datetime64[D]")
    assert labels_of(days, 2) == ["2024-01-01", "2024-02-01"]
    assert labels_of(pd.Series(days.astype("datetime64[ns]")), 2) == ["2024-01-01 00:00:00", "2024-02-01 00:00:00"]
    assert labels_of([2**63 + 5, 3], 2) == [str(2**63 + 5), "3"] and labels_of([2**63 - 1, 3], 2) == [2**63 - 1, 3]
    with pytest.raises(DataError, match="Row 1"):
        labels_of(np.array(["2024-01-01", "NaT"], "datetime64[D]"), 2)

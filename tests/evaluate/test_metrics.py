"""Our figures are scikit-learn's, on any labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from bmcore.evaluate import metrics

pairs = st.integers(1, 7).flatmap(
    lambda k: st.tuples(st.just(k), st.lists(st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)), min_size=1, max_size=60)))


@pytest.mark.filterwarnings("ignore:A single label")
@settings(max_examples=200, deadline=None)
@given(pairs)
def test_equal_to_sklearn(case):
    k, rows = case
    true, answer = np.array(rows).T
    labels = list(range(k))
    ours = metrics.per_class(true, answer, k)
    theirs = precision_recall_fscore_support(true, answer, labels=labels, zero_division=0)
    for name, column in zip(("precision", "recall", "f1", "support"), theirs, strict=True):
        np.testing.assert_allclose(ours[name], column, atol=1e-12)
    assert metrics.macro_f1(true, answer, k) == pytest.approx(f1_score(true, answer, average="macro", zero_division=0))
    assert metrics.accuracy(true, answer) == pytest.approx(accuracy_score(true, answer))
    assert (metrics.confusion(true, answer, k) == confusion_matrix(true, answer, labels=labels)).all()


def test_a_class_never_seen_nor_answered_does_not_count():
    true = np.array([0, 1, 1])
    assert metrics.macro_f1(true, true, 5) == 1.0


def test_a_class_answered_but_never_true_costs():
    assert metrics.macro_f1(np.array([0, 0]), np.array([0, 2]), 3) == pytest.approx(np.mean([2 / 3, 0]))

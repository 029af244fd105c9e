"""Token-budget batches: every example once, never over the budget, hardly any padding, the same for the same seed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bmcore.training.batching import padding_share, token_batches


@given(
    st.lists(st.integers(0, 300), max_size=200), st.integers(1, 600), st.none() | st.integers(0, 9), st.none() | st.integers(1, 9)
)
def test_each_example_once_and_within_budget(lengths, budget, seed, most):
    batches = token_batches(np.array(lengths, dtype=int), budget, seed=seed, most=most)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        widest = max(max(lengths[index] for index in batch), 1)
        assert len(batch) == 1 or widest * len(batch) <= budget
        assert most is None or len(batch) <= most


def test_padding_is_small_and_seeds_differ():
    lengths = np.random.default_rng(0).integers(10, 150, 4000)
    one, two = token_batches(lengths, 2048, seed=1), token_batches(lengths, 2048, seed=2)
    assert padding_share(lengths, one) < 0.08
    assert [batch.tolist() for batch in one] == [batch.tolist() for batch in token_batches(lengths, 2048, seed=1)]
    assert [batch.tolist() for batch in one] != [batch.tolist() for batch in two]
    assert abs(np.mean([lengths[batch].mean() for batch in one[:40]]) - lengths.mean()) < 15  # the order of batches is shuffled


def test_sorted_batches_start_with_the_longest():
    batches = token_batches(np.array([5, 50, 7, 49]), 100)
    assert batches[0].tolist() == [1, 3]


def test_no_examples():
    assert token_batches(np.array([], dtype=int), 100) == []
    assert padding_share(np.array([]), []) == 0.0

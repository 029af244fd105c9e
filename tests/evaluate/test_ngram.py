"""The counting rival: against a corpus computed by hand, against a slow dictionary, and as a distribution."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmcore.evaluate.ngram import KneserNey, discounts

TOKENS = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=12), min_size=1, max_size=8)


def slow(documents: list[list[int]], vocabulary: int, order: int):
    """P(token | history) by dictionaries, one n-gram at a time."""
    raw = [Counter() for _ in range(order + 1)]
    padded = [[vocabulary] * order + list(one) for one in documents]
    for one in padded:
        for i in range(order, len(one)):
            raw[order][tuple(one[i - order + 1:i + 1])] += 1
    for n in range(order - 1, 0, -1):
        for gram in raw[n + 1]:
            raw[n][gram[1:]] += 1
    sums, taken = defaultdict(int), defaultdict(float)
    off = [None, *(discounts(np.array(list(raw[n].values()))) for n in range(1, order + 1))]
    for n in range(1, order + 1):
        for gram, count in raw[n].items():
            sums[n, gram[:-1]] += count
            taken[n, gram[:-1]] += off[n][min(count, 3)]

    def probability(history: tuple, token: int, n: int) -> float:
        if n == 0:
            return 1 / vocabulary
        history = history[len(history) - n + 1:]
        below = probability(history, token, n - 1)
        if not sums[n, history]:
            return below
        count = raw[n].get((*history, token), 0)
        return (count - off[n][min(count, 3)]) / sums[n, history] + taken[n, history] / sums[n, history] * below

    return probability


@settings(max_examples=60, deadline=None)
@given(TOKENS, TOKENS, st.integers(1, 5))
def test_as_the_slow_one(known, asked, order):
    model = KneserNey(order).fit([np.array(one) for one in known], 5)
    probability = slow(known, 5, order)
    for one, found in zip(asked, model.losses([np.array(one) for one in asked]), strict=True):
        padded = [5] * order + one
        expected = [-np.log(probability(tuple(padded[:i]), padded[i], order)) for i in range(order, len(padded))]
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(TOKENS, st.lists(st.integers(0, 4), max_size=6))
def test_probabilities_of_all_tokens_add_up_to_one(known, history):
    model = KneserNey(4).fit([np.array(one) for one in known], 5)
    last = [model.losses([np.array([*history, token])])[0][-1] for token in range(5)]
    assert np.exp(-np.array(last)).sum() == pytest.approx(1)


def test_by_hand():
    # counts of order 1: a 3, b 2, c 1 -> n1 = n2 = n3 = 1, n4 = 0: Y = 1/3, taken 1/3, 1, and 3 of a count of 3
    model = KneserNey(1).fit([np.array([0, 0, 0, 1, 1, 2])], 4)
    left, below = np.array([0, 1, 2 / 3, 0]), (3 + 1 + 1 / 3) / 6
    found = np.exp(-np.concatenate(model.losses([np.array([0, 1, 2, 3])])))
    np.testing.assert_allclose(found, left / 6 + below / 4)


def test_what_was_never_seen_is_not_impossible():
    model = KneserNey().fit([np.array([0, 1, 2, 3])], 50)
    assert np.isfinite(model.losses([np.arange(50)])[0]).all()
    assert model.losses([]) == [] and len(model.losses([np.array([], int), np.array([1])])[0]) == 0

"""Batches by token budget over length-sorted examples: almost no padding, still shuffled. numpy only.

A batch of texts is a rectangle as wide as its longest text. Cutting batches from texts sorted by length keeps that
rectangle full; a little random noise on the sort key and a shuffled order of batches keep training stochastic.
"""

from __future__ import annotations

import numpy as np

NOISE = 0.05  # share of a text's length by which its place in the sorted order may move


def token_batches(lengths: np.ndarray, budget: int, *, seed: int | None = None, most: int | None = None) -> list[np.ndarray]:
    """Cut examples into batches of at most `budget` padded tokens.

    Parameters
    ----------
    lengths : (n,) int array
        Tokens of each example.
    budget : int
        Most tokens of a batch, padding counted. An example longer than that is a batch of its own.
    seed : int, optional
        Shuffle by this seed. Without it the batches are sorted, longest first, so that memory runs out at once or never.
    most : int, optional
        Most examples in a batch.

    Returns
    -------
    list of int arrays
        Indices of examples; each example is in exactly one batch.

    Examples
    --------
    >>> [batch.tolist() for batch in token_batches(np.array([3, 9, 4, 8]), budget=18)]
    [[1, 3], [2, 0]]
    """
    lengths = np.maximum(np.asarray(lengths, dtype=np.int64), 1)
    generator = None if seed is None else np.random.default_rng(seed)
    key = lengths.astype(np.float64)
    if generator is not None:
        key *= 1 + NOISE * (generator.random(len(key)) - 0.5)
        key += generator.random(len(key))
    order = np.argsort(-key, kind="stable")
    batches = _cut(order, lengths, budget, most or len(order))
    if generator is not None:
        generator.shuffle(batches := list(batches))
    return batches


def _cut(order: np.ndarray, lengths: np.ndarray, budget: int, most: int) -> list[np.ndarray]:
    batches, start, widest = [], 0, 0
    for place, index in enumerate(order):
        grown = max(widest, int(lengths[index]))
        count = place - start
        if count and (grown * (count + 1) > budget or count >= most):
            batches.append(order[start:place])
            start, grown = place, int(lengths[index])
        widest = grown
    if len(order) > start:
        batches.append(order[start:])
    return batches


def padding_share(lengths: np.ndarray, batches: list[np.ndarray]) -> float:
    """Share of the computed tokens that are padding, from 0 to 1."""
    lengths = np.asarray(lengths)
    padded = sum(int(lengths[batch].max()) * len(batch) for batch in batches if len(batch))
    return 1 - int(sum(lengths[batch].sum() for batch in batches)) / padded if padded else 0.0

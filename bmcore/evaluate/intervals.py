"""How far a score may be off: a paired bootstrap over the test rows.

One set of resamples serves every model, so the interval of a difference knows that both were asked the same questions.
Rows that agree in the true class and in every model's answer are interchangeable, so a resample is a multinomial draw over
these few distinct rows instead of over all of them.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 16.
"""

from __future__ import annotations

import numpy as np

from bmcore.evaluate import metrics

RESAMPLES = 2000
_CELLS_IN_ALL, _LEAST_RESAMPLES = 40_000_000, 200  # a few seconds, however large the test set: a large one needs fewer resamples
_CELLS_AT_ONCE = 4_000_000  # counts drawn at a time: 32 MB, whatever the number of classes


class Bootstrap:
    """Scores of several models on the same resamples of one test set.

    Use it when models answered the same test rows and you ask how sure a score or a difference is.

    Parameters
    ----------
    true : ndarray of shape (n,), int
        True class codes.
    answers : sequence of ndarray of shape (n,), int
        One array of class codes a model.
    n_classes : int
    seed : int
        The same seed gives the same intervals.

    Attributes
    ----------
    macro_f1, accuracy : ndarray of shape (models, resamples), float64

    Notes
    -----
    Time O(resamples x distinct rows); at most about 100 MB at once. 2,000 resamples of 4,500 rows, 6 classes and 3
    models take about 0.2 s.

    Examples
    --------
    >>> true = np.arange(300) % 2
    >>> boot = Bootstrap(true, [true, np.zeros(300, int)], 2)
    >>> low, high = boot.difference("accuracy", 0, 1)
    >>> 0.4 < low < 0.5 < high < 0.6
    True
    """

    def __init__(self, true: np.ndarray, answers: list[np.ndarray], n_classes: int, *, resamples: int = RESAMPLES, seed: int = 0):
        rows = np.stack([np.asarray(true), *map(np.asarray, answers)], axis=1)  # (n, 1 + models)
        kinds, counts = np.unique(rows, axis=0, return_counts=True)  # (m, 1 + models), (m,)
        draw = np.random.default_rng(seed)
        resamples = min(resamples, max(_LEAST_RESAMPLES, _CELLS_IN_ALL // len(kinds)))
        at_once = max(1, _CELLS_AT_ONCE // max(len(kinds), n_classes))
        parts = []
        for start in range(0, resamples, at_once):
            weights = draw.multinomial(len(rows), counts / len(rows), size=min(at_once, resamples - start))  # (r, m)
            parts.append(_scores(weights, kinds, n_classes))
        self.macro_f1, self.accuracy = np.concatenate(parts, axis=2)

    def interval(self, metric: str, model: int) -> tuple[float, float]:
        """95 % interval of one model's score."""
        return _middle(getattr(self, metric)[model])

    def difference(self, metric: str, model: int, other: int) -> tuple[float, float]:
        """95 % interval of a model's score minus another's."""
        values = getattr(self, metric)
        return _middle(values[model] - values[other])


def _scores(weights: np.ndarray, kinds: np.ndarray, n_classes: int) -> np.ndarray:
    """Macro-F1 and accuracy of every model on every resample: (2, models, r)."""
    true, total = kinds[:, 0], weights[0].sum()
    support = _by_class(weights, true, n_classes)  # (r, classes)
    scores = np.empty((2, kinds.shape[1] - 1, len(weights)))
    for model, answer in enumerate(kinds[:, 1:].T):
        hit = answer == true
        right = _by_class(weights[:, hit], true[hit], n_classes)
        answered = _by_class(weights, answer, n_classes)
        scores[0, model] = metrics.macro(metrics.f1(right, support, answered), support, answered)
        scores[1, model] = right.sum(axis=1) / total
    return scores


def _by_class(weights: np.ndarray, codes: np.ndarray, n_classes: int) -> np.ndarray:
    """Columns of `weights` summed by class code: (r, m) -> (r, classes)."""
    out = np.zeros((len(weights), n_classes), dtype=np.int64)
    if len(codes):
        order = np.argsort(codes, kind="stable")
        present, starts = np.unique(codes[order], return_index=True)
        out[:, present] = np.add.reduceat(weights[:, order], starts, axis=1)
    return out


def _middle(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)

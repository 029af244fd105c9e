"""Counts and scores of a classification, in numpy alone.

Macro-F1 averages over the classes that occur among the true labels or the answers, as scikit-learn does by default, with 0
for a class whose F1 is undefined. So anybody can check our figure with one line of scikit-learn, and a model that answers with
a class that never occurs pays for it. The bootstrap applies the same rule inside every resample.

Labels are whole-number codes here; `bmcore.evaluate.classification` turns labels of any type into codes.
"""

from __future__ import annotations

import numpy as np


def confusion(true: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """How often each true class was answered as each class.

    Use it when there are at most a few hundred classes: memory grows with their square.

    Parameters
    ----------
    true, predicted : ndarray of shape (n,), int
        Class codes from 0 to `n_classes - 1`.
    n_classes : int

    Returns
    -------
    ndarray of shape (n_classes, n_classes), int64
        Rows are true classes, columns answers.

    Examples
    --------
    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    cells = np.bincount(np.asarray(true) * n_classes + np.asarray(predicted), minlength=n_classes * n_classes)
    return cells.reshape(n_classes, n_classes)


def tallies(true: np.ndarray, predicted: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per class: how many are right, how many are true, how many were answered. Memory O(n_classes)."""
    right = np.bincount(true[true == predicted], minlength=n_classes)
    return right, np.bincount(true, minlength=n_classes), np.bincount(predicted, minlength=n_classes)


def f1(right: np.ndarray, support: np.ndarray, answered: np.ndarray) -> np.ndarray:
    """F1 of each class, 0 where it is undefined. Arrays of any one shape."""
    return _ratio(2 * right, support + answered)


def macro(values: np.ndarray, support: np.ndarray, answered: np.ndarray) -> np.ndarray:
    """Mean of `values` over the classes (last axis) that occur among true labels or answers."""
    present = (support + answered) > 0
    return _ratio((values * present).sum(axis=-1), present.sum(axis=-1))


def macro_f1(true: np.ndarray, predicted: np.ndarray, n_classes: int) -> float:
    """Macro-F1 of class codes, from 0 to 1.

    Examples
    --------
    >>> round(macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1]), 2), 3)
    0.667
    """
    counts = tallies(np.asarray(true), np.asarray(predicted), n_classes)
    return float(macro(f1(*counts), *counts[1:]))


def accuracy(true: np.ndarray, predicted: np.ndarray) -> float:
    """Share of right answers, 0 if there are none at all."""
    return float(np.mean(np.asarray(true) == np.asarray(predicted))) if len(true) else 0.0


def per_class(true: np.ndarray, predicted: np.ndarray, n_classes: int) -> dict[str, np.ndarray]:
    """Precision, recall, F1, support and number of answers of each class.

    Returns
    -------
    dict of ndarray of shape (n_classes,)
        `precision`, `recall`, `f1` float64 from 0 to 1; `support`, `predicted` int64.
    """
    right, support, answered = tallies(np.asarray(true), np.asarray(predicted), n_classes)
    return {
        "precision": _ratio(right, answered), "recall": _ratio(right, support), "f1": f1(right, support, answered),
        "support": support, "predicted": answered,
    }


def _ratio(above, below) -> np.ndarray:
    above = np.asarray(above, dtype=float)
    return np.divide(above, below, out=np.zeros_like(above), where=np.asarray(below) > 0)

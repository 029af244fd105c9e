"""What ALS computes: factors of users and items by alternating least squares, and a history's factors. Pure functions over CSR matrices.

The sum that is made small, over users u and items i with c how much an interaction counts, w and h the factors, a the unobserved weight:

    sum over interactions c (1 - w_u.h_i)^2  +  a sum over all pairs (w_u.h_i)^2
        + reg sum_u (|I_u| + a n_items)^nu |w_u|^2  +  reg sum_i (|U_i| + a n_users)^nu |h_i|^2
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bmcore.compute.pool import spread, workers
from bmcore.recommend.engine_lists import check_inside
from bmcore.recommend.kernels_als import block_rows, gradient_rows, gram

SPREAD = 0.1  # length that the first factors have on average
WHOLE, BLOCK = 64, 32  # up to so many factors are solved for at once, else so many at a time
STEPS = 3  # of conjugate gradients; they go on where the last half-step ended


@dataclass(frozen=True)
class Loss:
    """The settings of the sum above."""

    unobserved: float
    regularization: float
    exponent: float
    typical: float = 1.0  # mean of log(1 + weight) over the log

    @classmethod
    def of(cls, X: Any, unobserved: float, regularization: float, exponent: float) -> Loss:
        """For a log whose weights may be of any scale: interactions count 1 on average."""
        return cls(float(unobserved), float(regularization), float(exponent), float(np.log1p(X.data.astype(np.float64)).mean()))

    def counted(self, X: Any) -> np.ndarray:
        """How much each interaction counts: more slowly growing than its weight."""
        return (np.log1p(X.data.astype(np.float64)) / self.typical).astype(np.float32)

    def ridge(self, counts: np.ndarray, others: int) -> np.ndarray:
        """(n,) float32: more for who has more, and for a long catalogue."""
        return (self.regularization * (counts + self.unobserved * others) ** self.exponent).astype(np.float32)

    def rest(self, factors: np.ndarray) -> np.ndarray:
        """(d, d) float32: all pairs at once."""
        return (self.unobserved * gram(factors)).astype(np.float32)


def half_step(X: Any, fixed: np.ndarray, factors: np.ndarray, loss: Loss, solver: str, tell: Callable[[float], Any]) -> None:
    """Better factors of the rows of X, in place, with those of its columns fixed."""
    kernel, setting = (block_rows, _block(fixed.shape[1])) if solver == "block" else (gradient_rows, STEPS)
    ridge = loss.ridge(np.diff(X.indptr), X.shape[1])
    arguments = (X.indptr.astype(np.int64), X.indices.astype(np.uint32), X.data, fixed, loss.rest(fixed), ridge, setting, factors)
    spread(kernel, X.shape[0], arguments, workers(None), tell)


def fit(
    X: Any, factors: int, iterations: int, loss: Loss, solver: str, seed: int, tell: Callable[[int, float], Any]
) -> np.ndarray:
    """Factors of the items: (n_items, factors) float32. tell(passes done, share of the next) may raise to stop."""
    by_user = X.copy()
    by_user.data = loss.counted(X)
    by_item = by_user.T.tocsr()
    width = -(-factors // _block(factors)) * _block(factors)
    items = np.zeros((X.shape[1], width), np.float32)  # columns beyond `factors` stay 0
    items[:, :factors] = np.random.default_rng(seed).normal(0, SPREAD / np.sqrt(factors), (X.shape[1], factors))
    users = np.zeros((X.shape[0], width), np.float32)
    for done in range(iterations):
        half_step(by_user, items, users, loss, solver, lambda share, done=done: tell(done, share / 2))
        half_step(by_item, users, items, loss, solver, lambda share, done=done: tell(done, (1 + share) / 2))
        tell(done + 1, 0.0)
    return np.ascontiguousarray(items[:, :factors])


def _block(factors: int) -> int:
    return factors if factors <= WHOLE else BLOCK


def fold_in(H: Any, items: np.ndarray, rest: np.ndarray, loss: Loss) -> np.ndarray:
    """Factors of histories H (m, n_items), exactly: (m, d) float32. `rest` is `loss.rest(items)`."""
    check_inside(H, len(items))
    made = np.zeros((H.shape[0], items.shape[1]), np.float32)
    ridge = loss.ridge(np.diff(H.indptr), H.shape[1])
    arguments = (
        H.indptr.astype(np.int64), H.indices.astype(np.uint32), loss.counted(H), items, rest, ridge, items.shape[1], made
    )
    spread(block_rows, H.shape[0], arguments, workers(None), lambda share: None)
    return made


def parts(row: Any, position: int, items: np.ndarray, rest: np.ndarray, loss: Loss) -> np.ndarray:
    """What each item of a history (one row) adds to the score of an item: (h,) float32, which sum to the score.

    The factors of a user are A^-1 sum_i c_i h_i, so the score of item j is the sum of c_i h_j' A^-1 h_i.
    """
    chosen, weights = items[row.indices].astype(np.float64), loss.counted(row).astype(np.float64)
    ridge = float(loss.ridge(np.diff(row.indptr), row.shape[1])[0])
    matrix = rest + (chosen.T * weights) @ chosen + ridge * np.eye(items.shape[1])
    return (weights * (chosen @ np.linalg.solve(matrix, items[position].astype(np.float64)))).astype(np.float32)


def similar(items: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Cosine of the factors of some items with those of all: (m, n_items) float32."""
    lengths = np.linalg.norm(items, axis=1, keepdims=True)
    unit = items / np.maximum(lengths, 1e-12)
    return unit[positions] @ unit.T

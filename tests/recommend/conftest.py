"""Small logs whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp


def checkerboard(n=40, hidden=0.25, seed=0):
    """Even users choose even items, odd users odd ones; a few choices are left out, which are what should be recommended."""
    users, items = np.indices((n, n))
    board = (users + items) % 2 == 0
    kept = board & (np.random.default_rng(seed).random((n, n)) >= hidden)
    kept[:, :2] = board[:, :2]  # nobody is without a history
    return sp.csr_matrix(kept.astype(np.float32)), board


@pytest.fixture(scope="session")
def board():
    """(log (40, 40) csr, the whole board as bool)."""
    return checkerboard()


@pytest.fixture(scope="session")
def frame():
    """A log of text and number ids, with repeats."""
    import pandas as pd

    rng = np.random.default_rng(1)
    rows = [{"user": f"user {u}", "item": int(i)} for u in range(30) for i in rng.choice(20, 6, replace=False)]
    return pd.DataFrame(rows)

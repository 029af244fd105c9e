"""Popularity: everybody gets what most people chose."""

import numpy as np
import scipy.sparse as sp

from bmcore.recommend.popularity import Popularity
from tests.recommend.suite import Suite


class TestPopularity(Suite):
    personal = False

    def make(self, **settings):
        return Popularity(**settings)


def test_shares_of_users():
    X = sp.csr_matrix(np.array([[5, 1, 0], [2, 0, 0], [0, 1, 0], [1, 0, 1]], dtype=np.float32))
    popular = Popularity().fit(X)
    np.testing.assert_allclose(popular.scores(X)[0], [0.75, 0.5, 0.25])
    assert popular.recommend([1], k=2)[0].tolist() == [[1, 2]]
    assert str(popular.explain(1, 1)[0].why) == "Chosen by 2 of 4 users."

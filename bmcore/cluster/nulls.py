"""Data without groups that otherwise looks like the data at hand: what a clustering has to beat.

`shuffled_columns` mixes every column by itself: each column keeps its values, the combinations are gone. It is not enough.
One long cloud (two correlated columns, one Gaussian) has no groups, but cut in two it looks better than its shuffle, since
the shuffle is round. And four groups in the corners of a square look the same after the shuffle. So there is a second one:

`OneCloud` keeps each column's spread, skew and tails and how the columns go together, and has one peak: ranks are correlated
as in the data (a Gaussian copula), and each column follows the distribution with a single peak that is nearest to its own.
For a Gaussian, a uniform or a lognormal it is the data's own distribution again; of groups it keeps the outline and fills
the gaps.

Sources: Cario and Nelson, Modeling and generating random vectors with arbitrary marginal distributions (1997); Grenander, On
the theory of mortality measurement II (1956); Tibshirani, Walther and Hastie, the gap statistic (2001) for the idea.
"""

from __future__ import annotations

import numpy as np

_FEW_VALUES = 50  # distinct values of a column that are kept as they are (counts, yes and no)
_ROWS = 20_000  # rows a cloud is learned from
_BINS = 40


def shuffled_columns(X: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """A copy of X, every column in an order of its own.

    Examples
    --------
    >>> shuffled_columns(np.array([[1, 2], [1, 2]]), np.random.default_rng(0)).tolist()
    [[1, 2], [1, 2]]
    """
    return draw.permuted(X, axis=0)


class OneCloud:
    """Draws rows of a single cloud with the spread, skew, tails and correlations of X.

    Use it when you ask whether groups in X are more than a way of cutting one cloud.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    draw : numpy Generator
        Picks the 20,000 rows learned from where there are more.

    Notes
    -----
    Time O(n d log n + n d^2 + d^3), memory O(n d).

    Examples
    --------
    >>> two_heaps = np.concatenate([np.linspace(0, 1, 100), np.linspace(9, 10, 100)])[:, None]
    >>> draw = np.random.default_rng(0)
    >>> rows = OneCloud(two_heaps, draw).rows(1000, draw)
    >>> bool(((rows > 2) & (rows < 8)).mean() > 0.3)  # the gap is filled
    True
    """

    def __init__(self, X: np.ndarray, draw: np.random.Generator):
        X = X[draw.choice(len(X), _ROWS, replace=False)] if len(X) > _ROWS else X
        self._columns = [_one_peak(np.asarray(column, dtype=np.float64)) for column in X.T]
        values, vectors = np.linalg.eigh(_rank_correlation(X))
        self._root = vectors * np.sqrt(np.maximum(values, 0))  # (d, d)

    def rows(self, n: int, draw: np.random.Generator) -> np.ndarray:
        """`n` rows of the cloud: (n, d) float64."""
        from scipy.special import ndtr

        levels = ndtr(draw.standard_normal((n, len(self._columns))) @ self._root.T)
        return np.column_stack([_quantiles(column, level) for column, level in zip(self._columns, levels.T, strict=True)])


def _rank_correlation(X: np.ndarray) -> np.ndarray:
    """Correlation of the columns' normal scores (equal values share their mean rank): (d, d)."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    scores = ndtri((rankdata(X, axis=0) - 0.5) / len(X))
    scores -= scores.mean(axis=0)
    lengths = np.sqrt((scores**2).sum(axis=0))
    scores /= np.where(lengths > 0, lengths, 1)
    correlation = scores.T @ scores
    np.fill_diagonal(correlation, 1)
    return correlation


def _one_peak(column: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """The nearest distribution with one peak: (edges or values, cumulated shares, whether it has only these values)."""
    values, counts = np.unique(column, return_counts=True)
    if len(values) <= _FEW_VALUES and len(values) < len(column) / 2:
        values, counts = _filled(values, counts)
        shares = _isotonic_to_peak(counts.astype(float), np.ones(len(counts)))
        return values, np.cumsum(shares) / shares.sum(), True
    edges = np.unique(np.sort(column)[_ranks(len(column))])
    widths = np.diff(edges)
    shares = np.histogram(column, edges)[0] / len(column)
    shares = _isotonic_to_peak(shares / widths, widths) * widths
    return edges, np.concatenate([[0.0], np.cumsum(shares) / shares.sum()]), False


def _filled(values: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values with those added that a gap three times as wide as its neighbours leaves out, counted 0 times."""
    gaps = np.diff(values)
    if len(gaps) < 2:
        return values, counts
    beside = np.maximum(np.concatenate([[0], gaps[:-1]]), np.concatenate([gaps[1:], [0]]))
    added = [np.linspace(values[at], values[at + 1], min(_FEW_VALUES, round(gaps[at] / beside[at])) + 1)[1:-1]
             for at in np.flatnonzero(gaps > 3 * beside)]
    if not added:
        return values, counts
    everything = np.concatenate([values, *added])
    order = np.argsort(everything)
    return everything[order], np.concatenate([counts, np.zeros(len(everything) - len(counts))])[order]


def _ranks(n: int) -> np.ndarray:
    """Ranks that cut n sorted values into bins of about equal number, finer and finer towards both ends, where tails are."""
    bins = int(np.clip(np.sqrt(n) / 1.5, 4, _BINS))
    even = np.linspace(0, n - 1, bins + 1)
    tail = 2.0 ** np.arange(0, 30)
    tail = tail[tail < even[1]]
    return np.unique(np.concatenate([even, tail, n - 1 - tail]).astype(int))


def _isotonic_to_peak(density: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Least-squares fit that rises to the peak and falls after it."""
    from sklearn.isotonic import isotonic_regression

    peak = int(np.argmax(_smooth(density * weights) / _smooth(weights)))
    left = isotonic_regression(density[: peak + 1], sample_weight=weights[: peak + 1])
    right = isotonic_regression(density[peak:], sample_weight=weights[peak:], increasing=False)
    return np.concatenate([left[:-1], [max(left[-1], right[0])], right[1:]])


def _smooth(values: np.ndarray) -> np.ndarray:
    """Sums over five neighbours."""
    return np.convolve(np.pad(values, 2, mode="edge"), np.ones(5), mode="valid")


def _quantiles(column: tuple[np.ndarray, np.ndarray, bool], levels: np.ndarray) -> np.ndarray:
    values, cumulated, discrete = column
    if discrete:
        return values[np.minimum(np.searchsorted(cumulated, levels), len(values) - 1)]
    return np.interp(levels, cumulated, values)

"""How alike two clusterings are, whatever their groups are called."""

from __future__ import annotations

import numpy as np

_ROWS, _SHARE = 5, 0.05


def ari(first: np.ndarray, second: np.ndarray) -> float:
    """Adjusted Rand index: 1 for the same partition, about 0 for partitions that agree by chance alone.

    Use it when two clusterings of the same rows are compared. Noise (-1) counts as a group like any other.

    Parameters
    ----------
    first, second : ndarray of shape (n,), int

    Returns
    -------
    float
        At most 1; 1 as well where both put all rows together or all apart.

    Notes
    -----
    Time O(n log n), memory O(n + pairs of groups that occur). Source: Hubert and Arabie, Comparing partitions (1985).

    Examples
    --------
    >>> ari(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2]))
    1.0
    """
    _, a = np.unique(first, return_inverse=True)
    _, b = np.unique(second, return_inverse=True)
    n = len(a)
    if n < 2:
        return 1.0
    _, cells = np.unique(a.astype(np.int64) * (b.max() + 1) + b, return_counts=True)
    both, ours, theirs = _pairs(cells), _pairs(np.bincount(a)), _pairs(np.bincount(b))
    chance, most = ours * theirs / (n * (n - 1) / 2), (ours + theirs) / 2
    return 1.0 if most == chance else float((both - chance) / (most - chance))


def _pairs(counts: np.ndarray) -> float:
    counts = counts.astype(np.float64)
    return float((counts * (counts - 1) / 2).sum())


def groups(labels: np.ndarray) -> int:
    """Number of groups, noise not counted."""
    return len(np.unique(labels[labels >= 0]))


def splits(labels: np.ndarray) -> bool:
    """Whether at least two groups count: five rows and a twentieth of the largest. A heap and crumbs beside it are no grouping.

    Examples
    --------
    >>> splits(np.repeat([0, 1], [900, 12])), splits(np.repeat([0, 1], [900, 90]))
    (False, True)
    """
    sizes = np.unique(labels[labels >= 0], return_counts=True)[1]
    return len(sizes) > 1 and int((sizes >= max(_ROWS, _SHARE * sizes.max())).sum()) > 1

"""Partitions of rows: how alike two are, whether their groups count, whether the borders between groups are emptier than the groups."""

from __future__ import annotations

import numpy as np

_ROWS, _SHARE = 5, 0.05
_ASKED = 20_000  # rows whose borders are looked at
_LARGEST, _NEAR = 200, 8  # groups looked at, and neighbours of each
_SLAB = 0.125  # half the width of a slab, as a share of the way from centre to centre


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


def splits(labels: np.ndarray, least: int = _ROWS) -> bool:
    """Whether at least two groups count: five rows (`least`) and a twentieth of the largest. A heap and crumbs beside it are no grouping.

    Examples
    --------
    >>> splits(np.repeat([0, 1], [900, 12])), splits(np.repeat([0, 1], [900, 90]))
    (False, True)
    """
    sizes = np.unique(labels[labels >= 0], return_counts=True)[1]
    return len(sizes) > 1 and int((sizes >= counting(labels, least)).sum()) > 1


def counting(labels: np.ndarray, least: int = _ROWS) -> int:
    """Rows from which on a group counts."""
    sizes = np.unique(labels[labels >= 0], return_counts=True)[1]
    return max(least, int(np.ceil(_SHARE * sizes.max(initial=0))))


def filled(X: np.ndarray, labels: np.ndarray, *, seed: int = 0) -> float:
    """How full the fullest border between two groups is: 0 is a gap, 1 as dense as the centres of these groups.

    Use it when groups are as far apart as groups can be, and yet may be pieces of one curve or ring.

    The rows of two groups are seen along the line through their centres. The border's density is that of a slab half-way, the
    groups' that of slabs as wide around the centres; the thinner of the two groups counts. In a plane, Gaussian groups of equal size
    6 standard deviations apart give 0.06, 4 apart 0.35, 3 apart 0.65; pieces of an evenly filled curve or ring 0.5 to 1.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    labels : ndarray of shape (n,), int
        Negative is noise and left out; so are groups of fewer than five rows.
    seed : int
        Draws the 20,000 rows looked at where there are more.

    Returns
    -------
    float
        At least 0; 0 where there are no two groups to compare.

    Notes
    -----
    Time O(n d) for each of the eight nearest neighbours of a group, memory O(n d). It takes groups to be round or long, not rings
    around others. The 200 largest groups are looked at.

    Examples
    --------
    >>> two = np.concatenate([np.linspace(0, 1, 50), np.linspace(9, 10, 50)])[:, None]
    >>> filled(two, np.repeat([0, 1], 50)), filled(np.linspace(0, 1, 100)[:, None], np.repeat([0, 1], 50)) > 0.9
    (0.0, True)
    """
    rows = np.flatnonzero(np.asarray(labels) >= 0)
    if len(rows) > _ASKED:
        rows = np.random.default_rng(seed).choice(rows, _ASKED, replace=False)
    points, labels = unit_scale(X[rows]), np.asarray(labels)[rows]
    found, sizes = np.unique(labels, return_counts=True)
    found = found[np.argsort(-sizes)][: min(_LARGEST, int((sizes >= _ROWS).sum()))]
    parts = [points[labels == one] for one in found]
    if len(parts) < 2:
        return 0.0
    centres = np.array([part.mean(axis=0) for part in parts])
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    near = {tuple(sorted((one, int(other)))) for one in range(len(parts)) for other in np.argsort(apart[one])[: _NEAR + 1] if other != one}
    return max(_border(parts[one], parts[other], centres[one], centres[other]) for one, other in near)


def _border(first: np.ndarray, second: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    axis = end - start
    length = float(axis @ axis)
    if length == 0:
        return 1.0
    along = (np.concatenate([first, second]) - start) @ axis / length
    at_start, between, at_end = (int((np.abs(along - at) < _SLAB).sum()) for at in (0.0, 0.5, 1.0))
    return between / max(1, min(at_start, at_end))


def unit_scale(X: np.ndarray) -> np.ndarray:
    """X times the power of two that brings its largest number near 1: (n, d) float64. No square of it overflows or vanishes.

    Examples
    --------
    >>> unit_scale(np.array([[4.0], [1.0]])).ravel().tolist(), float(unit_scale(np.array([[1e-200]]))[0, 0]) > 0.4
    ([0.5, 0.125], True)
    """
    X = np.asarray(X, dtype=np.float64)
    return np.ldexp(X, -int(np.frexp(np.abs(X).max(initial=0.0))[1]))

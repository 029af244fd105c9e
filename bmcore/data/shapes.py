"""Points in the plane whose groups are known: the shapes on which ways of grouping are usually compared.

    X, labels = moons(600, noise=0.07, seed=0)

All shapes are about two units wide. `noise` is how far points scatter around their ideal place, in the same unit; with 0 they
lie on it exactly. Rows come in random order, and the same seed gives the same points.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bmcore.errors import ParameterError

_CORNERS = np.array([[0.0, 1.0], [-np.sqrt(0.75), -0.5], [np.sqrt(0.75), -0.5]])  # of a triangle, one unit from its middle
INNER = 0.45  # radius of the inner ring; the outer one has 1
SLOPE = np.pi / 6  # of the bands
APART = 0.75  # between two bands
# middle and scatter (as a multiple of `noise`) of the groups of different density
DENSITIES = (((-0.9, -0.7), 0.4), ((-0.6, 0.5), 1.0), ((0.8, 0.0), 2.5))


def moons(n: int = 600, *, noise: float = 0.07, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles that reach into each other.

    Use it when you want to see what no straight border can divide.

    Parameters
    ----------
    n : int
        Points, divided evenly among the groups.
    noise : float
        Standard deviation around the half circle, of radius 1.
    seed : int

    Returns
    -------
    X : (n, 2) float64
    labels : (n,) int64
        The group each point was made in: 0 or 1.

    Raises
    ------
    ParameterError
        If n is below 1 or noise is negative.

    Notes
    -----
    Time and memory O(n), as for all shapes here.

    Examples
    --------
    >>> X, labels = moons(400, noise=0)
    >>> bool(np.allclose(np.hypot(*X[labels == 0].T), 1))
    True
    """
    draw, labels = _start(n, noise, 2, seed)
    turn = draw.uniform(0, np.pi, n)
    upper = np.column_stack([np.cos(turn), np.sin(turn)])
    lower = np.column_stack([1 - np.cos(turn), 0.5 - np.sin(turn)])
    return _scattered(np.where(labels[:, None] == 0, upper, lower), noise, draw), labels


def rings(n: int = 600, *, noise: float = 0.06, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A ring within a ring: both have the same middle.

    Use it when you want groups that no centre can stand for. Parameters and results as for `moons`.

    Examples
    --------
    >>> X, labels = rings(400, noise=0)
    >>> bool(np.allclose(np.hypot(*X[labels == 1].T), INNER))
    True
    """
    draw, labels = _start(n, noise, 2, seed)
    turn, radius = draw.uniform(0, 2 * np.pi, n), np.where(labels == 0, 1.0, INNER)
    return _scattered(np.column_stack([radius * np.cos(turn), radius * np.sin(turn)]), noise, draw), labels


def blobs(n: int = 600, *, noise: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three round clouds of the same size.

    Use it when you want what K-Means assumes. Parameters and results as for `moons`; labels are 0, 1 and 2.

    Examples
    --------
    >>> X, labels = blobs(400, noise=0)
    >>> len(np.unique(X, axis=0))
    3
    """
    draw, labels = _start(n, noise, 3, seed)
    return _scattered(_CORNERS[labels], noise, draw), labels


def bands(n: int = 600, *, noise: float = 0.1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three clouds stretched in one direction, beside each other.

    Use it when columns depend on each other, so that groups are long and thin. Parameters and results as for `blobs`.

    Examples
    --------
    >>> X, labels = bands(400, noise=0)
    >>> bool(np.linalg.matrix_rank(X[labels == 1]) == 1)
    True
    """
    draw, labels = _start(n, noise, 3, seed)
    along, across = 0.7 * draw.standard_normal(n), APART * (labels - 1.0)
    turned = np.array([[np.cos(SLOPE), np.sin(SLOPE)], [-np.sin(SLOPE), np.cos(SLOPE)]])
    return _scattered(np.column_stack([along, across]) @ turned, noise, draw), labels


def densities(n: int = 600, *, noise: float = 0.15, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three round clouds: one dense, one less, one thin and wide.

    Use it when you want to see where one idea of "near" does not fit all groups. Parameters and results as for `blobs`.

    Examples
    --------
    >>> X, labels = densities(3000)
    >>> bool(X[labels == 0, 0].std() < X[labels == 1, 0].std() < X[labels == 2, 0].std())
    True
    """
    draw, labels = _start(n, noise, 3, seed)
    middles, scatter = (np.array(values) for values in zip(*DENSITIES, strict=True))
    return middles[labels] + noise * scatter[labels, None] * draw.standard_normal((n, 2)), labels


def uniform(n: int = 600, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points anywhere in a square, without groups.

    Use it when you want to see what is found where nothing is. Results as for `moons`; every label is -1, for "in no group".

    Examples
    --------
    >>> X, labels = uniform(400)
    >>> bool(np.abs(X).max() < 1 and (labels == -1).all())
    True
    """
    draw, _ = _start(n, 0.0, 1, seed)
    return draw.uniform(-1, 1, (n, 2)), np.full(n, -1)


SHAPES: dict[str, Callable] = {"moons": moons, "rings": rings, "blobs": blobs, "bands": bands, "densities": densities, "uniform": uniform}


def _start(n: int, noise: float, groups: int, seed: int) -> tuple[np.random.Generator, np.ndarray]:
    """The generator, and who belongs where: evenly, in random order."""
    if n < 1:
        raise ParameterError("A shape of {n} points cannot be drawn. Ask for at least one point.", n=n)
    if not 0 <= noise < np.inf:
        raise ParameterError("Noise is {noise}; it must be 0 or more. Give a number such as 0.1.", noise=noise)
    draw = np.random.default_rng(seed)
    return draw, draw.permutation(np.arange(n) % groups)


def _scattered(ideal: np.ndarray, noise: float, draw: np.random.Generator) -> np.ndarray:
    return ideal + noise * draw.standard_normal(ideal.shape)

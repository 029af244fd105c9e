"""What can be measured of generated pictures: distances between two sets of features, coverage, copies, sharpness, PSNR and SSIM.

Everything here is numpy on arrays. Distances depend on the number of pictures, so compare only what was measured with equal numbers.
"""

from __future__ import annotations

import numpy as np

ROWS_AT_ONCE = 512
_SSIM_WINDOW, _SSIM_SIGMA = 11, 1.5


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance between two sets of features, each taken as a Gaussian.

    Use it when you want one figure for how far generated pictures are from real ones: with features of a frozen encoder it is feature-FID.

    Parameters
    ----------
    a, b : array of shape (n, d)
        At least 2 rows each. A smaller n makes the distance larger, so compare only figures of equal n.

    Returns
    -------
    float
        Squared unit of the features, 0 for the same set.

    Notes
    -----
    O(n d² + d³) time, O(d²) memory beside the features. Heusel et al. 2017.

    Examples
    --------
    >>> a = np.random.default_rng(0).normal(size=(500, 3))
    >>> round(frechet(a, a + [3.0, 0.0, 4.0]), 6)
    25.0
    """
    return gaussian_distance(*moments(a), *moments(b))


def moments(features: np.ndarray, counts: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean (d,) and unbiased covariance (d, d) of the rows, each counted `counts` times."""
    X = np.asarray(features, np.float64)
    w = np.ones(len(X)) if counts is None else np.asarray(counts, np.float64)
    mean = w @ X / w.sum()
    centred = X - mean
    return mean, (centred * w[:, None]).T @ centred / max(w.sum() - 1, 1.0)


def gaussian_distance(mean: np.ndarray, cov: np.ndarray, other_mean: np.ndarray, other_cov: np.ndarray, other_root=None) -> float:
    """Squared 2-Wasserstein distance of two Gaussians; `other_root` is the symmetric root of `other_cov`, where it is known."""
    other_root = root(other_cov) if other_root is None else other_root
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(other_root @ cov @ other_root), 0, None)).sum()
    found = np.square(mean - other_mean).sum() + np.trace(cov) + np.trace(other_cov) - 2 * cross
    return float(max(found, 0.0))


def root(cov: np.ndarray) -> np.ndarray:
    """The symmetric root of a covariance (d, d)."""
    values, vectors = np.linalg.eigh(cov)
    return vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy with the kernel (x·y / d + 1)³: feature-KID.

    Use it when there are few pictures: unlike the Fréchet distance, its expectation does not depend on how many.

    Parameters
    ----------
    a, b : array of shape (n, d)
        At least 2 rows each.

    Returns
    -------
    float
        About 0 (it may be a little below) for two samples of one distribution.

    Notes
    -----
    O(n² d) time, blocks of 512 rows. Bińkowski et al. 2018.

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> abs(kernel_distance(draw.normal(size=(800, 4)), draw.normal(size=(800, 4)))) < 0.02
    True
    """
    return kernel_rows(a, b)[0]


def kernel_rows(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """The kernel distance and its standard error, by a jackknife of both sets (a resample would count a picture as its own twin)."""
    n, m = len(a), len(b)
    within_a, within_b = _kernel_sums(a, a, own=True), _kernel_sums(b, b, own=True)  # (n,), (m,)
    from_a = _kernel_sums(a, b)  # (n,)
    from_b = _kernel_sums(b, a)  # (m,)
    sum_a, sum_b, cross = within_a.sum(), within_b.sum(), from_a.sum()
    value = sum_a / (n * (n - 1)) + sum_b / (m * (m - 1)) - 2 * cross / (n * m)
    less_a = (sum_a - 2 * within_a) / max((n - 1) * (n - 2), 1) - 2 * (cross - from_a) / ((n - 1) * m)  # (n,)
    less_b = (sum_b - 2 * within_b) / max((m - 1) * (m - 2), 1) - 2 * (cross - from_b) / (n * (m - 1))  # (m,)
    spread = sum((k - 1) / k * np.square(less - less.mean()).sum() for k, less in ((n, less_a), (m, less_b)))
    return float(value), float(np.sqrt(spread))


def _kernel_sums(a: np.ndarray, b: np.ndarray, own: bool = False) -> np.ndarray:
    """Sum over `b` of the kernel with each row of `a`; with `own`, less that of a row with itself."""
    A, B = np.asarray(a, np.float64), np.asarray(b, np.float64)
    d = A.shape[1]
    parts = [((A[i:i + ROWS_AT_ONCE] @ B.T / d + 1) ** 3).sum(axis=1) for i in range(0, len(A), ROWS_AT_ONCE)]
    sums = np.concatenate(parts)
    return sums - (np.square(A).sum(axis=1) / d + 1) ** 3 if own else sums


def precision_recall(real: np.ndarray, fake: np.ndarray, k: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Which generated pictures lie where real ones are, and which real ones lie where generated ones are.

    Use it when one distance hides whether pictures are bad (low precision) or too alike (low recall).

    Parameters
    ----------
    real, fake : array of shape (n, d)
        Features. A set covers the balls around its points that reach to their k-th neighbour in the set.
    k : int

    Returns
    -------
    (bool array of shape (n fake,), bool array of shape (n real,))
        Their means are precision and recall.

    Notes
    -----
    O(n² d) time, blocks of 512 rows. Kynkäänniemi et al. 2019.

    Examples
    --------
    >>> real = np.arange(10.0)[:, None]
    >>> inside, covered = precision_recall(real, np.array([[0.45], [0.5], [0.55], [0.6]]))
    >>> float(inside.mean()), float(covered.mean())
    (1.0, 0.0)
    """
    return _covered(fake, real, k), _covered(real, fake, k)


def _covered(points: np.ndarray, by: np.ndarray, k: int) -> np.ndarray:
    """Whether each point lies in a ball around a row of `by`."""
    radii = nearest(by, by, k=k, own=True)[0][:, -1]  # (n,)
    # the rounding of |x|² - 2xy + |y|² must not put a point outside the ball of its own twin
    reach = np.square(radii) + 3e-6 * np.square(by).sum(axis=1).max(initial=0.0)
    return np.concatenate([(squares <= reach).any(axis=1) for squares in _squares(points, by)])


def nearest(points: np.ndarray, among: np.ndarray, k: int = 1, own: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Euclidean distances (n, k) and positions (n, k) of the k nearest rows of `among`, nearest first.

    Use it when you want to show the real pictures beside a generated one, or ask whether it is a copy.

    Parameters
    ----------
    points : array of shape (n, d)
    among : array of shape (m, d)
        Fewer than k rows give fewer columns.
    k : int
    own : bool
        `points` is `among`, and a row is no neighbour of itself.

    Returns
    -------
    (float array, int64 array)

    Notes
    -----
    O(n m d) time, O(512 m) memory.

    Examples
    --------
    >>> distances, rows = nearest(np.array([[0.0], [9.0]]), np.array([[1.0], [10.0], [4.0]]))
    >>> distances.ravel().tolist(), rows.ravel().tolist()
    ([1.0, 1.0], [0, 1])
    """
    k = min(k, len(among) - own)
    distances, places, done = [], [], 0
    for squares in _squares(points, among):
        if own:
            squares[np.arange(len(squares)), np.arange(done, done + len(squares))] = np.inf
        done += len(squares)
        near = np.argpartition(squares, k - 1, axis=1)[:, :k]
        found = np.take_along_axis(squares, near, axis=1)
        order = np.argsort(found, axis=1, kind="stable")
        distances.append(np.sqrt(np.take_along_axis(found, order, axis=1)))
        places.append(np.take_along_axis(near, order, axis=1))
    return np.concatenate(distances), np.concatenate(places)


def _squares(points: np.ndarray, among: np.ndarray):
    """Squared distances, blocks of at most 512 rows; in float32 where both are, since 20,000 pictures twice would be too much memory."""
    kind = np.result_type(points.dtype, among.dtype, np.float32)
    among = among.astype(kind, copy=False)
    norms = np.square(among).sum(axis=1)
    for start in range(0, len(points), ROWS_AT_ONCE):
        block = points[start:start + ROWS_AT_ONCE].astype(kind, copy=False)
        yield np.maximum(np.square(block).sum(axis=1)[:, None] - 2 * (block @ among.T) + norms, 0)  # (rows, m)


def sharpness(images: np.ndarray) -> np.ndarray:
    """Energy of fine detail of each picture: the mean square of its Laplacian.

    Use it when you ask whether generated pictures are blurry: compare the mean with that of real ones.

    Parameters
    ----------
    images : array of shape (n, h, w) or (n, h, w, c)

    Returns
    -------
    float64 array of shape (n,)

    Examples
    --------
    >>> board = np.indices((8, 8)).sum(axis=0)[None] % 2 * 255
    >>> float(sharpness(board)[0] > sharpness(board * 0 + 100)[0])
    1.0
    """
    parts = []
    for start in range(0, len(images), ROWS_AT_ONCE):
        x = np.asarray(images[start:start + ROWS_AT_ONCE], np.float32) / 255
        inner = 4 * x[:, 1:-1, 1:-1] - x[:, :-2, 1:-1] - x[:, 2:, 1:-1] - x[:, 1:-1, :-2] - x[:, 1:-1, 2:]
        parts.append(np.square(inner).reshape(len(x), -1).mean(axis=1, dtype=np.float64))
    return np.concatenate(parts)


def psnr(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio of each pair of 8-bit pictures, in dB; at most 100.

    Use it when you ask how well pictures came back from a model's own short description of them.

    Parameters
    ----------
    images, others : uint8 array of shape (n, h, w) or (n, h, w, c)

    Returns
    -------
    float64 array of shape (n,)

    Examples
    --------
    >>> a = np.zeros((1, 8, 8), np.uint8)
    >>> round(float(psnr(a, a + 255)[0]), 6), float(psnr(a, a)[0])
    (0.0, 100.0)
    """
    difference = np.asarray(images, np.float64) - np.asarray(others, np.float64)
    error = np.square(difference).reshape(len(difference), -1).mean(axis=1)
    return np.minimum(100.0, 10 * np.log10(255.0**2 / np.maximum(error, 1e-12)))


def ssim(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Structural similarity of each pair of 8-bit pictures: 1 for the same picture.

    Use it when PSNR says little because all of a picture moved a shade brighter.

    Parameters
    ----------
    images, others : uint8 array of shape (n, h, w) or (n, h, w, c)
        Smaller pictures than 11 x 11 are compared with the largest odd window that fits.

    Returns
    -------
    float64 array of shape (n,)

    Notes
    -----
    Gaussian window of 11 x 11 with sigma 1.5 inside the picture, channels averaged. Wang et al. 2004.

    Examples
    --------
    >>> a = np.random.default_rng(0).integers(0, 256, (1, 16, 16), np.uint8)
    >>> float(ssim(a, a)[0]), bool(ssim(a, 255 - a)[0] < 0)
    (1.0, True)
    """
    x, y = (np.asarray(side, np.float64).reshape(*side.shape[:3], -1) for side in (images, others))  # (n, h, w, c)
    mean_x, mean_y = _smooth(x), _smooth(y)
    var_x, var_y = _smooth(x * x) - mean_x**2, _smooth(y * y) - mean_y**2
    both = _smooth(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = (2 * mean_x * mean_y + c1) * (2 * both + c2) / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))
    return likeness.reshape(len(x), -1).mean(axis=1)


def _smooth(x: np.ndarray) -> np.ndarray:
    """Means in a Gaussian window, where the whole window lies inside: (n, h, w, c) -> (n, h - k + 1, w - k + 1, c)."""
    size = min(_SSIM_WINDOW, *(side - 1 + side % 2 for side in x.shape[1:3]))
    place = np.arange(size) - size // 2
    window = np.exp(-(place**2) / (2 * _SSIM_SIGMA**2))
    window /= window.sum()
    for axis in (1, 2):
        length = x.shape[axis] - size + 1
        x = sum(weight * x.take(range(i, i + length), axis=axis) for i, weight in enumerate(window))
    return x

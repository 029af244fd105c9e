"""Metrics of pictures against direct formulas and known answers."""

import numpy as np
import pytest
from scipy import linalg

from bmcore.evaluate import picture_intervals as intervals
from bmcore.evaluate import picture_metrics as metrics

DRAW = np.random.default_rng(0)
A, B = DRAW.normal(size=(60, 5)), DRAW.normal(0.5, 1.4, size=(45, 5))


def test_frechet_is_the_formula_with_a_matrix_root():
    a, b = np.cov(A.T), np.cov(B.T)
    direct = np.square(A.mean(0) - B.mean(0)).sum() + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)
    assert metrics.frechet(A, B) == pytest.approx(direct, rel=1e-9)
    assert metrics.frechet(A, A) == pytest.approx(0, abs=1e-9)


def test_kernel_distance_and_its_error_are_the_direct_sums():
    def direct(a, b):
        aa, bb, ab = ((x @ y.T / 5 + 1) ** 3 for x, y in ((a, a), (b, b), (a, b)))
        n, m = len(a), len(b)
        return (aa.sum() - np.trace(aa)) / (n * (n - 1)) + (bb.sum() - np.trace(bb)) / (m * (m - 1)) - 2 * ab.mean()

    value, error = metrics.kernel_rows(A, B)
    assert value == pytest.approx(direct(A, B))
    without = [[direct(np.delete(A, i, 0), B) for i in range(60)], [direct(A, np.delete(B, i, 0)) for i in range(45)]]
    spread = sum((len(each) - 1) / len(each) * np.square(np.array(each) - np.mean(each)).sum() for each in without)
    assert error == pytest.approx(np.sqrt(spread))


def test_precision_and_recall_by_two_loops():
    def covered(points, by):
        radii = [sorted(np.linalg.norm(each - by, axis=1))[3] for each in by]
        return [any(np.linalg.norm(point - centre) <= radius for centre, radius in zip(by, radii, strict=True)) for point in points]

    inside, found = metrics.precision_recall(A, B)
    assert inside.tolist() == covered(B, A) and found.tolist() == covered(A, B)


def test_nearest_by_brute_force_in_blocks(monkeypatch):
    monkeypatch.setattr(metrics, "ROWS_AT_ONCE", 7)
    distances, rows = metrics.nearest(A, B, k=4)
    every = np.linalg.norm(A[:, None] - B, axis=2)
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :4])
    np.testing.assert_array_equal(rows, np.argsort(every, axis=1)[:, :4])
    assert (metrics.nearest(A, A, own=True)[0] > 0).all()


@pytest.mark.parametrize("shape", [(2, 16, 14), (2, 12, 12, 3), (1, 8, 8)])
def test_psnr_and_ssim_are_the_formulas_window_by_window(shape):
    x, y = (DRAW.integers(0, 256, shape).astype(np.uint8) for _ in range(2))
    size = min(11, *(s if s % 2 else s - 1 for s in shape[1:3]))
    window = np.exp(-((np.arange(size) - size // 2) ** 2) / 4.5)
    window = np.outer(window, window) / window.sum() ** 2
    for i, found in enumerate(metrics.ssim(x, y)):
        a, b = (side[i].reshape(*shape[1:3], -1).astype(float) for side in (x, y))
        values = []
        for r in range(shape[1] - size + 1):
            for c in range(shape[2] - size + 1):
                for k in range(a.shape[2]):
                    p, q = (side[r:r + size, c:c + size, k] for side in (a, b))
                    mp, mq = (window * p).sum(), (window * q).sum()
                    vp, vq = (window * (p - mp) ** 2).sum(), (window * (q - mq) ** 2).sum()
                    both = (window * (p - mp) * (q - mq)).sum()
                    values.append((2 * mp * mq + 6.5025) * (2 * both + 58.5225) / ((mp**2 + mq**2 + 6.5025) * (vp + vq + 58.5225)))
        assert found == pytest.approx(np.mean(values))
    error = np.square(x.astype(float) - y).reshape(len(x), -1).mean(axis=1)
    np.testing.assert_allclose(metrics.psnr(x, y), 20 * np.log10(255) - 10 * np.log10(error))


def test_intervals_hold_their_value_and_shrink_with_n():
    few, many = (intervals.share(np.arange(n) % 4 == 0) for n in (40, 4000))
    assert few["low"] < 0.25 < few["high"] and many["high"] - many["low"] < 0.3 * (few["high"] - few["low"])
    found = intervals.Distances(A, {"far": B + 3, "near": A + 0.1}, seed=1)
    assert found.interval("far")["low"] < found.values["far"] < found.interval("far")["high"]
    assert found.nearer("near", "far")["low"] > 0 > found.nearer("far", "near")["high"]
    wide = intervals.Distances(9 * A, {"far": 9 * B}, seed=1)  # resampled distances are distances: doubles push them up a little
    assert np.median(wide._rounds["far"]) == pytest.approx(wide.values["far"], rel=0.3)

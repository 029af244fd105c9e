"""EASE on a CUDA card: seconds on a log of the shape of ML-20M, and the share of what the card's products reach.

    python benchmarks/recommend_gpu.py --rounds 7
    python benchmarks/recommend_gpu.py --device cpu --shape 2000x500x40000 --rounds 1      # does the script itself work

Each round times a product of two matrices of the same size as the fit's, in float32 with and without shortened factors, then the fit. Its
limit is the time that its products would take at those speeds: counting with shortened factors, Cholesky and inverse without. Before
anything is timed, a log of 1,000 items must give the weights that the processor's engine finds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]  # also without an installed package

import recommend_logs  # noqa: E402

from bmcore.recommend import engine_ease, engine_torch_ease  # noqa: E402

REGULARIZATION, NEIGHBOURS = 300.0, 20
SIDE = 8192  # of the product that says how fast the card is


def quiet(done: int, total: int) -> None:
    """A report that nobody reads."""


def timed(work: Callable[[], object], device: str) -> float:
    """Seconds until the device is done."""
    wait = torch.cuda.synchronize if device != "cpu" else lambda: None
    wait()
    start = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - start


def product_speed(device: str, side: int, precision: str) -> float:
    """FLOP/s of a square float32 product."""
    a = torch.rand((side, side), device=device)
    backend = torch.backends.cuda.matmul
    before, backend.fp32_precision = backend.fp32_precision, precision
    try:
        a @ a
        return 2 * side**3 / timed(lambda: a @ a, device)
    finally:
        backend.fp32_precision = before


def limit(n_users: int, n_items: int, short: float, full: float) -> float:
    """Seconds of the fit's operations at those speeds: 2 n_users n_items^2 to count, n_items^3 to factor and invert."""
    return 2 * n_users * n_items**2 / short + n_items**3 / full


def agree(device: str) -> float:
    """Largest difference of a weight between the two engines, as a share of the largest weight."""
    X = recommend_logs.shaped(3000, 1000, 100_000)
    ours = engine_torch_ease.fit(X, REGULARIZATION, NEIGHBOURS, quiet, device)
    theirs = engine_ease.fit(X, REGULARIZATION, NEIGHBOURS, quiet)
    return float(abs(ours - theirs).max() / abs(theirs).max())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--shape", default="138493x20000x10000000", help="users x items x events")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA card here. Give --device cpu and a small --shape to try the script itself.")
        return 1
    n_users, n_items, events = map(int, options.shape.split("x"))
    apart = agree(options.device)
    print(f"quality gate: weights differ by at most {apart:.1e} of the largest one")
    if apart > 1e-3:
        return 1
    X = recommend_logs.shaped(n_users, n_items, events)
    name = torch.cuda.get_device_name() if options.device == "cuda" else "processor"
    print(f"{name}, torch {torch.__version__}: {X.shape[0]:,} users, {X.shape[1]:,} items, {X.nnz:,} events")
    seconds, shares = [], []
    for _ in range(options.rounds):
        short, full = (product_speed(options.device, min(SIDE, n_items), kind) for kind in ("tf32", "ieee"))
        seconds.append(timed(lambda: engine_torch_ease.fit(X, REGULARIZATION, NEIGHBOURS, quiet, options.device), options.device))
        shares.append(limit(*X.shape, short, full) / seconds[-1])
    print(f"fit: median {statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")
    print(f"share of the products' limit: {100 * statistics.median(shares):.0f} % ({100 * min(shares):.0f} to {100 * max(shares):.0f})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

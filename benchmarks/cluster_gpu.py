"""KMeans and DBSCAN on a CUDA card: against flash-kmeans and fast-pytorch-kmeans if installed, and as a share of the card's limit.

    python benchmarks/cluster_gpu.py --rounds 7
    python benchmarks/cluster_gpu.py --device cpu --kmeans 20000x8x16 --dbscan 20000x2 --rounds 1      # does the script itself work

K-Means: every engine gets the same table on the device, the same rows as first centres and the same number of passes, with no
tolerance, in turn, round after round. Quality comes first: inertia against ours, and labels against a brute force in float64 on a sample of
rows. DBSCAN: eps is set for about 20 neighbours a point; labels are compared with the processor's engine on a tenth of the rows.
The limit is what the card does at best: 3.0 TB/s of memory and 790 TFLOP/s of bf16 products, measured on an H100.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # also without an installed package

from bmcore import KMeans  # noqa: E402
from bmcore.cluster import engine_torch_dbscan, engine_torch_kmeans, kernels_dbscan  # noqa: E402
from bmcore.training.progress import silent  # noqa: E402

BYTES, FLOPS = 3.0e12, 790e12  # a second
PASSES = 20


def ours(X, start):
    params = KMeans(len(start), init=start.cpu().numpy(), max_iter=PASSES, tol=0.0).get_params()
    found = engine_torch_kmeans.fit(params, X, None, silent, device=str(X.device))
    return found.labels, found.centres


def flash(X, start):
    from flash_kmeans import batch_kmeans_Euclid

    labels, centres = batch_kmeans_Euclid(X[None], len(start), max_iters=PASSES, tol=0.0, init_centroids=start[None].clone())[:2]
    return labels[0], centres[0]


def fast(X, start):
    from fast_pytorch_kmeans import KMeans as Theirs

    made = Theirs(len(start), max_iter=PASSES, tol=0.0)
    return made.fit_predict(X, centroids=start.clone()), made.centroids


ENGINES = {"ours": ours, "flash-kmeans": flash, "fast-pytorch-kmeans": fast}
MODULES = {"flash-kmeans": "flash_kmeans", "fast-pytorch-kmeans": "fast_pytorch_kmeans"}


def installed() -> list[str]:
    return [name for name in ENGINES if name not in MODULES or importlib.util.find_spec(MODULES[name])]


def timed(work: Callable[[], object], device: str) -> tuple[float, object]:
    """Seconds until the device is done."""
    wait = torch.cuda.synchronize if device != "cpu" else lambda: None
    wait()
    start = time.perf_counter()
    found = work()
    wait()
    return time.perf_counter() - start, found


def peak(work: Callable[[], object], device: str) -> float:
    """MiB on the card that `work` needs beside what is there."""
    if device == "cpu":
        return float("nan")
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    work()
    return (torch.cuda.max_memory_allocated() - before) / 2**20


def wrong_labels(X: torch.Tensor, labels: torch.Tensor, centres: torch.Tensor) -> tuple[int, int]:
    """(labels that are not the nearest centre in float64, rows looked at); a row counts if its two nearest centres differ by 1e-6."""
    rows = torch.arange(0, len(X), max(1, len(X) // 4000), device=X.device)
    apart = torch.cdist(X[rows].double(), centres.double(), compute_mode="donot_use_mm_for_euclid_dist")
    two, index = apart.topk(2, largest=False)
    clear = two[:, 1] > two[:, 0] * (1 + 1e-6)
    return int((labels[rows] != index[:, 0])[clear].sum()), int(clear.sum())


def kmeans(size: str, rounds: int, device: str) -> None:
    n, d, k = (int(part) for part in size.split("x"))
    draw = torch.Generator(device=device).manual_seed(0)
    middles = 2 * torch.randn((k, d), generator=draw, device=device)
    X = torch.randn((n, d), generator=draw, device=device)
    X += middles[torch.randint(k, (n,), generator=draw, device=device)]
    start = X[torch.randperm(n, generator=draw, device=device)[:k]].clone()
    print(f"\nK-Means {n:,} x {d}, {k} groups, {PASSES} passes, float32", flush=True)
    seconds, found = {name: [] for name in installed()}, {}
    for round_ in range(rounds + 1):
        for name in seconds:
            took, found[name] = timed(lambda name=name: ENGINES[name](X, start), device)
            if round_:  # the first round compiles and fills caches
                seconds[name].append(took)
    cost = {name: engine_torch_kmeans.cost(X, None, centres, device=device) for name, (_, centres) in found.items()}
    limit = max(2.0 * n * d * k * PASSES / FLOPS, 4.0 * n * d * PASSES / BYTES)
    for name, took in seconds.items():
        wrong, looked = wrong_labels(X, *found[name])
        ratios = [theirs / our for theirs, our in zip(took, seconds["ours"], strict=True)]
        print(f"  {name:20} {statistics.median(took):8.4f} s ({min(took):.4f} to {max(took):.4f})  ratio {statistics.median(ratios):5.2f}  "
              f"inertia {cost[name] / cost['ours']:.5f} of ours  wrong labels {wrong} of {looked}  "
              f"{100 * limit / statistics.median(took):.1f} % of the limit  "
              f"memory {peak(lambda name=name: ENGINES[name](X, start), device):.0f} MiB",
              flush=True)


def dbscan(size: str, rounds: int, device: str) -> None:
    n, d = (int(part) for part in size.split("x"))
    X = np.random.default_rng(0).random((n, d), np.float32)
    ball = {1: 2.0, 2: np.pi, 3: 4 / 3 * np.pi}[d]
    eps = (20 / n / ball) ** (1 / d)
    part, wider = X[: n // 10], eps * 10 ** (1 / d)
    same = np.array_equal(engine_torch_dbscan.cluster(part, wider, 10.0, report=silent, device=device)[1],
                          kernels_dbscan.cluster(part, wider, 10.0, report=silent)[1])
    table = torch.as_tensor(X, device=device)

    def work():
        return engine_torch_dbscan.cluster(table, eps, 10.0, report=silent, device=device)

    work()
    took = [timed(work, device)[0] for _ in range(rounds)]
    middle, limit = statistics.median(took), (4.0 * n * d + 8.0 * n) / BYTES
    print(f"\nDBSCAN {n:,} x {d}, eps {eps:.3g}: {middle:.4f} s ({min(took):.4f} to {max(took):.4f}), {1e9 * middle / n:.2f} ns a point, "
          f"{100 * limit / middle:.2f} % of reading the table and writing the labels once, memory {peak(work, device):.0f} MiB; "
          f"labels {'equal' if same else 'DIFFER from'} the processor's on {n // 10:,} rows", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--kmeans", nargs="*", default=("1000000x128x1024", "10000000x32x64"), help="ROWSxCOLUMNSxGROUPS")
    parser.add_argument("--dbscan", nargs="*", default=("10000000x2", "10000000x3"), help="ROWSxCOLUMNS, at most 3 columns")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        built = "this torch is built without CUDA" if torch.version.cuda is None else "no card or no driver answers"
        sys.exit(f"These contests need a CUDA card: {built} (torch {torch.__version__}). Run them on a machine that has one.")
    missing = [name for name in MODULES if name not in installed()]
    print(f"{torch.cuda.get_device_name() if options.device == 'cuda' else 'the processor'}, torch {torch.__version__}"
          + "".join(f"; {name} is not installed, so it is left out" for name in missing))
    for size in options.kmeans:
        kmeans(size, options.rounds, options.device)
    for size in options.dbscan:
        dbscan(size, options.rounds, options.device)


if __name__ == "__main__":
    main()

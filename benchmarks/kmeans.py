"""Time of a whole K-Means fit: ours against scikit-learn, and against scikit-learn-intelex and faiss-cpu if they are installed.

    python benchmarks/kmeans.py --rounds 7
    python benchmarks/kmeans.py --sizes 100000x64x256 --dtypes float32 --data blobs

Quality comes first: medians over 15 seeds of the inertia against scikit-learn's on the same table (at most 1.002 of it; one seed's
luck is 1 to 2 %, so 5 seeds would tell little), and labels against a brute force in float64. Then every engine fits the same table
with the same seed in turn, round after round, with its own defaults (k-means++, one start, tolerance 1e-4, at most 300 passes); faiss,
which has no tolerance, gets as many passes as ours took. A ratio is the peer's seconds over ours in the same round. The first fit of a
process is timed apart: it reads or makes the compiled kernels.
Peak memory is that of a child process that fits, less that of one that only makes the table.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # also without an installed package
SIZES = ("100000x64x256", "1000000x16x64", "1000000x2x8")


def table(n: int, d: int, k: int, dtype: str, kind: str) -> np.ndarray:
    """Groups that touch ("blobs": middles twice as far spread as the rows about them), or no groups at all ("noise")."""
    random = np.random.default_rng(0)
    if kind == "noise":
        return random.normal(size=(n, d)).astype(dtype)
    middles = 2 * random.normal(size=(k, d))
    return (middles[random.integers(k, size=n)] + random.normal(size=(n, d))).astype(dtype)


def ours(X, k, seed, passes=None):
    from bmcore import KMeans

    made = KMeans(k, random_state=seed).fit(X)
    return made.inertia_, made.n_iter_, made


def sklearn(X, k, seed, passes=None):
    from sklearn.cluster import KMeans

    made = KMeans(k, random_state=seed).fit(X)
    return made.inertia_, made.n_iter_, made


def intelex(X, k, seed, passes=None):
    from sklearnex.cluster import KMeans

    made = KMeans(k, random_state=seed).fit(X)
    return made.inertia_, made.n_iter_, made


def faiss(X, k, seed, passes=None):
    import faiss as library

    library.omp_set_num_threads(len(os.sched_getaffinity(0)))
    made = library.Kmeans(X.shape[1], k, niter=passes or 25, seed=seed, max_points_per_centroid=len(X))
    made.train(np.ascontiguousarray(X, dtype=np.float32))
    return float(made.obj[-1]), len(made.obj), made


ENGINES = {"ours": ours, "sklearn": sklearn, "intelex": intelex, "faiss": faiss}
MODULES = {"intelex": "sklearnex", "faiss": "faiss"}


def installed() -> list[str]:
    return [name for name in ENGINES if name not in MODULES or importlib.util.find_spec(MODULES[name])]


def timed(work: Callable[..., tuple], *arguments) -> tuple[float, tuple]:
    start = time.perf_counter()
    found = work(*arguments)
    return time.perf_counter() - start, found


def quality(X: np.ndarray, k: int, seeds: int) -> tuple[float, int, int]:
    """(ratio of median inertias to scikit-learn, rows labelled wrong, rows looked at); a row counts if its two nearest centres differ."""
    mine, theirs = ([engine(X, k, seed)[0] for seed in range(seeds)] for engine in (ours, sklearn))
    ratio = statistics.median(mine) / statistics.median(theirs)
    made = ours(X, k, 0)[2]
    wrong, looked = 0, 0
    centres = made.cluster_centers_.astype(np.float64)
    for row in range(0, len(X), max(1, len(X) // 4000)):
        distances = np.sqrt(((X[row].astype(np.float64) - centres) ** 2).sum(1))
        best, second = np.partition(distances, 1)[:2]
        if second > best * (1 + 1e-6):
            looked += 1
            wrong += int(distances.argmin()) != made.labels_[row]
    return ratio, wrong, looked


CHILD = """
import sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, {folder!r})
import kmeans
engine = kmeans.ENGINES[{engine!r}]
X = kmeans.np.load({file!r})
engine(X[:5000], 8, 0, 2)
held = lambda name: next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name)) / 1024
open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
before = held("VmRSS")
engine(X, {k}, 0, 3)
print(held("VmHWM") - before)
"""


def peak(engine: str, X: np.ndarray, k: int) -> float:
    """MiB that a fit needs beside the table: the peak of a process less what it held before the fit."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "table.npy")
        np.save(file, X)
        script = CHILD.format(folder=str(ROOT / "benchmarks"), engine=engine, k=k, file=file)
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    return float(done.stdout.split()[-1])


def first_call(cache: str | None) -> float:
    """Seconds of the first small fit of a process, import included; an empty cache folder makes it compile."""
    script = (
        "import time, numpy as np; X = np.random.rand(500, 4).astype('float32'); start = time.perf_counter()\n"
        "from bmcore import KMeans; KMeans(3).fit(X); print(time.perf_counter() - start)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **({"NUMBA_CACHE_DIR": cache} if cache else {})}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, env=environment, check=True)
    return float(done.stdout)


def contest(size: str, dtype: str, kind: str, options: argparse.Namespace) -> None:
    n, d, k = (int(part) for part in size.split("x"))
    X = table(n, d, k, dtype, kind)
    print(f"\n{n:,} x {d}, {k} groups, {dtype}, {kind}", flush=True)
    ratio, wrong, looked = quality(X, k, options.seeds)
    gate = "passed" if ratio <= 1.002 and not wrong else "FAILED"
    print(f"  quality {gate}: inertia {ratio:.5f} of scikit-learn's (medians of {options.seeds} seeds), {wrong} of {looked} labels wrong")
    engines = [name for name in installed() if name in options.engines]
    seconds = {name: [] for name in engines}
    inertias, passes = {}, {}
    for round_ in range(options.rounds):
        for name in engines:
            took, found = timed(ENGINES[name], X, k, round_, passes.get("ours"))
            seconds[name].append(took)
            inertias.setdefault(name, []).append(found[0])
            passes[name] = found[1]
    from bmcore import KMeans, device
    from bmcore.cluster.fitting import fit
    from bmcore.cluster.kernels_kmeans_seed import CANDIDATES

    gflops = device.gflops(1.0)
    measured = fit(KMeans(k, random_state=0).get_params(), X, None, lambda *a, **b: None).measured
    limit = (2 * n * d * CANDIDATES * (k - 1) + 2 * measured * d * k) / gflops / 1e9
    mine = statistics.median(seconds["ours"])
    for name in engines:
        ratios = [theirs / our for theirs, our in zip(seconds[name], seconds["ours"], strict=True)]
        line = f"  {name:8} {statistics.median(seconds[name]):7.3f} s  ({min(seconds[name]):.3f} to {max(seconds[name]):.3f})"
        line += f"  passes {passes[name]}, inertia {statistics.median(inertias[name]):.6g}"
        if name != "ours":
            line += f"  ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(line + f"  memory {peak(name, X, k):.0f} MiB", flush=True)
    print(f"  limit {limit:.3f} s at {gflops:.0f} GFLOP/s for what was computed ({measured / n:.1f} full passes after bounds): "
          f"{100 * limit / mine:.0f} % of the limit; table {X.nbytes / 2**20:.0f} MiB, load {os.getloadavg()[0]:.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seeds", type=int, default=15)
    parser.add_argument("--sizes", nargs="+", default=SIZES, help="ROWSxCOLUMNSxGROUPS")
    parser.add_argument("--dtypes", nargs="+", default=("float32", "float64"))
    parser.add_argument("--data", nargs="+", default=("blobs", "noise"), choices=("blobs", "noise"))
    parser.add_argument("--engines", nargs="+", default=tuple(ENGINES), choices=tuple(ENGINES))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as cache:
        print(f"first call: {first_call(cache):.1f} s when it compiles, {first_call(None):.1f} s afterwards (each in a new process)")
    for name in installed():
        if name in options.engines:
            ENGINES[name](table(5000, 4, 8, "float32", "noise"), 8, 0, 3)
            ENGINES[name](table(5000, 4, 8, "float64", "noise"), 8, 0, 3)
    print(f"engines: {', '.join(installed())}")
    for size in options.sizes:
        for dtype in options.dtypes:
            for kind in options.data:
                contest(size, dtype, kind, options)


if __name__ == "__main__":
    main()

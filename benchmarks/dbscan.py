"""Seconds and memory of DBSCAN: ours against scikit-learn, and the `dbscan` package where it is installed.

    python benchmarks/dbscan.py --rounds 7 --sizes 1000000x2 100000x8 100000x16

The data are 50 round groups of different spread in a cube, and a tenth of uniform noise; `eps` is the distance within which nine of
ten points have their 10 neighbours. Speed counts only if our labels and core rows are scikit-learn's, every one of them. Rounds
are interleaved. Memory is what a fit adds to the peak of a process of its own that holds the data and has fitted once before.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

# also without an installed package; this folder leaves the path because this file has the name of a peer
sys.path[0] = str(Path(__file__).resolve().parents[1])

MIN_SAMPLES, GROUPS, NOISE = 10, 50, 0.1


def data(n: int, d: int, seed: int = 0) -> np.ndarray:
    """(n, d) float64 groups and noise, in random order."""
    random = np.random.default_rng(seed)
    centres, spread = random.uniform(0, 100, size=(GROUPS, d)), random.uniform(0.5, 2.5, size=GROUPS)
    group = random.integers(0, GROUPS, size=n)
    X = centres[group] + random.normal(size=(n, d)) * spread[group, None]
    noise = random.random(n) < NOISE
    X[noise] = random.uniform(0, 100, size=(int(noise.sum()), d))
    return X


def eps_for(X: np.ndarray) -> float:
    """Where nine tenths of a sample of points that are not noise have their neighbours: two significant digits."""
    sample = np.random.default_rng(1).choice(len(X), 400, replace=False)
    reach = [np.partition(((X - X[i]) ** 2).sum(1), MIN_SAMPLES - 1)[MIN_SAMPLES - 1] ** 0.5 for i in sample]
    return float(f"{np.quantile(reach, 0.9 * (1 - NOISE)):.1e}")


def ours(X: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """(labels, core rows) of bmcore."""
    from bmcore.cluster import DBSCAN

    made = DBSCAN(eps, min_samples=MIN_SAMPLES).fit(X)
    return made.labels_, made.core_sample_indices_


def sklearn(X: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """(labels, core rows) of scikit-learn with its defaults."""
    from sklearn.cluster import DBSCAN

    made = DBSCAN(eps=eps, min_samples=MIN_SAMPLES).fit(X)
    return made.labels_, made.core_sample_indices_


def package(X: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """(labels, core rows) of the `dbscan` package."""
    from dbscan import DBSCAN

    labels, core = DBSCAN(X, eps, MIN_SAMPLES)
    return np.asarray(labels), np.flatnonzero(core)


ENGINES = {"ours": ours, "sklearn": sklearn, "dbscan": package}


def errors(found: tuple, truth: tuple, n: int) -> dict[str, int]:
    """Rows that are wrongly noise, wrongly in a cluster, wrongly core or wrongly not."""
    core = np.zeros((2, n), bool)
    core[0, found[1]], core[1, truth[1]] = True, True
    return {
        "false noise": int(((found[0] < 0) & (truth[0] >= 0)).sum()), "false members": int(((found[0] >= 0) & (truth[0] < 0)).sum()),
        "core": int((core[0] != core[1]).sum()),
    }


def peak() -> int:
    """Largest resident memory of this process since it was last reset, in bytes."""
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def child(engine: str, n: int, d: int, eps: float) -> None:
    """In a process of its own: print seconds of the first small fit, and bytes that a fit adds."""
    X, start = data(n, d), time.perf_counter()
    ENGINES[engine](X[:500], eps)
    first = time.perf_counter() - start
    with open("/proc/self/clear_refs", "w", encoding="ascii") as handle:
        handle.write("5")  # the peak starts again from what is resident now
    before = peak()
    ENGINES[engine](X, eps)
    print(json.dumps({"first": first, "bytes": peak() - before}))


def measured(engine: str, n: int, d: int, eps: float, **environment: str) -> dict:
    """What `child` prints."""
    command = [sys.executable, __file__, "--child", engine, str(n), str(d), repr(eps)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | environment)
    return json.loads(done.stdout.splitlines()[-1])


def race(X: np.ndarray, eps: float, rounds: int, engines: list[str]) -> tuple[dict, dict, dict]:
    """(seconds, seconds of all processors, last answer) of each engine."""
    clock, processors, found = {name: [] for name in engines}, {name: [] for name in engines}, {}
    for _ in range(rounds):
        for name in engines:
            start, worked = time.perf_counter(), time.process_time()
            found[name] = ENGINES[name](X, eps)
            clock[name].append(time.perf_counter() - start)
            processors[name].append(time.process_time() - worked)
    return clock, processors, found


def compare(n: int, d: int, rounds: int, engines: list[str]) -> None:
    X = data(n, d)
    eps = eps_for(X)
    ours(X[:500], eps)
    clock, processors, found = race(X, eps, rounds, engines)
    labels = found["sklearn"][0]
    print(f"\n{n} x {d}, eps {eps}, {labels.max() + 1} clusters, {100 * (labels < 0).mean():.0f} % noise")
    different = int((found["ours"][0] != labels).sum()), errors(found["ours"], found["sklearn"], n)["core"]
    passed = "passed, every label and core row is scikit-learn's"
    print(f"  quality gate: {passed if different == (0, 0) else f'FAILED: {different[0]} labels, {different[1]} core rows'}")
    for name in engines:
        middle, worked = statistics.median(clock[name]), statistics.median(processors[name])
        line = f"  {name:7s} {middle:8.3f} s, {1e9 * middle / n:8.0f} ns a point, {worked:6.2f} s of processors"
        if name != "ours":
            ratios = [theirs / own for theirs, own in zip(clock[name], clock["ours"], strict=True)]
            line += f", median ratio {statistics.median(ratios):.1f} (from {min(ratios):.1f} to {max(ratios):.1f})"
        if name == "dbscan":
            line += f", wrong {errors(found[name], found['sklearn'], n)}"
        print(line, flush=True)
    memory = {name: measured(name, n, d, eps)["bytes"] for name in engines}
    print("  extra memory " + ", ".join(f"{name} {size / 2**20:.0f} MiB" for name, size in memory.items())
          + f"; ours is {memory['ours'] / memory['sklearn']:.3f} of scikit-learn's", flush=True)


def compile_cost() -> None:
    with tempfile.TemporaryDirectory() as folder:
        cold, warm = (measured("ours", 1000, 2, 1.0, NUMBA_CACHE_DIR=folder)["first"] for _ in range(2))
    print(f"\nfirst fit of a process: {cold:.1f} s when nothing is compiled yet, {warm:.1f} s afterwards (imports included)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", nargs="+", default=["1000000x2", "100000x8", "100000x16"], help="rows x columns")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        engine, n, d, eps = options.child
        child(engine, int(n), int(d), float(eps))
        return
    engines = ["ours", "sklearn"] + ["dbscan"] * (importlib.util.find_spec("dbscan") is not None)
    for size in options.sizes:
        n, d = map(int, size.split("x"))
        compare(n, d, options.rounds, engines)
    compile_cost()


if __name__ == "__main__":
    main()

"""Recommenders: ours against implicit, quality first. Four parts, each by itself with --parts.

    python benchmarks/recommend.py --rounds 7
    python benchmarks/recommend.py --parts memory

quality    ML-100K, a random and a global time split, the whole catalogue ranked, seen items left out: NDCG@10 of ours, and of
           implicit's ALS and BM25 with their defaults (ALS with 64 factors) on the same split.
fit        A log in the shape of ML-1M. Gate: NDCG@10 of EASE on a fifth of it that is held out, and of ItemKNN on ML-100K, where what
           is alike is real. Then each pair fits the whole log in turn, round after round; a ratio is the peer's seconds over ours in
           the same round.
lists      The best 10 for all users of that log, seen items left out: users a second of processor time.
memory     Peak of an EASE fit of 20,000 items in a process of its own, and what keeping only the strongest weights costs in NDCG@10.

implicit gets its matrix library with one thread, as it asks for, and threads of its own; ours has what it has by itself. The first
call of a process is timed apart: it reads or makes the compiled kernels.
"""

from __future__ import annotations

import argparse
import functools
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
from typing import Any

import numpy as np
import scipy.sparse as sp
from recommend_logs import films, halves, shaped

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # also without an installed package
K = 10
PARTS = ("quality", "fit", "lists", "memory")


def mine(name: str, **settings: Any) -> Callable[[sp.csr_matrix], Any]:
    def fit(X):
        from bmcore.base import estimator_class

        return estimator_class(name)(**settings).fit(X)

    return fit


def implicit_als(X: sp.csr_matrix, passes: int = 15) -> Any:
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(factors=64, iterations=passes, random_state=0)
    model.fit(X, show_progress=False)
    return model


def implicit_knn(k: int) -> Callable[[sp.csr_matrix], Any]:
    def fit(X):
        from implicit.nearest_neighbours import BM25Recommender

        model = BM25Recommender(K=k)
        model.fit(X, show_progress=False)
        return model

    return fit


ENGINES = {
    "EASE": mine("EASE"), "ALS": mine("ALS"), "ALS block": mine("ALS", solver="block"), "ItemKNN": mine("ItemKNN"),
    "Popularity": mine("Popularity"),
    "implicit ALS": implicit_als, "implicit BM25": implicit_knn(100), "implicit BM25 20": implicit_knn(20),
}
# ours, the peer, the least ratio
FITS = (("EASE", "implicit ALS", 2.5), ("ALS", "implicit ALS", None), ("ALS block", "implicit ALS", None),
        ("ItemKNN", "implicit BM25", 2.0))
LISTS = (("EASE", "implicit ALS", 3.0), ("ItemKNN", "implicit BM25", None), ("ALS", "implicit ALS", None))


def installed(name: str) -> bool:
    return not name.startswith("implicit") or importlib.util.find_spec("implicit") is not None


def running(name: str, work: Callable[[], Any]) -> Any:
    """implicit asks for a matrix library of one thread, beside its own threads."""
    if not name.startswith("implicit"):
        return work()
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):
        return work()


def fitted(name: str, X: sp.csr_matrix) -> Any:
    return running(name, lambda: ENGINES[name](X))


def lists(name: str, model: Any, X: sp.csr_matrix, users: np.ndarray) -> np.ndarray:
    """The best items of some users, (n, K)."""
    if name.startswith("implicit"):
        return running(name, lambda: model.recommend(users, X[users], N=K, filter_already_liked_items=True)[0])
    return model.recommend(users, k=K)[0]


def score(name: str, model: Any, train: sp.csr_matrix, test: sp.csr_matrix) -> float:
    """Mean NDCG@10 over the users with something on both sides."""
    from bmcore.evaluate import ranking

    users = np.flatnonzero((np.diff(train.indptr) > 0) & (np.diff(test.indptr) > 0))
    found, relevant = lists(name, model, train, users), test[users]
    positions = np.where(found == None, -1, found).astype(np.int64)  # noqa: E711
    return float(ranking.ndcg(ranking.hits(positions, relevant), np.diff(relevant.indptr), K).mean())


def quality(options: argparse.Namespace) -> None:
    for split in ("random", "time"):
        train, test = films(split)
        print(f"\nML-100K, {split} split: {train.nnz:,} ratings to learn from, {test.nnz:,} held out; NDCG@10", flush=True)
        for name in ("EASE", "ALS", "ItemKNN", "Popularity", "implicit ALS", "implicit BM25 20", "implicit BM25"):
            if installed(name):
                found = score(name, fitted(name, train), train, test)
                gate = f"  gate {'passed' if found >= 0.44 else 'FAILED'}: at least .44" if (name, split) == ("EASE", "random") else ""
                print(f"  {name:18} {found:.4f}{gate}", flush=True)


def measured(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds on the clock and of the processors."""
    busy, start = time.process_time(), time.perf_counter()
    work()
    return time.perf_counter() - start, time.process_time() - busy


def told(ours: str, peer: str, unit: str, both: list[tuple[float, float]], least: float | None) -> None:
    """One line of a contest; `both` has (ours, peer) of each round, the smaller the better."""
    mine, theirs = (statistics.median(column) for column in zip(*both, strict=True))
    ratios = [their / our for our, their in both]
    ratio = statistics.median(ratios)
    verdict = "" if least is None else f"  {'reached' if ratio >= least else 'MISSED'}: at least {least}"
    print(f"  {ours:13} {mine:8.3f} {unit}  {peer:17} {theirs:8.3f} {unit}  ratio {ratio:5.2f} "
          f"({min(ratios):.2f} to {max(ratios):.2f}){verdict}", flush=True)


def fits(options: argparse.Namespace, X: sp.csr_matrix) -> None:
    train, test = halves(X)
    names = sorted({name for pair in FITS for name in pair[:2] if installed(name)})
    print(f"\nFits of {X.shape[0]:,} x {X.shape[1]:,}, {X.nnz:,} interactions; NDCG@10 on a held-out fifth")
    found = {name: score(name, fitted(name, train), train, test) for name in names}
    print("  " + ", ".join(f"{name} {value:.4f}" for name, value in found.items()), flush=True)
    for ours, peer, least in FITS:
        if installed(peer):
            if least:
                parts = films("random") if ours == "ItemKNN" else (train, test)
                our, their = (score(name, fitted(name, parts[0]), *parts) for name in (ours, peer))
                print(f"  quality gate {'passed' if our >= their else 'FAILED'}: {ours} {our:.4f}, {peer} {their:.4f}")
            both = [tuple(measured(functools.partial(fitted, name, X))[0] for name in (ours, peer)) for _ in range(options.rounds)]
            told(ours, peer, "s", both, least)
            held = f"{peak(ours, X):.0f} and {peak(peer, X):.0f} MiB, log {X.nnz * 8 / 2**20:.0f} MiB"
            print(f"    memory {held}, load {os.getloadavg()[0]:.1f}", flush=True)
            if ours == "EASE":
                limit(X, statistics.median(pair[0] for pair in both))


def limit(X: sp.csr_matrix, seconds: float) -> None:
    """What the arithmetic alone would take: n^3 operations for Cholesky and inverse; pairs of a history are counted besides."""
    from bmcore import device

    gflops, n = device.gflops(1.0), X.shape[1]
    pairs = float((np.diff(X.indptr).astype(float) ** 2).sum() / 2)
    least = n**3 / gflops / 1e9
    print(f"    limit {least:.3f} s for the inverse at {gflops:.0f} GFLOP/s, {100 * least / seconds:.0f} % of the fit; "
          f"{pairs / 1e6:.0f} M pairs are counted besides", flush=True)


def served(options: argparse.Namespace, X: sp.csr_matrix) -> None:
    users = np.arange(X.shape[0])
    print(f"\nBest {K} for {len(users):,} users; milliseconds of processor time for 1,000 users, and users a second of it")
    for ours, peer, least in LISTS:
        if installed(peer):
            both = rounds_of(options.rounds, X, users, {name: fitted(name, X) for name in (ours, peer)})
            told(ours, peer, "ms", both, least)
            speeds = [f"{1e6 / statistics.median(column):,.0f}" for column in zip(*both, strict=True)]
            print(f"    users a second: {ours} {speeds[0]}, {peer} {speeds[1]}", flush=True)


def rounds_of(rounds: int, X: sp.csr_matrix, users: np.ndarray, models: dict[str, Any]) -> list[tuple[float, ...]]:
    """Milliseconds of processor time for 1,000 users, of each model in each round."""
    for name, model in models.items():
        lists(name, model, X, users)  # what is laid out once
    return [
        tuple(measured(functools.partial(lists, name, model, X, users))[1] * 1e6 / len(users) for name, model in models.items())
        for _ in range(rounds)
    ]


CHILD = """
import sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, {folder!r})
import recommend
X = recommend.sp.load_npz({file!r})
recommend.fitted({name!r}, X[:50, :200].tocsr())
held = lambda name: next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name)) / 1024
open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
before = held("VmRSS")
recommend.fitted({name!r}, X)
print(held("VmHWM") - before)
"""


def peak(name: str, X: sp.csr_matrix) -> float:
    """MiB that a fit needs beside the log: the peak of a process less what it held before the fit."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "log.npz")
        sp.save_npz(file, X, compressed=False)
        script = CHILD.format(folder=str(ROOT / "benchmarks"), file=file, name=name)
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    return float(done.stdout.split()[-1])


def memory(options: argparse.Namespace, X: sp.csr_matrix) -> None:
    n = options.items
    random = np.random.default_rng(0)
    places = (n * random.random((20_000, 50)) ** 3).astype(np.int32)  # a long tail
    wide = sp.csr_matrix((np.ones(places.size, np.float32), places.ravel(), np.arange(0, places.size + 1, 50)), shape=(20_000, n))
    wide.sum_duplicates()
    wide.data[:] = 1
    found, allowed = peak("EASE", wide), 1.2 * 2 * n * n * 4 / 2**20
    print(f"\nEASE of {n:,} items: {found:,.0f} MiB at its peak, {'within' if found <= allowed else 'MORE THAN'} {allowed:,.0f} MiB "
          f"(1.2 x 2 matrices)", flush=True)
    for label, (train, test) in (("ML-100K", films("random")), ("ML-1M's shape", halves(X))):
        kept = score("EASE", mine("EASE")(train), train, test)
        whole = score("EASE", mine("EASE", neighbours=train.shape[1])(train), train, test)
        loss = 100 * (1 - kept / whole)
        print(f"  {label}: NDCG@10 {kept:.4f} with the weights that are kept, {whole:.4f} with all: {loss:.2f} % lost, "
              f"{'reached' if loss < 0.5 else 'MISSED'}: under 0.5 %", flush=True)


def first_call(cache: str | None) -> float:
    """Seconds of the first small fits of a process, imports included; an empty cache folder makes it compile."""
    script = (
        "import time, scipy.sparse as sp; X = sp.random(200, 100, 0.1, format='csr', random_state=0); start = time.perf_counter()\n"
        "from bmcore.recommend import ALS, EASE, ItemKNN\n"
        "for model in (EASE(), ALS(), ItemKNN()): model.fit(X).recommend([0])\n"
        "print(time.perf_counter() - start)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **({"NUMBA_CACHE_DIR": cache} if cache else {})}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, env=environment, check=True)
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--parts", nargs="+", default=("quality", "fit", "lists"), choices=PARTS, help="memory takes some minutes more")
    parser.add_argument("--items", type=int, default=20_000, help="of the part memory")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as cache:
        print(f"first call: {first_call(cache):.1f} s when it compiles, {first_call(None):.1f} s afterwards (each in a new process)")
    if "quality" in options.parts:
        quality(options)
    X = shaped() if set(options.parts) - {"quality"} else None
    if X is not None:
        for name in filter(installed, ENGINES):
            fitted(name, X[:200, :500].tocsr())
    for part, work in (("fit", fits), ("lists", served), ("memory", memory)):
        if part in options.parts:
            work(options, X)


if __name__ == "__main__":
    main()

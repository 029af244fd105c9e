"""How quickly 1,000 runs are listed, and whether kill -9 costs a checkpoint.

    python benchmarks/runs.py            # 1,000 runs, 50 kills
    python benchmarks/runs.py 500        # 500 kills

Listing: what the page of runs reads of each (state, title, times, headline), peer: reading the same files with pathlib and
json and nothing else. Kills: a real TextClassifier on one small data set, its worker shot at a random moment and resumed
until the given number of kills is reached. It saves after every step. A checkpoint is lost if an attempt begins behind one
that was whole before; the final weights have to equal those of a run that nobody disturbed (atol 1e-6).
"""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bmcore import base, runs
from bmcore.data import refs
from bmcore.runs import locks, store
from bmcore.runs.status import write_status
from bmcore.text.classifier import TextClassifier
from bmcore.training import checkpoint

RUNS, ROUNDS, LIMIT_MS = 1000, 7, 150


def fill(count: int) -> None:
    """`count` finished runs, each like a real one."""
    params = {f"setting_{number}": number for number in range(11)}
    for _ in range(count):
        folder = store.runs_folder() / store.new_id()
        folder.mkdir()
        spec = {
            "id": folder.name,
            "created": time.time(),
            "estimator": "TextClassifier",
            "params": params,
            "preset": "fast",
            "data": {"kind": "sample", "name": "clothing_reviews"},
            "columns": {"text": "text", "label": "department"},
            "split": {"test": 0.2, "seed": 0, "max_train": 3000, "max_test": 1500},
            "versions": {f"package{n}": "1.2.3" for n in range(11)},
            "seed": 0,
            "scenario": "customer_service",
            "title": None,
            "origin": "page",
        }
        (folder / "spec.json").write_text(json.dumps(spec, indent=1))
        headline = {
            "metric": "macro_f1",
            "value": 0.7,
            "low": 0.6,
            "high": 0.8,
            "baseline": "tfidf_logistic",
            "baseline_value": 0.6,
            "verdict": "better",
        }
        write_status(folder, "done", attempt=1, started=1.0, ended=2.0, headline=headline)


def ours() -> list:
    return [(run.id, run.state, run.title(), run.created, run.seconds, run.headline) for run in runs.list_runs()]


def peer() -> list:
    folders = sorted(store.runs_folder().iterdir(), reverse=True)
    return [(json.loads((folder / "spec.json").read_text()), json.loads((folder / "status.json").read_text())) for folder in folders]


def timed(work) -> float:
    begin = time.perf_counter()
    assert len(work()) == RUNS
    return (time.perf_counter() - begin) * 1000


def listing() -> bool:
    fill(RUNS)
    pairs = [(timed(ours), timed(peer)) for _ in range(ROUNDS + 1)][1:]
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(b / a for a, b in pairs)
    print(
        f"list {RUNS} runs: ours {mine:.0f} ms, plain pathlib + json {theirs:.0f} ms, ratio {ratio:.2f}, "
        f"limit {LIMIT_MS} ms ({mine / LIMIT_MS:.0%})",
        flush=True,
    )
    return mine < LIMIT_MS


class Shot(TextClassifier):
    """A TextClassifier that saves a checkpoint after every step, so that most kills fall into a save."""

    def fit(self, X, y, **options):
        from bmcore.training import loop

        loop.Plan = functools.partial(loop.Plan, checkpoint_seconds=0.0)
        return super().fit(X, y, **options)


base.ESTIMATORS["Shot"] = "runs_benchmark"


def known_to_workers(folder: Path) -> None:
    """Python reads sitecustomize at its start, so the workers know the estimator of this file."""
    here = Path(__file__).resolve()
    (folder / "sitecustomize.py").write_text("from bmcore import base\nbase.ESTIMATORS['Shot'] = 'runs_benchmark'\n")
    (folder / "runs_benchmark.py").symlink_to(here)
    os.environ["PYTHONPATH"] = f"{folder}{os.pathsep}{here.parents[1]}"
    sys.modules["runs_benchmark"] = sys.modules[__name__]


def start() -> store.Run:
    words = ["parcel late", "refund please", "size is wrong", "love the colour"]
    rows = "".join(f"{words[n % 4]} number {n},{words[n % 4].split()[0]}\n" for n in range(400))
    return runs.start(
        {
            "estimator": "Shot",
            "data": refs.store(f"text,label\n{rows}".encode(), "kills.csv"),
            "columns": {"text": "text", "label": "label"},
            "params": {"epochs": 3, "trainable_layers": 1, "max_length": 16, "batch_tokens": 256},
        }
    )


def kills(count: int) -> bool:
    reference, chance, begin = start(), random.Random(0), time.time()
    ended(reference)
    shot, attempts, behind, unequal = 0, 0, 0, 0
    while shot < count:
        run, offset, newest = start(), 0, 0
        for _ in range(5):
            if not shoot(run, chance):
                break
            shot += 1
            offset, newest = resumed(run, offset, newest)
            attempts += 1
        ended(run)
        behind += first_step(run, offset) <= newest
        unequal += run.state != "done" or not same_weights(run, reference)
        print(
            f"{shot} kills, {behind} lost checkpoints, {unequal} unequal results, {time.time() - begin:.0f} s", file=sys.stderr, flush=True
        )
        runs.delete(run.id)
    print(f"kill -9: {shot} kills, {attempts} resumes, {behind} lost checkpoints, {unequal} results unlike the uninterrupted one")
    return behind == 0 and unequal == 0


def shoot(run: store.Run, chance: random.Random) -> bool:
    """Kill the worker at a random moment, mostly in training; False if it was faster."""
    if chance.random() < 0.8:
        while run.state in store.ACTIVE and run.progress.get("phase") != "train":
            time.sleep(0.02)
        time.sleep(chance.random() * 2.0)
    else:
        time.sleep(chance.random() * 8.0)
    found = locks.holder(run.folder / "lock")
    if found is None:
        return False
    os.kill(found[0], signal.SIGKILL)
    while run.alive:
        time.sleep(0.01)
    return run.state == "lost"


def resumed(run: store.Run, offset: int, newest: int) -> tuple[int, int]:
    """Check where the dead attempt began, resume; (where the events of the new attempt begin, the newest whole checkpoint)."""
    assert first_step(run, offset) > newest, f"{run} began behind checkpoint {newest}"
    whole = [int(path.name[5:]) for path in checkpoint.steps(run.folder / "checkpoints") if verified(path)]
    offset = (run.folder / "events.jsonl").stat().st_size
    runs.resume(run.id)
    return offset, max(whole, default=0)


def verified(path: Path) -> bool:
    try:
        checkpoint.read(path)
    except Exception:
        return False
    return True


def first_step(run: store.Run, offset: int) -> float:
    """The first training step that an attempt reported; endless if it did not come so far."""
    found, _ = run.events(offset)
    steps = (event["step"] for event in found if event["kind"] == "progress" and event["phase"] == "train" and "loss" in event)
    return next(steps, float("inf"))


def ended(run: store.Run) -> None:
    while run.state in store.ACTIVE:
        time.sleep(0.1)


def same_weights(run: store.Run, other: store.Run) -> bool:
    import torch
    from safetensors.torch import load_file

    ours, theirs = (load_file(entry.folder / "model" / "model.safetensors") for entry in (run, other))
    return all(torch.allclose(ours[name], theirs[name], atol=1e-6) for name in theirs)


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BMCORE_HOME"] = folder
        fine = listing()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BMCORE_HOME"] = folder
        known_to_workers(Path(folder))
        return 0 if kills(count) and fine else 1


if __name__ == "__main__":
    sys.exit(main())

"""The loop on a small network: it learns, resumes to the same weights, survives lack of memory, keeps the best."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from bmcore.errors import Cancelled, RunError, StorageError
from bmcore.training.loop import Loop, Plan

X = torch.randn(120, 6, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] + X[:, 1] > 0).long()


class Toy:
    """Two layers with dropout and a buffer, so that random state and buffers matter."""

    fingerprint = "toy"

    def __init__(self, scores=None):
        torch.manual_seed(5)
        random.seed(5)
        self.module = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.3), torch.nn.Linear(8, 2))
        self.scores = iter(scores) if scores else None
        self.sizes: list[int] = []
        self.most = None

    def groups(self, learning_rate):
        return [{"params": list(self.module.parameters()), "lr": learning_rate}]

    def batches(self, epoch):
        order = np.random.default_rng(epoch).permutation(120)
        return [order[start:start + 12] for start in range(0, 120, 12)]

    def weight(self, batch):
        return len(batch)

    def tokens(self, batch):
        return len(batch) * 6

    def flops(self, batch):
        return 0.0

    def step(self, batch):
        self.sizes.append(len(batch))
        if self.most is not None and len(batch) > self.most:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: not enough memory: you tried to ...")
        return torch.nn.functional.cross_entropy(self.module(X[batch]), Y[batch], reduction="sum")

    def begin(self):
        pass

    def validate(self):
        if self.scores:
            return {"dev_macro_f1": 0.0, "score": next(self.scores)}
        with torch.no_grad():
            right = float((self.module(X).argmax(1) == Y).float().mean())
        return {"dev_macro_f1": right, "score": right}


def quiet(step, total, **metrics):
    pass


def weights(task):
    return {name: value.clone() for name, value in task.module.state_dict().items()}


def train(task, report=quiet, notes=None, folder=None, **plan):
    plan = {"epochs": 3, "learning_rate": 0.05, "checkpoint_seconds": 0.0} | plan
    loop = Loop(task, Plan(**plan), report, (notes if notes is not None else []).append, folder)
    history = loop.run()
    return loop, history


def test_it_learns_and_reports():
    seen = []
    task = Toy()
    loop, history = train(task, lambda step, total, **metrics: seen.append((step, total, metrics)), epochs=10)
    assert history[-1]["loss"] < history[1]["loss"]
    assert "loss" not in history[0]
    assert max(entry["dev_macro_f1"] for entry in history) > 0.9
    assert [step for step, _, _ in seen] == list(range(101))
    assert {"phase", "loss", "lr", "epoch", "samples_per_s", "tokens_per_s"} <= set(seen[1][2])
    assert "dev_macro_f1" in seen[0][2]
    assert "dev_macro_f1" in seen[10][2]
    assert loop.optimizer.param_groups[0]["lr"] < 0.002  # decayed


class StopAt:
    def __init__(self, step):
        self.at = step

    def __call__(self, step, total, **metrics):
        if step == self.at:
            raise Cancelled("stop")


@pytest.mark.parametrize("seed", range(4))
def test_resumed_run_equals_uninterrupted(tmp_path, seed):
    whole = Toy()
    _, expected = train(whole, validations=2)
    generator = random.Random(seed)
    for step in [0, *sorted(generator.sample(range(1, 30), 4)), None]:
        task, notes = Toy(), []
        try:
            _, history = train(task, StopAt(step) if step is not None else quiet, notes, tmp_path, validations=2)
        except Cancelled:
            continue
        for name, value in weights(whole).items():
            assert torch.allclose(value, weights(task)[name], atol=1e-6), name
        assert history == expected
        assert "goes on from step" in str(notes[-1])


def test_a_lost_process_resumes_from_the_last_checkpoint(tmp_path):
    whole = Toy()
    train(whole)

    class Died(Exception):
        pass

    def die(step, total, **metrics):
        if step == 17:
            raise Died

    with pytest.raises(Died):
        train(Toy(), die, folder=tmp_path)
    task = Toy()
    train(task, folder=tmp_path)
    assert all(torch.allclose(value, weights(task)[name], atol=1e-6) for name, value in weights(whole).items())


def test_checkpoints_of_other_settings_are_left_alone(tmp_path):
    with pytest.raises(Cancelled):
        train(Toy(), StopAt(5), folder=tmp_path)
    other, notes = Toy(), []
    other.fingerprint = "other"
    train(other, notes=notes, folder=tmp_path)
    assert "other settings" in str(notes[0])


def test_out_of_memory_halves_and_keeps_the_result():
    plain, tight, notes = Toy(), Toy(), []
    for task in (plain, tight):  # neither may differ by parts of a batch
        task.module[1], task.module[2] = torch.nn.Identity(), torch.nn.Identity()
    train(plain)
    tight.most = 4
    train(tight, notes=notes)
    assert set(tight.sizes[3:]) == {3}
    assert len(notes) == 2
    assert "2 parts" in str(notes[0])
    assert all(torch.allclose(value, weights(tight)[name], atol=1e-5) for name, value in weights(plain).items())


def test_out_of_memory_with_one_example_says_so():
    task = Toy()
    task.most = 0
    with pytest.raises(RunError, match="single example"):
        train(task)


def test_other_errors_pass():
    task = Toy()
    task.step = lambda batch: (_ for _ in ()).throw(RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        train(task)


def test_early_stop_keeps_the_best_weights():
    task, kept = Toy(scores=[0.1, 0.5, 0.9, 0.6, 0.7, 0.8]), {}

    def report(step, total, **metrics):
        if step == 20:
            kept.update(weights(task))

    _, history = train(task, report, epochs=5, patience=2)
    assert len(history) == 5
    assert all(torch.equal(value, weights(task)[name]) for name, value in kept.items())


def test_last_weights_where_the_best_are_not_asked_for():
    task, kept = Toy(scores=[0.9, 0.5, 0.4, 0.3]), {}

    def report(step, total, **metrics):
        if step == total:
            kept.update(weights(task))

    _, history = train(task, report, keep_best=False)
    assert len(history) == 4
    assert all(torch.equal(value, weights(task)[name]) for name, value in kept.items())


def test_cancel_before_the_first_step_counts_no_look_twice(tmp_path):
    scores = [0.9, 0.1, 0.2, 0.3, 0.4, 0.5]
    _, expected = train(Toy(scores=scores), epochs=5, patience=3)
    with pytest.raises(Cancelled):
        train(Toy(scores=scores), StopAt(0), folder=tmp_path, epochs=5, patience=3)
    _, history = train(Toy(scores=scores[1:]), folder=tmp_path, epochs=5, patience=3)
    assert history == expected


def test_accumulation_equals_a_large_batch():
    large, small = Toy(), Toy()
    for task in (large, small):
        task.module[1], task.module[2] = torch.nn.Identity(), torch.nn.Identity()
    halves = Toy.batches
    large.batches = lambda epoch: halves(large, epoch)
    small.batches = lambda epoch: [half for batch in halves(small, epoch) for half in np.array_split(batch, 2)]
    train(large)
    train(small, accumulate=2)
    assert all(torch.allclose(value, weights(small)[name], atol=1e-5) for name, value in weights(large).items())


def test_full_disk_is_a_storage_error(tmp_path, monkeypatch):
    import os

    train_calls = []

    def report(step, total, **metrics):
        train_calls.append(step)
        if step == 5:
            monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))

    with pytest.raises(StorageError, match="No space left"):
        train(Toy(), report, folder=tmp_path)
    monkeypatch.undo()
    assert train_calls[-1] in (5, 6)
    notes: list = []
    train(Toy(), notes=notes, folder=tmp_path)
    assert "goes on from step" in str(notes[0])


def test_training_that_does_not_help_changes_nothing():
    task = Toy(scores=[0.9, 0.1, 0.2, 0.3])
    before = weights(task)
    train(task)
    assert all(torch.equal(value, weights(task)[name]) for name, value in before.items())

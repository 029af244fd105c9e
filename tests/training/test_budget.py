"""The budget loop: resumed equals uninterrupted, the end is on time, the best weights are kept."""

import time

import numpy as np
import pytest
import torch

from bmcore.errors import Cancelled, RunError
from bmcore.training.budget import Budget, BudgetLoop


class Two:
    """Two networks that draw at random, as a generator and its rival."""

    fingerprint, samples = "two", 4

    def __init__(self, fail=0, wait=0.0):
        torch.manual_seed(0)
        self.modules = {"a": torch.nn.Linear(3, 1), "b": torch.nn.Linear(1, 1)}
        self.optimizers = {name: torch.optim.AdamW(module.parameters(), 0.05) for name, module in self.modules.items()}
        self.fail, self.wait, self.dones, self.halved, self.scores = fail, wait, [], 0, None

    def step(self, step, done):
        self.dones.append(done)
        if self.fail > self.halved:
            raise torch.OutOfMemoryError("CUDA out of memory")
        time.sleep(self.wait)
        loss = (self.modules["b"](self.modules["a"](torch.randn(4, 3))) - np.random.rand()).square().mean()
        for optimizer in self.optimizers.values():
            optimizer.param_groups[0]["lr"] = 0.05 * (1 - done)
            optimizer.zero_grad()
        loss.backward()
        for optimizer in self.optimizers.values():
            optimizer.step()
        return {"loss": loss.detach()}

    def validate(self):
        torch.randn(7)  # what is drawn here changes nothing
        return {} if self.scores is None else {"score": self.scores.pop(0)}

    def pictures(self):
        return np.zeros((2, 8, 8, 1), np.uint8)

    def halve(self):
        self.halved += 1
        return self.halved < 3


def flat(task):
    return torch.cat([value.flatten() for module in task.modules.values() for value in module.parameters()]).detach()


def run(task, budget, report=lambda *_, **__: None, folder=None, watch=None, notes=None):
    torch.manual_seed(1)
    np.random.seed(1)
    return BudgetLoop(task, budget, report, (notes if notes is not None else []).append, folder, watch).run()


def test_resumed_equals_uninterrupted(tmp_path):
    whole, seen = Two(), []
    history = run(whole, Budget(steps=40), watch=lambda *given: seen.append(given))

    def stop(step, total, **_):
        if step == 17:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        run(Two(), Budget(steps=40), stop, tmp_path)
    again, notes = Two(), []
    torch.manual_seed(99)
    resumed = run(again, Budget(steps=40), folder=tmp_path, notes=notes)
    torch.testing.assert_close(flat(again), flat(whole), atol=1e-6, rtol=0)
    assert [entry["loss"] for entry in resumed] == pytest.approx([entry["loss"] for entry in history], abs=1e-6)
    assert len(again.dones) == 23 and "17" in str(notes[0])
    assert 20 <= len(seen) <= 32


def test_done_grows_from_nought_to_one_and_ends_on_time():
    task, told = Two(wait=0.002), []
    started = time.monotonic()
    run(task, Budget(seconds=0.5), lambda step, total, **_: told.append((step, total)))
    assert task.dones[0] < 0.2 and task.dones == sorted(task.dones) and task.dones[-1] < 1
    assert told == sorted(told) and told[-1] == (5, 5)
    assert time.monotonic() - started > 0.4


def test_the_best_weights_are_kept():
    task = Two()
    task.scores = [1.0, 3.0, 2.0, float("nan")]
    kept = {}

    def keep(step, total, **_):
        if step == 20 and 20 not in kept:
            kept[20] = flat(task).clone()

    notes = []
    history = run(task, Budget(steps=40, validations=4), keep, notes=notes)
    torch.testing.assert_close(flat(task), kept[20])
    assert [entry["score"] for entry in history] == [1.0, 3.0, 2.0] and len(notes) == 1


def test_memory_that_runs_out():
    notes = []
    run(Two(fail=2), Budget(steps=3), notes=notes)
    assert len(notes) == 2
    with pytest.raises(RunError, match="Memory"):
        run(Two(fail=9), Budget(steps=3))


def test_checkpoints_of_other_data_are_left_alone(tmp_path):
    def stop(step, total, **_):
        if step == 5:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        run(Two(), Budget(steps=9), stop, tmp_path)
    other, notes = Two(), []
    other.fingerprint = "other"
    run(other, Budget(steps=9), folder=tmp_path, notes=notes)
    assert len(other.dones) == 9 and len(notes) == 1


def test_steps_and_seconds_end_it_whichever_is_first():
    quick, told = Two(), []
    run(quick, Budget(steps=5, seconds=600), lambda step, total, **_: told.append((step, total)))
    assert len(quick.dones) == 5 and quick.dones[1:] == pytest.approx([0.2, 0.4, 0.6, 0.8], abs=0.01)
    assert told == sorted(told) and told[-1] == (6000, 6000) and told[0][0] >= 1200
    slow = Two(wait=0.01)
    run(slow, Budget(steps=10**6, seconds=0.2))
    assert 1 <= len(slow.dones) < 1000 and slow.dones == sorted(slow.dones)


def test_a_checkpoint_of_another_network_is_not_resumed(tmp_path):
    """A model may be a larger one on another device, for the same settings and data."""
    def stop(step, total, **metrics):
        if step >= 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        BudgetLoop(Two(), Budget(steps=5), stop, [].append, tmp_path).run()
    task, notes = Two(), []
    task.modules["a"], task.modules["b"] = torch.nn.Linear(3, 2), torch.nn.Linear(2, 1)
    task.optimizers = {name: torch.optim.AdamW(module.parameters(), 0.05) for name, module in task.modules.items()}
    loop = BudgetLoop(task, Budget(steps=5), lambda *given, **more: None, notes.append, tmp_path)
    loop.run()
    assert "other settings" in " ".join(map(str, notes)) and loop.position.step == 5

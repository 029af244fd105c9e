"""Training by a budget: so many seconds, or updates, or whichever is over first, of a task that may have several networks and optimisers.

The loop in `loop.py` counts epochs of one network. Pictures and words are learned until the time is up: here `done`, from 0 to 1, says how
much of the budget is spent, and everything that is scheduled follows it. All time since `started` counts, validation included.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from bmcore import device as devices
from bmcore.errors import Cancelled, RunError
from bmcore.messages import Message
from bmcore.training import checkpoint
from bmcore.training.budget_parts import Budget, Position, Task, out_of_memory
from bmcore.training.meter import Meter
from bmcore.training.resume import pack, unpack

READ_EVERY = 8  # on an accelerator, reading a loss waits for the device: only every so many updates
WATCHED = 30  # times that `watch` is called, more often in the beginning, when more changes
WATCH_SHARE = 0.05  # of the time, at most
TENTHS = 10  # in seconds mode `report` counts tenths of a second


class BudgetLoop:
    """Trains `task` until the budget is spent; `run` returns the history and leaves the best weights in the modules.

    Parameters
    ----------
    report : callable
        `report(step, total, phase="train", updates=..., samples_per_s=..., loss...)`: updates where only steps are given, tenths of a
        second else. It may raise Cancelled.
    note : callable
        Takes a Message worth telling the user.
    checkpoints : Path, optional
        Folder of resumable checkpoints.
    watch : callable, optional
        `watch(step, seconds, pictures)`.
    started : float, optional
        `time.monotonic()` when the work began, so that preparation counts; default now.
    """

    def __init__(
        self, task: Task, budget: Budget, report: Callable[..., Any], note: Callable[[Message], None], checkpoints: Path | None = None,
        watch: Callable[..., Any] | None = None, started: float | None = None,
    ):
        self.task, self.budget, self.report, self.note, self.watch = task, budget, report, note, watch
        self.folder = Path(checkpoints) if checkpoints else None
        self.started = time.monotonic() if started is None else started
        self.position, self.best = Position(), None
        self.spent_before = self.validating = self.watching = self.furthest = 0.0
        self.sums: dict[str, torch.Tensor] = {}
        self.saved = time.monotonic()
        self.meter = Meter(devices.peak_flops(budget.device))

    def run(self) -> list[dict]:
        """Train to the end of the budget.

        Raises
        ------
        Cancelled
            From `report`; a checkpoint is kept.
        RunError
            If memory does not hold the smallest batch, or training never gave a usable model.
        """
        self._resume()
        try:
            if self.position.step:
                self._look_up()  # what was due when it was interrupted
            while (done := self.done()) < 1 or not self.position.step:
                self._update(done)
                self._look_up()
        except Cancelled:
            self._save()
            raise
        if self.position.summed or not self.position.history:
            self._validate()
        self._load_best()
        self._show(last=True)
        self._tell(last=True)
        return self.position.history

    def elapsed(self) -> float:
        """Seconds of the budget that are spent, those before an interruption included."""
        return self.spent_before + time.monotonic() - self.started

    def done(self) -> float:
        """Share of the budget that is spent: 0 to 1. It leaves time for the last validation and never goes back."""
        self.furthest = max(self.furthest, self.budget.spent(self.position.step, self.elapsed(), self.validating))
        return self.furthest

    # one update

    def _update(self, done: float) -> None:
        losses = self._attempt(done)
        position = self.position
        position.step += 1
        position.summed += 1
        for name, value in losses.items():
            value = value.detach().float()
            self.sums[name] = self.sums[name] + value if name in self.sums else value
        tokens = getattr(self.task, "tokens", 0)
        self.meter.count(self.task.samples, tokens, getattr(self.task, "flops", 0.0))
        metrics = self.meter.rates()
        metrics.pop("samples_per_s" if tokens else "tokens_per_s")
        if self.budget.device == "cpu" or position.step % READ_EVERY == 0:
            metrics |= {name: float(value) for name, value in losses.items()}
        self._tell(**metrics)

    def _attempt(self, done: float) -> dict[str, torch.Tensor]:
        while True:
            try:
                return self.task.step(self.position.step, done)
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
            self._halve()  # outside the except clause, whose traceback would keep the activations alive

    def _halve(self) -> None:
        for optimizer in self.task.optimizers.values():
            optimizer.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if not self.task.halve():
            raise RunError("Memory ran out with the smallest batch. Choose a smaller model, smaller pictures or shorter texts.")
        self.note(Message("Memory ran out: batches are now computed in smaller parts. The result is the same, only a little slower."))

    def _tell(self, last: bool = False, **metrics: Any) -> None:
        if self.budget.seconds is None:
            step, total = self.position.step, self.budget.steps
        else:
            total = max(1, round(self.budget.seconds * TENTHS))
            share = 0.0 if self.budget.steps is None else self.position.step / self.budget.steps
            step = total if last else min(total, int(max(self.elapsed() * TENTHS, share * total)))
        self.report(step, total, phase="train", updates=self.position.step, **metrics)

    # validation, pictures, checkpoints: whatever is due

    def _look_up(self) -> None:
        position, done = self.position, self.done()
        if done >= 1:
            return  # `run` validates and shows at the end
        if done >= (position.validated + 1) / self.budget.validations:
            position.validated = int(done * self.budget.validations)
            self._validate()
        often = getattr(self.task, "watched", WATCHED)
        if done >= ((position.watched + 1) / often) ** 1.5:
            position.watched = int(done ** (2 / 3) * often + 1e-9)
            self._show()
        if self.folder is not None and time.monotonic() - self.saved > self.budget.checkpoint_seconds:
            self._save()

    def _validate(self) -> None:
        position, started = self.position, time.monotonic()
        with devices.seeded(0):  # what is drawn here must not change what training draws next
            found = dict(self.task.validate())
        score = found.pop("score", None)
        losses = {name: float(value) / max(1, position.summed) for name, value in self.sums.items()}
        self.sums, position.summed = {}, 0
        usable = all(map(math.isfinite, losses.values())) and (score is None or math.isfinite(score))
        if usable:
            entry = {"step": position.step, "seconds": round(self.elapsed(), 3)} | losses | found
            position.history.append(entry | ({} if score is None else {"score": score}))
            self._judge(score)
        elif self.best is None:
            raise RunError("Training became unstable: its loss is no number any more. Choose a smaller learning rate and train again.")
        else:
            self._recover()
        if self.budget.device == "cpu":
            self.meter.pause(time.monotonic() - started)
        self.validating = time.monotonic() - started
        self._tell(**found)

    def _judge(self, score: float | None) -> None:
        position = self.position
        if score is None or position.best_score is None or score > position.best_score:
            position.best_score = score
            self.best = {
                f"{module}/{name}": value.detach().to("cpu", copy=True)
                for module, network in self.task.modules.items() for name, value in network.state_dict().items()
            }

    def _recover(self) -> None:
        self.note(Message("Training became unstable for a while and went back to its best weights. A smaller learning rate avoids that."))
        self._load_best()
        for optimizer in self.task.optimizers.values():
            optimizer.state.clear()

    def _load_best(self) -> None:
        if self.best is not None:
            self._put(self.best)

    def _modules(self) -> dict[str, torch.Tensor]:
        return {f"{module}/{name}": value for module, network in self.task.modules.items() for name, value in network.state_dict().items()}

    def _put(self, tensors: dict[str, torch.Tensor]) -> None:
        for module, network in self.task.modules.items():
            prefix = f"{module}/"
            network.load_state_dict({name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)})

    def _show(self, last: bool = False) -> None:
        dear = self.budget.seconds is not None and self.watching > WATCH_SHARE * self.elapsed()
        if self.watch is None or (dear and not last and self.position.watched > 1):
            return
        started = time.monotonic()
        with devices.seeded(0):
            pictures = self.task.pictures()
        if pictures is not None:
            self.watch(self.position.step, self.elapsed(), pictures)
        self.watching += time.monotonic() - started
        self.meter.pause(time.monotonic() - started)

    def _save(self) -> None:
        self.saved = time.monotonic()
        if self.folder is None:
            return
        position = self.position
        position.seconds, position.losses = self.elapsed(), {name: float(value) for name, value in self.sums.items()}
        groups: dict[str, dict] = {}
        for name, optimizer in self.task.optimizers.items():
            groups[f"optimizer-{name}"], state = pack(optimizer)
        groups["random"] = state.pop("random")
        groups["modules"] = self._modules()
        if self.best is not None:
            groups["best"] = self.best
        checkpoint.save(self.folder, position.step, groups, state | {
            "fingerprint": self.task.fingerprint, "steps": self.budget.steps, "seconds": self.budget.seconds, "position": asdict(position),
        })
        self.saved = time.monotonic()

    def _resume(self) -> None:
        if self.folder is None:
            return
        found, notes = checkpoint.newest(self.folder)
        for note in notes:
            self.note(note)
        if found is None:
            return
        tensors, state = found
        ours = [self.task.fingerprint, self.budget.steps, self.budget.seconds]
        known = [state.get(key) for key in ("fingerprint", "steps", "seconds")] == ours
        if not known or not checkpoint.fits(tensors["modules"], self._modules()):
            self.note(Message("The checkpoints found belong to other settings or data. Training starts from the beginning."))
            return
        self.position = Position(**state["position"])
        self.spent_before = self.position.seconds
        self._put(tensors["modules"])
        self.best = tensors.get("best")
        for name, optimizer in self.task.optimizers.items():
            unpack(optimizer, {"optimizer": tensors[f"optimizer-{name}"], "random": tensors["random"]}, state)
        self.sums = {name: torch.tensor(value, device=self.budget.device) for name, value in self.position.losses.items()}
        self.note(Message("Training goes on from update {step}.", step=self.position.step))

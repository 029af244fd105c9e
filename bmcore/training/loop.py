"""One training loop for every torch model.

A model brings a `Task`: its parameters, its batches and `step(batch) -> summed loss`. The loop owns the rest: optimiser and
schedule, accumulation, clipping, precision, checkpoints and resume, best weights, early stop, out-of-memory recovery,
throughput and `report`. Accelerate is kept thin (autocast, backward, clipping, process ranks): its wrapped optimiser and
schedulers would hide state that a checkpoint must hold.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bmcore import device as devices
from bmcore.errors import Cancelled, RunError
from bmcore.messages import Message
from bmcore.training import checkpoint
from bmcore.training.meter import Meter
from bmcore.training.plan import Plan, Progress, Task
from bmcore.training.resume import pack, unpack

LOSS_EVERY = 8  # on an accelerator, reading the loss waits for the device: only every so many steps

EPOCH_SAVE_AFTER = 10.0  # seconds: the end of an epoch shorter than that is not worth an fsync


class Loop:
    """Trains `task` by `plan`; `run` returns the history.

    Parameters
    ----------
    report : callable
        `report(step, total, **metrics)`; may raise Cancelled.
    note : callable
        Takes a Message worth telling the user.
    checkpoints : Path, optional
        Folder of resumable checkpoints.
    """

    def __init__(
        self, task: Task, plan: Plan, report: Callable[..., None], note: Callable[[Message], None], checkpoints: Path | None = None
    ):
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state()  # a second fit in this process may want another precision
        self.accelerator = Accelerator(cpu=plan.device == "cpu", mixed_precision=devices.precision(plan.device))
        self.task, self.plan, self.report, self.note = task, plan, report, note
        self.folder = Path(checkpoints) if checkpoints else None
        self.epoch_steps = [self._grouped(epoch) for epoch in range(plan.epochs)]
        self.total = sum(map(len, self.epoch_steps))
        self.progress = Progress()
        self.best: dict[str, torch.Tensor] | None = None
        if self.accelerator.num_processes > 1:
            task.module = self.accelerator.prepare_model(task.module)
        groups = task.groups(plan.learning_rate)
        self.optimizer = torch.optim.AdamW(groups, weight_decay=plan.weight_decay, fused=plan.device in ("cpu", "cuda"))
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.trained = [(name, value) for name, value in self._module().named_parameters() if value.requires_grad]
        self.saved = time.monotonic()
        self.meter = Meter(devices.peak_flops(plan.device))

    def _module(self) -> torch.nn.Module:
        return self.accelerator.unwrap_model(self.task.module)

    def _grouped(self, epoch: int) -> list[list[np.ndarray]]:
        batches, size = self.task.batches(epoch), self.plan.accumulate
        return [batches[start:start + size] for start in range(0, len(batches), size)]

    def run(self) -> list[dict]:
        """Train to the end, or to the early stop; the module holds the best weights afterwards, or the last ones if the plan says so."""
        self._resume()
        progress = self.progress  # after _resume, which replaces it
        try:
            if not progress.step:
                self._start()
            while not progress.finished and progress.epoch < self.plan.epochs:
                self._epoch(self.epoch_steps[progress.epoch])
                progress.epoch, progress.position = progress.epoch + 1, 0
                if progress.epoch < self.plan.epochs and self._age() > min(EPOCH_SAVE_AFTER, self.plan.checkpoint_seconds):
                    self._save()
        except Cancelled:
            self._save()
            raise
        progress.finished = True
        self._load_best()
        return progress.history

    def _start(self) -> None:
        """The score before the first step: training that does not improve on it changes nothing."""
        found = {} if self.progress.history else self._validate()  # a checkpoint of step 0 holds its score
        if found:
            self.report(0, self.total, phase="train", epoch=0.0, **found)
        self.task.begin()

    def _epoch(self, steps: list[list[np.ndarray]]) -> None:
        progress, every = self.progress, math.ceil(len(steps) / self.plan.validations)
        while progress.position < len(steps) and not progress.finished:
            loss = self._step(steps[progress.position])
            progress.position += 1
            progress.step += 1
            metrics = self._metrics(loss, (progress.position - 1) / len(steps))
            if progress.position == len(steps) or progress.position % every == 0:
                metrics |= self._validate()
            self.report(progress.step, self.total, phase="train", **metrics)
            if progress.position < len(steps) and self._age() > self.plan.checkpoint_seconds:
                self._save()

    # one optimiser step

    def _step(self, batches: list[np.ndarray]) -> float | None:
        self.task.module.train()
        factor = self._rate_factor(self.progress.step)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        while True:
            try:
                loss = self._gradients(batches)
                break
            except (RuntimeError, MemoryError) as error:
                if not _out_of_memory(error):
                    raise
            self._halve(batches)  # outside the except clause, whose traceback would keep the activations alive
        self.accelerator.clip_grad_norm_([value for _, value in self.trained], self.plan.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.meter.count(sum(map(len, batches)), sum(map(self.task.tokens, batches)), sum(map(self.task.flops, batches)))
        waits = self.plan.device != "cpu" and self.progress.step % LOSS_EVERY
        return None if waits else float(loss)

    def _gradients(self, batches: list[np.ndarray]) -> torch.Tensor:
        parts = [part for batch in batches for part in np.array_split(batch, min(self.progress.splits, len(batch)))]
        processes, rank = self.accelerator.num_processes, self.accelerator.process_index
        total = sum(self.task.weight(batch) for batch in batches) or 1.0
        loss_sum = torch.zeros((), device=self.plan.device)
        if processes > 1:
            parts = [piece for part in parts for piece in np.array_split(part, processes)[rank:rank + 1]]
        for part in parts:
            if not len(part):
                continue
            with self.accelerator.autocast():
                loss = self.task.step(part)
            self.accelerator.backward(loss * (processes / total))
            loss_sum += loss.detach() / total
        return loss_sum

    def _halve(self, batches: list[np.ndarray]) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if self.progress.splits >= max(map(len, batches)):
            raise RunError(
                "Memory ran out with a single example in the batch. Choose a smaller model, fewer trainable layers or shorter texts."
            )
        self.progress.splits *= 2
        self.note(Message(
            "Memory ran out: batches are now computed in {parts} parts. The result is the same, training is a little slower.",
            parts=self.progress.splits,
        ))

    def _rate_factor(self, step: int) -> float:
        """Linear warm-up, then linear decay to zero: a function of the step alone, so resuming needs no scheduler state."""
        warm = max(1, round(self.plan.warmup * self.total))
        return (step + 1) / warm if step < warm else max(0.0, (self.total - step) / max(1, self.total - warm))

    # figures

    def _metrics(self, loss: float | None, done: float) -> dict[str, Any]:
        metrics = {"epoch": self.progress.epoch + done, "lr": self.optimizer.param_groups[-1]["lr"]} | self.meter.rates()
        if loss is not None:
            metrics["loss"] = loss
            self.progress.loss_sum += loss
            self.progress.loss_steps += 1
        return metrics

    def _validate(self) -> dict[str, float]:
        progress, started = self.progress, time.monotonic()
        self.task.module.eval()
        found = self.task.validate()
        if not found and not progress.step:
            return found
        entry = {"step": progress.step, "epoch": progress.epoch + progress.position / len(self.epoch_steps[progress.epoch])}
        if progress.loss_steps:
            entry["loss"] = progress.loss_sum / progress.loss_steps
        progress.loss_sum, progress.loss_steps = 0.0, 0
        score = found.pop("score", None)
        progress.history.append(entry | found)
        if score is not None and self.plan.keep_best:
            self._judge(score)
        self.meter.pause(time.monotonic() - started)
        return found

    def _judge(self, score: float) -> None:
        progress = self.progress
        if progress.best_score is None or score > progress.best_score:
            progress.best_score, progress.waited = score, 0
            self.best = {name: value.detach().to("cpu", copy=True) for name, value in self._kept().items()}
        else:
            progress.waited += 1
            progress.finished = self.plan.patience is not None and progress.waited >= self.plan.patience

    # weights and checkpoints

    def _kept(self) -> dict[str, torch.Tensor]:
        """Trained parameters and buffers: what differs from the model that training started with."""
        module = self._module()
        stored = set(module.state_dict(keep_vars=True))
        buffers = {name: value for name, value in module.named_buffers() if name in stored}
        return dict(self.trained) | buffers

    def _put(self, tensors: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, value in self._kept().items():
                value.copy_(tensors[name])

    def _load_best(self) -> None:
        if self.best is not None:
            self._put(self.best)

    def _age(self) -> float:
        return time.monotonic() - self.saved

    def _save(self) -> None:
        self.saved = time.monotonic()
        if self.folder is None or not self.accelerator.is_main_process:
            return
        tensors, state = pack(self.optimizer)
        groups = {"model": self._kept(), "optimizer": tensors, "random": state.pop("random")}
        if self.best is not None:
            groups["best"] = self.best
        checkpoint.save(self.folder, self.progress.step, groups, state | {
            "fingerprint": self.task.fingerprint, "total": self.total, "progress": asdict(self.progress),
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
        known = state["fingerprint"] == self.task.fingerprint and state["total"] == self.total
        if not known or not checkpoint.fits(tensors["model"], self._kept()):
            self.note(Message("The checkpoints found belong to other settings or data. Training starts from the beginning."))
            return
        self.progress = Progress(**state["progress"])
        self._put(tensors["model"])
        self.best = tensors.get("best")
        unpack(self.optimizer, tensors, state)
        self.note(Message("Training goes on from step {step} of {total}.", step=self.progress.step, total=self.total))


def _out_of_memory(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error)
    return "not enough memory" in text or "can't allocate memory" in text

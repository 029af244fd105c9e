"""What `TextGenerator.fit` does in a process that may import torch: model, tokens, held-out documents, training, final weights."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bmcore import device as devices
from bmcore import files
from bmcore.errors import DataError
from bmcore.messages import Message
from bmcore.text import gpt_attention, gpt_decode, gpt_memory, gpt_sizes, gpt_source, gpt_tokenizer
from bmcore.text.gpt_packing import Feed, pack
from bmcore.text.gpt_train import Learner, Plan
from bmcore.training import lora
from bmcore.training.budget import Budget, BudgetLoop

HELD_OUT, HELD_TOKENS, HELD_TOKENS_CARD = 0.05, 8192, 131_072  # share of the documents, and tokens that are enough of them
SCRATCH_RATE, EMBEDDING = 0.01, 1.2  # of Muon; of AdamW in units of that
FULL_RATE, LORA_RATE = 5e-5, 3e-4  # of AdamW, for a model that was trained before
PASSES, PASSES_PRETRAINED = 40, 10  # over the texts, at most, however much time there is
DRAFT = 64  # tokens that `watch` sees
FEW = 0.5  # passes below which the user hears of it
LONG = 60.0  # seconds from which a forecast of the time is told


@dataclass
class Fitted:
    """What a fit leaves behind: `model` is float32 in eval mode on its device, with its LoRA layers where it has them."""

    model: Any
    tokenizer: Any
    history: list[dict]
    notes: list[Message]
    counts: dict[str, int]
    forecast: dict[str, Any] | None
    base: dict[str, Any] | None
    updates: int


def fit(estimator: Any, documents: Sequence[str], report: Callable[..., Any], checkpoints: Path | None = None,
        watch: Callable[..., Any] | None = None) -> Fitted:
    """Train by the estimator's settings; all time since the call counts where minutes are given.

    Raises
    ------
    DataError, ModelError, RunError, Cancelled
    """
    started, settings = time.monotonic(), estimator.get_params()
    device = devices.resolve(settings["device"])
    notes: list[Message] = []
    memory = gpt_memory.check(settings, sum(map(len, documents)), device)
    with devices.seeded(settings["seed"]):
        model, tokenizer, base = _opened(settings, documents)
        context = settings["context_length"] if base is None else _context(model, settings["context_length"])
        ends = gpt_tokenizer.border_of(tokenizer, model), gpt_tokenizer.start_of(tokenizer, model)
        feed, held = _divided(gpt_tokenizer.encode(tokenizer, documents, report), context, ends, settings["seed"], device)
        plan = plan_for(settings, base is None)
        learner = Learner(model, feed, held, plan, device, _fingerprint(settings, feed), _drafts(tokenizer, context, settings["seed"]))
        budget = _budget(settings, plan, feed, base is None, device)
        clock = _Clock(report, feed, notes, budget, plan, held.ids.size)
        loop = BudgetLoop(learner, budget, clock, clock.note, checkpoints, watch, started)
        with gpt_attention.quick(model, device):
            history = loop.run()
    if budget.seconds and budget.steps and loop.position.step >= budget.steps:
        clock.note(Message("The texts were read {n} times, which is enough: training ended before its time.", n=_passes(feed)))
    counts = {"documents": len(documents), "tokens": sum(map(len, feed.documents)), "parameters": learner.parameters}
    return Fitted(learner.learned.finish(), tokenizer, [_entry(one) for one in history], notes, counts, (memory or {}) | clock.found,
                  base, loop.position.step)


def plan_for(settings: dict[str, Any], scratch: bool) -> Plan:
    """Learning rates and batches by the settings."""
    batch = max(settings["batch_tokens"], settings["context_length"])
    if scratch:
        rate = settings["learning_rate"] or SCRATCH_RATE
        return Plan(rate, EMBEDDING * rate, max(settings["context_length"], batch // 2), batch)
    rate = settings["learning_rate"] or (LORA_RATE if settings["method"] == "lora" else FULL_RATE)
    return Plan(0.0, rate, batch, batch, decay=0.0 if settings["method"] == "lora" else 0.01, averaged=False)


def _opened(settings: dict[str, Any], documents: Sequence[str]) -> tuple[Any, Any, dict[str, Any] | None]:
    """(model, tokenizer, base)"""
    if settings["model"] == gpt_source.SCRATCH:
        vocabulary = gpt_tokenizer.vocabulary_for(sum(map(len, documents)))
        tokenizer = gpt_tokenizer.learn(documents, vocabulary, settings["context_length"])
        border = gpt_tokenizer.border_of(tokenizer)
        return gpt_sizes.build(settings["size"], len(tokenizer), settings["context_length"], border), tokenizer, None
    model, tokenizer, source = gpt_source.open_base(settings["model"])
    if settings["method"] == "lora":
        lora.attach(model, settings["lora_rank"])
    return model, tokenizer, source.base()


def _context(model: Any, asked: int) -> int:
    """No longer than the model has positions, nor than its layers of limited sight see: documents are told apart by one mask for all."""
    config = getattr(model.config, "text_config", model.config)
    window = getattr(config, "sliding_window", None)
    limited = bool(window) and getattr(config, "use_sliding_window", True)
    found = gpt_decode.context_of(model, asked)
    return min(found, window) if limited else found


def _divided(arrays: list[np.ndarray], context: int, ends: tuple[int, int], seed: int, device: str) -> tuple[Feed, Any]:
    """What is learned, and rows of documents that only choose the best weights; `ends`: the tokens behind and before a document."""
    arrays = [one for one in arrays if len(one)]
    if len(arrays) < 2:
        raise DataError("There are fewer than 2 texts to learn from: one learns, one judges. Bring more texts, better some hundred.")
    order = np.random.default_rng([seed, len(arrays)]).permutation(len(arrays))
    enough, most = HELD_TOKENS_CARD if device == "cuda" else HELD_TOKENS, max(1, math.ceil(HELD_OUT * len(arrays)))
    before = np.cumsum([0, *(len(arrays[row]) for row in order[:most])])
    n = max(1, int(np.searchsorted(before, enough)))
    n = min(n, most)
    held = pack([arrays[row] for row in order[:n]], context, *ends)
    held = held.cut(max(1, enough // context))
    return Feed([arrays[row] for row in order[n:]], context, ends[0], seed, ends[1]), held


def _budget(settings: dict[str, Any], plan: Plan, feed: Feed, scratch: bool, device: str) -> Budget:
    minutes = settings["minutes"]
    passes = settings["epochs"] if minutes is None else PASSES if scratch else PASSES_PRETRAINED
    return Budget(plan.updates(passes * feed.rows * feed.context), None if minutes is None else 60 * minutes, device)


def _drafts(tokenizer: Any, context: int, seed: int) -> Callable[[Any], list[str]]:
    def write(model: Any) -> list[str]:
        return gpt_decode.generate(model, tokenizer, ["", ""], max_new_tokens=DRAFT, seed=seed, context=context)

    return write


def _passes(feed: Feed) -> int:
    epoch, row = feed.place.tolist()
    return round(epoch + row / feed.rows)


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    """Of the history: `loss` is called what it is."""
    return {"train_loss" if name == "loss" else name: value for name, value in entry.items() if name != "score"}


def _fingerprint(settings: dict[str, Any], feed: Feed) -> str:
    """Same settings and data, same text."""
    known = {name: value for name, value in settings.items() if name not in ("device", "minutes", "epochs")}
    digest = hashlib.sha256(json.dumps(known, sort_keys=True, default=files.plain).encode())
    for tokens in feed.documents:
        digest.update(np.int64(len(tokens)).tobytes() + tokens.tobytes())
    return digest.hexdigest()


class _Clock:
    """Passes reports on; two measured updates, the second and the third, say how long all of it takes.

    Attributes
    ----------
    found : dict
        tokens_per_s, seconds of the training.
    """

    def __init__(self, report: Callable[..., Any], feed: Feed, notes: list[Message], budget: Budget, plan: Plan, held: int):
        self.report, self.feed, self.notes, self.budget = report, feed, notes, budget
        # batches grow, so the tokens of the first updates say less than the plan; judging costs a third of learning
        self.tokens = budget.steps * (plan.first + plan.last) / 2 + budget.validations * held / 3
        self.first: tuple[int, float, int] | None = None
        self.found: dict[str, float] = {}

    def note(self, message: Message) -> None:
        self.notes.append(message)
        tell = getattr(self.report, "note", None)
        if tell is not None:
            tell(message)

    def __call__(self, step: int, total: int, **metrics: Any) -> None:
        updates, rows = metrics.get("updates", 0), self.feed.place.tolist()
        seen, now = (rows[0] * self.feed.rows + rows[1]) * self.feed.context, time.monotonic()
        if self.first is None and updates:
            self.first = updates, now, seen
        elif self.first is not None and not self.found and updates == self.first[0] + 2:
            self._tell((seen - self.first[2]) / max(now - self.first[1], 1e-9))
        self.report(step, total, **metrics)

    def _tell(self, speed: float) -> None:
        tokens = self.feed.rows * self.feed.context  # a pass
        if self.budget.seconds is not None:
            passes = speed * self.budget.seconds / tokens
            self.found = {"tokens_per_s": speed, "seconds": self.budget.seconds}
            if passes < FEW:
                self.note(Message("In this time about {percent} % of the texts are read once. More minutes make a better model.",
                                  percent=max(1, round(100 * passes))))
            return
        seconds = self.tokens / speed
        self.found = {"tokens_per_s": speed, "seconds": seconds}
        if seconds > LONG:
            self.note(Message("Training takes about {minutes} minutes on this machine.", minutes=max(1, round(seconds / 60))))

"""One update of a causal language model, and everything scheduled over the budget: a task of `training.budget.BudgetLoop`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bmcore.text.gpt_head import mean_loss
from bmcore.text.gpt_packing import IGNORED, Blocks, Feed
from bmcore.text.gpt_weights import Learned, optimizers

CLIP = 1.0
AVERAGE = 16.0  # weights are averaged over about the last 6 % of the updates, however many there are


@dataclass
class Plan:
    """Settings of one training.

    Attributes
    ----------
    matrices, others : float
        Highest learning rates, of Muon for hidden matrices (0: AdamW learns them too) and of AdamW.
    first, last : int
        Tokens of an update, in the beginning and in the end: they grow evenly with the share of the budget that is spent.
    warm, cool : float
        Share of the budget in which the learning rate grows, and in which it shrinks to 0.
    """

    matrices: float
    others: float
    first: int
    last: int
    warm: float = 0.02
    cool: float = 0.6
    decay: float = 0.0
    averaged: bool = True
    part: int = 4096  # tokens that are computed at once

    def factor(self, done: float) -> float:
        """Of the highest learning rate."""
        return max(min(1.0, (done + 1e-3) / self.warm, (1 - done) / self.cool), 1e-3)

    def tokens(self, done: float) -> float:
        """Of the update that begins when this share is spent."""
        return self.first + (self.last - self.first) * done

    def updates(self, tokens: float) -> int:
        """In which so many tokens are seen.

        >>> Plan(0.0, 0.1, 100, 300).updates(2000)
        10
        """
        return max(1, round(2 * tokens / (self.first + self.last)))


class Place(torch.nn.Module):
    """Where the feed stands, as something that a checkpoint keeps."""

    def __init__(self, place: torch.Tensor):
        super().__init__()
        self.register_buffer("place", place)


class Learner:
    """A model, its texts and its plan."""

    watched = 12

    def __init__(self, model: torch.nn.Module, feed: Feed, held: Blocks | None, plan: Plan, device: str, fingerprint: str,
                 drafts: Callable[[Any], list[str]] | None = None):
        self.feed, self.held, self.plan, self.device, self.fingerprint, self.drafts = feed, held, plan, device, fingerprint, drafts
        model.train()
        self.learned = Learned(model, device, plan.averaged)
        self.modules = self.learned.modules | {"place": Place(feed.place)}
        self.optimizers = optimizers(self.learned, plan.matrices, plan.others, plan.decay)
        self.parameters = sum(value.numel() for value in model.parameters())
        self.samples, self.tokens, self.flops, self.part = 0, 0, 0.0, max(1, plan.part // feed.context)
        self.begun = feed.place.clone()

    def step(self, step: int, done: float) -> dict[str, torch.Tensor]:
        """One update."""
        self.learned.settle()
        self.begun.copy_(self.feed.place)
        blocks = _clean_first(self.feed.take(max(1, round(self.plan.tokens(done) / self.feed.context))))
        count = int((blocks.targets != IGNORED).sum())
        self.samples, self.tokens, self.flops = len(blocks), count, 6.0 * self.parameters * count
        total = torch.zeros((), device=self.device)
        for start in range(0, len(blocks), self.part):
            loss = mean_loss(self.learned.model, *blocks.batch(slice(start, start + self.part), self.device), count)
            loss.backward()
            total += loss.detach()
        self._descend(step, done)
        return {"loss": total}

    def _descend(self, step: int, done: float) -> None:
        factor = self.plan.factor(done)
        for name, optimizer in self.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = factor * (self.plan.matrices if name == "muon" else self.plan.others)
        self.learned.slopes(CLIP)
        for optimizer in self.optimizers.values():
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.learned.add(1 - (1 - 1 / (step + 1)) ** (AVERAGE + 1))

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Mean loss on documents that are not learned from, by the weights that would be kept."""
        if self.held is None:
            return {}
        total = torch.zeros((), device=self.device)
        count = int((self.held.targets != IGNORED).sum())
        with self.learned.judged() as model:
            for start in range(0, len(self.held), self.part):
                total += mean_loss(model, *self.held.batch(slice(start, start + self.part), self.device), count)
        return {"validation_loss": float(total), "score": -float(total)}

    def pictures(self) -> list[str] | None:
        """Drafts by the weights that would be kept."""
        if self.drafts is None:
            return None
        with self.learned.judged() as model:
            return self.drafts(model)

    def halve(self) -> bool:
        """Fewer rows at once, of the same update."""
        self.learned.forget()
        self.feed.place.copy_(self.begun)
        self.part //= 2
        return self.part > 0


def _clean_first(blocks: Blocks) -> Blocks:
    """Rows of one piece of text first: only the parts behind them need a mask."""
    order = np.argsort(blocks.segments.any(1), kind="stable")
    return blocks.cut(order)

"""Fine-tuning as a `Task` of the training loop: a frozen prefix computed once, the top layers trained."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from bmcore.text.encode import Tokens
from bmcore.text.head import class_weights, fit_head, put_head
from bmcore.text.network import Network
from bmcore.text.probe import pooled
from bmcore.text.stack import Split, head_inputs, head_of, layers_of, scores_only
from bmcore.text.states import States
from bmcore.training.batching import padding_share

LAYER_DECAY = 0.9  # learning rate of a layer relative to the one above
HEAD_RATE = 10.0  # learning rate of the last linear layer relative to the top layer's: it starts new
HEAD_STD = 0.02  # of its first weights, as BERT's own
MOST_EXAMPLES = 64  # in a batch, so that short texts do not make steps rare


class Part:
    """Texts with their classes, and their cached activations if there is a frozen prefix."""

    def __init__(self, tokens: Tokens, classes: np.ndarray):
        self.tokens, self.classes = tokens, classes
        self.states: States | None = None
        self.features: np.ndarray | None = None


class FineTune:
    """The task that `training.loop` trains.

    Parameters
    ----------
    network : Network
    train, dev : Part
        dev may be None.
    depth : int or None
        Frozen layers; None trains everything, the embeddings too.
    """

    def __init__(self, network: Network, train: Part, dev: Part | None, *, depth: int | None, batch_tokens: int, weighting: str | None,
                 seed: int, fingerprint: str):
        self.network, self.module, self.train, self.dev = network, network.model, train, dev
        self.batch_tokens, self.seed, self.fingerprint = batch_tokens, seed, fingerprint
        self.split = Split(network.model, depth) if depth else None
        self.depth = depth
        self.k = network.model.config.num_labels
        self.weighting = weighting
        self.example_weight = class_weights(train.classes, self.k, weighting)[train.classes]
        self.class_weight = torch.from_numpy(class_weights(train.classes, self.k, weighting)).to(network.device)

    # before training

    def prepare(self, report: Callable[..., None], scratch: Path | None = None) -> None:
        """Cache the frozen prefix, fit the head whose score training must beat, mark what is trained."""
        for part in (self.train, self.dev):
            if part is not None:
                self._encode(part, report, scratch)
        weight, bias = fit_head(self.train.features, self.train.classes, self.k, weighting=self.weighting,
                                with_bias=head_of(self.module).bias is not None)
        put_head(head_of(self.module), weight, bias)
        self._mark()

    @torch.inference_mode()
    def _encode(self, part: Part, report: Callable[..., None], scratch: Path | None) -> None:
        network = self.network
        part.features = np.zeros((len(part.tokens), head_of(self.module).in_features), dtype=np.float32)
        if self.split is None:
            part.features = network.features(part.tokens, report)
            return
        self.module.eval()
        for batch in network.sweep(part.tokens, report, "encode"):
            inputs = network.inputs(part.tokens, batch)
            with network.autocast():
                states = self.split.prefix(inputs)
                if part.states is None:
                    part.states = States(part.tokens.lengths, states.shape[-1], scratch)
                part.states.put(batch, states, network.left)
                with scores_only(self.module, network.first_token), self.split.suffix() as feed, head_inputs(self.module) as seen:
                    feed.states = states
                    self.module(**inputs)
            part.features[batch] = pooled(seen.pop(), inputs, network.pad).float().cpu().numpy()

    def _mark(self) -> None:
        """Only what gets a gradient, and does not change the cached activations, is trained: two probes tell, whatever the architecture."""
        self.module.requires_grad_(True)
        if self.split is None:
            return
        shortest = np.array([int(np.argmin(self.train.tokens.lengths))])
        frozen = self.split.below(self.network.inputs(self.train.tokens, shortest))
        self.step(shortest).backward()
        for value in self.module.parameters():
            value.requires_grad_(value.grad is not None and id(value) not in frozen)
            value.grad = None

    # the loop's questions

    def begin(self) -> None:
        """A small new head. The logistic regression has had its score, which training must beat; but its weights are a hundred
        times larger than a new head's (features of small variance), and layers that learn below it only unlearn."""
        head = head_of(self.module)
        generator = torch.Generator().manual_seed(self.seed)
        put_head(head, torch.empty(head.weight.shape).normal_(0, HEAD_STD, generator=generator).numpy(), np.zeros(self.k, dtype=np.float32))

    def groups(self, learning_rate: float) -> list[dict]:
        """Lower layers learn more slowly, the last linear layer faster; norms and biases do not decay."""
        layers = layers_of(self.module)
        depth_of = {id(value): place for place, layer in enumerate(layers or []) for value in layer.parameters()}
        below = {id(value) for value in self.module.get_input_embeddings().parameters()}
        head = {id(value) for value in head_of(self.module).parameters()}
        top = len(layers or [])
        groups: dict[tuple[float, bool], dict] = {}
        for value in self.module.parameters():
            if not value.requires_grad:
                continue
            place = depth_of.get(id(value), -1 if id(value) in below else top - 1)
            rate = learning_rate * (HEAD_RATE if id(value) in head else LAYER_DECAY ** (top - 1 - place))
            decays = value.dim() > 1
            entry = groups.setdefault((rate, decays), {"params": [], "lr": rate} | ({} if decays else {"weight_decay": 0.0}))
            entry["params"].append(value)
        return list(groups.values())

    def batches(self, epoch: int) -> list[np.ndarray]:
        return self.network.batches(self.train.tokens, self.batch_tokens, seed=self.seed * 1000 + epoch, most=MOST_EXAMPLES)

    def weight(self, batch: np.ndarray) -> float:
        return float(self.example_weight[batch].sum())

    def tokens(self, batch: np.ndarray) -> int:
        return int(self.train.tokens.lengths[batch].sum())

    def flops(self, batch: np.ndarray) -> float:
        trained = sum(value.numel() for value in self.module.parameters() if value.requires_grad)
        return 6.0 * trained * self.tokens(batch)

    def step(self, batch: np.ndarray) -> torch.Tensor:
        logits = self._logits(self.train, batch)
        classes = torch.from_numpy(self.train.classes[batch]).to(logits.device)
        return torch.nn.functional.cross_entropy(logits.float(), classes, weight=self.class_weight, reduction="sum")

    def _logits(self, part: Part, batch: np.ndarray) -> torch.Tensor:
        network = self.network
        inputs = network.inputs(part.tokens, batch)
        with scores_only(self.module, network.first_token), self.split.suffix() if self.split else contextlib.nullcontext() as feed:
            if feed is not None:
                feed.states = part.states.get(batch, network.device, network.left)
            return self.module(**inputs).logits

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        if self.dev is None:
            return {}
        scores = np.zeros((len(self.dev.tokens), self.k), dtype=np.float32)
        for batch in self.network.batches(self.dev.tokens):
            with self.network.autocast():
                scores[batch] = self._logits(self.dev, batch).float().cpu().numpy()
        return judge(scores, self.dev.classes)

    def padding(self) -> float:
        """Share of padding among the tokens of the first epoch."""
        return padding_share(self.train.tokens.lengths, self.batches(0))


def judge(scores: np.ndarray, classes: np.ndarray) -> dict[str, float]:
    """Macro-F1 and loss of class scores (n, k); a class of -1 was never learned and counts as wrong."""
    from sklearn.metrics import f1_score

    value = float(f1_score(classes, scores.argmax(1), average="macro", zero_division=0))
    known = classes >= 0
    shifted = scores[known] - scores[known].max(1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(shifted)), classes[known]]
    return {"dev_macro_f1": value, "dev_loss": float(losses.mean()) if len(losses) else 0.0, "score": value}

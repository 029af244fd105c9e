"""What `TextClassifier.fit` does in a process that may import torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bmcore import device as devices
from bmcore import files
from bmcore.messages import Message
from bmcore.text import encode, models
from bmcore.text.bert import FineTune, Part, judge
from bmcore.text.head import fit_head, put_head
from bmcore.text.network import Network
from bmcore.text.stack import head_of, layers_of, without_dropout

AUTO_EXAMPLES = 500  # up to here, or
AUTO_PER_CLASS = 32  # up to here on average, a frozen encoder is as good and far cheaper
AUTO_LAYERS = 2  # trained on a processor; everything on an accelerator
DEV_SHARE = 0.1


@dataclass
class Fitted:
    """What a fit leaves behind."""

    network: Network
    history: list[dict]
    notes: list[Message]
    layers: int | str


def fit(settings: dict[str, Any], texts: list[str], classes: np.ndarray, names: list[str], dev: tuple[list[str], np.ndarray] | None,
        report: Callable[..., None], checkpoints: Path | None) -> Fitted:
    """Train by `settings` (the estimator's parameters)."""
    device = devices.resolve(settings["device"])
    notes: list[Message] = []
    tell = getattr(report, "note", None)

    def note(message: Message) -> None:
        notes.append(message)
        if tell is not None:
            tell(message)

    with devices.seeded(settings["seed"]):
        model, tokenizer = models.open_model(models.locate(settings["model"], settings["revision"]), names)
        network = Network(model, tokenizer, device, settings["max_length"])
        train = Part(network.tokenize(texts), classes)
        warn_of_unknown(network, train, note)
        layers = trained_layers(settings["trainable_layers"], len(texts), len(names), network, note)
        held = None if dev is None else Part(network.tokenize(dev[0]), dev[1])
        if layers == 0:
            return Fitted(network, _head(network, train, held, len(names), settings["class_weight"], report), notes, layers)
        if held is None and settings["early_stopping"]:
            train, held = hold_out(train, settings["seed"])
        history = _finetune(network, train, held, layers, settings, report, note, checkpoints, texts)
    return Fitted(network, history, notes, layers)


def trained_layers(asked: int | str, n: int, k: int, network: Network, note: Callable[[Message], None]) -> int | str:
    """What "auto" stands for; a number of layers is capped by what the model has, and by what it lets one freeze."""
    if asked == "auto":
        if n < AUTO_EXAMPLES or n / k <= AUTO_PER_CLASS:
            return 0
        asked = "all" if network.device != "cpu" else AUTO_LAYERS
    if asked in (0, "all"):
        return asked
    layers = layers_of(network.model)
    if layers is not None and asked > len(layers):
        return "all"
    if layers is None or (asked < len(layers) and not network.splits_at(len(layers) - asked)):
        note(Message(
            "A model of type {kind} cannot be trained in its top layers alone, so all of it is trained: that takes longer. "
            "To save time, set the trained layers to 0, or choose another model.",
            kind=str(network.model.config.model_type),
        ))
        return "all"
    return int(asked)


def warn_of_unknown(network: Network, part: Part, note: Callable[[Message], None]) -> None:
    """A note if the model does not know the words of the texts, as minilm with Chinese."""
    share = encode.unknown_share(network.tokenizer, part.tokens)
    if share > encode.UNKNOWN_SHARE:
        note(Message(
            "The model does not know {percent} % of the words in these texts, so it can hardly learn from them. "
            "For Chinese or other scripts choose a hub model made for the language, such as a Chinese BERT.",
            percent=round(100 * share),
        ))


def hold_out(part: Part, seed: int) -> tuple[Part, Part | None]:
    """A stratified tenth for choosing the best weights; classes with one example stay in training."""
    generator = np.random.default_rng(seed)
    keys = generator.random(len(part.classes))
    order = np.lexsort((keys, part.classes))
    _, first, counts = np.unique(part.classes[order], return_index=True, return_counts=True)
    rank = np.arange(len(order)) - np.repeat(first, counts)
    take = np.floor(counts * DEV_SHARE + generator.random(len(counts))).astype(int)
    chosen = np.zeros(len(order), dtype=bool)
    chosen[order] = rank < np.repeat(np.minimum(take, counts - 1), counts)
    if not chosen.any():
        return part, None
    return _rows(part, np.flatnonzero(~chosen)), _rows(part, np.flatnonzero(chosen))


def _rows(part: Part, rows: np.ndarray) -> Part:
    return Part(encode.Tokens([part.tokens.row(row).tolist() for row in rows]), part.classes[rows])


def _head(network: Network, train: Part, dev: Part | None, k: int, weighting: str | None, report: Callable[..., None]) -> list[dict]:
    features = network.features(train.tokens, report)
    layer = head_of(network.model)
    put_head(layer, *fit_head(features, train.classes, k, weighting=weighting, with_bias=layer.bias is not None))
    if dev is None:
        return []
    found = judge(network.logits(dev.tokens, report), dev.classes)
    found.pop("score")
    report(1, 1, phase="train", epoch=1, **found)
    return [{"step": 1, "epoch": 1.0} | found]


def _finetune(network: Network, train: Part, dev: Part | None, layers: int | str, settings: dict[str, Any],
              report: Callable[..., None], note: Callable[[Message], None], checkpoints: Path | None, texts: list[str]) -> list[dict]:
    from bmcore.training.loop import Loop, Plan

    stack = layers_of(network.model)
    depth = None if layers == "all" else len(stack) - layers
    task = FineTune(network, train, dev, depth=depth, batch_tokens=settings["batch_tokens"], weighting=settings["class_weight"],
                    seed=settings["seed"], fingerprint=fingerprint(settings, texts, train))
    task.prepare(report, checkpoints)
    best = settings["early_stopping"]
    plan = Plan(epochs=settings["epochs"], learning_rate=settings["learning_rate"], device=network.device,
                validations=2 if dev is not None else 1, patience=4 if dev is not None and best else None, keep_best=best)
    try:
        with without_dropout(network.model):
            return Loop(task, plan, report, note, checkpoints).run()
    finally:
        network.model.requires_grad_(True)
        network.model.eval()


def fingerprint(settings: dict[str, Any], texts: list[str], train: Part) -> str:
    """Same settings and data, same text."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=files.plain).encode())
    digest.update(train.tokens.ids.tobytes())
    digest.update(train.classes.tobytes())
    return digest.hexdigest()

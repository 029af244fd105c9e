"""The parts of a transformers classifier, found without knowing its architecture: its layers and its last linear layer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from bmcore.errors import ModelError

# what an unforeseen architecture raises when probed
MISFITS = (AttributeError, TypeError, RuntimeError, IndexError, ValueError, KeyError, AssertionError)


def alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two results are the same but for rounding, that of an accelerator included."""
    return one.shape == other.shape and bool((one - other).abs().max() <= 1e-3 * one.abs().max())


def layers_of(model: nn.Module) -> nn.ModuleList | None:
    """The stack of layers: the longest list of modules of one class inside the base model; None if there is no list of two."""
    lists = [
        module for module in model.base_model.modules()
        if isinstance(module, nn.ModuleList) and len({type(part) for part in module}) == 1
    ]
    longest = max(lists, key=len, default=None)
    return longest if longest is not None and len(longest) > 1 else None


def head_of(model: nn.Module) -> nn.Linear:
    """The layer that gives the class scores: the last linear one with an output a class.

    Raises
    ------
    ModelError
        If there is none.
    """
    wanted = model.config.num_labels
    inside = set(model.base_model.modules())
    linear = [module for module in model.modules() if isinstance(module, nn.Linear) and module not in inside]
    found = [module for module in linear if module.out_features == wanted]
    if not found:
        raise ModelError("This model has no layer that gives class scores. Choose a BERT-like model, or minilm.")
    return found[-1]


class _Stop(Exception):
    """Ends a forward pass whose rest is not needed."""


class PassOn(nn.Module):
    """Stands in for a frozen layer: gives back the states it gets, in the shape of that layer's answer."""

    def __init__(self, layer: nn.Module, further: int | None):
        super().__init__()
        self.further = further  # values after the states in the layer's answer; None where it is no tuple
        # some models ask a layer for small facts such as its attention type
        for name, value in vars(layer).items():
            if isinstance(value, str | int | float | bool) and not hasattr(self, name):
                setattr(self, name, value)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        states = args[0] if args else kwargs["hidden_states"]
        return states if self.further is None else (states, *[None] * self.further)


@dataclass
class Feed:
    """What `Split.suffix` hands to the first trained layer in place of what it is given."""

    states: torch.Tensor | None = None

    def put(self, module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        return ((self.states, *args[1:]), kwargs) if args else (args, kwargs | {"hidden_states": self.states})


class Split:
    """A classifier cut in two below layer `depth`: the frozen prefix, computed once, and the suffix that is trained.

    Parameters
    ----------
    model : transformers sequence classifier
    depth : int
        Frozen layers, from 1 to all but none of them.
    """

    def __init__(self, model: nn.Module, depth: int):
        self.model, self.depth = model, depth
        self.layers = layers_of(model)
        self._further: int | None = None

    def prefix(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """What layer `depth` is given, (B, T, d)."""
        caught = []

        def catch(module: nn.Module, args: tuple, kwargs: dict) -> None:
            caught.append(args[0] if args else kwargs["hidden_states"])
            raise _Stop

        def shape(module: nn.Module, args: tuple, output: Any) -> None:
            self._further = len(output) - 1 if isinstance(output, tuple) else None

        hooks = [
            self.layers[self.depth - 1].register_forward_hook(shape),
            self.layers[self.depth].register_forward_pre_hook(catch, with_kwargs=True),
        ]
        try:
            with contextlib.suppress(_Stop):
                self.model(**inputs)
        finally:
            for hook in hooks:
                hook.remove()
        return caught[0]

    @contextlib.contextmanager
    def suffix(self) -> Iterator[Feed]:
        """Inside, the frozen layers are stand-ins: set `.states` on what this gives, then call the model as ever.

        Enter it inside `scores_only`: the first trained layer is the one that stands there now.
        """
        real, feed = list(self.layers[:self.depth]), Feed()
        hook = self.layers[self.depth].register_forward_pre_hook(feed.put, with_kwargs=True)
        for place, layer in enumerate(real):
            self.layers[place] = PassOn(layer, self._further)
        try:
            yield feed
        finally:
            hook.remove()
            for place, layer in enumerate(real):
                self.layers[place] = layer

    def below(self, inputs: dict[str, torch.Tensor]) -> set[int]:
        """The ids of the parameters that the cached activations depend on, whichever module holds them.

        DeBERTa's and MPNet's position weights serve every layer: trained with the top ones they would change the frozen ones too.
        """
        self.model.zero_grad(set_to_none=True)
        self.prefix(inputs).sum().backward()
        found = {id(value) for value in self.model.parameters() if value.grad is not None}
        self.model.zero_grad(set_to_none=True)
        return found | {id(value) for layer in self.layers[:self.depth] for value in layer.parameters()}

    @torch.inference_mode()
    def works(self, inputs: dict[str, torch.Tensor]) -> bool:
        """Whether prefix and suffix give what the whole gives: tried on real inputs, since no name or type could promise it."""
        try:
            with head_inputs(self.model) as seen:
                self.model(**inputs)
                states = self.prefix(inputs)
                with self.suffix() as feed:
                    feed.states = states
                    self.model(**inputs)
            return states.shape[:2] == inputs["input_ids"].shape and alike(*seen)
        except MISFITS:
            return False


@contextlib.contextmanager
def without_dropout(model: nn.Module) -> Iterator[None]:
    """Inside, dropout passes everything.

    A warm-started head has large weights on features far from zero: dropping some of them throws it off course. And without
    it attention runs in its fast kernel.
    """
    rates = [(module, module.p) for module in model.modules() if isinstance(module, nn.Dropout)]
    for module, _ in rates:
        module.p = 0.0
    try:
        yield
    finally:
        for module, rate in rates:
            module.p = rate


class FirstToken(nn.Module):
    """The last layer of a BERT-like stack computed for the first token alone, which is all that a pooled classifier reads.

    Keys and values still come from every token, so the result is the same; queries, the output product and the feed-forward
    net, five sixths of the layer, are computed once a text in place of once a token.
    """

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, hidden: torch.Tensor, attention_mask: torch.Tensor | None = None, *args: Any, **kwargs: Any) -> torch.Tensor:
        attention = self.layer.attention.self
        first = hidden[:, :1]  # (B, 1, d)
        shape = (len(hidden), -1, attention.num_attention_heads, attention.attention_head_size)
        queries, keys, values = (
            part(states).view(shape).transpose(1, 2)  # (B, heads, 1 or T, d / heads)
            for part, states in ((attention.query, first), (attention.key, hidden), (attention.value, hidden))
        )
        mixed = nn.functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=None if attention_mask is None else attention_mask[:, :, :1],
            dropout_p=attention.dropout.p if self.training else 0.0,
        )
        mixed = mixed.transpose(1, 2).reshape(len(hidden), 1, -1)
        return self.layer.feed_forward_chunk(self.layer.attention.output(mixed, first))


@contextlib.contextmanager
def scores_only(model: nn.Module, possible: bool = True) -> Iterator[None]:
    """Inside, the last layer computes what the class scores need and nothing else."""
    layers = layers_of(model) if possible else None
    if layers is None:
        yield
        return
    last = layers[-1]
    layers[-1] = FirstToken(last).train(last.training)
    try:
        yield
    finally:
        layers[-1] = last


@torch.inference_mode()
def reads_first_token(model: nn.Module, inputs: dict[str, torch.Tensor]) -> bool:
    """Whether `scores_only` changes nothing: tried on real inputs, since no name or type could promise it."""
    if layers_of(model) is None or not hasattr(layers_of(model)[-1], "feed_forward_chunk"):
        return False
    try:
        with head_inputs(model) as seen:
            model(**inputs)
            with scores_only(model):
                model(**inputs)
        return alike(*seen)
    except MISFITS:
        return False


@contextlib.contextmanager
def head_inputs(model: nn.Module) -> Iterator[list[torch.Tensor]]:
    """Inside, what the last linear layer is given is appended to a list at every forward pass."""
    seen: list[torch.Tensor] = []
    hook = head_of(model).register_forward_pre_hook(lambda module, args: seen.append(args[0].detach()))
    try:
        yield seen
    finally:
        hook.remove()

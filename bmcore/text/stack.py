"""The parts of a transformers classifier, found without knowing its architecture: its layers and its last linear layer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from bmcore.errors import ModelError


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


class Feed(nn.Module):
    """Stands in for a frozen layer; the first one hands in the cached activations, the others pass on what they get."""

    def __init__(self, layer: nn.Module, as_tuple: bool):
        super().__init__()
        self.as_tuple = as_tuple
        self.states: torch.Tensor | None = None
        # some models ask a layer for small facts such as its attention type
        for name, value in vars(layer).items():
            if isinstance(value, str | int | float | bool) and not hasattr(self, name):
                setattr(self, name, value)

    def forward(self, hidden: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        out = hidden if self.states is None else self.states
        return (out,) if self.as_tuple else out


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
        self._as_tuple = False

    def prefix(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """What layer `depth` is given, (B, T, d)."""
        caught = []

        def catch(module: nn.Module, args: tuple, kwargs: dict) -> None:
            caught.append(args[0] if args else kwargs["hidden_states"])
            raise _Stop

        def shape(module: nn.Module, args: tuple, output: Any) -> None:
            self._as_tuple = isinstance(output, tuple)

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
        """Inside, the frozen layers are stand-ins: set `.states` on what this gives, then call the model as ever."""
        real = list(self.layers[:self.depth])
        feeds = [Feed(layer, self._as_tuple) for layer in real]
        for place, feed in enumerate(feeds):
            self.layers[place] = feed
        try:
            yield feeds[-1]
        finally:
            for place, layer in enumerate(real):
                self.layers[place] = layer


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
    expected = model(**inputs).logits
    try:
        with scores_only(model):
            return torch.allclose(model(**inputs).logits, expected, atol=1e-4, rtol=1e-3)
    except (AttributeError, TypeError, RuntimeError, IndexError, ValueError):
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

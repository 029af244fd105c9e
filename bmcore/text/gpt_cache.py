"""The keys and values that a language model keeps of what it has read: memory taken once, a step writes one column in place.

transformers' own cache is copied as a whole for every token, and one for fixed sizes pays for attention to columns that are still empty.
Layers with a sliding window keep all columns too: the model's own mask hides what is too far away, and the context bounds the memory.
"""

from __future__ import annotations

import torch
from transformers.cache_utils import Cache, DynamicLayer


class Columns(DynamicLayer):
    """One layer's keys and values, (rows, heads, columns, head size) each, of which `used` columns are written.

    Examples
    --------
    >>> layer = Columns(8)
    >>> keys, values = layer.update(torch.ones(1, 2, 3, 4), torch.ones(1, 2, 3, 4))
    >>> tuple(keys.shape), layer.get_seq_length()
    ((1, 2, 3, 4), 3)
    """

    def __init__(self, columns: int):
        super().__init__()
        self.columns, self.used = columns, 0

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Take the memory; what is not written is not touched."""
        self.dtype, self.device = key_states.dtype, key_states.device
        self.keys, self.values = self._room(key_states, len(key_states)), self._room(value_states, len(value_states))
        self.is_initialized = True

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args, **kwargs) -> tuple[torch.Tensor, torch.Tensor]:
        """Write the new columns and return all that are written."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start, self.used = self.used, self.used + key_states.shape[2]
        self.keys[:, :, start:self.used] = key_states
        self.values[:, :, start:self.used] = value_states
        return self.keys[:, :, :self.used], self.values[:, :, :self.used]  # (rows, heads, used, head size)

    def get_seq_length(self) -> int:
        """Columns that are written."""
        return self.used

    def select(self, rows: torch.Tensor) -> None:
        """Keep these rows, in this order; a row may be taken more than once."""
        for name in ("keys", "values"):
            old = getattr(self, name)
            new = self._room(old, len(rows))
            new[:, :, :self.used] = old[rows, :, :self.used]
            setattr(self, name, new)

    def shift(self, kept: int) -> None:
        """Move the last `kept` columns to the front."""
        for held in (self.keys, self.values):
            held[:, :, :kept] = held[:, :, self.used - kept:self.used].clone()
        self.used = kept

    def replace(self, rows: torch.Tensor, other: Columns) -> None:
        """Write what `other` has read over the last columns of these rows."""
        for mine, theirs in ((self.keys, other.keys), (self.values, other.values)):
            mine[rows, :, self.used - other.used:self.used] = theirs[:, :, :other.used]

    def _room(self, like: torch.Tensor, rows: int) -> torch.Tensor:
        return like.new_empty((rows, like.shape[1], self.columns, like.shape[3]))


def columns_cache(columns: int) -> Cache:
    """An empty cache whose layers hold `columns` columns each."""
    return Cache(layer_class_to_replicate=lambda: Columns(columns))


def row_bytes(model: torch.nn.Module, columns: int) -> int:
    """Bytes that a row of the cache takes."""
    config = model.config.get_text_config(decoder=True)
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 2 * config.num_hidden_layers * heads * size * columns * model.dtype.itemsize

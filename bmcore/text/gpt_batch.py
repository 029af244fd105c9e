"""Several texts that a language model continues side by side: what each is predicted from, and the cache of all.

Rows are aligned at their last token, so each has empty columns before it (left padding). A row whose window is full keeps its later half.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch

from bmcore.text.gpt_cache import columns_cache

_SLACK = 4  # a quarter more columns than the context: rows are moved to the front that often
_LEAST_SLACK = 16


class Batch:
    """Rows of tokens and the logits of the next.

    Use it to write: `logits = batch.start()`, then `logits = batch.step(tokens)` for each further token.

    Parameters
    ----------
    model : PreTrainedModel
        Any causal language model whose layers attend to all earlier tokens or to a window of them.
    windows : list of lists of int
        What each row is predicted from; at least one token each, at most `context`. Copied.
    context : int
        Tokens that the model is given at most; a row that has more keeps the last `context // 2`.
    more : int
        Tokens that will be made at most.

    Attributes
    ----------
    windows : list of lists of int
    columns : int
        Columns of the cache: at most a quarter more than `context` (and 16).

    Notes
    -----
    A step costs one pass of the model over one token a row; a row that slides costs a pass over half a context. Memory: the cache.
    """

    def __init__(self, model: torch.nn.Module, windows: Sequence[Sequence[int]], context: int, more: int):
        self._model, self._context = model, context
        self.windows = [list(window) for window in windows]
        longest = max(map(len, self.windows))
        self.columns = min(longest + more, context + max(context // _SLACK, _LEAST_SLACK))
        self.columns = max(self.columns, longest)
        taken = inspect.signature(model.forward).parameters
        self._numbered = "position_ids" in taken
        self._kept = "cache" if "cache" in taken else "past_key_values"  # transformers renames it
        self._last = {"logits_to_keep": 1} if "logits_to_keep" in taken else {}
        self._device = next(model.parameters()).device

    @torch.inference_mode()
    def start(self) -> torch.Tensor:
        """Read all windows afresh and return the logits (n, v) float32; equal windows are read once."""
        places: dict[tuple, int] = {}
        rows = [places.setdefault(tuple(window), len(places)) for window in self.windows]
        self._cache = None  # its memory may be needed for the next
        self._cache, logits, self._starts = self._read([list(window) for window in places])
        if len(places) < len(rows):
            logits = logits[rows]
            self._select(rows)
        return logits

    @torch.inference_mode()
    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Add a token to each row and return the logits (n, v) float32 of the next."""
        full = []
        for row, (window, token) in enumerate(zip(self.windows, tokens, strict=True)):
            window.append(token)
            if len(window) > self._context:
                del window[:-max(self._context // 2, 1)]
                full.append(row)
        if len(full) == len(self.windows):
            return self.start()
        logits = self._one(tokens)
        if full:
            self._slide(full, logits)
        return logits

    @torch.inference_mode()
    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these rows only."""
        self.windows = [self.windows[row] for row in rows]
        self._select(rows)

    def _one(self, tokens: Sequence[int]) -> torch.Tensor:
        used = self._used + 1
        if used > self.columns:
            used = self._to_the_front() + 1
        mask = None
        if self._padded:
            mask = torch.arange(used, device=self._device) >= self._starts[:, None]  # (n, used)
        positions = [len(window) - 1 for window in self.windows]
        return self._forward([[token] for token in tokens], mask, [[position] for position in positions], self._cache)

    @property
    def _used(self) -> int:
        return self._cache.layers[0].used

    def _to_the_front(self) -> int:
        kept = max(len(window) for window in self.windows) - 1  # the newest token is not in the cache yet
        moved = self._used - kept
        for layer in self._cache.layers:
            layer.shift(kept)
        self._starts = (self._starts - moved).clamp(min=0)
        return kept

    def _slide(self, full: list[int], logits: torch.Tensor) -> None:
        cache, fresh, _ = self._read([self.windows[row] for row in full])
        logits[full] = fresh
        rows = torch.tensor(full, device=self._device)
        for mine, theirs in zip(self._cache.layers, cache.layers, strict=True):
            mine.replace(rows, theirs)
        self._starts[rows] = self._used - cache.layers[0].used
        self._padded = True

    def _select(self, rows: Sequence[int]) -> None:
        taken = torch.tensor(rows, device=self._device)
        for layer in self._cache.layers:
            layer.select(taken)
        self._starts = self._starts[taken]
        self._padded = bool(self._starts.any())

    def _read(self, windows: list[list[int]]) -> tuple:
        """A cache of these windows, the logits (n, v) after each, and the column at which each begins (n,)."""
        longest = max(map(len, windows))
        begin = [longest - len(window) for window in windows]
        starts = torch.tensor(begin, device=self._device)
        self._padded = any(begin)
        mask = torch.arange(longest, device=self._device) >= starts[:, None]  # (n, longest)
        ids = [[0] * empty + window for empty, window in zip(begin, windows, strict=True)]
        positions = [[0] * empty + list(range(longest - empty)) for empty in begin]
        cache = columns_cache(self.columns)
        return cache, self._forward(ids, mask, positions, cache), starts

    def _forward(self, ids: list[list[int]], mask: torch.Tensor | None, positions: list[list[int]], cache) -> torch.Tensor:
        numbers = {"position_ids": torch.tensor(positions, device=self._device)} if self._numbered else {}
        answer = self._model(
            input_ids=torch.tensor(ids, device=self._device), attention_mask=mask, use_cache=True, return_dict=True,
            **{self._kept: cache}, **numbers, **self._last)
        return answer.logits[:, -1].float()  # (n, v)

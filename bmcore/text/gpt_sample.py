"""The choice of the next token: temperature, top-p, and one random number a draft and token."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from bmcore.errors import ModelError

COLDEST = 1e-4  # below it only the most probable token is left, and a division would overflow
_LOOKS = (64, 1024)  # the most probable tokens that are looked at before all are sorted: mostly they hold the share asked for


def choose(logits: torch.Tensor, temperature: float, top_p: float, draws: Sequence[float]) -> list[int]:
    """The next token of each row.

    Parameters
    ----------
    logits : (n, v) float32
    temperature : float
        0 takes the most probable token.
    top_p : float
        The most probable tokens that together have this share are chosen from.
    draws : n floats from 0 to below 1
        The same draw gives the same token, whoever else is in the batch.

    Raises
    ------
    ModelError
        If the logits are no numbers.

    Examples
    --------
    >>> logits = torch.tensor([[0.0, 2.0, 1.0]])
    >>> choose(logits, 0, 1, [0.5]), choose(logits, 1, 0.1, [0.99]), choose(logits, 1, 1, [0.0])
    ([1], [1], [0])
    """
    _finite(logits.amax(-1))
    if temperature == 0:
        return logits.argmax(-1).tolist()
    sums = _likely(_shares(logits, temperature), top_p).cumsum(-1, dtype=torch.float64)  # (n, v)
    wanted = torch.tensor(draws, dtype=torch.float64, device=logits.device)[:, None] * sums[:, -1:]  # (n, 1)
    return torch.searchsorted(sums, wanted, right=True)[:, 0].clamp(max=logits.shape[1] - 1).tolist()


def probabilities(logits: torch.Tensor, temperature: float, top_p: float) -> torch.Tensor:
    """The probability (v,) of each next token as `choose` draws it, from logits (v,)."""
    _finite(logits.amax())
    if temperature == 0:
        return torch.nn.functional.one_hot(logits.argmax(), len(logits)).float()
    shares = _likely(_shares(logits[None], temperature), top_p)[0]
    return shares / shares.sum()


def _shares(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    return ((logits - logits.amax(-1, keepdim=True)) / max(temperature, COLDEST)).softmax(-1)


def _likely(shares: torch.Tensor, top_p: float) -> torch.Tensor:
    """Shares (n, v) with 0 for all but the most probable tokens that together have `top_p`."""
    if top_p >= 1:
        return shares
    least, rows, v = torch.zeros_like(shares[:, :1]), slice(None), shares.shape[1]
    peak = float(shares.amax())  # k tokens have at most k times this: a look that cannot do is left out
    for k in (*(look for look in _LOOKS if 16 * look <= v and look * peak >= top_p), v):
        part = shares[rows]
        kept = part.topk(k).values if k < v else part.sort(-1, descending=True).values  # (n or fewer, k)
        inside = kept.cumsum(-1, dtype=torch.float64) - kept < top_p  # what is more probable has less than the share
        least[rows] = kept.gather(1, inside.sum(-1, keepdim=True) - 1)
        open_ = inside[:, -1] & (k < v)
        if not bool(open_.any()):
            break
        rows = open_.nonzero()[:, 0] if isinstance(rows, slice) else rows[open_]
    return shares.where(shares >= least, 0.0)


def _finite(values: torch.Tensor) -> None:
    if not bool(torch.isfinite(values).all()):
        raise ModelError("The model's answer is not a number: its weights are damaged. Train it again with a lower learning rate.")

"""First centres on a device: greedy k-means++ (Arthur and Vassilvitskii 2007), one product a centre over cached norms.

Draws the same random numbers in the same order as the engine of the processor, so both begin with the same rows, but where a
draw or a gain falls within rounding of another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bmcore.cluster.torch_table import pieces

SORTED_UP_TO = 4096  # rows; see seeding.plus_plus
CANDIDATES = 16  # tried for each centre, as in kernels_kmeans_seed
CANCELLED = 1e-3  # below this share of the norms a squared distance made by subtraction has lost too many digits


def plus_plus(image: torch.Tensor, weight: torch.Tensor | None, k: int, random: Any, report: Callable[..., Any]) -> torch.Tensor:
    """Rows that become the first centres: (k,) int64.

    Cost: k products of (n, d) with (d, 16), one host wait a centre; 28 bytes a row.
    """
    if len(image) > SORTED_UP_TO:
        return _plus_plus(image, weight, k, random, report)
    order = torch.arange(len(image), device=image.device)
    for column in range(image.shape[1] - 1, -1, -1):
        order = order[image[order, column].argsort(stable=True)]
    return order[_plus_plus(image[order], None if weight is None else weight[order], k, random, report)]


def _plus_plus(image, weight, k, random, report) -> torch.Tensor:
    n = len(image)
    norms = (image * image).sum(1)
    chosen = torch.empty(k, dtype=torch.int64, device=image.device)
    chosen[:1] = first = _first(n, weight, random, image.device)
    squares = torch.full((n,), torch.inf, device=image.device)
    _accept(image, norms, squares, first)
    draws = torch.as_tensor(random.random((k - 1, CANDIDATES)), device=image.device)
    for c in range(1, k):
        picks = _drawn(squares, weight, draws[c - 1])
        # indexed by an array of one: a bare number would be fetched from the device first
        best = picks[_gains(image, norms, squares, weight, picks).argmax(keepdim=True)]
        chosen[c : c + 1] = best
        _accept(image, norms, squares, best)
        if c % 16 == 0:
            report(c, k, phase="seed")
    return chosen


def _first(n: int, weight: torch.Tensor | None, random: Any, device: torch.device) -> torch.Tensor:
    draw = random.random()
    if weight is None:
        return torch.tensor([min(int(draw * n), n - 1)], device=device)
    running = weight.double().cumsum(0)
    return torch.searchsorted(running, draw * running[-1:], right=True).clamp(max=weight.nonzero()[-1, 0])


def _drawn(squares: torch.Tensor, weight: torch.Tensor | None, draws: torch.Tensor) -> torch.Tensor:
    """Rows with probability proportional to weight times squared distance; the first row if every one lies on a centre."""
    mass = squares.double() if weight is None else squares.double() * weight
    running = mass.cumsum(0)
    total = running[-1]
    below = torch.nextafter(total, torch.zeros_like(total))
    picks = torch.searchsorted(running, torch.minimum(draws * total, below), right=True)
    return torch.where(total > 0, picks.clamp(max=len(squares) - 1), 0)


def _gains(image, norms, squares, weight, picks) -> torch.Tensor:
    """How much each candidate lowers the potential: (16,) float64."""
    candidates, gains = image[picks], 0.0
    for part in pieces(len(image), 4 * len(picks)):
        found = torch.addmm(norms[picks], image[part], candidates.T, alpha=-2).add_(norms[part, None]).clamp_(min=0)
        gained = squares[part, None].sub(found).clamp_(min=0)
        gains = gains + (gained if weight is None else gained.mul_(weight[part, None])).sum(0, dtype=torch.float64)
    return gains


def _accept(image, norms, squares, row) -> None:
    """Lower `squares` to the distances from a new centre; those made by subtraction only where digits are left."""
    centre, norm = image[row], norms[row]
    found = torch.addmv(norms, image, centre[0], alpha=-2).add_(norm)
    near = (~(found > CANCELLED * (norms + norm))).nonzero()[:, 0]
    for part in pieces(len(near), 4 * image.shape[1]):
        found[near[part]] = (image[near[part]] - centre).square_().sum(1)
    torch.minimum(squares, found, out=squares)

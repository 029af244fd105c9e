"""EASE on a graphics card: counts, Cholesky, inverse and the strongest weights, without the matrix ever leaving it.

    weights = engine_torch_ease.fit(X, 300.0, 20, report, "cuda")      # what engine_ease.fit gives
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix

from bmcore.errors import ParameterError
from bmcore.recommend import engine_ease

BLOCK = 1 << 28  # bytes of users made dense, and of weights compared, at a time
CARD_SHARE = 0.9  # of a card's free memory that may be used


def fits(n_items: int, device: str) -> bool:
    """Whether the matrix, its factor and a block fit into the memory that is free on the card."""
    if not device.startswith("cuda"):
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return 2 * 4 * n_items**2 + 3 * BLOCK < CARD_SHARE * free


def fit(X: Any, regularization: float, neighbours: int, report: Callable[[int, int], Any], device: str) -> Any:
    """Weights as `engine_ease.fit` finds them, up to the order in which single precision adds.

    Parameters
    ----------
    X : (n_users, n_items) csr
        Who chose what.
    device : str
        Of torch.
    """
    counted, factored, inverted, kept = engine_ease.PARTS
    with torch.no_grad():
        gram = shared(X, device, lambda share: report(int(counted * share), kept))  # (n_items, n_items)
        users = gram.diagonal().cpu().numpy()
        gram.diagonal().add_(regularization)
        report(counted, kept)
        factor, failed = torch.linalg.cholesky_ex(gram)
        del gram
        if failed.item() or not torch.isfinite(factor.diagonal()).all():
            raise ParameterError(engine_ease.too_small(regularization))
        report(factored, kept)
        inverse = torch.cholesky_inverse(factor)
        del factor
        report(inverted, kept)
        weights = kept_weights(inverse, users, neighbours)
    report(kept, kept)
    return weights


def shared(X: Any, device: str, tell: Callable[[float], Any]) -> torch.Tensor:
    """Users that two items share: (n_items, n_items) float32, exact up to 2^24 users."""
    n_users, n = X.shape
    gram = torch.zeros((n, n), device=device)
    step = max(1, BLOCK // (4 * n))
    with _short_products():
        for start in range(0, n_users, step):
            part = X[start : start + step]
            dense = torch.zeros((part.shape[0], n), device=device)  # (users, n_items)
            rows = torch.from_numpy(np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))).to(device)
            dense[rows, torch.from_numpy(part.indices.astype(np.int64)).to(device)] = 1
            gram.addmm_(dense.T, dense)
            tell(min(1.0, (start + step) / n_users))
    return gram


@contextmanager
def _short_products() -> Iterator[None]:
    """Factors of 0 and 1 survive tf32 exactly and sums are kept in float32, so the counts are exact and come several times faster."""
    backend = torch.backends.cuda.matmul
    before = backend.fp32_precision
    try:
        backend.fp32_precision = "tf32"
        yield
    finally:
        backend.fp32_precision = before


def kept_weights(inverse: torch.Tensor, users: np.ndarray, neighbours: int) -> csr_matrix:
    """The weights that `engine_ease.kept_weights` keeps, row by row of the inverse."""
    n = len(inverse)
    head = np.sort(np.argsort(-users, kind="stable")[: engine_ease.HEAD])
    popular = torch.from_numpy(head).to(inverse.device)
    k = min(neighbours, n - len(head))
    scale = 1 / inverse.diagonal()
    found, values = np.empty((n, len(head) + k), np.int32), np.empty((n, len(head) + k), np.float32)
    found[:, : len(head)] = head
    step = max(1, BLOCK // (4 * n))
    for start in range(0, n, step):
        block = inverse[start : start + step] * -scale  # (rows, n_items)
        rows = torch.arange(len(block), device=block.device)
        block[rows, rows + start] = 0  # an item does not speak for itself
        values[start : start + step, : len(head)] = block[:, popular].cpu().numpy()
        if k:
            size = block.abs()
            size[:, popular] = -1
            places = size.topk(k, dim=1, sorted=False).indices  # (rows, k)
            found[start : start + step, len(head) :] = places.cpu().numpy()
            values[start : start + step, len(head) :] = block.gather(1, places).cpu().numpy()
    return engine_ease.csr_of(found, values)

"""Tables as tensors: checked where they lie, brought to a device, and walked in pieces of a fixed size.

float32 products are kept at full precision: a card's shorter formats are off inside `exact`, whatever the program around chose.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch

BUDGET = 64 * 2**20  # bytes of the largest array that is made for a piece
UNIT = 2.0**-24  # relative rounding error of float32


def clean(X: torch.Tensor) -> torch.Tensor:
    """A two-dimensional tensor as C-ordered float32 or float64, finite.

    Raises
    ------
    DataError
        For the first NaN or infinity, in the words used for any table.
    """
    if X.dtype not in (torch.float32, torch.float64):
        X = X.float() if X.dtype.is_floating_point else X.double()
    X = X.contiguous()
    # a finite sum proves the table clean without another of its size
    if not torch.isfinite(X.sum(dtype=torch.float64)):
        from bmcore.cluster.inputs import check_finite

        check_finite(X.cpu().numpy())
    return X


def placed(X: Any, device: str) -> torch.Tensor:
    """A numpy array or tensor on a device; no copy if it is there."""
    if not isinstance(X, torch.Tensor):
        X = np.ascontiguousarray(X)
        X = torch.from_numpy(X if X.flags.writeable else X.copy())
    return X.detach().to(device)


def like(answer: torch.Tensor, asked: Any) -> Any:
    """The answer as a tensor if a tensor was asked about, else as numpy's array."""
    return answer if isinstance(asked, torch.Tensor) else answer.cpu().numpy()


def pieces(n: int, bytes_a_row: int) -> Iterator[slice]:
    """Slices that cover n rows, none of more than BUDGET bytes."""
    step = max(1, BUDGET // max(1, bytes_a_row))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


@contextmanager
def exact() -> Iterator[None]:
    """No gradients, no mixed precision, no shortened float32 products."""
    backends = torch.backends.cuda.matmul, torch.backends.mkldnn.matmul
    before = [backend.fp32_precision for backend in backends]
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        for kind in ("cpu", "cuda"):
            stack.enter_context(torch.autocast(kind, enabled=False))
        try:
            for backend in backends:
                backend.fp32_precision = "ieee"
            yield
        finally:
            for backend, value in zip(backends, before, strict=True):
                backend.fp32_precision = value

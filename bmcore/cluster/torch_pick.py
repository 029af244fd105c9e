"""Whether a table goes to a graphics card. Nothing here imports torch unless a card may be present.

    torch_pick.where("auto", X)      # "cuda", "cuda:1", or None: the compiled engine on the processor
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from bmcore import device as devices

FORCED: str | None = None  # a device of torch on which tests run the torch engines
LEAST_CELLS = 1 << 20  # of a table in main memory: below, a card's start and the copy cost more than they save


def is_tensor(X: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(X, torch.Tensor)


def stays(X: Any, device: str) -> bool:
    """Whether X is a tensor to be worked on where it lies, with tensors as the answer."""
    return is_tensor(X) and device != "cpu" and (X.is_cuda or FORCED is not None) and not X.is_complex()


def where(device: str, X: Any) -> str | None:
    """The device of torch that computes, or None for the compiled engine.

    Raises
    ------
    ParameterError
        CUDA is asked for and absent.
    """
    if device == "cpu":
        return None
    if FORCED is not None:
        return FORCED
    if stays(X, device):
        return str(X.device)
    if device == "cuda":
        return devices.resolve("cuda")
    return "cuda" if np.prod(X.shape, dtype=float) >= LEAST_CELLS and devices.card() else None


def host(array: Any) -> Any:
    """A tensor as numpy's array; anything else as it is."""
    return array.detach().cpu().numpy() if is_tensor(array) else array


"""Optimiser and random generators as tensors and json, there and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from bmcore import device as devices


def pack(optimizer: torch.optim.Optimizer) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """(optimiser tensors, json state with the generators' tensors under "random")."""
    stored = optimizer.state_dict()["state"]
    tensors = {f"{index}.{key}": torch.as_tensor(value) for index, entry in stored.items() for key, value in entry.items()}
    state = devices.capture_random()
    version, numbers, gauss = state["python"]
    name, keys, place, has_gauss, cached = state["numpy"]
    random = {"torch": state["torch"], "python": torch.tensor(numbers), "numpy": torch.from_numpy(np.asarray(keys, np.int64))}
    random |= {f"cuda.{card}": value for card, value in enumerate(state["cuda"])}
    return tensors, {
        "random": random,
        "python": [version, gauss],
        "numpy": [str(name), int(place), int(has_gauss), float(cached)],
    }


def unpack(optimizer: torch.optim.Optimizer, tensors: dict[str, dict[str, torch.Tensor]], state: dict[str, Any]) -> None:
    """Put into the optimiser and the generators what `pack` took."""
    entries: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors["optimizer"].items():
        index, key = name.split(".", 1)
        entries.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": entries, "param_groups": optimizer.state_dict()["param_groups"]})
    random = tensors["random"]
    version, gauss = state["python"]
    name, place, has_gauss, cached = state["numpy"]
    cards = sorted((key for key in random if key.startswith("cuda.")), key=lambda key: int(key[5:]))
    devices.restore_random({
        "python": (version, tuple(random["python"].tolist()), gauss),
        "numpy": (name, random["numpy"].numpy().astype(np.uint32), place, has_gauss, cached),
        "torch": random["torch"],
        "cuda": [random[key] for key in cards] if torch.cuda.is_available() else [],
    })

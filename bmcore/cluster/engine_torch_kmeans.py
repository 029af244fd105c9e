"""K-Means on a device of torch: what `fitting` and `lloyd` are for the processor, with the same answers.

    found = fit(kmeans.get_params(), X, weight, report, device="cuda")     # found.centres, labels, inertia, n_iter

Give numpy and get numpy; give a tensor and get tensors on its device. Only tensor operations, no compiled kernels of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from bmcore.cluster import fitting, seeding
from bmcore.cluster.lloyd import Result, scale_for
from bmcore.cluster.specs import generator_of
from bmcore.cluster.torch_lloyd import TorchLloyd, own_squares
from bmcore.cluster.torch_lloyd import nearest as nearest_rows
from bmcore.cluster.torch_pick import host
from bmcore.cluster.torch_seeding import plus_plus
from bmcore.cluster.torch_table import exact, like, pieces, placed
from bmcore.errors import DataError


def fit(params: dict[str, Any], X: Any, weight: Any, report: Callable[..., Any], *, device: str) -> Result:
    """The best of the starts, by inertia; an earlier one wins a tie.

    Raises
    ------
    DataError
        Fewer rows than groups.
    ParameterError
        First centres of the wrong shape.
    """
    n, k, most = len(X), int(params["n_clusters"]), int(params["max_iter"])
    if n < k:
        raise DataError(
            "There are n_samples={n} rows but n_clusters={k}. Ask for at most {n} groups, or give more rows.", n=n, k=k
        )
    starts, random, best = fitting.starts_of(params), generator_of(params["random_state"]), None
    with exact():
        engine = TorchLloyd(placed(X, device), None if weight is None else placed(weight, device).double())
        for start in range(starts):
            told = report if starts == 1 else fitting.numbered(report, start, starts)
            found = engine.run(_first_centres(params, X, engine, k, random, told), float(params["tol"]), most, told)
            if best is None or found.inertia < best.inertia:
                best = found
    report(starts * most, starts * most, phase="train", inertia=best.inertia)
    fitting.warn_if_fewer(replace(best, labels=_used(best.labels)), k)
    return replace(best, centres=like(best.centres, X), labels=like(best.labels, X))


def _used(labels: torch.Tensor) -> Any:
    """The labels that occur, once each: all that the warning looks at."""
    return labels.unique().cpu().numpy()


def _first_centres(params, X, engine: TorchLloyd, k: int, random: Any, report) -> torch.Tensor:
    """(k, d) float64 about the origin."""
    init, weight = params["init"], engine.weight
    if isinstance(init, str):
        if init == "random":
            found = seeding.at_random(len(X), host(weight) if weight is not None else seeding.np.empty(0), k, random)
            rows = torch.as_tensor(found, device=engine.X.device)
        else:
            light = None if weight is None else (weight / weight.max()).float()
            rows = plus_plus(engine.image, light, k, random, report)
        return engine.X[rows].double() - engine.origin
    centres = host(init(X, k, random_state=random) if callable(init) else init)
    dtype = str(engine.X.dtype).removeprefix("torch.")
    return torch.as_tensor(fitting.checked(centres, k, engine.X.shape[1], dtype), device=engine.X.device) - engine.origin


def _about(X: Any, centres: Any, device: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, float]:
    """The table, the centres in float64, their middle and a scale."""
    raw = placed(centres, device).double()
    middle = raw.mean(0)
    return placed(X, device), raw, middle, scale_for(float((raw - middle).abs().max()))


def nearest(X: Any, centres: Any, *, device: str) -> Any:
    """The nearest centre of each row: (n,) int32."""
    with exact():
        table, raw, middle, scale = _about(X, centres, device)
        return like(nearest_rows(table, raw, scale, middle).int(), X)


def cost(X: Any, weight: Any, centres: Any, *, device: str) -> float:
    """Inertia of rows that need not be those of the fit."""
    with exact():
        table, raw, middle, scale = _about(X, centres, device)
        labels = nearest_rows(table, raw, scale, middle)
        weight = None if weight is None else placed(weight, device).double()
        return float(own_squares(table, raw, labels, scale, weight)[1]) / scale / scale


def distances(X: Any, centres: Any, *, device: str) -> Any:
    """Distance of each row to each centre: (n, k) of the table's type."""
    with exact():
        table, raw, _, _ = _about(X, centres, device)
        scale = scale_for(float(raw.abs().max()))
        out = torch.empty((len(table), len(raw)), dtype=table.dtype, device=table.device)
        for part in pieces(len(table), 8 * max(raw.shape)):
            out[part] = torch.cdist(table[part].double() * scale, raw * scale, compute_mode="donot_use_mm_for_euclid_dist") / scale
        return like(out, X)

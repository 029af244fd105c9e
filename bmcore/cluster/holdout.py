"""Do segments from the first half of the period predict spending in the second?

The question a founder has is "whom should I spend on?", so segments are judged by it: of all the money of the second half, how much came
from the fifth of the customers that the segments would have picked, against the fifth that spent most before, and against a random fifth.
What a segment is worth is learned from other customers than those it is judged on (five folds).

Source: the split by time follows Fader, Hardie and Lee, "Counting your customers" the easy way (2005).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.cluster.profile import profiles
from bmcore.data.rfm import Purchases, summary
from bmcore.errors import DataError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd

    from bmcore.data.prepared import Prepared
    from bmcore.data.purchases import Log

TOP = 0.2
LEAST = 100  # customers in the first half; with fewer, every interval is as wide as the answer
_FOLDS = 5
_RESAMPLES, _CELLS = 1000, 20_000_000


def holdout(
    frame: pd.DataFrame,
    columns: dict[str, Any],
    clusterer_class: type,
    params: dict[str, Any],
    *,
    seed: int = 0,
    report: Callable | None = None,
) -> dict[str, Any]:
    """Segments of the first half of the period against spending in the second, as `evaluation["holdout"]` keeps it.

    Use it when customers were grouped by their purchases and a person asks whether that is good for anything.

    Parameters
    ----------
    frame : pandas.DataFrame
        The purchase log.
    columns : dict
        Roles of `Purchases`.
    clusterer_class : type
        With `fit(X)` and then `labels_`.
    params : dict
        For its constructor.
    seed : int
    report : callable, optional
        `report(step, total, phase="evaluate")`; may raise `Cancelled`.

    Returns
    -------
    dict
        "verdict": {"kind": "better" | "as_good" | "worse" | "none" | "impossible", "message"}. Unless it is impossible: "from", "middle",
        "to" (ISO dates; the second half begins on "middle"), "customers", "target" ("money" or "purchases"), "top", "segments" (a list,
        the best first, of cluster, name, n, before, after {value, low, high}, came_back, share_after), "captured" (segments,
        past_spending: {value, low, high}; random: {value}) and "difference" (against past_spending).

    Notes
    -----
    Percentile bootstrap over customers. One fit of the clusterer and a few seconds; memory: 160 MB at most besides.
    """
    log = Purchases(columns).read(frame)
    start, end = log.day.min(), log.day.max()
    middle = start + (end - start + 1) // 2
    before, after = log.part(log.day < middle), log.part(log.day >= middle)
    first = _first_half(columns, before)
    customers = 0 if first is None else len(first[0])
    later = _spending(after)
    if first is None or customers < LEAST or later[first[0]].sum() <= 0:
        return _impossible(start, end, customers)
    places, prepared = first
    labels = np.asarray(clusterer_class(**params).fit(prepared.X).labels_)
    judged = judge(labels, _spending(before)[places], later[places], seed=seed, report=report)
    names = {one["cluster"]: one["name"] for one in profiles(prepared, labels)}
    for segment in judged["segments"]:
        segment["name"] = names[segment["cluster"]]
    dates = {"from": str(start), "middle": str(middle), "to": str(end)}
    return {**dates, "customers": customers, "target": "money" if log.money is not None else "purchases", "top": TOP, **judged}


def _first_half(columns: dict[str, Any], before: Log) -> tuple[np.ndarray, Prepared] | None:
    """Positions of the customers among all of the log, and what is clustered; None where the first half cannot be prepared."""
    if not len(before.day) or before.returned.all():
        return None
    preparation = Purchases(columns)
    try:
        prepared = preparation.summarise(before)
    except DataError:  # one customer, or nothing that varies
        return None
    bought = np.bincount(before.who[~before.returned], minlength=len(before.customers)) > 0
    return np.flatnonzero(bought), prepared


def _spending(log: Log) -> np.ndarray:
    """What each customer of the log spent, at least 0; days with a purchase where there is no money."""
    if log.money is not None:
        return np.maximum(np.bincount(log.who, weights=log.money, minlength=len(log.customers)), 0)
    out = np.zeros(len(log.customers))
    if not log.returned.all():
        table, _ = summary(log)
        out[np.bincount(log.who[~log.returned], minlength=len(out)) > 0] = table["frequency"]
    return out


def judge(labels: np.ndarray, past: np.ndarray, later: np.ndarray, *, seed: int = 0, report: Callable | None = None) -> dict[str, Any]:
    """Segments, what they capture, and the verdict.

    Parameters
    ----------
    labels : ndarray of shape (n,), int
    past, later : ndarray of shape (n,), float64
        What each customer spent in each half, at least 0 and not 0 for all.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat([0, 1], [400, 100])
    >>> later = rng.gamma(2.0, np.where(labels == 1, 50.0, 1.0))
    >>> found = judge(labels, rng.random(500), later)
    >>> found["verdict"]["kind"], found["captured"]["segments"]["value"] > 0.9, found["segments"][0]["cluster"]
    ('better', True, 1)
    """
    rng = np.random.default_rng(seed)
    ties = rng.random(len(later))  # customers of one segment are in no order
    rankings = {"segments": np.lexsort((ties, -_worth(labels, later, rng))), "past_spending": np.lexsort((ties, -past))}
    kinds, places = np.unique(labels, return_inverse=True)
    draws = _resample(later, rankings, places, len(kinds), rng, report)
    captured = {
        name: {"value": float(_captured(later[order][None], np.ones((1, len(later))))[0]), **_bounds(draws[name])}
        for name, order in rankings.items()
    }
    gap = draws["segments"] - draws["past_spending"]
    difference = {
        "against": "past_spending",
        "value": captured["segments"]["value"] - captured["past_spending"]["value"],
        **_bounds(gap),
    }
    return {
        "segments": _segments(kinds, places, past, later, draws["after"]),
        "captured": {**captured, "random": {"value": TOP}},
        "difference": difference,
        "verdict": _verdict(captured, difference),
    }


def _worth(labels: np.ndarray, later: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What each customer's segment spent on average, learned from the other folds."""
    _, places = np.unique(labels, return_inverse=True)
    folds = rng.permutation(len(later)) % _FOLDS
    cells = places * _FOLDS + folds
    k = places.max() + 1
    count = np.bincount(cells, minlength=k * _FOLDS).reshape(k, _FOLDS)
    total = np.bincount(cells, weights=later, minlength=k * _FOLDS).reshape(k, _FOLDS)
    others, spent = count.sum(axis=1, keepdims=True) - count, total.sum(axis=1, keepdims=True) - total
    return np.where(others > 0, spent / np.maximum(others, 1), later.mean())[places, folds]


def _captured(later: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of all money from the first `TOP` of the customers, for each row of weights; customers come in the order of the ranking."""
    reach = np.cumsum(weights, axis=1)
    inside = np.clip(TOP * reach[:, -1:] - (reach - weights), 0, weights)  # the customer on the border counts in part
    spent = (weights * later).sum(axis=1)
    return (inside * later).sum(axis=1) / np.maximum(spent, 1e-300)


def _resample(later, rankings, places, k, rng, report) -> dict[str, np.ndarray]:
    """Bootstrap over customers: captured shares (r,), and mean spending of each segment (r, k)."""
    n = len(later)
    resamples = int(min(_RESAMPLES, max(200, _CELLS // n)))
    at_once = max(1, min(resamples, 2_000_000 // n))
    out: dict[str, list[np.ndarray]] = {"segments": [], "past_spending": [], "after": []}
    for start in range(0, resamples, at_once):
        size = min(at_once, resamples - start)
        weights = rng.poisson(1.0, (size, n)).astype(np.float64)
        for name, order in rankings.items():
            out[name].append(_captured(later[order][None], weights[:, order]))
        out["after"].append(np.stack([_means(one, later, places, k) for one in weights]))
        if report is not None:
            report(start + size, resamples, phase="evaluate")
    return {name: np.concatenate(parts) for name, parts in out.items()}


def _means(weights: np.ndarray, later: np.ndarray, places: np.ndarray, k: int) -> np.ndarray:
    count = np.bincount(places, weights=weights, minlength=k)
    total = np.bincount(places, weights=weights * later, minlength=k)
    return np.where(count > 0, total / np.maximum(count, 1e-300), np.nan)


def _bounds(values: np.ndarray) -> dict[str, float]:
    values = values[~np.isnan(values)]
    low, high = np.quantile(values, [0.025, 0.975]) if len(values) else (0.0, 0.0)
    return {"low": float(low), "high": float(high)}


def _segments(kinds: np.ndarray, places: np.ndarray, past: np.ndarray, later: np.ndarray, draws: np.ndarray) -> list[dict[str, Any]]:
    out = []
    for place, cluster in enumerate(kinds):
        mask = places == place
        out.append(
            {
                "cluster": int(cluster),
                "n": int(mask.sum()),
                "before": float(past[mask].mean()),
                "after": {"value": float(later[mask].mean()), **_bounds(draws[:, place])},
                "came_back": float((later[mask] > 0).mean()),
                "share_after": float(later[mask].sum() / later.sum()),
            }
        )
    return sorted(out, key=lambda one: (-one["after"]["value"], one["cluster"]))


def _verdict(captured: dict[str, dict], difference: dict[str, Any]) -> dict[str, Any]:
    fields = {
        "top": round(100 * TOP),
        "ours": round(100 * captured["segments"]["value"]),
        "past": round(100 * captured["past_spending"]["value"]),
    }
    if captured["segments"]["low"] <= TOP:
        kind, message = (
            "none",
            Message(
                "No: the {top} % of customers that the segments would pick brought {ours} % of the later money, no more than a random "
                "choice.",
                **fields,
            ),
        )
    elif difference["low"] > 0:
        kind, message = (
            "better",
            Message(
                "Yes: the {top} % of customers that the segments would pick brought {ours} % of the later money. The {top} % who had spent "
                "most before brought {past} %, so segments tell more than past spending alone.",
                **fields,
            ),
        )
    elif difference["high"] < 0:
        kind, message = (
            "worse",
            Message(
                "Partly: the {top} % of customers that the segments would pick brought {ours} % of the later money, far more than a random "
                "choice, but the {top} % who had spent most before brought {past} %. To pick customers, sort them by past spending; use "
                "segments to decide what to say to them.",
                **fields,
            ),
        )
    else:
        kind, message = (
            "as_good",
            Message(
                "Yes, but no better than sorting by past spending: the {top} % of customers that the segments would pick brought {ours} % "
                "of the later money, the {top} % who had spent most before {past} %.",
                **fields,
            ),
        )
    return {"kind": kind, "message": message.to_dict()}


def _impossible(start: np.datetime64, end: np.datetime64, customers: int) -> dict[str, Any]:
    message = Message(
        "This cannot be checked: from {start} to {end}, the first half has {n:,} customers, and at least {least} who bought, with "
        "purchases by some of them in the second half, are needed. Give a longer log.",
        start=str(start),
        end=str(end),
        n=customers,
        least=LEAST,
    )
    return {"verdict": {"kind": "impossible", "message": message.to_dict()}}

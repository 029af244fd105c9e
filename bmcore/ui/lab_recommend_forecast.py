"""About how long a queue of the recommender lab takes here. Draws nothing."""

from __future__ import annotations

from statistics import fmean

from bmcore.ui.lab_recommend_queue import Entry, Member

START_S = 8.0  # a process of its own, its imports, reading the table, saving what was learned
MAP_S, MAPPED = 4e-3, 3000  # an item of the map, and how many are on it
LONG_S = 600.0
_SERVED = 0.5  # a run scores everybody three times: to be tested, its two comparisons, and the lists it hands over


def seconds(entries: list[Entry], users: int, items: int, events: int, gflops: float) -> float:
    """Seconds of a whole queue: each run learns twice, is tested beside two simple methods, and makes a list for everybody."""
    each = _others(users, items, events, gflops)
    each += START_S + MAP_S * min(items, MAPPED)
    return sum(each + 2 * _fit(entry, users, items, events, gflops) for entry in entries)


def _fit(entry: Entry, users: int, items: int, events: int, gflops: float) -> float:
    """One fit, from the operations it takes."""
    if entry.method.estimator == "EASE":
        return (2.0 * items**3 + 2.0 * events * items) / (1e9 * gflops)
    if entry.method.estimator == "ALS":
        factors, passes = entry.params.get("factors", 64), entry.params.get("iterations", 15)
        return passes * (4.0 * events * factors**2 + (users + items) * factors**3) / (1e9 * gflops)
    return 2.0 * events * events / max(1, users) / 1e8 if entry.method.estimator == "ItemKNN" else 0.0


def _others(users: int, items: int, events: int, gflops: float) -> float:
    """What does not depend on the method: scoring everybody, and the ItemKNN every run is compared with."""
    return _SERVED * users * items * max(1.0, events / users) / (1e9 * gflops) + 2.0 * events * events / max(1, users) / 1e8


def left(entries: list[Member]) -> float | None:
    """Seconds until a queue is through, from the runs of it that have ended; None before there is one."""
    took = [entry.run.seconds for entry in entries if entry.run.state == "done" and entry.run.seconds]
    if not took:
        return None
    usual = fmean(took)
    waiting = sum(entry.run.state == "queued" for entry in entries)
    working = [entry.run for entry in entries if entry.run.state == "running"]
    return usual * waiting + sum(max(1.0, usual - (run.seconds or 0.0)) for run in working)

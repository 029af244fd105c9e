"""Customer segments in a founder's words: a name, three facts and what to do, by plain rules.

Each rule asks where a segment's customers stand among all customers: 0 is the end of the line, 1 its head, 0.5 the middle.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bmcore.messages import Message

_HIGH, _LOW, _LONG_AGO = 0.65, 0.35, 0.6
_LATE = 1 / 3  # of the whole period; being ahead of the others is not recent where nearly everybody has left
_ONCE = 0.5

_KEEP = Message("Keep them: thank them, ask what they miss, give them new things first. A discount would only cost you.")
_WIN_BACK = Message("Win them back now, personally and one by one: they are worth more than new customers.")
_SECOND = Message("Bring them to a second purchase within weeks: a useful follow-up, not a discount on what they already bought.")
_BASKET = Message("They come anyway: show what goes well together, sets and larger packs.")
_GROW = Message("They are on the way up: recommend by what they bought, and invite them to whatever your best customers get.")
_CHEAP = Message("Spend little on them: a cheap reminder at most. Money is better spent on the other groups.")
_REMIND = Message("Remind them with a reason: news about what they bought, on the occasion of the season.")
_LOOK = Message("Look at them one by one: big clients, resellers, tests or mistakes in the data.")


def fits(names: list[str], any_of: bool = False) -> bool:
    """True if these are the columns of a purchase summary."""
    needed = ("recency_days", "frequency")
    return any(name in names for name in needed) if any_of else all(name in names for name in needed)


def describe(groups: list[dict[str, Any]], values: dict[str, np.ndarray], labels: np.ndarray) -> None:
    """Fill "name", "profile", "advice" and "money_share" of every group."""
    money = values.get("money")
    total = float(money.sum()) if money is not None else 0.0
    places = {name: _places(column) for name, column in values.items()}
    named = []
    for group in groups:
        mask = labels == group["cluster"]
        if total > 0:
            group["money_share"] = float(money[mask].sum()) / total
        group["profile"] = [one.to_dict() for one in _sentences(group, mask, values)]
        standing = {name: float(place[mask].mean()) for name, place in places.items()}
        standing["ago"] = float(np.median(values["recency_days"][mask])) / max(float(values["recency_days"].max()), 1.0)
        once = float((values["frequency"][mask] <= 1).mean())
        name, advice = (Message("Unlike any group"), _LOOK) if group["cluster"] == -1 else rule(standing, once)
        group["advice"] = advice.to_dict()
        named.append(name)
    for group, name in zip(groups, _unique(named, groups), strict=True):
        group["name"] = name.to_dict()


def rule(standing: dict[str, float], once: float) -> tuple[Message, Message]:
    """Name and advice of a segment.

    Parameters
    ----------
    standing : dict
        Mean place among all customers, 0 to 1, of "recency_days" (0 is the most recent), "frequency" and, if known, "money"; and "ago":
        how long ago they usually came last, as a share of the whole period.
    once : float
        Share of the segment that bought on one day only.

    Returns
    -------
    (Message, Message)

    Examples
    --------
    >>> print(rule({"recency_days": 0.1, "frequency": 0.9, "money": 0.9, "ago": 0.1}, 0.0)[0])
    Loyal, big spenders
    >>> print(rule({"recency_days": 0.8, "frequency": 0.3, "money": 0.2, "ago": 0.9}, 1.0)[0])
    Bought once for little, long ago
    """
    recency, money = standing["recency_days"], standing.get("money", 0.5)
    recent = recency < _LOW and standing["ago"] <= _LATE
    long_ago = recency > _LONG_AGO or standing["ago"] > _LONG_AGO
    big, small = money > _HIGH, money < _LOW
    if once >= _ONCE:
        return _once(recent, long_ago, big, small)
    if standing["frequency"] > _HIGH:
        return _often(recent, long_ago, big)
    return _sometimes(recent, long_ago, big)


def _once(recent: bool, long_ago: bool, big: bool, small: bool) -> tuple[Message, Message]:
    if recent:
        return (Message("New, with a big first purchase") if big else Message("New customers")), _SECOND
    if long_ago and big:
        return Message("One big purchase, long ago"), _REMIND
    if long_ago:
        return (Message("Bought once for little, long ago") if small else Message("Bought once, long ago")), _CHEAP
    if big:
        return Message("One big purchase"), _REMIND
    return (Message("Bought once for little"), _CHEAP) if small else (Message("Bought once"), _REMIND)


def _often(recent: bool, long_ago: bool, big: bool) -> tuple[Message, Message]:
    if recent:
        return (Message("Loyal, big spenders"), _KEEP) if big else (Message("Frequent, with small baskets"), _BASKET)
    if long_ago:
        return (Message("Big spenders slipping away"), _WIN_BACK) if big else (Message("Came often, then stopped"), _WIN_BACK)
    return (Message("Big spenders, quiet for a while"), _WIN_BACK) if big else (Message("Regular customers"), _BASKET)


def _sometimes(recent: bool, long_ago: bool, big: bool) -> tuple[Message, Message]:
    if recent:
        return (Message("Active, spending well") if big else Message("Active, still small")), _GROW
    if long_ago:
        return (Message("Spent well, then stopped"), _WIN_BACK) if big else (Message("Came a few times, then stopped"), _REMIND)
    return (Message("Spending well now and then") if big else Message("Now and then")), _REMIND


def _places(column: np.ndarray) -> np.ndarray:
    """Place of each value among all, 0 to 1; equal values share the middle of theirs."""
    order = np.sort(column)
    low, high = np.searchsorted(order, column, "left"), np.searchsorted(order, column, "right")
    return (low + high) / 2 / max(len(column), 1)


def _unique(names: list[Message], groups: list[dict[str, Any]]) -> list[Message]:
    """Where two segments have one name, the one that spends more, or came last, says so."""
    out = list(names)
    for text in {str(name) for name in names}:
        same = [place for place, name in enumerate(names) if str(name) == text]
        if len(same) < 2:
            continue
        measure = "money" if all("money" in groups[place]["features"] for place in same) else "frequency"
        same.sort(key=lambda place: (-groups[place]["features"][measure]["mean"], groups[place]["cluster"]))
        for rank, place in enumerate(same, start=1):
            name = names[place]
            if len(same) > 2:
                out[place] = Message("{name} (number {rank} by value)", name=name, rank=rank)
            elif measure == "money":
                out[place] = Message("{name} (spending more)", name=name) if rank == 1 else Message("{name} (spending less)", name=name)
            else:
                out[place] = (
                    Message("{name} (coming more often)", name=name) if rank == 1 else Message("{name} (coming less often)", name=name)
                )
    return out


def _sentences(group: dict[str, Any], mask: np.ndarray, values: dict[str, np.ndarray]) -> list[Message]:
    from bmcore.cluster.profile import percent, tidy

    n, share = group["n"], percent(group["share"])
    recency, frequency = group["features"]["recency_days"], group["features"]["frequency"]
    if "money_share" in group:
        first = Message(
            "Customers: {n:,}, {share} % of people, {money_share} % of the money",
            n=n,
            share=share,
            money_share=percent(group["money_share"]),
        )
    else:
        first = Message("Customers: {n:,}, {share} % of people", n=n, share=share)
    told = [first, Message("Days since the last purchase: usually {days:,}", days=tidy(recency["median"]))]
    times = tidy(frequency["median"])
    if "money" not in values:
        return [*told, Message("Usually bought once") if times == 1 else Message("Purchases: usually {times:,}", times=times)]
    each = tidy(float(np.median(values["money"][mask] / np.maximum(values["frequency"][mask], 1))))
    if times == 1:
        return [*told, Message("Usually bought once, for {money:,}", money=each)]
    return [*told, Message("Purchases: usually {times:,}, of {money:,} each", times=times, money=each)]

"""The look at a table of who took what: what each column could be for, how many of everything, what had to be done with it.

Runs inside the process of `bmcore.ui.look`; imports no streamlit.

    {"ref", "roles": [{"key", "guesses", "needed", "many", "takes"}], "columns": null | {role: column or columns}}
    {"table": {"rows", "columns", "kinds", "head"}, "columns": {...}, "found": {...} | null, "problem": Message | null}
"""

from __future__ import annotations

from bmcore.errors import BmcoreError, DataError
from bmcore.ui.cluster_look import kind, rows

READ = ("user", "item", "weight", "time", "basket")
TOP = 8


def answer(request: dict) -> dict:
    """The look itself. A table that cannot be used as it is described still shows its rows."""
    from bmcore.data import refs

    frame = refs.load(request["ref"])
    frame.columns = [str(name) for name in frame.columns]
    kinds = {name: kind(frame[name]) for name in frame.columns}
    columns = request["columns"] or guess(request["roles"], kinds)
    table = {"rows": len(frame), "columns": list(frame.columns), "kinds": kinds, "head": rows(frame)}
    try:
        return {"table": table, "columns": columns, "found": _found(frame, columns), "problem": None}
    except BmcoreError as error:
        return {"table": table, "columns": columns, "found": None, "problem": error.message.to_dict()}


def guess(roles: list[dict], kinds: dict[str, str]) -> dict:
    """A column for each role whose name and kind fit; a column has one role at most.

    Examples
    --------
    >>> who = {"key": "user", "guesses": ["customer"], "many": False, "takes": ["text", "number"]}
    >>> about = {"key": "about", "guesses": ["genre", "brand"], "many": True, "takes": ["text"]}
    >>> guess([who, about], {"Customer": "text", "Brand": "text", "genre": "text", "x": "number"})
    {'user': 'Customer', 'about': ['genre', 'Brand']}
    """
    free = {name.strip().lower().replace(" ", "_"): name for name in reversed(kinds)}
    found: dict = {}
    for role in roles:
        fits = [word for word in role["guesses"] if word in free and kinds[free[word]] in ("any", *role["takes"])]
        taken = fits if role["many"] else fits[:1]
        if taken:
            found[role["key"]] = [free[word] for word in taken] if role["many"] else free[taken[0]]
            free = {word: name for word, name in free.items() if word not in taken}
    return found


def _found(frame, columns: dict) -> dict:
    """What the run will see."""
    import numpy as np

    from bmcore.data.interactions import read_interactions

    if not columns.get("user") or not columns.get("item"):
        raise DataError("Say which column names the person and which names the item.")
    _different(columns)
    log = read_interactions(frame, **{role: columns.get(role) for role in READ})
    counts = np.bincount(log.items, minlength=log.n_items)
    top = np.argsort(-counts, kind="stable")[:TOP]
    return {
        "users": log.n_users,
        "items": log.n_items,
        "events": len(log),
        "density": len(log) / (log.n_users * log.n_items),
        "head": rows(frame[_shown(columns)]),
        "notes": [note.to_dict() for note in log.notes][:10],
        "times": [float(log.times.min()), float(log.times.max())] if log.times is not None else None,
        "baskets": int(log.baskets.max()) + 1 if log.baskets is not None else None,
        "popular": [(name, int(counts[i]) / log.n_users) for name, i in zip(_titles(frame, columns, log.item_ids[top]), top, strict=True)],
    }


def _different(columns: dict) -> None:
    """No column has two roles."""
    seen: list[str] = []
    for value in columns.values():
        for name in value if isinstance(value, list) else [value]:
            if name in seen:
                raise DataError("Column {column!r} is chosen for two uses. Choose a different column for each.", column=str(name)[:100])
            seen.append(name)


def _shown(columns: dict) -> list[str]:
    """The columns in use, who and what first."""
    names = [columns[role] for role in ("user", "item", "title", "time", "basket", "weight") if columns.get(role)]
    return names + [name for value in columns.values() if isinstance(value, list) for name in value]


def _titles(frame, columns: dict, ids) -> list[str]:
    """What the items are called, or their ids where no column tells."""
    title = columns.get("title")
    if not title or title not in frame.columns:
        return [str(one)[:60] for one in ids]
    from bmcore.data.catalogue import catalogue

    items = catalogue(frame, columns["item"], title)
    names = dict(zip(items["item"], items["title"], strict=True))
    return [names.get(one, str(one))[:60] for one in ids]

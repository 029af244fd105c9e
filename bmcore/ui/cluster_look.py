"""The look at a table whose rows are to be grouped: what each column could be for, and what its preparation finds.

Runs inside the process of `bmcore.ui.look`; imports no streamlit.

    {"ref", "shapes": [{"key", "roles": [{"key", "guesses", "needed", "many", "takes"}]}], "columns": null | {"prepare", role: column}}
    {"table": {"rows", "columns", "kinds", "head"}, "columns": {...}, "found": {...} | null, "problem": Message | null}
"""

from __future__ import annotations

from bmcore.errors import BmcoreError

HEAD, CELL, BINS, MOST_BARS = 8, 400, 24, 8
SHARES, NEIGHBOURS, MOST_COLUMNS = (0.01, 0.02, 0.05, 0.1), 5, 30


def answer(request: dict) -> dict:
    """The look itself. A table that cannot be used as it is described still shows its rows."""
    from bmcore.data import refs

    frame = refs.load(request["ref"])
    frame.columns = [str(name) for name in frame.columns]
    kinds = {name: kind(frame[name]) for name in frame.columns}
    columns = request["columns"] or guess(request["shapes"], kinds)
    table = {"rows": len(frame), "columns": list(frame.columns), "kinds": kinds, "head": rows(frame)}
    try:
        return {"table": table, "columns": columns, "found": _found(frame, columns), "problem": None}
    except BmcoreError as error:
        return {"table": table, "columns": columns, "found": None, "problem": error.message.to_dict()}


def kind(column) -> str:
    """What a column holds: "number", "date" or "text"."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(column):
        return "text"
    if pd.api.types.is_numeric_dtype(column):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date"
    head = column.dropna().astype(str).head(200)
    if len(head) and head.str.contains(r"\d{2}").mean() > 0.9 and head.str.len().mean() < 30:
        read = pd.to_datetime(head, errors="coerce", format="mixed", dayfirst=False)
        if read.notna().mean() > 0.9 and not head.str.fullmatch(r"\d+").all():
            return "date"
    return "text"


def guess(shapes: list[dict], kinds: dict[str, str]) -> dict:
    """The first shape whose needed columns can all be named, with a column a role where one fits.

    Examples
    --------
    >>> roles = [{"key": "who", "guesses": ["customer"], "needed": True, "many": False, "takes": ["text", "number"]}]
    >>> guess([{"key": "purchases", "roles": roles}], {"Customer ": "text", "x": "number"})
    {'prepare': 'purchases', 'who': 'Customer '}
    """
    tried = [_roles(shape, kinds) for shape in shapes]
    needed = [{role["key"] for role in shape["roles"] if role["needed"]} for shape in shapes]
    whole = (found for found, need in zip(tried, needed, strict=True) if need <= set(found))
    return next(whole, tried[-1])


def _roles(shape: dict, kinds: dict[str, str]) -> dict:
    free = {name.strip().lower().replace(" ", "_"): name for name in reversed(kinds)}
    found = {"prepare": shape["key"]}
    for role in shape["roles"]:
        named = [free[word] for word in role["guesses"] if word in free and kinds[free[word]] in role["takes"]]
        if not role["many"] and named:
            found[role["key"]] = named[0]
            free = {word: name for word, name in free.items() if name != named[0]}
    return found


def _found(frame, columns: dict) -> dict:
    """What the run will see: its rows, the first of them, how the numbers spread, what had to be done."""
    from bmcore.data.prepared import preparation

    if columns["prepare"] == "messages":
        return _messages(frame, columns)
    prepared = preparation(columns["prepare"], columns).fit(frame)
    table = prepared.table
    shown = [*([prepared.key] if prepared.key else []), *prepared.names]
    return {
        "n": len(table),
        "names": list(prepared.names),
        "head": rows(table[shown]),
        "notes": [note.to_dict() for note in prepared.notes][:10],
        "reach": _reach(prepared.X),
        "spread": {name: _histogram(table[name]) for name in prepared.names[:MOST_BARS]},
        "counts": [],
    }


def _reach(X) -> dict[str, float]:
    """Share of rows -> the eps at which about that share belongs to no group, for DBSCAN's usual five.

    A row belongs to a group from that eps on at which it, or one of its nearest rows within eps, is dense. Fewer than five rows
    lie within eps of a row that is not dense itself, so its five nearest are all that matter.
    """
    import numpy as np
    from scipy.spatial import cKDTree

    if X.shape[1] > MOST_COLUMNS or len(X) <= NEIGHBOURS:
        return {}
    tree = cKDTree(X)
    some = X[np.random.default_rng(0).choice(len(X), min(len(X), 5000), replace=False)]
    away, near = tree.query(some, k=NEIGHBOURS)
    others, place = np.unique(near, return_inverse=True)
    dense_from = tree.query(X[others], k=NEIGHBOURS)[0][:, -1][place].reshape(near.shape)
    joins = np.maximum(away, dense_from).min(axis=1)
    found = {str(share): float(np.quantile(joins, 1 - share, method="higher")) for share in SHARES}
    return {share: float(f"{eps:.6g}") for share, eps in found.items() if eps > 0}


def _messages(frame, columns: dict) -> dict:
    """Messages are not embedded here: that takes minutes and is the run's work."""
    from bmcore.errors import DataError

    for role, name in columns.items():
        if role != "prepare" and name not in frame.columns:
            raise DataError("The table has no column {column!r}. Choose another one.", column=str(name)[:100])
    if not columns.get("text"):
        raise DataError("Say which column holds the messages.")
    written = frame[frame[columns["text"]].notna() & (frame[columns["text"]].astype(str).str.strip() != "")]
    by = columns.get("by")
    counts = [(str(name)[:60], int(n)) for name, n in written[by].value_counts().head(MOST_BARS).items()] if by else []
    shown = [name for name in (columns["text"], by, columns.get("time")) if name]
    return {"n": len(written), "names": [], "head": rows(written[shown]), "notes": [], "reach": {}, "spread": {}, "counts": counts}


def _histogram(values) -> dict:
    """Counts in equal steps between the first and the last hundredth; the few beyond are in the outer steps."""
    import numpy as np

    numbers = values.dropna().to_numpy(dtype=float)
    low, high = np.percentile(numbers, [1, 99]) if len(numbers) else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    counts, edges = np.histogram(np.clip(numbers, edges[0], edges[-1]), edges)
    return {"edges": [float(f"{edge:.6g}") for edge in edges], "counts": counts.tolist()}


def rows(frame) -> list[dict]:
    """The first rows of a table as JSON can hold them."""
    head = frame.head(HEAD)
    found = head.astype(object).where(head.notna(), None).to_dict("records")
    return [
        {name: value if isinstance(value, int | float) else None if value is None else str(value)[:CELL] for name, value in row.items()}
        for row in found
    ]

"""Lists for everybody at once, as a table: customer, rank, item, title, score. No reasons, so a hundred thousand lists take seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.data.identifiers import meant

if TYPE_CHECKING:
    import pandas as pd

    from bmcore.recommend.model import RecommenderModel

_BLOCK = 1024  # customers at a time


def of_customers(model: RecommenderModel, users: Sequence[Any], k: int = 10, report: Callable | None = None) -> pd.DataFrame:
    """The best k items for each customer; one the model does not know gets what is popular.

    Use it when all lists are wanted as one table.

    Parameters
    ----------
    model : RecommenderModel
    users : sequence of ids
    k : int
    report : callable, optional
        `report(customers done, all)`; raise Cancelled in it to stop.

    Returns
    -------
    pandas.DataFrame
        Columns customer, rank (from 1), item, title, score; a customer's rows together, in the order given.
    """
    parts = (_block(model, users[at : at + _BLOCK], k) for at in range(0, len(users), _BLOCK))
    return _table(model, users, parts, report)


def of_histories(model: RecommenderModel, histories: Mapping[Any, Mapping], k: int = 10, report: Callable | None = None) -> pd.DataFrame:
    """The same for {name: {item id: weight}}: new visitors, or customers who have chosen something since the model was fitted."""
    names = list(histories)
    whole = ({**history, **model._known(histories[name])} for name, history in zip(names, model._histories(names), strict=True))
    parts = ([_listed(model, next(whole), k) for _ in names[at : at + _BLOCK]] for at in range(0, len(names), _BLOCK))
    return _table(model, names, parts, report)


def _block(model: RecommenderModel, users: Sequence[Any], k: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(ids, scores) of each customer. With prerequisites everybody has a choice of their own, so there they are asked one by one."""
    learned, rows = model.recommender, model.recommender._user_rows()
    asked = [meant(user, rows) for user in users]
    known = [one for one in dict.fromkeys(asked) if one is not None] if not model.listing.requires else []
    found = dict(zip(known, zip(*learned.recommend(known, k), strict=True), strict=True)) if known else {}
    return [
        found[one] if one in found else _listed(model, next(model._histories([user])), k)
        for one, user in zip(asked, users, strict=True)
    ]


def _listed(model: RecommenderModel, history: Mapping, k: int) -> tuple[Any, Any]:
    return model._best(model._known(history), k, 0.0, None, None, None)


def _table(model: RecommenderModel, names: Sequence[Any], parts: Iterator[list], report: Callable | None) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, list] = {"customer": [], "rank": [], "item": [], "title": [], "score": []}
    done = 0
    for part in parts:
        for name, (ids, scores) in zip(names[done : done + len(part)], part, strict=True):
            real = [(item, score) for item, score in zip(ids, scores, strict=True) if item is not None]
            columns["customer"] += [name] * len(real)
            columns["rank"] += range(1, len(real) + 1)
            columns["item"] += [item for item, _ in real]
            columns["title"] += [model.title_of(item) for item, _ in real]
            columns["score"] += [round(float(score), 6) for _, score in real]
        done += len(part)
        if report is not None:
            report(done, len(names))
    return pd.DataFrame({name: pd.Series(values, dtype=None if name in ("rank", "score") else object) for name, values in columns.items()})

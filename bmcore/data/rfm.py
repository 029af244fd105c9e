"""Preparing purchases: one row a customer, with recency, frequency and money.

Source: the three measures are those of Hughes, Strategic Database Marketing (1994); the last date of the table is "today".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.data import purchases
from bmcore.data.features import columns_of
from bmcore.data.prepared import Preparation, Prepared
from bmcore.data.purchases import Log
from bmcore.data.scaling import Scaling
from bmcore.errors import DataError
from bmcore.messages import Message

if TYPE_CHECKING:
    import pandas as pd


class Purchases(Preparation):
    """Recency, frequency and money of every customer, from a table with one purchase a row.

    Use it when you have a log of purchases and want groups of customers.

    Parameters
    ----------
    columns : dict
        "customer", "date"; "money" (the amount of the whole row) and "quantity" may be missing.

    Attributes
    ----------
    scaling_ : Scaling
        Frequency and money on a log scale.
    today_ : str
        Last date of the table, ISO.

    Notes
    -----
    About 2 s for a million purchases. Something given back (negative money or quantity) lowers the customer's money and is no purchase;
    purchases of one customer on one day count once.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({"who": ["a", "a", "b"], "when": ["2024-01-01", "2024-01-31", "2024-01-21"], "paid": [10.0, 30.0, 5.0]})
    >>> found = Purchases({"customer": "who", "date": "when", "money": "paid"}).fit(log)
    >>> found.table[["who", "recency_days", "frequency", "money"]].values.tolist()
    [['a', 0, 2, 40.0], ['b', 10, 1, 5.0]]
    """

    kind = "purchases"
    roles = ("customer", "date", "money", "quantity")

    def fit(self, frame: pd.DataFrame, report: Callable | None = None) -> Prepared:
        log = self.read(frame)
        return self.summarise(log)

    def read(self, frame: pd.DataFrame) -> Log:
        """The lines of the table that can be used, checked."""
        return purchases.read(
            frame, self._column("customer"), self._column("date"), self.columns.get("money"), self.columns.get("quantity")
        )

    def summarise(self, log: Log) -> Prepared:
        """Learn from a log that was read already."""
        table, notes = summary(log)
        self.today_ = str(log.day.max())
        if len(table) < 2:
            raise DataError(
                "All purchases are of one customer ({customer}), so there is nobody to compare. Name the column that tells customers "
                "apart.",
                customer=str(table["customer"].iloc[0])[:60] if len(table) else "",
            )
        values = {name: table[name].to_numpy(np.float64) for name in _measures(log)}
        self.scaling_ = Scaling()
        X, done = self.scaling_.fit(values, always_log=("frequency", "items", "money"))
        key = self.columns["customer"]
        key = key if key not in table.columns[1:] else "customer"
        return Prepared(X, self.scaling_.names, table.rename(columns={"customer": key}), key, None, log.notes + notes + done)

    def apply(self, table: pd.DataFrame) -> np.ndarray:
        """Customers of another time on the same scales."""
        return self.scaling_.apply({name: table[name].to_numpy(np.float64) for name in self.scaling_.names})

    def transform(self, records: list[dict], report: Callable | None = None) -> np.ndarray:
        return self.scaling_.apply(columns_of(records, self.scaling_.names))

    def example(self) -> list:
        return [{scale.name: round(scale.fill, 2) for scale in self.scaling_.scales}]

    def _state(self) -> dict[str, Any]:
        return {"scales": self.scaling_.state(), "today": self.today_}

    def _restore(self, state: dict[str, Any]) -> None:
        self.scaling_, self.today_ = Scaling.restore(state["scales"]), str(state["today"])


def summary(log: Log) -> tuple[pd.DataFrame, list[Message]]:
    """One row a customer who bought something: customer, recency_days, frequency, money, items, first, last.

    `recency_days` counts to the last day of the log; `frequency` counts days with a purchase; `money` is what came in less what was given
    back, at least 0.
    """
    import pandas as pd

    bought = ~log.returned
    c, today = len(log.customers), log.day.max()
    day = log.day.astype(np.int64)
    who, when = log.who[bought], day[bought]
    order = np.unique(who.astype(np.int64) * (int(day.max() - day.min()) + 1) + (when - day.min()))
    frequency = np.bincount(order // (int(day.max() - day.min()) + 1), minlength=c)
    last, first = np.full(c, np.iinfo(np.int64).min), np.full(c, np.iinfo(np.int64).max)
    np.maximum.at(last, who, when)
    np.minimum.at(first, who, when)
    some = frequency > 0
    columns: dict[str, Any] = {"customer": log.customers[some]}
    columns["recency_days"] = today.astype(np.int64) - last[some]
    columns["frequency"] = frequency[some]
    notes = []
    if not some.all():
        notes.append(Message("{n:,} customers only gave things back and are left out.", n=int((~some).sum())))
    if log.money is not None:
        net = np.bincount(log.who, weights=log.money, minlength=c)[some]
        if (net < -0.005).any():
            notes.append(Message("{n:,} customers gave back more than they paid; their money counts as 0.", n=int((net < -0.005).sum())))
        columns["money"] = np.round(np.maximum(net, 0), 6)
    if log.items is not None:
        columns["items"] = np.maximum(np.bincount(log.who, weights=log.items, minlength=c)[some], 0)
    columns["first"] = first[some].astype("M8[D]").astype(str)
    columns["last"] = last[some].astype("M8[D]").astype(str)
    return pd.DataFrame(columns), notes


def _measures(log: Log) -> list[str]:
    """The columns of the summary that count: items stand in where there is no money."""
    third = "money" if log.money is not None else "items" if log.items is not None else None
    return ["recency_days", "frequency", *([third] if third else [])]

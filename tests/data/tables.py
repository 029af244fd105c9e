"""What tests of reading and preparing tables share."""

import pandas as pd
import pytest

from bmcore.data.prepared import preparation
from bmcore.errors import DataError

LOG = pd.DataFrame(
    {
        "who": ["a", "b", "a", "c", "a", "b", "d", "b "],
        "when": ["2024-01-01", "2024-01-11", "2024-01-31", "2024-01-21", "2024-01-31", "2024-01-12", "2024-01-02", "2024-01-13"],
        "paid": [10.0, 5.0, 20.0, 7.0, 2.5, -2.0, -3.0, 4.0],
        "pieces": [1, 1, 2, 1, 1, 1, 1, 2],
    }
)
ROLES = {"customer": "who", "date": "when", "money": "paid"}


def refused(call, *words):
    """The sentence of the error, which has to hold all of the words."""
    with pytest.raises(DataError) as caught:
        call()
    text = str(caught.value)
    assert all(word in text for word in words), text
    return text


def numeric(frame, **columns):
    made = preparation("numeric", {"features": None, **columns})
    return made, made.fit(frame)

"""What people are shown of items: title, words, difficulty and what comes before, in the order of a recommender's items."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore import files
from bmcore.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

FILE = "items.json"
_LONGEST = 300  # characters of a description; what was learned from it is in the recommender


class Listing:
    """Titles, words, difficulty and prerequisites of n items, by position.

    Attributes
    ----------
    titles, about : list of str
    difficulty : ndarray of shape (n,), float64
        NaN where unknown.
    requires : dict of int to list of int
        Position of an item -> positions of those that come before it.
    """

    def __init__(self, titles: list[str], about: list[str], difficulty: np.ndarray, requires: dict[int, list[int]]):
        self.titles, self.about, self.difficulty, self.requires = titles, about, difficulty, requires

    @classmethod
    def of(cls, item_ids: np.ndarray, catalogue: pd.DataFrame | None = None) -> Listing:
        """From a catalogue as `bmcore.data.catalogue` makes it; an item that is not in it is called by its id.

        Raises
        ------
        DataError
            If items need each other in a circle.
        """
        n = len(item_ids)
        found = cls([str(one) for one in item_ids], [""] * n, np.full(n, np.nan), {})
        if catalogue is None:
            return found
        from bmcore.recommend.order import check_requires

        place = {one: at for at, one in enumerate(item_ids)}
        needs: dict[Any, list[Any]] = {one: [] for one in item_ids}
        for item, title, about, difficulty, requires in catalogue[["item", "title", "about", "difficulty", "requires"]].itertuples(
            index=False
        ):
            if (at := place.get(item)) is not None:
                found.titles[at], found.about[at], found.difficulty[at] = str(title), str(about)[:_LONGEST], float(difficulty)
                needs[item] = list(requires)
        kept, _ = check_requires(needs)
        found.requires = {place[item]: [place[one] for one in before] for item, before in kept.items()}
        return found

    def save(self, folder: Path, example: dict[str, list]) -> None:
        """Write it, with a customer and an item that /docs can show without opening the model."""
        files.write_json(folder / FILE, {
            "example": example,
            "title": self.titles,
            "about": self.about,
            "difficulty": [None if math.isnan(value) else value for value in self.difficulty.tolist()],
            "requires": {str(at): before for at, before in self.requires.items()},
        })

    @classmethod
    def load(cls, folder: Path, n: int) -> Listing:
        """Read what `save` wrote for n items.

        Raises
        ------
        ModelError
            If it is missing, damaged or of other items.
        """
        try:
            return cls._read(files.read_json(folder / FILE), n)
        except Exception:  # a file that somebody changed can raise anything
            raise ModelError(
                "{folder} does not say what its items are called: {file} is missing or damaged. Give the folder that a run wrote.",
                folder=str(folder), file=FILE,
            ) from None

    @classmethod
    def _read(cls, told: Any, n: int) -> Listing:
        titles, about = told["title"], told["about"]
        if not all(isinstance(texts, list) and len(texts) == n and all(isinstance(one, str) for one in texts) for texts in (titles, about)):
            raise ValueError("texts")
        if not all(value is None or type(value) in (int, float) for value in told["difficulty"]):
            raise ValueError("difficulty")
        difficulty = np.array([math.nan if value is None else float(value) for value in told["difficulty"]], dtype=np.float64)
        requires = {int(at): list(before) for at, before in told["requires"].items()}
        every = [one for at, before in requires.items() for one in (at, *before)]
        if difficulty.shape != (n,) or np.isinf(difficulty).any() or not all(type(one) is int and 0 <= one < n for one in every):
            raise ValueError("positions")
        if requires:
            from bmcore.recommend.order import check_requires

            check_requires({**dict.fromkeys(every, ()), **requires})  # no circles
        return cls(titles, about, difficulty, requires)


def example(folder: Path) -> dict[str, list]:
    """{"users": [id], "items": [id]} of a saved model; made-up ones where the file is damaged, which opening the model will say."""
    found = files.read_json(Path(folder) / FILE, {})
    told = found.get("example") if isinstance(found, dict) else None
    told = told if isinstance(told, dict) else {}
    return {
        name: told[name] if isinstance(told.get(name), list) and all(isinstance(one, str | int | float) for one in told[name]) else ["1"]
        for name in ("users", "items")
    }

"""People without a history: what is popular with people like them.

    people = People().fit(traits, user_ids, X)
    positions, scores, why = people.popular({"gender": "F", "age": 27}, k=10)
    str(why)                                        # popular with people whose gender is F and whose age is 25 to 34
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore import files
from bmcore.data.identifiers import meant
from bmcore.messages import Message
from bmcore.recommend import binning, stored

if TYPE_CHECKING:
    import pandas as pd
    import scipy.sparse

# users: a group of so many is believed as much as what is known without it. For new users of 943 film-goers with age, gender and
# occupation, NDCG@10 was .522 with 5, .550 with 20, .554 with 50, .552 with 100, and .531 for what is popular with everybody.
_PRIOR = 50.0
_MOST_KINDS = 0.5  # of the users: a trait with more values than that is a name, not a trait
_FEW_KINDS = 20  # so many values are never too many
_NPZ, _JSON = "people.npz", "people.json"


@dataclass
class Trait:
    """One column: its values as people read them; `lows` are where the ranges of a column of numbers begin, else None."""

    name: str
    labels: list[str]
    lows: list[float] | None = None

    def code(self, value: Any) -> int:
        """Which of the labels a value is; -1 where it is none of them."""
        return binning.code_of(value, self.labels, self.lows)


class People:
    """Popularity of items among users with the same traits.

    Use it when a visitor has no history, and a little is known of who they are.

    Attributes
    ----------
    traits_ : list of Trait
    codes_ : ndarray of shape (n_users, n_traits), int32
        Label of each user; -1 where it is not known.
    popularity_ : ndarray of shape (n_items,), float64
        Share of all users who chose each item, from 0 to 1.
    notes_ : list of Message

    Notes
    -----
    Of n users with all the traits c chose an item, so its score is (c + 50 p) / (n + 50): a small group hardly moves what is believed
    without it, a large one decides. With one trait p is the share among everybody; with several it is the mean of the scores of each
    trait alone. That is the mean of a binomial share under a beta prior worth 50 users.
    Numbers are cut into up to five ranges of about as many users each. Time: the histories of the users with each trait are read once a
    question. Memory: 4 bytes a user and trait; histories are shared with the recommender.

    References
    ----------
    Gelman and others, Bayesian Data Analysis (3rd edition 2013), section 2.4: the beta prior as additional observations.

    Examples
    --------
    >>> import pandas as pd
    >>> from scipy.sparse import csr_matrix
    >>> traits = pd.DataFrame({"user": ["a", "b", "c"], "city": ["Oslo", "Oslo", "Rome"]})
    >>> X = csr_matrix([[1, 0], [1, 0], [0, 1]])
    >>> positions, scores, why = People().fit(traits, ["a", "b", "c"], X).popular({"city": "Rome"}, k=1)
    >>> positions.tolist(), str(why)
    ([0], 'popular with people whose city is Rome')
    """

    def fit(self, traits: pd.DataFrame, user_ids: Sequence[Any], X: scipy.sparse.csr_matrix) -> People:
        """Learn who has which traits.

        Parameters
        ----------
        traits : DataFrame
            Column user, every other column a trait; users without a history are passed over, of repeated users the first row counts.
        user_ids : sequence of n_users
        X : CSR of shape (n_users, n_items)
            Their histories. It is kept, not copied.
        """
        table = traits.loc[~traits["user"].duplicated()]
        known = dict.fromkeys(user_ids)
        place = {meant(user, known): row for row, user in enumerate(table["user"].tolist())}
        rows = np.array([place.get(user, -1) for user in user_ids], dtype=np.int64)
        self.traits_, self.notes_, codes = [], [], []
        for name in (name for name in table.columns if name != "user"):
            labels, lows, found = binning.bins(table[name])
            column = np.where(rows >= 0, np.append(found, -1)[rows], -1).astype(np.int32)
            if len(labels) > max(_FEW_KINDS, _MOST_KINDS * len(rows)):
                self.notes_.append(Message("{column!r} is different for nearly every user: no group has it in common.", column=str(name)))
            elif (column >= 0).any():
                self.traits_.append(Trait(str(name), labels, lows))
                codes.append(column)
        self.codes_ = np.stack(codes, axis=1) if codes else np.zeros((len(rows), 0), np.int32)
        return self._with(X)

    def scores(self, like: Mapping[str, Any] | None) -> np.ndarray:
        """How popular each item is with people like that: (n_items,) float64, from 0 to 1."""
        return self._scores(self._read(like)[0])

    def popular(self, like: Mapping[str, Any] | None, k: int) -> tuple[np.ndarray, np.ndarray, Message]:
        """The k items most popular with people like that.

        Parameters
        ----------
        like : dict of column to value, or None
            Values as people write them; a number finds its range. What nobody has is not used, and the sentence says so.

        Returns
        -------
        positions : (k,) int64, or fewer where there are fewer items
        scores : (k,) float64, from 0 to 1
        why : Message
        """
        scores = self.scores(like)
        best = np.argsort(-scores, kind="stable")[:k]
        return best, scores[best], self.why(like)

    def why(self, like: Mapping[str, Any] | None) -> Message:
        """The reason that goes with `scores(like)`."""
        known, unused = self._read(like)
        told = Message("popular with everybody")
        if known:
            told = Message("popular with people whose {traits}", traits=self._worded(known))
        if unused:
            names = ", ".join(f"{name[:40]}: {binning.text_of(value)}"[:100] for name, value in unused)
            told = Message("{why} (not used, since nobody known has it: {unused})", why=told, unused=names)
        return told

    def save(self, folder: str | Path) -> Path:
        """Write what was learned, except the histories."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        stored.write_arrays(folder / _NPZ, {"codes": self.codes_})
        traits = [{"name": one.name, "labels": one.labels, "lows": one.lows and [_plain(low) for low in one.lows]} for one in self.traits_]
        files.write_json(folder / _JSON, {"traits": traits, "notes": [note.to_dict() for note in self.notes_]})
        return folder

    @classmethod
    def load(cls, folder: str | Path, X: scipy.sparse.csr_matrix) -> People:
        """Read what `save` wrote; `X` are the same histories again.

        Raises
        ------
        ModelError
            If the folder holds something else, or is damaged.
        """
        folder, found = Path(folder), cls()
        with stored.damage(folder, "People", _NPZ, _JSON):
            about, codes = files.read_json(folder / _JSON), stored.arrays(folder / _NPZ)["codes"]
            found.traits_ = [_trait(one) for one in about["traits"]]
            if codes.shape != (X.shape[0], len(found.traits_)) or codes.dtype != np.int32:
                raise ValueError("codes")
            for column, trait in zip(codes.T, found.traits_, strict=True):
                stored.positions(column, below=len(trait.labels), least=-1)
            found.codes_, found.notes_ = codes, [Message.from_dict(note) for note in about["notes"]]
            found._with(X)
        return found

    def _with(self, X: scipy.sparse.csr_matrix) -> People:
        self._X = X
        self.popularity_ = np.bincount(X.indices, minlength=X.shape[1]) / max(1, X.shape[0])
        return self

    def _read(self, like: Mapping[str, Any] | None) -> tuple[dict[int, int], list[tuple[str, Any]]]:
        """(trait -> label, what could not be used) of what was said of somebody; what was left empty was not said."""
        said = [(str(name), value) for name, value in (like or {}).items() if binning.text_of(value) is not None]
        place = {trait.name: at for at, trait in enumerate(self.traits_)}
        codes = {at: self.traits_[at].code(value) for name, value in said if (at := place.get(name)) is not None}
        # a value that only people without a history have is as good as unknown
        known = {at: code for at, code in codes.items() if code >= 0 and (self.codes_[:, at] == code).any()}
        return known, [(name, value) for name, value in said if place.get(name) not in known]

    def _group(self, known: dict[int, int]) -> np.ndarray:
        """The users who have all these traits: positions."""
        return np.flatnonzero((self.codes_[:, list(known)] == list(known.values())).all(axis=1))

    def _scores(self, known: dict[int, int]) -> np.ndarray:
        if not known:
            return self.popularity_
        before = self.popularity_
        if len(known) > 1:
            before = np.mean([self._scores({at: code}) for at, code in known.items()], axis=0)
        group = self._group(known)
        chosen = np.bincount(self._X[group].indices, minlength=len(before))
        return (chosen + _PRIOR * before) / (len(group) + _PRIOR)

    def _worded(self, known: dict[int, int]) -> Message:
        """What these people have in common; "or" where nobody known has it all."""
        names = [Message("{column} is {value}", column=self.traits_[at].name, value=_range(self.traits_[at], code))
                 for at, code in known.items()]
        told, together = names[0], len(self._group(known)) > 0
        for name in names[1:]:
            told = Message("{one} and {other}", one=told, other=name) if together else Message("{one} or {other}", one=told, other=name)
        return told


def _range(trait: Trait, code: int) -> str | Message:
    """A label as part of a sentence, so that the words of a range are translated with it."""
    label = trait.labels[code]
    if trait.lows is None:
        return label
    for word, told in (("under ", Message("under {high}", high=label[6:])), (" or more", Message("{low} or more", low=label[:-8]))):
        if label.startswith(word) or label.endswith(word):
            return told
    low, to, high = label.partition(" to ")
    return Message("{low} to {high}", low=low, high=high) if to else label


def _trait(told: dict[str, Any]) -> Trait:
    """A trait as `save` wrote it; ValueError for anything else."""
    name, labels, lows = told["name"], told["labels"], told["lows"]
    if not isinstance(name, str) or not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ValueError("traits")
    if lows is not None:
        lows = [-np.inf if low is None else float(low) for low in lows]
        if len(lows) != len(labels) or np.isnan(lows).any() or (np.diff(lows) < 0).any():
            raise ValueError("lows")
    return Trait(name, labels, lows)


def _plain(low: float) -> float | None:
    """JSON has no infinity."""
    return low if np.isfinite(low) else None

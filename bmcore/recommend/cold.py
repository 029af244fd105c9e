"""Where descriptions of items and traits of users meet a recommender, which itself knows of neither.

Content has its own order of items (those that somebody chose, then the others); here it is put into the recommender's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bmcore.data.identifiers import identifier, meant
from bmcore.errors import DataError
from bmcore.messages import Message
from bmcore.recommend import binning, inputs


def describe(recommender: Any, items: Any, users: Any) -> None:
    """Learn a catalogue and traits; items that only the catalogue has come last in `item_ids_`."""
    if items is not None:
        from bmcore.recommend.content import Content

        table = _table(items, "item")
        have = dict.fromkeys(recommender.item_ids_.tolist())
        table["item"] = inputs.identities(_as_learned(one, have) for one in table["item"].tolist())
        known = recommender.item_ids_[recommender.popularity_ > 0]
        content = Content().fit(table, known)
        new = inputs.identities([one for one in content.items_.tolist() if one not in have])
        recommender.item_ids_ = np.concatenate([recommender.item_ids_, new])
        recommender.popularity_ = np.concatenate([recommender.popularity_, np.zeros(len(new), np.int64)])
        recommender.history_ = inputs.widened(recommender.history_, len(recommender.item_ids_))
        recommender.content_ = content
    if users is not None:
        from bmcore.recommend.people import People

        recommender.people_ = People().fit(_table(users, "user"), recommender.user_ids_, recommender.history_)


def _as_learned(item: Any, known: dict) -> Any:
    """An id of a catalogue as the log has it; one of a new item as a log would have kept it."""
    found = meant(item, known)
    return identifier(item) if found is None else found


def _table(given: Any, column: str) -> Any:
    if not hasattr(given, "columns") or column not in list(given.columns):
        raise DataError(
            "A table of descriptions or traits needs a column {column!r} with the ids of the log. Rename the column that has them.",
            column=column,
        )
    binning.refuse_repeated(given)
    named = np.array([not binning.blank(one) for one in given[column].tolist()], bool)
    return given.loc[named].copy(deep=False)  # a row without an id is about nothing


def places(recommender: Any) -> np.ndarray:
    """Position in the recommender of each of content's items: (n_all,) int64."""
    if not hasattr(recommender, "_places"):
        rows = recommender._item_rows()
        recommender._places = np.array([rows[one] for one in recommender.content_.items_.tolist()], dtype=np.int64)
    return recommender._places


def scores(recommender: Any, H: Any) -> np.ndarray:
    """Scores of all items: (m, n_items) float32; -inf where nothing is known of an item."""
    content, at = recommender.content_, places(recommender)
    learned = recommender._scores(spoken(recommender, H))
    found = np.full((H.shape[0], len(recommender.item_ids_)), -np.inf, dtype=np.float32)
    found[:, at] = content.extend(learned[:, at[: content.known_]])
    return found


def reachable(recommender: Any) -> np.ndarray:
    """Items that can be recommended: chosen by somebody, or described like one that was. (n_items,) bool."""
    content, mask = recommender.content_, recommender.popularity_ > 0
    if content is not None:
        mask[places(recommender)[content.known_ :]] = np.diff(content.weights_.indptr) > 0
    return mask


def spoken(recommender: Any, H: Any) -> Any:
    """Histories over learned items: for an item that nobody chose stands the chosen one described most like it."""
    n = recommender._n_learned
    if not len(H.indices):
        return inputs.widened(H, n)
    new = np.asarray(recommender.popularity_ == 0)[H.indices]
    if not new.any():
        return inputs.widened(H, n)
    from scipy.sparse import csr_matrix

    stand_in = stand_ins(recommender)[H.indices]
    rows, kept = np.repeat(np.arange(H.shape[0]), np.diff(H.indptr)), stand_in >= 0
    return csr_matrix((H.data[kept], (rows[kept], stand_in[kept])), shape=(H.shape[0], n))


def stand_ins(recommender: Any) -> np.ndarray:
    """(n_items,) int64: the item itself where it was chosen, else the chosen one described most like it, or -1."""
    content, at = recommender.content_, places(recommender)
    found = np.where(recommender.popularity_ > 0, np.arange(len(recommender.item_ids_)), -1)
    weights = content.weights_
    for row in np.flatnonzero(np.diff(weights.indptr)):
        first, last = weights.indptr[row], weights.indptr[row + 1]
        found[at[content.known_ + row]] = at[weights.indices[first + np.argmax(weights.data[first:last])]]
    return found


def similar(recommender: Any, positions: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """By who chose them; an item that nobody chose by its description."""
    new = recommender.popularity_[positions] == 0
    if recommender.content_ is None or not new.any():
        return recommender._similar(positions, k)
    found, best = np.full((len(positions), k), -1, np.int64), np.full((len(positions), k), -np.inf, np.float32)
    if not new.all():
        found[~new], best[~new] = recommender._similar(positions[~new], k)
    at = places(recommender)
    back = {place: own for own, place in enumerate(at.tolist())}
    for row in np.flatnonzero(new):
        if int(positions[row]) in back:
            near, close = recommender.content_.neighbours(back[int(positions[row])], k)
            found[row, : len(near)], best[row, : len(near)] = at[near], close
    return found, best


def contributions(recommender: Any, row: Any, position: int) -> np.ndarray:
    """What each item of a history adds, for items described only too: (h,) float32."""
    standing = stand_ins(recommender)[row.indices]
    history = inputs.widened(spoken(recommender, row), len(recommender.item_ids_))
    history.sort_indices()
    added = np.zeros(len(recommender.item_ids_) + 1, np.float32)  # the last for -1
    for target, weight in _targets(recommender, position):
        added[history.indices] += weight * recommender._contributions(inputs.widened(history, recommender._n_learned), target)
    return added[standing] / np.maximum(np.bincount(standing + 1)[standing + 1], 1)


def _targets(recommender: Any, position: int) -> list[tuple[int, float]]:
    """Chosen items whose scores make the score of an item, and their weights."""
    content, at = recommender.content_, places(recommender)
    own = np.flatnonzero(at == position)
    if recommender.popularity_[position] or not len(own):
        return [(position, 1.0)] if position < recommender._n_learned else []
    weights = content.weights_[int(own[0]) - content.known_]
    return list(zip(at[weights.indices].tolist(), weights.data.tolist(), strict=True))


def vectors(recommender: Any, positions: Any) -> Any:
    """A row for each item, by which two can be compared: its description, else who chose it."""
    content = recommender.content_
    if content is None:
        if not hasattr(recommender, "_by_item"):
            recommender._by_item = recommender.history_.T.tocsr()
        return recommender._by_item[positions]
    own = np.full(len(recommender.item_ids_), -1, dtype=np.int64)
    own[places(recommender)] = np.arange(len(content.items_))
    found = content.vectors_[own[positions]]
    lost = np.flatnonzero(own[positions] < 0)  # an item of a matrix that nobody chose and nobody described
    if len(lost):
        found = found.tolil() if hasattr(found, "tolil") else found.copy()
        found[lost] = 0
    return found.tocsr() if hasattr(found, "tocsr") else found


def because(recommender: Any, position: int) -> Message:
    """The sentence for an item that nobody chose."""
    own = np.flatnonzero(places(recommender) == position)
    found = recommender.content_.because(int(own[0])) if len(own) else None
    return found or Message("Nobody has chosen it yet, and nothing is known of it.")


def load(recommender: Any, folder: Path, parts: list[str], order: np.ndarray) -> None:
    """Read the parts that a recommender was saved with; `order` is what `places` was."""
    if "content" in parts:
        from bmcore.recommend.content import Content

        recommender.content_ = Content.load(folder / "content", recommender.item_ids_[order])
    if "people" in parts:
        from bmcore.recommend.people import People

        recommender.people_ = People.load(folder / "people", recommender.history_)

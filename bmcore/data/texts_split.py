"""Hold out whole texts, so that what was learned is judged by texts of which nothing was seen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from bmcore.errors import DataError, ParameterError

if TYPE_CHECKING:
    from bmcore.data.texts import Texts

BEGINNING = 200  # characters by which near copies are known
_FILES = 10  # from so many files on, all that one file was divided into stays together
_TEMPLATE = 20  # a beginning that so many texts share is a form letter, not a copy


def split_texts(texts: Texts, *, test: float = 0.1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to judge by: whole texts, near copies never on both sides.

    Use it when what was learned is to be judged by texts that it never saw.

    Parameters
    ----------
    texts : Texts
    test : float, default 0.1
        Share of the characters that is held out; at least one text, and never all.
    seed : int

    Returns
    -------
    train, test : (n,) int64 each, ascending

    Raises
    ------
    DataError
        If all texts begin alike, so that none can be held out.
    ParameterError
        If `test` is not between 0 and 1.

    Notes
    -----
    Texts are near copies if their first 200 characters are the same but for case and space. Where there are 10 files or more,
    what one file was divided into stays on one side. About 1 s for 100,000 texts.

    Examples
    --------
    >>> from bmcore.data.texts import Texts
    >>> train, held_out = split_texts(Texts([letter * 100 for letter in "abcdefghij"]), test=0.2)
    >>> len(train), len(held_out)
    (8, 2)
    """
    if not 0 < test < 1:
        raise ParameterError(
            "Setting {name} cannot be {value}: it takes a share above 0 and below 1, such as 0.1.", name="test", value=str(test)[:40]
        )
    groups = _groups(texts)
    if len(groups) < 2 or groups.max() == 0:
        raise DataError("All texts begin with the same words, so none can be held out for a test. Bring texts that differ.")
    held_out = _chosen(groups, np.array([len(text) for text in texts.documents]), test, np.random.default_rng(seed))[groups]
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _chosen(groups: np.ndarray, characters: np.ndarray, test: float, random: np.random.Generator) -> np.ndarray:
    """(g,) True for the groups held out: in random order, each one that brings their characters nearer to the share."""
    sizes = np.bincount(groups, characters)
    order = random.permutation(len(sizes))
    target, reached = test * sizes.sum(), 0.0
    chosen = np.zeros(len(sizes), bool)
    for group in order:
        if reached + sizes[group] / 2 <= target:
            chosen[group] = True
            reached += sizes[group]
    if not chosen.any():
        chosen[sizes.argmin()] = True
    return chosen


def _groups(texts: Texts) -> np.ndarray:
    """(n,) the same number for texts that must stay together, numbered from 0."""
    keys = _beginnings(texts.documents)
    sources = texts.sources
    if sources is None or len(np.unique(sources)) < _FILES:
        return np.unique(keys, return_inverse=True)[1]
    return _connected(keys, np.unique(sources, return_inverse=True)[1])


def _beginnings(documents: list[str]) -> np.ndarray:
    """(n,) the same number for texts that begin alike."""
    first = [" ".join(text[: 2 * BEGINNING].casefold().split())[:BEGINNING] for text in documents]
    counts = Counter(first)
    seen: dict[str, int] = {}
    return np.array([
        seen.setdefault(key if counts[key] < _TEMPLATE or len(text) < BEGINNING else " ".join(text.casefold().split()), len(seen))
        for key, text in zip(first, documents, strict=True)
    ])


def _connected(keys: np.ndarray, files: np.ndarray) -> np.ndarray:
    """(n,) components of the graph in which texts are joined by a common beginning or a common file."""
    parent = np.arange(files.max() + 1)

    def root(file: int) -> int:
        while parent[file] != file:
            parent[file] = file = parent[parent[file]]
        return file

    first: dict[int, int] = {}
    for key, file in zip(keys.tolist(), files.tolist(), strict=True):
        other = first.setdefault(key, file)
        if other != file:
            parent[root(file)] = root(other)
    return np.unique([root(file) for file in files.tolist()], return_inverse=True)[1]

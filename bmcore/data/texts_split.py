"""Hold out whole texts, so that what was learned is judged by texts of which nothing was seen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from bmcore.data.near_copies import near_copies
from bmcore.errors import DataError, ParameterError
from bmcore.messages import Message

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
    Texts are near copies if their first 200 characters are the same but for case and space. Where 20 or more begin alike, as letters of
    one form do, those are that have nine tenths of their pieces of 8 characters in common; if then most texts were one, only equal ones
    are. Where there are 10 files or more, what one file was divided into stays on one side. About 1 s for 100,000 texts, 20 s where all
    are of a few forms.

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
    groups = _groups(texts, near=True)
    if len(groups) and np.bincount(groups).max() > len(groups) / 2:  # the others alone would be no fair test
        groups = _groups(texts, near=False)
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


def notes(texts: Texts, train: np.ndarray, test: np.ndarray) -> list[Message]:
    """What a reader of the figures has to know of a split: whose texts lie on both sides."""
    said = []
    if texts.sources is not None:
        files = np.unique(texts.sources, return_inverse=True)[1]
        both = len(np.intersect1d(files[train], files[test]))
        if both:
            said.append(Message(
                "Pieces of {n} files are learned from and held out both, so the figures say how well it goes on in texts that it knows. "
                "Bring at least {least} files to judge by texts that are new.", n=both, least=_FILES,
            ))
    first = np.array([_beginning(text) for text in texts.documents], dtype=object)
    alike = int(np.isin(first[test], first[train]).sum())
    if alike:
        said.append(Message(
            "{n} of {all} held-out texts begin like texts that are learned from, as letters of one form do: part of the figures is how "
            "well it knows the form.", n=alike, all=len(test),
        ))
    return said


def _groups(texts: Texts, near: bool) -> np.ndarray:
    """(n,) the same number for texts that must stay together, numbered from 0; `near`: those of one form too, if they are near copies."""
    keys = _beginnings(texts.documents, near)
    sources = texts.sources
    if sources is None or len(np.unique(sources)) < _FILES:
        return np.unique(keys, return_inverse=True)[1]
    return _connected(keys, np.unique(sources, return_inverse=True)[1])


def _beginning(text: str) -> str:
    return " ".join(text[: 2 * BEGINNING].casefold().split())[:BEGINNING]


def _beginnings(documents: list[str], near: bool) -> np.ndarray:
    """(n,) the same number for texts that begin alike."""
    first = [_beginning(text) for text in documents]
    counts = Counter(first)
    keys: list[tuple] = [(key,) for key in first]
    of_form: dict[str, list[int]] = {}
    for row, (key, text) in enumerate(zip(first, documents, strict=True)):
        if counts[key] >= _TEMPLATE and len(text) >= BEGINNING:
            of_form.setdefault(key, []).append(row)
    for key, rows in of_form.items():
        texts = [documents[row] for row in rows]
        apart = near_copies(texts).tolist() if near else [" ".join(text.casefold().split()) for text in texts]
        for row, mark in zip(rows, apart, strict=True):
            keys[row] = (key, mark)
    seen: dict[tuple, int] = {}
    return np.array([seen.setdefault(key, len(seen)) for key in keys])


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

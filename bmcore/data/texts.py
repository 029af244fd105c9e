"""Texts to learn from: one string a document.

texts = load_texts(store_texts("notes.txt"))
train, test = split_texts(texts)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from bmcore.data.texts_split import split_texts
from bmcore.data.texts_store import store_texts
from bmcore.errors import DataError
from bmcore.messages import Message

__all__ = ["Texts", "load_texts", "split_texts", "store_texts"]

MOST_DOCUMENTS = 1_000_000
LEAST_DOCUMENTS, LEAST_CHARACTERS = 2, 2_000
_VERY_LONG = 100_000


@dataclass
class Texts:
    """Documents in memory.

    Use it when texts go from a file or a sample into an estimator.

    Parameters
    ----------
    documents : list of str
        Each non-empty, with line feeds only and no NUL; exact copies once.
    names : list of str or None
        File names, for display only.
    notes : list of Message
        What a person should know: what was left out and why, encodings guessed, copies.
    sources : (n,) int32 or None
        Which file or row each document was divided from.

    Notes
    -----
    Memory: 1 byte a character of plain English, 2 of Chinese, 4 of a text with emoji, and 60 bytes a document.

    Examples
    --------
    >>> texts = Texts(["one", "two", "three"], None)
    >>> len(texts), texts.characters, texts.take([2]).documents
    (3, 11, ['three'])
    """

    documents: list[str]
    names: list[str] | None = None
    notes: list[Message] = field(default_factory=list)
    sources: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def characters(self) -> int:
        """How many characters there are in all."""
        return sum(map(len, self.documents))

    def take(self, rows) -> Texts:
        """The documents of these rows, in their order."""
        rows = np.arange(len(self))[rows]
        names = None if self.names is None else [self.names[row] for row in rows]
        sources = None if self.sources is None else self.sources[rows]
        return Texts([self.documents[row] for row in rows], names, list(self.notes), sources)


def load_texts(ref: dict[str, Any], column: str | None = None, *, report: Callable | None = None) -> Texts:
    """The texts that a reference means: a sample, a stored file, archive or table, or a data set of the hub.

    Use it when a run or a page begins from a reference that its spec keeps.

    Parameters
    ----------
    ref : dict
        As `store_texts`, `refs.sample` or `refs.hub` give it.
    column : str, optional
        Of a table: the column with the texts; by default the sample's own, else the one with the longest texts.
    report : callable, optional
        Called as `report(done, all, phase="data")`; it may raise `Cancelled`.

    Returns
    -------
    Texts
        A row of a table, or a file of an archive, is a document. A single file is divided at lines of three or more of = - * #,
        or at two blank lines, else at paragraphs joined to about 2,000 characters; so is whatever has more than 20,000.

    Raises
    ------
    DataError
        If the reference is damaged or of pictures, the file is no text, or holds fewer than 2 documents or 2,000 characters.
    AssetError
        If it has to be fetched and cannot be.

    Notes
    -----
    About 0.02 s a megabyte. Memory: under three times a file's size, if few of its letters take two or four bytes in memory.

    Examples
    --------
    >>> len(load_texts({"kind": "sample", "name": "dialogues_en"}, "answer")) > 500
    True
    """
    from bmcore.data import refs, samples, texts_read

    kind = ref.get("kind") if isinstance(ref, dict) else None
    if refs.is_pictures(ref):
        raise DataError("{name} holds pictures, not texts. Give texts or a table with a column of texts.", name=str(refs.title(ref)))
    if kind == "sample" and samples.sample(str(ref.get("name"))).kind == "texts":
        return samples.load_sample(str(ref.get("name")))
    notes: list[Message] = []
    stored = str(ref.get("stored")) if kind == "file" else ""
    if stored.endswith(".txt"):
        return _built(texts_read.from_file(ref, notes, report), notes, named=False)
    if stored.endswith(".zip"):
        return _built(texts_read.from_archive(ref, notes, report), notes, named=True)
    if kind == "sample":
        column = column or samples.sample(str(ref.get("name"))).text_column
    return from_frame(refs.load(ref), column, notes)


def from_frame(frame, column: str | None = None, notes: list[Message] | None = None) -> Texts:
    """The texts in a column of a table that is already read; see `load_texts`."""
    from bmcore.data import texts_read

    notes = [] if notes is None else notes
    return _built(texts_read.from_table(frame, column, notes), notes, named=False)


def _built(items: Iterable[tuple[str, str | None, int]], notes: list[Message], named: bool) -> Texts:
    seen: dict[str, tuple[str | None, int]] = {}
    copies = 0
    for text, name, source in islice(items, MOST_DOCUMENTS + 1):
        if text in seen:
            copies += 1
        else:
            seen[text] = (name, source)
    if len(seen) + copies > MOST_DOCUMENTS:
        raise DataError("There are more than {most} texts. Give fewer, or longer ones.", most=MOST_DOCUMENTS)
    documents = list(seen)
    _require(documents, notes)
    notes += _remarks(documents, copies)
    names = [name or "" for name, _ in seen.values()] if named else None
    return Texts(documents, names, notes, np.array([source for _, source in seen.values()], np.int32))


def _require(documents: list[str], notes: list[Message]) -> None:
    characters = sum(map(len, documents))
    if len(documents) >= LEAST_DOCUMENTS and characters >= LEAST_CHARACTERS:
        return
    raise DataError(
        "There are {n} different texts with {characters} characters in all; at least {least} texts and {most} characters are needed, "
        "and many more to learn a voice. Bring more texts; in one file, put a line of three dashes between them.",
        n=len(documents), characters=characters, least=LEAST_DOCUMENTS, most=LEAST_CHARACTERS,
    )


def _remarks(documents: list[str], copies: int) -> list[Message]:
    notes = []
    if copies:
        notes.append(Message("{n} texts are exact copies of another and are left out.", n=copies))
    long = sum(len(text) > _VERY_LONG for text in documents)
    if long:
        notes.append(Message("{n} texts have more than {most} characters each.", n=long, most=_VERY_LONG))
    if len(documents) < 20:
        notes.append(Message("{n} texts of {length} characters on average are little to learn from: the model will mostly repeat them.",
                             n=len(documents), length=sum(map(len, documents)) // len(documents)))
    return notes

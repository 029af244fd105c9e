"""Descriptions as vectors of length 1, so that things described alike lie close together.

    read = vectors("tfidf").fit(descriptions)
    likeness = read.transform(new) @ read.transform(descriptions).T

A kind costs no import until it is used; the model behind "minilm" belongs to the text family and is found by its module's name.
"""

from __future__ import annotations

import importlib
import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bmcore import files
from bmcore.errors import DataError, ModelError
from bmcore.messages import Message

if TYPE_CHECKING:
    import scipy.sparse

ENCODERS = {"minilm": "bmcore.text.embedding"}
_FILE = "vectors.json"
_CHARACTERS = 10_000  # of a description that are read
_TERMS = 200_000  # remembered, the most frequent first
_UNKNOWN_SHARE = 0.3  # of the words: beyond it, a model does not know the language
# scripts that put no space between words: pairs of neighbouring characters stand in for words
_UNSPACED = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f\U00020000-\U0002a6df]"
_RUNS = re.compile(f"({_UNSPACED}+)|((?:(?!{_UNSPACED})[^\\W_])+)")


class Vectors:
    """How texts of one kind become vectors. Subclasses learn in `fit` and keep it in `_state`.

    Attributes
    ----------
    notes_ : list of Message
        What a person should know about how well the texts could be read.
    """

    kind: ClassVar[str] = ""

    def __init__(self) -> None:
        self.notes_: list[Message] = []

    def fit(self, texts: Iterable[str], report: Callable[..., Any] | None = None) -> Vectors:
        """Learn from texts what there is to learn."""
        raise NotImplementedError

    def transform(self, texts: Iterable[str], report: Callable[..., Any] | None = None) -> scipy.sparse.csr_matrix | np.ndarray:
        """(n, d) float32, each row of length 1, or all zeros where nothing in a text is known. CSR or dense, by kind."""
        raise NotImplementedError

    def save(self, folder: str | Path) -> Path:
        """Write everything that was learned into `folder`, as JSON."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        files.write_json(folder / _FILE, {"kind": self.kind, "state": self._state()})
        return folder

    def _state(self) -> dict[str, Any]:
        return {}

    def _restore(self, state: dict[str, Any]) -> None:
        """Take back what `_state` gave; any exception for anything else."""


class TfIdf(Vectors):
    """Words weighted by how rare they are, in any language.

    Use it when descriptions share words: titles, genres, brands, product texts. No model is needed, and it is fast.

    Attributes
    ----------
    terms_ : dict of str to int
        Word -> column. In scripts without spaces, pairs of neighbouring characters are the words.
    counts_ : ndarray of shape (d,), int64
        In how many of the texts each one was.
    n_ : int
        How many texts it has learned from.

    Notes
    -----
    A word that occurs tf times weighs (1 + ln tf) (1 + ln((1 + n) / (1 + counts))). About 2 us a word of text; memory for the 200,000
    most frequent terms and 8 bytes a different word of each text.

    References
    ----------
    Salton and Buckley, Term-weighting approaches in automatic text retrieval (1988).

    Examples
    --------
    >>> texts = ["red running shoe", "blue running shoe", "蓝色跑鞋", "红色跑鞋"]
    >>> X = TfIdf().fit(texts).transform(texts)
    >>> print((X @ X.T).toarray().round(1))
    [[1.  0.6 0.  0. ]
     [0.6 1.  0.  0. ]
     [0.  0.  1.  0.6]
     [0.  0.  0.6 1. ]]
    """

    kind = "tfidf"

    def fit(self, texts: Iterable[str], report: Callable[..., Any] | None = None) -> TfIdf:
        counts: Counter[str] = Counter()
        self.n_ = 0
        for text in texts:
            counts.update(set(words(text)))
            self.n_ += 1
        kept = sorted(counts, key=lambda word: (-counts[word], word))[:_TERMS]
        self.terms_ = {word: place for place, word in enumerate(kept)}
        self.counts_ = np.array([counts[word] for word in kept], dtype=np.int64)
        return self

    def transform(self, texts: Iterable[str], report: Callable[..., Any] | None = None) -> scipy.sparse.csr_matrix:
        from scipy import sparse

        columns, values, ends = array("i"), array("f"), [0]
        for text in texts:
            found = Counter(place for word in words(text) if (place := self.terms_.get(word)) is not None)
            columns.extend(sorted(found))
            values.extend(found[place] for place in sorted(found))
            ends.append(len(columns))
        places, times = np.frombuffer(columns, np.int32) if columns else np.zeros(0, np.int32), np.array(values, np.float32)
        weights = (1 + np.log(times)) * self._rarity()[places]
        X = sparse.csr_matrix((weights.astype(np.float32), places, np.array(ends)), shape=(len(ends) - 1, len(self.terms_)))
        return _unit_rows(X)

    def _rarity(self) -> np.ndarray:
        """(d,): how much a term tells."""
        return 1 + np.log((1 + self.n_) / (1 + self.counts_))

    def _state(self) -> dict[str, Any]:
        return {"n": self.n_, "terms": list(self.terms_), "counts": self.counts_.tolist()}

    def _restore(self, state: dict[str, Any]) -> None:
        n, terms, counts = state["n"], state["terms"], np.array(state["counts"])
        if type(n) is not int or not all(isinstance(term, str) for term in terms) or len(set(terms)) != len(terms):
            raise ValueError("terms")
        if counts.shape != (len(terms),) or (len(terms) and (counts.dtype.kind != "i" or not 0 < counts.min() <= counts.max() <= n)):
            raise ValueError("counts")
        self.n_, self.terms_, self.counts_ = n, {term: place for place, term in enumerate(terms)}, counts.astype(np.int64)


class Encoded(Vectors):
    """Meaning by a small language model: descriptions that share no word can still be alike.

    Use it when descriptions are sentences in English. The model is opened at the first use and stays in memory.

    Notes
    -----
    Time and memory as `bmcore.text.embedding.embed`: about 85 texts of 77 tokens a second on two cores.
    """

    def __init__(self) -> None:
        super().__init__()
        self._encoder: Any = None

    def fit(self, texts: Iterable[str], report: Callable[..., Any] | None = None) -> Encoded:
        return self

    def transform(self, texts: Iterable[str], report: Callable[..., Any] | None = None) -> np.ndarray:
        texts = [str(text) for text in texts]
        if self._encoder is None:
            self._encoder = importlib.import_module(ENCODERS[self.kind]).Encoder(self.kind)
        found = np.array(self._encoder.embed(texts, report), dtype=np.float32)
        found[[not text.strip() for text in texts]] = 0
        self.notes_ = []
        if self._encoder.unknown_ > _UNKNOWN_SHARE:
            self.notes_ = [Message(
                "The model does not know {percent} % of the words in these descriptions, so what it finds alike means little. It reads "
                "English: choose tfidf, which reads any language.", percent=round(100 * self._encoder.unknown_),
            )]
        return found


class MiniLM(Encoded):
    """`Encoded` with all-MiniLM-L6-v2, which is packaged: 384 dimensions, English."""

    kind = "minilm"


VECTORS = {found.kind: found for found in (TfIdf, MiniLM)}


def vectors(kind: str) -> Vectors:
    """An unfitted reader of descriptions.

    Use it when things that have a text have to be compared.

    Parameters
    ----------
    kind : {"tfidf", "minilm"}

    Raises
    ------
    DataError
        If there is no such kind.

    Examples
    --------
    >>> vectors("tfidf").kind
    'tfidf'
    """
    if kind not in VECTORS:
        known = ", ".join(VECTORS)
        raise DataError("Descriptions are read as {known}, not as {kind!r}. Choose one of these.", known=known, kind=str(kind)[:60])
    return VECTORS[kind]()


def load_vectors(folder: str | Path) -> Vectors:
    """A fitted reader of any kind, from the folder that `save` wrote.

    Raises
    ------
    ModelError
        If the folder does not hold one, or it is damaged.
    """
    try:
        stored = files.read_json(Path(folder) / _FILE)
        found = vectors(stored["kind"])
        found._restore(stored["state"])
    except Exception:  # a file that somebody changed can raise anything
        raise ModelError(
            "{folder} does not say how descriptions were read: {file} is missing or damaged. Save the model again.",
            folder=str(folder), file=_FILE,
        ) from None
    return found


def words(text: str) -> list[str]:
    """The words of a text in their order, folded; pairs of characters in scripts without spaces.

    Examples
    --------
    >>> words("Toy Story (1995): Children's"), words("5G手机壳"), words("茶")
    (['toy', 'story', '1995', 'children'], ['5g', '手机', '机壳'], ['茶'])
    """
    found: list[str] = []
    for unspaced, spaced in _RUNS.findall(unicodedata.normalize("NFKC", str(text)[:_CHARACTERS]).casefold()):
        if spaced:
            found.extend([spaced] if len(spaced) > 1 or spaced.isdigit() else [])
        else:
            found.extend(_pairs(unspaced))
    return found


def _pairs(run: str) -> Sequence[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def _unit_rows(X: scipy.sparse.csr_matrix) -> scipy.sparse.csr_matrix:
    """Each row scaled to length 1; rows of zeros stay."""
    if not X.nnz:
        return X
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    lengths = np.sqrt(np.bincount(rows, weights=X.data.astype(np.float64) ** 2, minlength=X.shape[0]))
    X.data /= lengths[rows].astype(np.float32)
    return X

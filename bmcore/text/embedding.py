"""Texts as points: messages of like meaning lie close together, so groups of messages can be found without any label.

    vectors = embed(["Where is my parcel?", "The courier never came"])

This file is the face: torch and transformers are imported in methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from bmcore.data import findings
from bmcore.data.prepared import Preparation, Prepared, need_columns
from bmcore.errors import DataError
from bmcore.messages import Message
from bmcore.text.labels import texts_of

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 64  # characters a token may have: of a longer text only the beginning is looked at
_EXAMPLE = "Where is my parcel?"


def embed(
    texts: Iterable[str], model: str = "minilm", revision: str | None = None, max_length: int = 128, device: str = "auto",
    report: Callable[..., Any] | None = None,
) -> np.ndarray:
    """The meaning of each text as a vector of length 1.

    Use it when you want to compare, group or search texts and have no labels.

    Parameters
    ----------
    texts : sequence of str
    model : str, default "minilm"
        minilm (packaged, English), a local folder or a hub id; safetensors only. No classification head is needed.
    revision : str, optional
        Branch, tag or commit of a hub model.
    max_length : int, default 128
        Tokens after which a text is cut.
    device : {"auto", "cpu", "cuda", "mps"}, default "auto"
    report : callable, optional
        `report(step, total, phase="encode", **metrics)` after every batch; may raise Cancelled.

    Returns
    -------
    ndarray of shape (n, d), float32
        The mean of the last layer's states over a text's tokens, scaled to length 1; a dot product of two is their cosine.

    Raises
    ------
    DataError, ModelError

    Notes
    -----
    Time: one pass of the encoder over the different texts, a copy costs nothing; minilm reads about 85 texts of 77 tokens a second on
    two cores. Memory: 4 n d bytes (1.5 kB a text with minilm), the token ids, and one batch of 4,096 tokens.

    References
    ----------
    Reimers and Gurevych, Sentence-BERT (2019), https://arxiv.org/abs/1908.10084.

    Examples
    --------
    >>> vectors = embed(["I want my money back", "Please refund me", "Lovely dress"], device="cpu")
    >>> vectors.shape, bool(vectors[0] @ vectors[1] > vectors[0] @ vectors[2])
    ((3, 384), True)
    """
    return Encoder(model, revision, max_length, device).embed(texts, report)


class Encoder:
    """An opened text model that stays in memory, for texts that come in several calls.

    Attributes
    ----------
    unknown_ : float
        Share of the words of the last texts, from 0 to 1, that the model does not know.
    cut_ : int
        How many of the last texts were longer than it reads.
    """

    def __init__(self, model: str = "minilm", revision: str | None = None, max_length: int = 128, device: str = "auto"):
        from bmcore import device as devices
        from bmcore.text import models
        from bmcore.text.reader import Reader

        self._reader = Reader(*models.open_encoder(models.locate(model, revision)), devices.resolve(device), max_length)
        self.unknown_, self.cut_ = 0.0, 0

    def embed(self, texts: Iterable[str], report: Callable[..., Any] | None = None) -> np.ndarray:
        """As `embed`: (n, d) float32."""
        from bmcore.text.encode import unknown_share
        from bmcore.training.progress import silent

        reader, most = self._reader, self._reader.max_length
        place: dict[str, int] = {}  # of each different text
        rows = np.array([place.setdefault(text[: most * LONGEST], len(place)) for text in texts_of(texts)], dtype=np.int64)
        tokens = reader.tokenize(list(place))
        self.unknown_ = unknown_share(reader.tokenizer, tokens)
        self.cut_ = int((tokens.lengths[rows] >= most).sum())
        vectors = reader.embed(tokens, report or silent)
        return vectors if len(place) == len(rows) else vectors[rows]


class Messages(Preparation):
    """Messages as points by their meaning.

    Use it when rows are texts that customers wrote and you want to know what they are about.

    Parameters
    ----------
    columns : dict
        "text": the column of messages; "time" and "by", optional: columns that are carried along and never used.

    Notes
    -----
    Time and memory as `embed`. Equal messages are all kept, since how often something is said matters.

    Examples
    --------
    >>> import pandas as pd
    >>> found = Messages({"text": "said"}).fit(pd.DataFrame({"said": ["Where is my parcel?", "", "I love it"]}))
    >>> found.X.shape, found.rows.tolist(), str(found.notes[0])
    ((2, 384), [0, 2], "Column 'said' is empty in 1 rows (3); they are left out.")
    """

    kind = "messages"
    roles = ("text", "time", "by")

    def __init__(self, columns: dict[str, Any]):
        super().__init__(columns)
        self._encoder: Encoder | None = None

    def fit(self, frame: pd.DataFrame, report: Callable | None = None) -> Prepared:
        text = self._column("text")
        names = [text, *(self.columns[role] for role in ("time", "by") if self.columns.get(role))]
        need_columns(frame, names)
        rows, notes = _rows(frame, text)
        table = frame[names].iloc[rows].reset_index(drop=True)
        table[text] = table[text].astype(str).astype(object)
        X = self._vectors(table[text].tolist(), report)
        return Prepared(X, [], table, None, rows, notes + self._told(len(rows)))

    def transform(self, records: list, report: Callable | None = None) -> np.ndarray:
        """Vectors of new messages, each a text or an object with the text column: (m, d) float32."""
        column = self._column("text")
        for place, record in enumerate(records, start=1):
            if isinstance(record, dict) and column not in record:
                raise DataError("Record {place} has no {column!r}. Give an object with it, or the text alone.", place=place, column=column)
        return self._vectors([record[column] if isinstance(record, dict) else record for record in records], report)

    def example(self) -> list:
        return [_EXAMPLE]

    def _vectors(self, texts: list[str], report: Callable | None) -> np.ndarray:
        self._encoder = self._encoder or Encoder()
        return self._encoder.embed(texts, report)

    def _told(self, n: int) -> list[Message]:
        """What the model could not read."""
        from bmcore.text.encode import UNKNOWN_SHARE

        notes = []
        if self._encoder.unknown_ > UNKNOWN_SHARE:
            notes.append(Message(
                "The model does not know {percent} % of the words in these texts, so groups of them mean little. It reads English: "
                "translate the texts first, or give bmcore.text.embedding.embed a model made for the language and group its vectors.",
                percent=round(100 * self._encoder.unknown_),
            ))
        if self._encoder.cut_:
            notes.append(Message(
                "{cut} of {n} texts are longer than the model reads: only their beginning counts.", cut=self._encoder.cut_, n=n,
            ))
        return notes


def _rows(frame: pd.DataFrame, text: str) -> tuple[np.ndarray, list[Message]]:
    """(positions of the rows with a text, notes), or DataError where a table has none."""
    notes = [Message.from_dict(note) for note in frame.attrs.get("notes", [])]
    if not len(frame):
        raise DataError("The table has no rows below its header, so there is no message to read. Add rows.")
    for finding in findings.numeric_text(frame, text, "") + findings.empty(frame, text):
        if finding.level == "error":
            raise DataError(finding.message)
        notes.append(finding.message)
    return np.flatnonzero(findings.filled(frame[text]).to_numpy(bool)), notes

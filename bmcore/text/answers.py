"""Answers that people have given before, found for a new question.

    search = AnswerSearch().fit(questions, answers)
    search.search(["Where is my parcel?"], k=3)[0][0]["answer"]

This file is the face: torch and transformers are imported in methods.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from bmcore import files
from bmcore.base import Estimator, servable
from bmcore.errors import DataError, ModelError, ParameterError
from bmcore.messages import Message
from bmcore.params import Choice, Doc, Label, Range
from bmcore.text import answers_choice
from bmcore.text.answers_memory import Memory
from bmcore.text.labels import texts_of

MAX_K = 100


class AnswerSearch(Estimator):
    """The nearest past questions and what was answered to them.

    Use it when questions come again and again in other words, and a person wants the answers of before in front of them.

    {parameters}

    Attributes
    ----------
    method_ : str
        The way of searching that is used: words, meaning or both.
    why_ : Message
        Why it is.
    tried_ : dict of str to float
        Mean reciprocal rank of each way on past questions that can tell; empty where none was measured.
    n_tried_ : int
        How many questions that were.
    unknown_ : float
        Share of the words, from 0 to 1, that MiniLM does not know; 0 where only words count.
    questions_, answers_ : list of str
        The pairs.
    vectors_ : (m, 384) float32 or None
        Meaning of each different question.
    notes_ : list of Message
    seconds_ : float

    Notes
    -----
    Words: BM25 as Lucene's; Chinese and Japanese by pairs of characters. Meaning: cosine of MiniLM's mean states, which reads English.
    Both: reciprocal rank fusion. No answer is given twice. Time: a fit with meaning reads some hundred short questions a second on two
    cores; a search among 100,000 pairs takes about 30 ms. Memory: 1.5 kB a different question with meaning, and the texts.

    Raises
    ------
    DataError
        Fewer than two pairs, or questions and answers of different number.

    References
    ----------
    Robertson and Zaragoza (2009), BM25 and Beyond; Reimers and Gurevych (2019), Sentence-BERT; Cormack, Clarke and Büttcher (2009),
    Reciprocal Rank Fusion.

    Examples
    --------
    >>> search = AnswerSearch(method="words").fit(["Where is my parcel?", "Can I pay by card?"], ["On its way.", "Yes."])
    >>> search.search(["My parcel is late"], k=1)[0][0]["answer"]
    'On its way.'
    """

    task = "answers"
    presets: ClassVar[dict[str, dict]] = {
        "fast": {"params": {"method": "words"}}, "balanced": {"params": {}}, "best": {"params": {}},
    }

    def __init__(
        self, *,
        method: Annotated[str, Choice("auto", "meaning", "words", "both"), Label("Search by"), Doc(
            "What makes a past question near: its meaning (English), its words (any language) or both. auto measures which is best."
        )] = "auto",
        seed: Annotated[int, Range(0, 2**31 - 1), Label("Seed"), Doc("Which past questions auto measures with, where there are many.")] = 0,
        device: Annotated[str, Choice("auto", "cpu", "cuda", "mps"), Label("Device"), Doc("Where the text model computes.")] = "auto",
    ):
        self.method, self.seed, self.device = method, seed, device

    def fit(self, questions: Iterable[str], answers: Iterable[str], *, report: Callable[..., Any] | None = None) -> AnswerSearch:
        """Remember the pairs and find out which way of searching is best.

        Parameters
        ----------
        questions, answers : sequence of str
            Of equal length; a question may come several times.
        report : callable, optional
            `report(step, total, phase="encode" | "choose")`; may raise Cancelled.
        """
        self.check_params()
        from bmcore.training.progress import silent

        report, began = report or silent, time.monotonic()
        self.questions_, self.answers_ = _pairs(questions, answers)
        self.notes_, self.unknown_, self.vectors_ = [], 0.0, None
        self._memory = Memory(self.questions_, self.answers_)
        if self.method != "words":
            self._encode(report)
        self._choose(report)
        self.seconds_ = time.monotonic() - began
        return self

    def _encode(self, report: Callable[..., Any]) -> None:
        encoder = self._reader()
        self.vectors_ = self._memory.vectors = encoder.embed(self._memory.distinct, report)
        self.unknown_ = float(encoder.unknown_)
        if 1 - self.unknown_ < answers_choice.KNOWS and self.method != "auto":
            self.notes_.append(Message(
                "MiniLM does not know {percent} % of the words in these questions: it reads English. Searching by words is likely better.",
                percent=round(100 * self.unknown_),
            ))
        if encoder.cut_:
            self.notes_.append(Message(
                "{cut} of {n} texts are longer than the model reads: only their beginning counts.",
                cut=encoder.cut_, n=len(self._memory.distinct),
            ))

    def _choose(self, report: Callable[..., Any]) -> None:
        self.tried_, self.n_tried_ = {}, 0
        if self.method != "auto":
            self.method_ = self.method
            self.why_ = Message("Searches by {way}: nothing else was asked for.", way=answers_choice.NAMES[self.method])
            return
        asked = answers_choice.some(answers_choice.judges(self._memory), answers_choice.MOST, self.seed)
        found = answers_choice.ask(
            self._memory, asked, ("words", "meaning", "both"), lambda step, total: report(step, total, phase="choose")
        )
        self.method_, self.why_ = answers_choice.choose(found.ranks, self.unknown_)
        self.n_tried_ = len(asked)
        if len(asked):
            self.tried_ = {way: round(float(np.mean(1 / ranks)), 4) for way, ranks in found.ranks.items()}

    @servable
    def search(self, questions: Iterable[str], k: int = 5) -> list[list[dict[str, Any]]]:
        """The nearest past questions with their answers, the best first, no answer twice.

        Parameters
        ----------
        questions : sequence of str
        k : int
            How many, 1 to 100; fewer come back where no more are near.

        Returns
        -------
        list of list of dict
            `{"question", "answer", "score", "row"}`; the score is BM25's for words, a cosine for meaning, and for both 1 where it is the
            first by either. `row` counts the pairs of the fit from 0.
        """
        self.check_fitted()
        if isinstance(k, bool) or not hasattr(k, "__index__") or not 1 <= int(k) <= MAX_K:
            raise ParameterError("k cannot be {value}: it takes a whole number from 1 to {most}.", value=repr(k)[:60], most=MAX_K)
        texts = _whole(questions)
        vectors = [None] * len(texts) if self.method_ == "words" or not texts else self._reader().embed(texts)
        return [self._nearest(text, vector, int(k)) for text, vector in zip(texts, vectors, strict=True)]

    def _nearest(self, text: str, vector: np.ndarray | None, k: int) -> list[dict[str, Any]]:
        deep = max(10 * k, 50)
        while True:  # one answer to many near questions must not crowd out the others
            near, scores = self._memory.near(self.method_, text, vector, deep)
            found = self._memory.pairs(near, scores, k)
            if len(found) == k or len(near) < deep:
                break
            deep *= 8
        return [
            {"question": self.questions_[row], "answer": self.answers_[row], "score": round(float(score), 4), "row": row}
            for row, score in found
        ]

    def _reader(self) -> Any:
        """MiniLM, opened once."""
        if getattr(self, "_encoder", None) is None:
            from bmcore.text.embedding import Encoder

            self._encoder = Encoder(device=self.device)
        return self._encoder

    @property
    def memory_(self) -> Memory:
        """The pairs as they are searched."""
        self.check_fitted()
        return self._memory

    def _save(self, folder: Path) -> None:
        files.write_json(folder / "pairs.json", {
            "questions": self.questions_, "answers": self.answers_, "method": self.method_, "why": self.why_.to_dict(),
            "tried": self.tried_, "n_tried": self.n_tried_, "unknown": self.unknown_, "seconds": self.seconds_,
            "notes": [note.to_dict() for note in self.notes_],
        })
        if self.vectors_ is not None:
            np.savez(folder / "vectors.npz", vectors=self.vectors_)

    def _load(self, folder: Path) -> None:
        stored = files.read_json(folder / "pairs.json")
        try:
            self.questions_, self.answers_ = _pairs(stored["questions"], stored["answers"])
            self.method_, self.why_ = str(stored["method"]), Message.from_dict(stored["why"])
            self.tried_, self.n_tried_ = dict(stored["tried"]), int(stored["n_tried"])
            self.unknown_, self.seconds_ = float(stored["unknown"]), float(stored["seconds"])
            self.notes_ = [Message.from_dict(note) for note in stored["notes"]]
            self.vectors_ = _vectors(folder / "vectors.npz")
            self._memory = Memory(self.questions_, self.answers_, self.vectors_)
            if self.method_ != "words" and len(self.vectors_) != len(self._memory.first):
                raise ValueError("vectors")
        except (TypeError, KeyError, ValueError, OSError) as error:
            raise ModelError("{folder} holds no whole answer search. Train it again.", folder=str(folder)) from error


def _pairs(questions: Iterable[str], answers: Iterable[str]) -> tuple[list[str], list[str]]:
    asked, said = _whole(questions), _whole(answers)
    if len(asked) != len(said):
        raise DataError(
            "There are {questions:,} questions and {answers:,} answers. Give one answer for each question.",
            questions=len(asked), answers=len(said),
        )
    if len(asked) < 2:
        raise DataError("There are {n} pairs of a question and an answer; at least 2 are needed. Add past questions.", n=len(asked))
    return asked, said


def _whole(texts: Iterable[str]) -> list[str]:
    """The texts; half a surrogate pair is no text for a tokenizer or a file."""
    return [text.encode("utf-8", "replace").decode() for text in texts_of(texts)]


def _vectors(path: Path) -> np.ndarray | None:
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return stored["vectors"].astype(np.float32, copy=False)

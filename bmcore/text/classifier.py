"""TextClassifier: short texts to labels with a BERT, from 8 examples a class to many thousands.

    classifier = TextClassifier().fit(texts, labels)
    classifier.predict(["Where is my parcel?"])

This file is the face: it imports neither torch nor transformers. The engine (`train`, `network`, `bert`) is imported in methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from bmcore.base import Estimator, servable
from bmcore.data.findings import MAX_CLASSES, too_many
from bmcore.errors import DataError
from bmcore.messages import Message
from bmcore.params import Choice, Doc, Label, Range, Switch, Text
from bmcore.text.forecast import forecast as _forecast
from bmcore.text.labels import Labels, labels_of, texts_of


class TextClassifier(Estimator):
    """Sorts short texts into classes with a BERT.

    Use it when you have messages and a label for each, and want new messages labelled the same way. With few examples the
    encoder stays frozen and a logistic regression becomes its last layer; with more, its top layers are trained too. The
    layers below are computed once, whatever the number of epochs.

    {parameters}

    Attributes
    ----------
    classes_ : (k,) array
        The labels in sorted order, of the type that was given.
    history_ : list of dict
        One entry a validation: step, epoch, loss, dev_macro_f1, dev_loss.
    notes_ : list of Message
        What the user should know, such as a batch cut for lack of memory.
    layers_ : int or "all"
        Layers that were trained; 0 is the frozen encoder.

    Notes
    -----
    Time: one pass of the encoder over all texts (about 85 texts of 77 tokens a second on two cores), then about three passes
    of the trained layers an epoch. Memory: the model four times over if it is trained; the activations below the trained layers
    take 4 bytes a token and unit in memory up to 1 GiB, beyond that 2 bytes in a temporary file.

    References
    ----------
    Devlin et al., BERT (2019), https://arxiv.org/abs/1810.04805; Wang et al., MiniLM (2020), https://arxiv.org/abs/2002.10957.

    Examples
    --------
    >>> TextClassifier(epochs=1).get_params()["epochs"]
    1
    """

    task: ClassVar[str] = "classification"
    presets: ClassVar[dict[str, dict]] = {
        "fast": {"params": {"epochs": 1}, "split": {"max_train": 3000, "max_test": 1500}},
        "balanced": {"params": {"epochs": 2}, "split": {"max_train": 12000, "max_test": 3000}},
        "best": {"params": {"trainable_layers": "all", "epochs": 3, "learning_rate": 1e-4}, "split": {"max_train": None, "max_test": None}},
    }

    def __init__(
        self,
        *,
        model: Annotated[
            str, Text(500), Label("Model"),
            Doc("minilm (packaged, English), a local folder, or a hub id such as owner/name; safetensors only."),
        ] = "minilm",
        revision: Annotated[
            str | None, Choice(None), Text(200), Label("Model revision"),
            Doc("Branch, tag or commit of a hub model; none takes its main branch."),
        ] = None,
        trainable_layers: Annotated[
            int | str, Choice("auto", "all"), Range(0, 200), Label("Trained layers"),
            Doc("How many top layers learn; 0 trains the last linear layer only, auto decides by the number of examples."),
        ] = "auto",
        epochs: Annotated[int, Range(1, 100), Label("Epochs"), Doc("Passes over the training texts.")] = 2,
        learning_rate: Annotated[
            float, Range(1e-6, 1e-2, log=True), Label("Learning rate"),
            Doc("Step size of the top layer; lower layers take smaller steps."),
        ] = 3e-4,
        batch_tokens: Annotated[
            int, Range(64, 262144, log=True), Label("Tokens in a batch"),
            Doc("Texts of similar length are batched up to this many tokens."),
        ] = 2048,
        max_length: Annotated[
            int, Range(8, 8192, log=True), Label("Longest text"),
            Doc("Tokens after which a text is cut; the model's own limit holds too."),
        ] = 256,
        class_weight: Annotated[
            str | None, Choice("auto", None, "balanced"), Label("Class weight"),
            Doc("balanced makes a rare class count as much as a common one, auto goes half the way, none counts every text once."),
        ] = "auto",
        early_stopping: Annotated[
            bool, Switch(), Label("Early stopping"),
            Doc("Keep the weights that did best on held-out texts (a tenth unless you give some), stop when they no longer improve."),
        ] = True,
        seed: Annotated[int, Range(0, 2**31 - 1), Label("Seed"), Doc("Same seed, same data, same machine: same model.")] = 0,
        device: Annotated[
            str, Choice("auto", "cpu", "cuda", "mps"), Label("Device"),
            Doc("Where to compute; auto takes a graphics card if there is one."),
        ] = "auto",
    ):
        self.model = model
        self.revision = revision
        self.trainable_layers = trainable_layers
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_tokens = batch_tokens
        self.max_length = max_length
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.seed = seed
        self.device = device

    def fit(
        self, X: Iterable[str], y: Iterable[Any], *, validation: tuple[Iterable[str], Iterable[Any]] | None = None,
        report: Callable[..., Any] | None = None, checkpoints: str | Path | None = None,
    ) -> TextClassifier:
        """Learn from texts and their labels.

        Parameters
        ----------
        X : sequence of str, length n
        y : sequence of n labels
            Text, whole numbers, numbers or booleans; mixed types become text.
        validation : (texts, labels), optional
            Held-out texts that choose the best weights.
        report : callable, optional
            `report(step, total, **metrics)`; raise Cancelled in it to stop. Default: a bar in a terminal.
        checkpoints : folder, optional
            Where resumable checkpoints are kept; training goes on from the newest valid one.

        Raises
        ------
        DataError, ParameterError, ModelError, StorageError, Cancelled
        """
        from bmcore.training.progress import reporter

        self.check_params()
        self._forget()
        texts, labels, learned = _learnable(X, y)
        dev = None if validation is None else _held_out(validation, learned)

        from bmcore.text import train

        fitted = train.fit(self.get_params(), texts, learned.encode(labels), learned.names(), dev, reporter(report),
                           Path(checkpoints) if checkpoints else None)
        self._labels, self._network = learned, fitted.network
        self.classes_, self.history_, self.notes_, self.layers_ = learned.classes, fitted.history, fitted.notes, fitted.layers
        return self

    @servable
    def predict(self, X: Iterable[str], *, report: Callable[..., Any] | None = None) -> np.ndarray:
        """The label of each text: (n,) array of the labels' type."""
        return self.classes_[self.predict_proba(X, report=report).argmax(1)] if self._ready() else None

    def predict_proba(self, X: Iterable[str], *, report: Callable[..., Any] | None = None) -> np.ndarray:
        """Probability of each class, in the order of `classes_`: (n, k) float32, rows sum to 1."""
        self._ready()
        scores = self._network.logits(self._tokens(X), _quiet(report)).astype(np.float64)
        scores = np.exp(scores - scores.max(1, keepdims=True, initial=-np.inf)) if len(scores) else scores
        return (scores / scores.sum(1, keepdims=True)).astype(np.float32)

    def score(self, X: Iterable[str], y: Iterable[Any]) -> float:
        """Accuracy: share of texts whose label is predicted right."""
        self._ready()
        texts = texts_of(X)
        truth = self._labels.encode(labels_of(y, len(texts)))
        return float((self.predict_proba(texts).argmax(1) == truth).mean()) if texts else 0.0

    def embed(self, X: Iterable[str], *, report: Callable[..., Any] | None = None) -> np.ndarray:
        """Meaning of each text as a vector of length 1: (n, d) float32, the mean of the encoder's states."""
        self._ready()
        return self._network.embed(self._tokens(X), _quiet(report))

    @classmethod
    def forecast(cls, n_train: int, n_test: int, mean_tokens: float, gflops: float, **values: Any) -> dict[str, float]:
        """Seconds of each phase on a processor of that fp32 speed, before anything is imported: see `bmcore.text.forecast`."""
        return _forecast(n_train, n_test, mean_tokens, gflops, **values)

    def _tokens(self, X: Iterable[str]) -> Any:
        return self._network.tokenize(texts_of(X))

    def _ready(self) -> bool:
        self.check_fitted()
        return True

    def _forget(self) -> None:
        for name in ("_labels", "_network", "classes_", "history_", "notes_", "layers_"):
            vars(self).pop(name, None)

    def _save(self, folder: Path) -> None:
        from bmcore import files

        self._network.save(folder)
        self._labels.save(folder / "labels.json")
        files.write_json(folder / "training.json", {
            "history": self.history_, "layers": self.layers_, "notes": [message.to_dict() for message in self.notes_],
        })

    def _load(self, folder: Path) -> None:
        from bmcore import device, files
        from bmcore.text import models
        from bmcore.text.network import Network

        models.check_folder(folder)
        self._labels = Labels.load(folder / "labels.json")
        self._network = Network(*models.open_model(folder), device.resolve(self.device), self.max_length)
        stored = files.read_json(folder / "training.json", {})
        self.classes_, self.history_ = self._labels.classes, stored.get("history", [])
        self.layers_, self.notes_ = stored.get("layers", 0), [Message.from_dict(entry) for entry in stored.get("notes", [])]


def _learnable(X: Iterable[str], y: Iterable[Any]) -> tuple[list[str], list[Any], Labels]:
    """Texts, labels and classes of a fit, or a DataError that says why nothing can be learned from them."""
    texts = texts_of(X)
    if not texts:
        raise DataError("There are no texts to learn from. Give at least one text of each of 2 labels.")
    labels = labels_of(y, len(texts))
    learned = Labels.learn(labels)
    if len(learned.classes) > MAX_CLASSES:
        raise DataError(too_many(Message("The list of labels"), len(learned.classes), len(labels), labels[-1]))
    return texts, labels, learned


def _held_out(rows: tuple[Iterable[str], Iterable[Any]], learned: Labels) -> tuple[list[str], np.ndarray] | None:
    """Texts and class numbers that choose the best weights; None if there are none."""
    texts = texts_of(rows[0])
    return (texts, learned.encode(labels_of(rows[1], len(texts)))) if texts else None


def _quiet(report: Callable[..., Any] | None) -> Callable[..., Any]:
    from bmcore.training.progress import silent

    return report or silent

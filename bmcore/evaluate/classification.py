"""The whole evaluation of a classifier: model and baselines on the same held-out rows, intervals, verdict, errors.

    evaluation = evaluate(classifier, (train_texts, train_labels), (test_texts, test_labels))

A classifier is anything with `classes_` and `predict_proba(texts)`. The result is plain JSON: what a page draws and what
`evaluation.json` holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bmcore.errors import DataError, ModelError
from bmcore.evaluate import baselines, metrics
from bmcore.evaluate.hint import SHARES, curve, hint
from bmcore.evaluate.intervals import Bootstrap
from bmcore.evaluate.labels import Classes, clean
from bmcore.evaluate.verdict import Difference, judge

BATCH = 256  # texts between two reports, so between two chances to stop
SHOWN_CLASSES = 30
SHOWN_ERRORS = 20
LONGEST_SHOWN = 2000  # characters
Rows = tuple[Sequence[str], Sequence[Any]]


def evaluate(classifier: Any, train: Rows, test: Rows, *, seed: int = 0, report: Callable | None = None) -> dict:
    """Compare a trained classifier with the simple models on rows none of them has seen.

    Use it when a classifier is trained and you want to know whether it is worth having.

    Parameters
    ----------
    classifier : object with `classes_` and `predict_proba(texts) -> (n, k)`
    train, test : (sequence of str, sequence of labels)
        The rows it learned from, from which the baselines learn too, and the held-out rows.
    seed : int
        Of bootstrap and learning curve: the same seed gives the same result.
    report : callable, optional
        `report(step, total, phase="evaluate" | "baseline")`; may raise `Cancelled`.

    Returns
    -------
    dict
        JSON: n_train, n_test, classes, model, baselines, difference, verdict, hint, per_class, confusion, errors, seconds.

    Raises
    ------
    DataError
        If a side is empty or texts and labels differ in number.
    ModelError
        If the model's probabilities are not numbers.

    Notes
    -----
    Beside the model's own answers about 7 s for 18,000 + 4,500 reviews in 6 classes on two cores.
    """
    report = report or _silent
    (train_texts, train_labels), (test_texts, test_labels) = _checked(train), _checked(test)
    classes = Classes([*classifier.classes_, *train_labels, *test_labels])
    learned, true = classes.codes(train_labels), classes.codes(test_labels)

    clock = _Clock()
    probabilities = _answers(classifier, test_texts, report)
    answer = classes.codes(classifier.classes_)[probabilities.argmax(axis=1)]
    clock.stop("predict")
    rivals, points = _baselines(train_texts, learned, test_texts, true, len(classes.names), seed, report)
    clock.stop("baseline")
    figures = _figures({type(classifier).__name__: answer, **rivals}, true, len(classes.names), seed)
    clock.stop("bootstrap")
    advice = hint(points)
    return {
        "task": "classification", "metric": "macro_f1", "n_train": len(learned), "n_test": len(true), "classes": classes.names,
        **figures, "hint": advice.to_dict() if advice else None,
        "per_class": _per_class(true, answer, classes.names), "confusion": _confusion(true, answer, classes.names),
        "errors": _errors(true, answer, probabilities.max(axis=1), test_texts, classes.names), "seconds": clock.seconds,
    }


def _figures(answers: dict[str, np.ndarray], true: np.ndarray, n_classes: int, seed: int) -> dict:
    """Scores of the model (first) and the baselines with their intervals, the difference that counts, and the verdict."""
    boot = Bootstrap(true, list(answers.values()), n_classes, seed=seed)
    scores = [_scores(name, true, codes, n_classes, boot, at) for at, (name, codes) in enumerate(answers.items())]
    difference, verdict = _verdict(scores, boot, len(true))
    return {"model": scores[0], "baselines": scores[1:], "difference": difference, "verdict": verdict}


class _Clock:
    def __init__(self):
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def stop(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name], self._since = round(now - self._since, 3), now


def _silent(step: int, total: int, **_: Any) -> None:
    pass


def _checked(rows: Rows) -> tuple[list[str], list[Any]]:
    texts, labels = [str(text) for text in rows[0]], list(rows[1])
    if not texts or len(texts) != len(labels):
        raise DataError(
            "One side of the split has {texts} texts and {labels} labels. Both sides need at least one text, each with a label.",
            texts=len(texts), labels=len(labels))
    return texts, labels


def _answers(classifier: Any, texts: list[str], report: Callable) -> np.ndarray:
    """Probabilities (n, k), batch by batch."""
    parts = []
    for start in range(0, len(texts), BATCH):
        report(start, len(texts), phase="evaluate")
        parts.append(np.asarray(classifier.predict_proba(texts[start : start + BATCH])))
    report(len(texts), len(texts), phase="evaluate")
    probabilities = np.concatenate(parts)
    if not np.isfinite(probabilities).all():
        raise ModelError("The model's answers are not numbers, so its training went astray. Train again with a lower learning rate.")
    return probabilities


def _baselines(train_texts, learned, test_texts, true, n_classes: int, seed: int, report: Callable):
    """Answers of each baseline, and points of the word-count model's learning curve."""
    stages = _Stages(report, 3 + len(SHARES))
    words = baselines.WordCounts()
    counts = words.fit_transform(train_texts, stages.next())
    others = words.transform(test_texts, stages.next())
    name, counted = baselines.word_count_answers(counts, learned, others, seed=seed, report=stages.next())

    def score(rows: np.ndarray) -> float:
        part = baselines.word_count_answers(counts[rows], learned[rows], others, seed=seed, report=stages.next())[1]
        return metrics.macro_f1(true, part, n_classes)

    points = curve(score, learned, metrics.macro_f1(true, counted, n_classes), seed)
    stages.end()
    return {"majority": baselines.majority(learned, len(true)), name: counted}, points


class _Stages:
    """Several pieces of work as one phase whose progress never goes back."""

    def __init__(self, report: Callable, stages: int):
        self._report, self._total, self._stage = report, 100 * stages, -1

    def next(self) -> Callable[[int, int], None]:
        self._stage += 1
        begin = 100 * self._stage
        self._report(begin, self._total, phase="baseline")
        return lambda step, total: self._report(begin + round(100 * step / total), self._total, phase="baseline")

    def end(self) -> None:
        self._report(self._total, self._total, phase="baseline")


def _scores(name: str, true: np.ndarray, answer: np.ndarray, n_classes: int, boot: Bootstrap, at: int) -> dict:
    values = {"macro_f1": metrics.macro_f1(true, answer, n_classes), "accuracy": metrics.accuracy(true, answer)}
    return {"name": name, **{metric: _bounded(value, boot.interval(metric, at)) for metric, value in values.items()}}


def _bounded(value: float, interval: tuple[float, float]) -> dict:
    return {"value": value, "low": interval[0], "high": interval[1]}


def _verdict(scores: list[dict], boot: Bootstrap, n_test: int) -> tuple[dict, dict]:
    """Against the best baseline by value, never against the more convenient one."""
    model, *rivals = (score["macro_f1"]["value"] for score in scores)
    best = int(np.argmax(rivals))
    name, (low, high) = scores[1 + best]["name"], boot.difference("macro_f1", 0, 1 + best)
    difference = Difference(model - rivals[best], low, high)
    kind, message = judge(model, rivals[best], name, difference, n_test)
    return {"against": name, **_bounded(difference.value, (low, high))}, {"kind": kind, "message": message.to_dict()}


def _per_class(true: np.ndarray, answer: np.ndarray, names: list[str]) -> list[dict]:
    columns = metrics.per_class(true, answer, len(names))
    return [{"label": name, **{key: values[code].item() for key, values in columns.items()}} for code, name in enumerate(names)]


def _confusion(true: np.ndarray, answer: np.ndarray, names: list[str]) -> dict:
    """At most `SHOWN_CLASSES` rows and columns: the most frequent classes, and "other", or "(other)", for the rest."""
    shown, labels = len(names), names
    place = np.arange(len(names))
    if len(names) > SHOWN_CLASSES:
        shown = SHOWN_CLASSES
        seen = np.bincount(true, minlength=len(names)) + np.bincount(answer, minlength=len(names))
        kept = np.sort(np.argsort(-seen, kind="stable")[: shown - 1])
        place = np.full(len(names), shown - 1)
        place[kept] = np.arange(shown - 1)
        rest = "other"
        while rest in names:
            rest = f"({rest})"
        labels = [*(names[code] for code in kept), rest]
    return {"labels": labels, "counts": metrics.confusion(place[true], place[answer], shown).tolist()}


def _errors(true: np.ndarray, answer: np.ndarray, sure: np.ndarray, texts: list[str], names: list[str]) -> list[dict]:
    wrong = np.flatnonzero(true != answer)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:SHOWN_ERRORS]
    return [
        {"row": int(row), "text": clean(texts[row][:LONGEST_SHOWN]), "true": names[true[row]], "predicted": names[answer[row]],
         "probability": min(max(float(sure[row]), 0.0), 1.0)}
        for row in worst
    ]

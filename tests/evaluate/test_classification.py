import json

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from bmcore.errors import Cancelled, DataError, ModelError
from bmcore.evaluate.classification import evaluate
from bmcore.messages import Message

WORDS = {"delivery": ["parcel", "late", "courier"], "money": ["refund", "invoice", "paid"], "size": ["small", "tight", "fit"]}
SCRIPT = "<script>alert(1)</script>"


def corpus(n, seed=0, noise=0.0):
    draw = np.random.default_rng(seed)
    labels = list(draw.choice(list(WORDS), n, p=[0.6, 0.3, 0.1]))
    shown = [label if draw.random() >= noise else str(draw.choice(list(WORDS))) for label in labels]
    texts = [" ".join([*draw.choice(WORDS[label], 2), *draw.choice(["my", "the", "please", "thanks"], 3), str(i)])
             for i, label in enumerate(shown)]
    return texts, [str(label) for label in labels]


class Oracle:
    """Looks answers up by text: as good as it is told to be."""

    def __init__(self, texts, labels, classes, share=1.0, seed=0):
        draw = np.random.default_rng(seed)
        self.classes_ = np.array(classes, dtype=object)
        codes = {label: code for code, label in enumerate(classes)}
        self.known = {}
        for text, label in zip(texts, labels, strict=True):
            row = draw.random(len(classes)) * 0.2
            row[codes[label] if draw.random() < share else draw.integers(len(classes))] += 1
            self.known[text] = row / row.sum()

    def predict_proba(self, texts):
        return np.array([self.known[text] for text in texts], dtype=np.float32)


def sentence(stored):
    return str(Message.from_dict(stored))


def test_numbers_are_sklearns():
    train, test = corpus(200), corpus(300, seed=1)
    model = Oracle(*test, sorted(WORDS), share=0.8)
    found = evaluate(model, train, test)
    answer = model.classes_[model.predict_proba(test[0]).argmax(1)]
    assert found["model"]["name"] == "Oracle"
    assert found["model"]["macro_f1"]["value"] == pytest.approx(f1_score(test[1], answer, average="macro"))
    assert found["model"]["accuracy"]["value"] == pytest.approx(accuracy_score(test[1], answer))
    assert found["confusion"]["labels"] == found["classes"] == sorted(WORDS)
    assert found["confusion"]["counts"] == confusion_matrix(test[1], answer, labels=sorted(WORDS)).tolist()
    assert [row["support"] for row in found["per_class"]] == [test[1].count(name) for name in sorted(WORDS)]
    for score in (found["model"], *found["baselines"]):
        for metric in ("macro_f1", "accuracy"):
            assert score[metric]["low"] <= score[metric]["value"] <= score[metric]["high"]
    assert {"predict", "baseline", "bootstrap"} == set(found["seconds"])
    json.dumps(found, allow_nan=False)


def test_better():
    train, test = corpus(200, noise=0.5), corpus(400, seed=1, noise=0.5)
    found = evaluate(Oracle(*test, sorted(WORDS)), train, test)
    assert found["verdict"]["kind"] == "better"
    assert found["difference"]["against"] == "tfidf_logistic" and found["difference"]["low"] > 0
    assert sentence(found["verdict"]["message"]).startswith("Better: on 400 messages")
    assert found["errors"] == []


def test_worse_than_word_counts():
    train, test = corpus(200), corpus(400, seed=1)
    found = evaluate(Oracle(*test, sorted(WORDS), share=0.5), train, test)
    assert found["verdict"]["kind"] == "worse" and found["difference"]["value"] < 0


def test_errors_are_the_most_confident_first():
    train, test = corpus(100), corpus(200, seed=1)
    test[0][0] = SCRIPT + "\ud800" + "x" * 5000
    found = evaluate(Oracle(*test, sorted(WORDS), share=0.2), train, test)
    sure = [error["probability"] for error in found["errors"]]
    assert len(sure) == 20 and sure == sorted(sure, reverse=True)
    assert all(error["true"] != error["predicted"] and test[1][error["row"]] == error["true"] for error in found["errors"])
    assert all(len(error["text"]) <= 2000 for error in found["errors"])
    json.dumps(found, ensure_ascii=False).encode()


@pytest.mark.parametrize(("first", "second"), [(0, 1), (True, False), (1.5, "1.5"), (1, "1"), (SCRIPT, "\ud800"), (np.int64(3), 4)])
def test_labels_of_any_type(first, second):
    labels = [first, second] * 30
    texts = [f"{'good' if i % 2 else 'bad'} thing {i}" for i in range(60)]
    found = evaluate(Oracle(texts, labels, [first, second]), (texts, labels), (texts, labels))
    assert found["model"]["accuracy"]["value"] == 1.0
    assert len(set(found["classes"])) == 2
    json.dumps(found, ensure_ascii=False).encode()


def test_a_label_the_model_does_not_know_counts_as_wrong():
    texts, labels = corpus(60)
    model = Oracle(texts, labels, sorted(WORDS))
    found = evaluate(model, (texts, labels), (texts, [*labels[:-1], "new"]))
    assert found["classes"][-1] == "new" and found["per_class"][-1]["recall"] == 0
    assert found["model"]["accuracy"]["value"] == pytest.approx(59 / 60)


def test_more_classes_than_are_drawn():
    labels = [f"class {i % 500}" for i in range(1500)]
    texts = [f"word{i % 500} text {i}" for i in range(1500)]
    found = evaluate(Oracle(texts, labels, sorted(set(labels)), share=0.9), (texts, labels), (texts, labels))
    counts = np.array(found["confusion"]["counts"])
    assert counts.shape == (30, 30) and counts.sum() == 1500 and found["confusion"]["labels"][-1] == "other"
    assert len(found["per_class"]) == 500 and found["baselines"][1]["name"] == "tfidf_centroid"


def test_one_test_row():
    train = corpus(50)
    test = (["parcel late"], ["delivery"])
    found = evaluate(Oracle(*test, sorted(WORDS)), train, test)
    assert found["verdict"]["kind"] == "not_proven"
    json.dumps(found, allow_nan=False)


def test_same_again():
    train, test = corpus(100), corpus(100, seed=1)
    one, two = (evaluate(Oracle(*test, sorted(WORDS), share=0.7), train, test, seed=4) for _ in range(2))
    one.pop("seconds"), two.pop("seconds")
    assert one == two


def test_reports_and_stops():
    train, test = corpus(100), corpus(600, seed=1)
    seen = []
    evaluate(Oracle(*test, sorted(WORDS)), train, test, report=lambda step, total, phase: seen.append((phase, step, total)))
    assert {phase for phase, _, _ in seen} == {"evaluate", "baseline"}
    for phase in ("evaluate", "baseline"):
        shares = [step / total for name, step, total in seen if name == phase]
        assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    for at in range(len(seen)):
        left = iter(range(at))

        def stop(step, total, phase, left=left):
            if next(left, None) is None:
                raise Cancelled("Stopped.")

        with pytest.raises(Cancelled):
            evaluate(Oracle(*test, sorted(WORDS)), train, test, report=stop)


def test_refusals():
    train = corpus(10)
    model = Oracle(*train, sorted(WORDS))
    with pytest.raises(DataError, match="0 texts"):
        evaluate(model, train, ([], []))
    with pytest.raises(DataError, match="2 texts and 1 labels"):
        evaluate(model, train, (["a", "b"], ["money"]))
    model.predict_proba = lambda texts: np.full((len(texts), 3), np.nan)
    with pytest.raises(ModelError, match="lower learning rate"):
        evaluate(model, train, train)


def test_labels_of_several_types_are_compared_as_the_model_learned_them():
    """A column of 1 and "one" is learned as text, so the test must be read as text."""
    import pandas as pd

    from bmcore.data import check
    from bmcore.text.labels import labels_of

    labels = [1, "one"] * 20
    texts = [f"message {i} {label}" for i, label in enumerate(labels)]
    frame = check.usable(pd.DataFrame({"text": texts, "label": labels}), "text", "label")
    learned = labels_of(labels, 40)  # as `fit` does
    rows = frame["text"].tolist(), frame["label"].tolist()
    found = evaluate(Oracle(texts, learned, sorted(set(learned))), rows, rows)
    assert found["classes"] == ["1", "one"] and found["model"]["accuracy"]["value"] == 1


def test_the_rest_is_not_mistaken_for_a_class_named_other():
    names = ["other", *(f"c{i:02d}" for i in range(39))]
    labels = names * 4
    texts = [f"text {i}" for i in range(len(labels))]
    found = evaluate(Oracle(texts, labels, names), (texts, labels), (texts, labels))
    shown = found["confusion"]["labels"]
    assert len(set(shown)) == len(shown) == 30 and shown[-1] == "(other)"

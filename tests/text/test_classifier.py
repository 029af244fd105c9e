"""TextClassifier: what it promises, on a tiny BERT; and that few examples are enough, on MiniLM."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from bmcore import TextClassifier
from bmcore.errors import Cancelled, DataError, NotFittedError, ParameterError


def quick(tiny, **changes):
    return TextClassifier(model=str(tiny), **({"epochs": 2, "batch_tokens": 256, "device": "cpu"} | changes))


@pytest.fixture(scope="module")
def fitted(tiny, texts):
    return quick(tiny, trainable_layers=1).fit(*texts(150))


def test_the_face_imports_nothing_heavy():
    code = ("import sys, bmcore.text.classifier as c; c.TextClassifier(epochs=2).get_params(); "
            "c.TextClassifier.forecast(1000, 100, 80, 170); "
            "print([m for m in ('torch', 'transformers', 'sklearn', 'scipy', 'accelerate', 'pandas') if m in sys.modules])")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.parametrize("layers", [0, 1, 2, "all"])
def test_it_learns(layers, tiny, texts):
    classifier = quick(tiny, trainable_layers=layers, epochs=3).fit(*texts(300), validation=texts(60, seed=1))
    assert classifier.layers_ == layers
    assert classifier.score(*texts(90, seed=2)) > 0.75
    assert max(entry["dev_macro_f1"] for entry in classifier.history_) > 0.6


def test_auto_freezes_for_few_examples(tiny, texts):
    assert quick(tiny).fit(*texts(60)).layers_ == 0
    assert quick(tiny, epochs=1).fit(*texts(600)).layers_ != 0


def test_shapes_and_types(fitted, texts):
    given, _ = texts(20, seed=3)
    chances = fitted.predict_proba(given)
    assert chances.shape == (20, 3)
    assert chances.dtype == np.float32
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)
    assert fitted.predict(given).tolist() == fitted.classes_[chances.argmax(1)].tolist()
    assert {type(label) for label in fitted.predict(given).tolist()} == {str}
    vectors = fitted.embed(given)
    assert vectors.shape == (20, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for same in (pd.Series(given, index=range(5, 25)), np.array(given), tuple(given), iter(given)):
        np.testing.assert_allclose(fitted.predict_proba(same), chances, atol=1e-5)


def test_nothing_in_nothing_out(fitted):
    assert fitted.predict([]).shape == (0,)
    assert fitted.predict_proba([]).shape == (0, 3)
    assert fitted.embed([]).shape == (0, 32)
    assert fitted.predict(["", " ", "\0", "x" * 5000, "parcel " * 5000]).shape == (5,)


def test_predictions_do_not_depend_on_company(fitted, texts):
    given, _ = texts(30, seed=4)
    alone = np.vstack([fitted.predict_proba([text]) for text in given])
    np.testing.assert_allclose(fitted.predict_proba(given), alone, atol=1e-3)


@pytest.mark.parametrize("layers", [0, 1, "all"])
@pytest.mark.parametrize("classes", [2, 3])
def test_saved_folder_opens_without_bmcore(layers, classes, tiny, texts, tmp_path):
    from transformers import pipeline

    classifier = quick(tiny, trainable_layers=layers).fit(*texts(90, classes=classes))
    folder = classifier.save(tmp_path / "model")
    given, _ = texts(24, seed=5, classes=classes)
    found = pipeline("text-classification", model=str(folder), device="cpu")(given)
    chances = classifier.predict_proba(given)
    assert [entry["label"] for entry in found] == classifier.predict(given).tolist()
    np.testing.assert_allclose([entry["score"] for entry in found], chances.max(1), atol=1e-4)
    again = TextClassifier.load(folder)
    np.testing.assert_allclose(again.predict_proba(given), chances, atol=1e-6)
    assert again.classes_.tolist() == classifier.classes_.tolist()
    assert again.history_ == classifier.history_
    assert {path.suffix for path in folder.iterdir()} <= {".json", ".safetensors", ".txt"}
    assert json.loads((folder / "labels.json").read_text())["labels"] == classifier.classes_.tolist()


@pytest.mark.parametrize("kind", [int, bool, float, str])
def test_labels_come_back_as_given(kind, tiny, texts, tmp_path):
    given, names = texts(60, classes=2)
    labels = [kind(name == "money") for name in names]
    classifier = quick(tiny).fit(given, np.array(labels) if kind is not str else labels)
    classifier.save(tmp_path / "model")
    for one in (classifier, TextClassifier.load(tmp_path / "model")):
        assert {type(label) for label in one.predict(given).tolist()} == {kind}
    assert classifier.score(given, labels) > 0.8


def test_same_seed_same_model(tiny, texts):
    given, _ = texts(20, seed=6)
    one, two = (quick(tiny, trainable_layers=1, seed=3).fit(*texts(120)).predict_proba(given) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_fit_again_starts_afresh(tiny, texts):
    classifier = quick(tiny, trainable_layers=1).fit(*texts(120))
    first = classifier.predict_proba(texts(20, seed=6)[0])
    classifier.fit(*texts(60, classes=2))
    assert len(classifier.classes_) == 2
    np.testing.assert_array_equal(classifier.fit(*texts(120)).predict_proba(texts(20, seed=6)[0]), first)


def test_mistakes_are_sentences(tiny, texts):
    with pytest.raises(NotFittedError):
        quick(tiny).predict(["x"])
    for X, y in (([], []), (["a", None], [1, 2]), (["a", "b"], [1, 1]), (["a", "b"], [1]), ("ab", [1, 2]), (["a", "b"], [1, float("nan")])):
        with pytest.raises(DataError):
            quick(tiny).fit(X, y)
    with pytest.raises(DataError, match=r"3000 different values in 3000 rows.*at most 500"):
        quick(tiny).fit(["a"] * 3000, list(range(3000)))
    with pytest.raises(ParameterError):
        quick(tiny, epochs=0).fit(*texts(20))
    broken = quick(tiny).fit(*texts(30))
    with pytest.raises(DataError):
        broken.fit(["a"], ["b"])
    with pytest.raises(NotFittedError):
        broken.predict(["a"])


def test_few_or_odd_examples(tiny):
    assert quick(tiny, trainable_layers=1).fit(["parcel late", "refund"], ["a", "b"]).predict(["parcel"]).shape == (1,)
    assert quick(tiny).fit(["parcel late", "refund"], ["a", "b"]).layers_ == 0
    quick(tiny, trainable_layers=1).fit(["parcel"] * 9 + ["refund"], ["a"] * 9 + ["b"], validation=(["new"], ["c"]))


@pytest.mark.parametrize("layers", [1, "all"])
def test_resumed_fit_equals_uninterrupted(layers, tiny, texts, tmp_path):
    given, _ = texts(20, seed=7)
    whole = quick(tiny, trainable_layers=layers).fit(*texts(150))
    steps = []

    def stop(at):
        def report(step, total, *, phase, **metrics):
            steps.append(phase)
            if phase == "train" and step == at:
                raise Cancelled("stop")
        return report

    for at in (1, 4, 9):
        with pytest.raises(Cancelled):
            quick(tiny, trainable_layers=layers).fit(*texts(150), report=stop(at), checkpoints=tmp_path)
    resumed = quick(tiny, trainable_layers=layers).fit(*texts(150), checkpoints=tmp_path)
    for (name, value), (_, other) in zip(whole._network.model.named_parameters(), resumed._network.model.named_parameters(), strict=True):
        assert abs(value - other).max() <= 1e-6, name
    assert resumed.history_ == whole.history_
    assert "goes on from step 9" in " ".join(map(str, resumed.notes_))
    np.testing.assert_allclose(whole.predict_proba(given), resumed.predict_proba(given), atol=1e-6)
    assert {"encode", "train"} >= set(steps)


def test_without_early_stopping_given_rows_change_nothing(tiny, texts):
    given, held = texts(20, seed=7)[0], texts(60, seed=1)
    wrong = (held[0], held[1][1:] + held[1][:1])  # the more it learns, the worse it does on these
    plain = quick(tiny, trainable_layers=1, epochs=6, early_stopping=False).fit(*texts(150))
    looked = quick(tiny, trainable_layers=1, epochs=6, early_stopping=False).fit(*texts(150), validation=wrong)
    np.testing.assert_allclose(looked.predict_proba(given), plain.predict_proba(given), atol=1e-6)
    assert len(looked.history_) == 13 and all("dev_macro_f1" in entry for entry in looked.history_)


def test_cached_prefix_on_disk_gives_the_same(tiny, texts, monkeypatch):
    from bmcore.text import states

    whole = quick(tiny, trainable_layers=1).fit(*texts(120)).predict_proba(texts(20, seed=6)[0])
    monkeypatch.setattr(states, "MEMORY_CAP", 0)
    disk = quick(tiny, trainable_layers=1).fit(*texts(120)).predict_proba(texts(20, seed=6)[0])
    np.testing.assert_allclose(whole, disk, atol=0.02)


def test_where_activations_lie_does_not_depend_on_what_is_free(monkeypatch):
    from bmcore import device
    from bmcore.text.states import States

    monkeypatch.setattr(device, "free_memory", lambda: 0)
    assert not States(np.array([3, 4]), 8).on_disk


def test_the_share_of_unknown_words_is_of_the_texts_looked_at():
    """More texts than are looked at, of three words and two special tokens each: one word in six is unknown."""
    from types import SimpleNamespace

    from bmcore.text import encode

    tokens = encode.Tokens([[1, 9, 9, 9, 2], [1, 9, 9, 0, 2]] * 40_000)
    found = encode.unknown_share(SimpleNamespace(unk_token_id=0), tokens)
    assert len(tokens.ids) > encode._SAMPLE and found == pytest.approx(1 / 6, abs=1e-3)


@pytest.mark.parametrize(("before", "after"), [("all", 1), (1, "all")])
def test_a_checkpoint_of_other_layers_is_not_resumed(before, after, tiny, tmp_path, monkeypatch):
    """What `auto` means depends on the device, and a run may be resumed on another."""
    from bmcore.text import train

    texts = [f"{'late parcel' if number % 2 else 'broken zip'} {number}" for number in range(train.AUTO_EXAMPLES + 20)]
    labels = [number % 2 for number in range(len(texts))]

    def stop(step, total, *, phase="", **metrics):
        if phase == "train" and step >= 2:
            raise Cancelled("stopped")

    made = {"model": str(tiny), "epochs": 1, "early_stopping": False}
    monkeypatch.setattr(train, "AUTO_LAYERS", before)
    with pytest.raises(Cancelled):
        TextClassifier(**made).fit(texts, labels, report=stop, checkpoints=tmp_path)
    monkeypatch.setattr(train, "AUTO_LAYERS", after)
    fitted = TextClassifier(**made).fit(texts, labels, checkpoints=tmp_path, report=lambda *given, **more: None)
    assert "other settings" in " ".join(map(str, fitted.notes_))


def test_unknown_words_are_told(tiny):
    notes = []

    def report(step, total, **metrics):
        pass

    report.note = notes.append
    TextClassifier(device="cpu").fit(["今天天气很好我很高兴", "东西坏了要求退款很生气"] * 4, [0, 1] * 4, report=report)
    assert "Chinese BERT" in str(notes[0])


def test_minilm_learns_from_8_examples_a_class():
    asked = {
        "delivery": ["Where is my parcel?", "The courier never came", "Tracking has not moved for days", "My order is late",
                     "When will it be shipped?", "Delivered to the wrong house", "The package got lost", "It still has not arrived"],
        "refund": ["I want my money back", "You charged my card twice", "Please refund this order", "The invoice is wrong",
                   "Cancel and return my payment", "I was billed too much", "My refund is missing", "How do I get reimbursed?"],
        "praise": ["I love this dress", "Wonderful quality, thank you", "The best shop ever", "So happy with my purchase",
                   "Perfect fit and beautiful colour", "Great service!", "My favourite sweater now", "Excellent, would buy again"],
    }
    X, y = zip(*[(text, label) for label, group in asked.items() for text in group], strict=True)
    classifier = TextClassifier(device="cpu").fit(X, y)
    assert classifier.layers_ == 0
    new = ["My delivery has not shown up", "Give me back what I paid", "Absolutely gorgeous, I adore it"]
    assert classifier.predict(new).tolist() == ["delivery", "refund", "praise"]

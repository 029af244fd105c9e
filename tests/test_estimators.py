"""What every estimator promises, whatever it learns. A new one joins `bmcore.base.ESTIMATORS` and gets a small example below."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest
import scipy.sparse as sp

from bmcore import params
from bmcore.base import ESTIMATORS, estimator_class
from bmcore.errors import NotFittedError, ParameterError
from tests.image import tiny_pipeline

TEXTS = ["late parcel", "where is my parcel", "parcel lost", "courier is late",
         "refund please", "card charged twice", "money back", "wrong invoice"]
STORIES = [f"{n}. {word} Wilson sold {n} red boats to the harbour, and nobody asked why." * 3 for n, word in enumerate(TEXTS, 1)]
POINTS = [[0.0, 0.0], [0.0, 1.0], [9.0, 9.0], [9.0, 8.0], [1.0, 0.0], [30.0, 30.0]]
CHOICES = sp.csr_matrix(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0]], dtype=np.float32))
PICTURES = np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8)
FEW = {"steps": 2, "batch_size": 4, "device": "cpu"}
# small settings, fit arguments, the method (or, where there is none, the attribute) that shows what was learned
EXAMPLES = {
    "ALS": ({"factors": 4, "iterations": 2}, (CHOICES,), "scores"),
    "AnswerSearch": ({"method": "words"}, (TEXTS, [f"answer {i % 3}" for i in range(8)]), "search"),
    "AutoRecommender": ({}, (CHOICES,), "scores"),
    "DBSCAN": ({"eps": 2.0, "min_samples": 2}, (POINTS,), "labels_"),
    "Diffusion": (FEW, (PICTURES, [0, 1] * 6), "sample"),
    "EASE": ({"neighbours": 2}, (CHOICES,), "scores"),
    "GAN": (FEW, (PICTURES, [0, 1] * 6), "sample"),
    "ItemKNN": ({"neighbours": 2}, (CHOICES,), "scores"),
    "KMeans": ({"n_clusters": 3, "random_state": 0}, (POINTS,), "transform"),
    "Popularity": ({}, (CHOICES,), "scores"),
    "TextClassifier": ({"epochs": 1, "device": "cpu"}, (TEXTS, [0, 0, 0, 0, 1, 1, 1, 1]), "predict_proba"),
    "TextGenerator": ({"size": "nano", "epochs": 1, "context_length": 32, "device": "cpu"}, ([*STORIES, *STORIES[::-1]],), "perplexity"),
    "TextToImage": ({**FEW, "rank": 2, "sampling_steps": 1}, (PICTURES, ["a cat", "a dog"] * 6), "image_shape_"),
}
POSITIONAL = {"n_clusters", "eps"}  # as in scikit-learn, whose place these classes can take


def shown(made, show, X):
    """What was learned."""
    found = getattr(made, show)
    if show == "sample":
        return found(6, seed=1)
    if show == "search":
        return [answer["score"] for row in found(X) for answer in row]
    return found(X) if callable(found) else found


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """A tiny pipeline to paint with."""
    return tiny_pipeline.build(tmp_path_factory.mktemp("pipeline") / "sd")


@pytest.fixture(params=sorted(ESTIMATORS))
def case(request):
    """(class, small settings, fit arguments, what shows what was learned)."""
    settings, *others = EXAMPLES[request.param]
    if request.param == "TextToImage":
        settings = {**settings, "model": str(request.getfixturevalue("pipeline"))}
    return estimator_class(request.param), settings, *others


def test_init_stores_and_nothing_else(case):
    cls = case[0]
    made = cls()
    known = params.declared(cls)
    assert vars(made) == {name: entry.default for name, entry in known.items()}
    _, *entries = inspect.signature(cls.__init__).parameters.values()
    assert all(entry.kind is inspect.Parameter.KEYWORD_ONLY for entry in entries if entry.name not in POSITIONAL)


def test_defaults_and_presets_are_allowed(case):
    cls = case[0]
    cls().check_params()
    assert {"fast", "balanced", "best"} <= set(cls.presets)
    for preset in cls.presets.values():
        cls(**preset["params"]).check_params()
        json.dumps(preset)


def test_every_parameter_is_documented(case):
    cls = case[0]
    for name, entry in params.declared(cls).items():
        assert entry.specs and entry.label and entry.doc.endswith("."), name
        assert f"{name} : " in cls.__doc__
        json.dumps(entry.default)


def test_get_and_set_params(case):
    cls, settings = case[:2]
    made = cls(**settings)
    assert made.set_params(**made.get_params()) is made
    twin = type(made)(**made.get_params())
    assert twin.get_params() == made.get_params()
    assert repr(twin) == repr(made)
    with pytest.raises(ParameterError):
        made.set_params(no_such_setting=1)


def test_sklearn_clones_it(case):
    from sklearn.base import clone

    cls, settings = case[:2]
    assert clone(cls(**settings)).get_params() == cls(**settings).get_params()


def test_bad_settings_are_refused_by_fit(case):
    cls, settings, arguments, _ = case
    for name in params.declared(cls):
        with pytest.raises(ParameterError, match=name):
            cls(**settings).set_params(**{name: object()}).fit(*arguments)


def test_unfitted_use_is_refused(case, tmp_path):
    cls, settings, arguments, show = case
    with pytest.raises(AttributeError if show.endswith("_") else NotFittedError):
        shown(cls(**settings), show, arguments[0])
    with pytest.raises(NotFittedError):
        cls(**settings).save(tmp_path / "model")


def test_fit_save_load_repeat(case, tmp_path):
    cls, settings, arguments, show = case
    made = cls(**settings)
    assert made.fit(*arguments) is made
    assert made.get_params() == cls(**settings).get_params()  # fit changes no setting
    seen = shown(made, show, arguments[0])
    np.testing.assert_array_equal(shown(cls(**settings).fit(*arguments), show, arguments[0]), seen)
    folder = made.save(tmp_path / "model")
    np.testing.assert_allclose(shown(cls.load(folder), show, arguments[0]), seen, atol=1e-6)
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {".json", ".safetensors", ".npz", ".txt"}

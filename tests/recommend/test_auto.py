"""AutoRecommender: what it takes for which size, and that the chosen one answers."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from bmcore.errors import ModelError
from bmcore.recommend import auto
from bmcore.recommend.auto import AutoRecommender, choose
from tests.recommend.suite import Suite

ROOM = 64 << 30


@pytest.mark.parametrize(
    ("interactions", "items", "free", "name"),
    [
        (1, 1, ROOM, "ItemKNN"), (1999, 500, ROOM, "ItemKNN"), (1999, 50_000, 0, "ItemKNN"),
        (2000, 500, ROOM, "EASE"), (100_000, 20_000, ROOM, "EASE"),
        (100_000, 20_001, ROOM, "ALS"), (100_000, 20_000, 3_199_999_999, "ALS"), (100_000, 20_000, 3_200_000_000, "EASE"),
    ],
)
def test_the_size_decides(interactions, items, free, name):
    found, why = choose(interactions, items, free)
    assert found == name
    assert str(why).startswith(f"Chose {name}: ")


def test_reasons_name_the_figures():
    assert "1,999 interactions" in str(choose(1999, 500, ROOM)[1])
    assert "20,001 items" in str(choose(5000, 20_001, ROOM)[1])
    assert "3.2 GB" in str(choose(5000, 20_000, 10**9)[1]) and "1.0 GB" in str(choose(5000, 20_000, 10**9)[1])


def log() -> sp.csr_matrix:
    return sp.random(120, 40, 0.2, format="csr", dtype=np.float32, random_state=0).ceil()


@pytest.fixture(params=["ItemKNN", "EASE", "ALS"])
def fitted(request, monkeypatch):
    monkeypatch.setattr(auto, "FEW", 2000 if request.param == "ItemKNN" else 10)
    monkeypatch.setattr(auto, "MANY", 20 if request.param == "ALS" else 20_000)
    made = AutoRecommender(preset="fast", seed=3).fit(log())
    assert type(made.chosen_).__name__ == request.param
    return made


def test_the_chosen_one_answers(fitted):
    X = log()
    alone = type(fitted.chosen_)(**fitted.chosen_.get_params()).fit(X)
    for theirs in (alone, fitted.chosen_):
        np.testing.assert_allclose(fitted.scores(X), theirs.scores(X), atol=1e-6)
        np.testing.assert_array_equal(fitted.recommend([0, 7], k=5)[0], theirs.recommend([0, 7], k=5)[0])
        np.testing.assert_array_equal(fitted.similar_items([1], k=5)[0], theirs.similar_items([1], k=5)[0])
        assert fitted.explain(0, 3) == theirs.explain(0, 3)


def test_preset_and_seed_reach_it(fitted):
    settings = type(fitted.chosen_).presets["fast"]["params"]
    assert settings.items() <= fitted.chosen_.get_params().items()
    assert fitted.chosen_.get_params().get("seed", 3) == 3


def test_saved_and_loaded(fitted, tmp_path):
    again = AutoRecommender.load(fitted.save(tmp_path / "model"))
    assert type(again.chosen_) is type(fitted.chosen_)
    assert again.why_ == fitted.why_ and again.chosen_.get_params() == fitted.chosen_.get_params()
    np.testing.assert_allclose(again.scores(log()), fitted.scores(log()), atol=1e-6)
    np.testing.assert_array_equal(again.chosen_.recommend([0], k=5)[0], fitted.recommend([0], k=5)[0])


@pytest.mark.parametrize("text", ["", "{}", '{"name": "KMeans", "params": {}, "why": {}}', '{"name": "ALS", "params": {"factors": -1}}'])
def test_a_damaged_choice_is_refused(fitted, tmp_path, text):
    folder = fitted.save(tmp_path / "model")
    (folder / "chosen.json").write_text(text)
    with pytest.raises(ModelError, match=r"chosen|damaged"):
        AutoRecommender.load(folder)


class TestSuite(Suite):
    def make(self, **settings):
        return AutoRecommender(**settings)

"""What a recommendation run saves: people in, titles with reasons out, the same after a save and a load; rules kept; nothing read amiss."""

import json

import numpy as np
import pandas as pd
import pytest

from bmcore.base import Estimator
from bmcore.data.catalogue import catalogue
from bmcore.data.identifiers import meant
from bmcore.errors import DataError, ModelError, ParameterError
from bmcore.recommend import everybody
from bmcore.recommend.listing import Listing
from bmcore.recommend.model import RecommenderModel
from bmcore.recommend.popularity import Popularity
from tests.serve.test_recommendations import shop


@pytest.fixture(scope="module")
def model():
    return shop()


def items(rows):
    return [[entry["item"] for entry in row] for row in rows]


def test_saved_and_loaded_it_answers_the_same(model, tmp_path):
    found = RecommenderModel.load(model.save(tmp_path / "model"))
    for ask in ({"users": ["c0", "c7", "who"]}, {"histories": [[1, 3], [], {"2": 5}], "diversity": 0.5}):
        assert found.recommend(**ask) == model.recommend(**ask)
    assert found.similar([3]) == model.similar([3]) and found.items() == model.items() and repr(found) == repr(model)
    assert type(Estimator.load(tmp_path / "model")) is type(model.recommender)  # the recommender alone
    assert {path.suffix for path in (tmp_path / "model").rglob("*") if path.is_file()} == {".json", ".npz"}
    json.dumps(model.recommend(users=["c0"]) + model.similar([3]) + [model.items()], allow_nan=False)


def test_customers_get_what_their_kind_buys(model):
    rows = model.recommend(users=[f"c{user}" for user in range(12)], k=1)
    assert [row[0]["item"] % 2 for row in rows] == [0, 1] * 6
    first = rows[0][0]
    assert first["title"] == f"thing {first['item']}" and first["why"] is None
    assert first["because"] and all(entry["item"] % 2 == 0 and 0 < entry["share"] <= 1 for entry in first["because"])


def test_nobody_is_recommended_what_they_have(model):
    history = [0, 2, 4]
    assert not set(items(model.recommend(histories=[history], k=50))[0]) & set(history)
    assert items(model.recommend(histories=[[11, 11, 11]])) == items(model.recommend(histories=[[11]]))


def test_strangers_get_what_is_popular_and_why(model):
    known, unknown, empty, foreign = (
        model.recommend(users=["c0"])[0], model.recommend(users=["who"])[0], model.recommend(histories=[[]])[0],
        model.recommend(histories=[["nothing", 77]])[0])
    assert unknown == empty == foreign != known and model.knows("c0") and not model.knows("who")
    counts = [entry["popularity"] for entry in model.items()]
    assert counts == sorted(counts, reverse=True)
    assert empty[0]["because"] == [] and "users" in empty[0]["why"]["template"]
    like = model.recommend(histories=[[]], like={"town": "Oslo"}, k=3)[0]
    assert all(entry["item"] % 2 for entry in like) and "people" in like[0]["why"]["template"]


def test_what_requires_something_waits_for_it(model):
    ids = model.recommender.item_ids_
    assert {ids[at]: [ids[one] for one in before] for at, before in model.listing.requires.items()} == {8: [0, 2]}
    assert 8 not in items(model.recommend(histories=[[0, 4]], k=50))[0]
    assert 8 in items(model.recommend(histories=[[0, 2]], k=50))[0]
    assert items(model.recommend(histories=[[0, 4]], candidates=[8])) == [[]]
    assert items(model.recommend(histories=[[0, 4]], candidates=[8, "10"])) == [[10]]


def test_difficulty_and_variety(model):
    rows = model.recommend(histories=[[1]], k=50, difficulty=[0, 1])
    assert rows[0] and all(entry["item"] % 3 < 2 for entry in rows[0])
    assert items(model.recommend(histories=[[1]], k=50, difficulty=[7, 8])) == [[]]
    plain, varied = (items(model.recommend(histories=[[1, 2]], k=4, diversity=dial))[0] for dial in (0, 1))
    assert plain[0] == varied[0] and len({item % 2 for item in varied[:2]}) == 2
    for wrong in ([1], [2, 1], ["a", "b"], 3, [float("nan"), 1]):
        with pytest.raises(DataError, match="lowest"):
            model.recommend(histories=[[1]], difficulty=wrong)


@pytest.mark.parametrize(("ask", "words"), [
    ({}, "either"), ({"users": ["c0"], "histories": [[]]}, "either"), ({"users": ["c0"], "k": 0}, "k,"),
    ({"users": ["c0"], "diversity": 3}, "Diversity"), ({"users": ["c0"], "candidates": ["x"]}, "candidates"),
    ({"users": ["c0"], "diversity": "much"}, "Diversity"), ({"users": ["c0"], "k": 2.5, "diversity": 0.5}, "k,"),
    ({"users": ["c0"], "k": -1, "diversity": 0.5}, "k,"), ({"users": [], "k": -1}, "k,"),
    ({"histories": [5]}, "5 is no history"), ({"histories": [[1], None]}, "None is no history"), ({"histories": 5}, "5 is no history"),
    ({"histories": {1: 2.0}}, "is no history"), ({"histories": "tea"}, "is no history"), ({"histories": ["tea"]}, "'tea' is no history"),
    ({"histories": [{1: "x"}]}, "weight of item 1"), ({"histories": [{77: -1}]}, "weight of item 77"),
])
def test_what_cannot_be_meant(model, ask, words):
    with pytest.raises(DataError, match=words):
        model.recommend(**ask)
    if "histories" in ask:
        with pytest.raises(DataError, match=words):
            model.path(**ask)


def test_one_stands_for_a_list_of_one(model):
    assert model.recommend(users="c0") == model.recommend(users=["c0"]) and len(model.recommend(users=5)) == 1
    assert model.similar(3) == model.similar([3]) and model.history("c0") == model.history(["c0"]) and model.similar([]) == []
    assert model.recommend(users=["c0"], candidates=10) == model.recommend(users=["c0"], candidates=[10])
    for ask in (model.recommend, model.history, model.path):
        with pytest.raises(ParameterError, match="items"):
            ask(users=["c0"], k=10**12)
        with pytest.raises(DataError, match="k,"):
            ask(users=["c0"], k=-1)


def test_ids_are_found_however_they_are_written():
    known = {1: 0, "2": 1, "x": 2, 2.5: 3}
    assert [meant(one, known) for one in (1, "1", 2, "2", "x", np.int64(1), 2.5, " x ", 2.0)] == [1, 1, "2", "2", "x", 1, 2.5, "x", "2"]
    assert [meant(one, known) for one in (True, None, [1], "9" * 5000, "²", "-1", "y", {}, "01", 10**5000)] == [None] * 10


def test_everybody_at_once(model):
    users = [*model.recommender.user_ids_, "who"]
    told = []
    table = everybody.of_customers(model, users, 4, report=lambda step, total: told.append((step, total)))
    assert table.columns.tolist() == ["customer", "rank", "item", "title", "score"] and told[-1] == (13, 13)
    one_by_one = model.recommend(users=users, k=4)
    assert table.groupby("customer", sort=False)["item"].apply(list).tolist() == items(one_by_one)
    free = RecommenderModel(model.recommender)  # without prerequisites all are asked at once
    assert everybody.of_customers(free, users, 4)["item"].tolist() == np.concatenate(items(free.recommend(users=users, k=4))).tolist()
    found = everybody.of_histories(model, {"c0": {10: 1.0}, "new": {1: 1.0}}, 3)
    assert found["item"].tolist() == [*items(model.recommend(histories=[{**next(model._histories(["c0"])), 10: 1.0}, [1]], k=3))[0],
                                      *items(model.recommend(histories=[[1]], k=3))[0]]
    again = everybody.of_histories(model, {"c0": {"10": 1.0}}, 3)  # the same item, however it is written, counts once
    assert again["score"].tolist() == found["score"].tolist()[:3]
    assert len(everybody.of_customers(model, [])) == 0


def test_a_title_is_the_id_where_nothing_is_known(model):
    bare = RecommenderModel(model.recommender)
    assert bare.recommend(users=["c0"], k=1)[0][0]["title"].isdigit() and bare.title_of("nothing") == "nothing"
    part = catalogue(pd.DataFrame({"item": [0, 500], "name": ["zero", "not sold"]}), "item", "name")
    assert RecommenderModel(model.recommender, part).title_of(0) == "zero"


@pytest.mark.parametrize("change", [
    None, 3, [], {"title": 3}, {"title": ["a"]}, {"about": None}, {"difficulty": [1.0]}, {"difficulty": ["x"] * 12},
    {"requires": {"0": [99]}}, {"requires": {"99": [0]}}, {"requires": {"0": [-1]}}, {"requires": {"0": [True]}}, {"requires": {"x": [1]}},
    {"requires": {"0": ["1"]}}, {"requires": [1]},
])
def test_a_damaged_folder_is_a_sentence(model, tmp_path, change):
    folder = model.save(tmp_path / "model")
    told = json.loads((folder / "items.json").read_text())
    (folder / "items.json").write_text(json.dumps({**told, **change} if isinstance(change, dict) else change))
    with pytest.raises(ModelError, match=r"items\.json"):
        RecommenderModel.load(folder)


def test_a_folder_that_is_no_such_model(model, tmp_path):
    from bmcore.cluster.kmeans import KMeans

    with pytest.raises(ModelError):
        RecommenderModel.load(tmp_path)
    other = KMeans(2, random_state=0).fit(np.random.default_rng(0).normal(size=(20, 2))).save(tmp_path / "groups")
    with pytest.raises(ModelError, match="recommends nothing"):
        RecommenderModel.load(other)
    folder = model.save(tmp_path / "model")
    (folder / "items.json").write_text("[" * 100_000)
    with pytest.raises(ModelError):
        RecommenderModel.load(folder)


def test_a_circle_of_prerequisites_is_refused():
    table = catalogue(pd.DataFrame({"item": [1, 2], "before": ["2", "1"]}), "item", requires="before")
    with pytest.raises(DataError, match="needs"):
        Listing.of(np.array([1, 2], dtype=object), table)


def test_what_somebody_has_and_the_way_on(model):
    """The history of customers, and a path that keeps to what has to come before."""
    known = model.recommender.user_ids_[0]
    have = {entry["item"] for entry in model.history([known, "nobody"])[0]}
    row = model.recommender.history_[0]
    assert have == {model.recommender.item_ids_[at] for at in row.indices} and model.history(["nobody"]) == [[]]
    assert len(model.history([known], k=1)[0]) == 1
    (found,) = model.path(users=[known], k=4)
    assert len(found["steps"]) <= 4 and not have & {step["item"] for step in found["steps"]} and found["done"]["n"] == len(have)
    assert model.path(histories=[list(have)], k=4)[0]["done"]["n"] == len(have)
    with pytest.raises(DataError, match="no 'nobody'"):
        model.path(users=["nobody"])
    with pytest.raises(DataError, match="either users or histories"):
        model.path()


def test_candidates_among_prerequisites():
    table = catalogue(pd.DataFrame({"id": ["s", "t", "x", "y"], "needs": [None, "s", None, None]}), "id", requires="needs")
    log = pd.DataFrame({"u": list("aabbcc"), "i": ["x", "s", "x", "y", "s", "t"]})
    model = RecommenderModel(Popularity().fit(log, user="u", item="i"), table)
    assert items(model.recommend(histories=[["x"]], candidates=["t"])) == [[]]
    assert items(model.recommend(histories=[["x"]], candidates=["t", "zzz", ["s"], "y"])) == [["y"]]
    with pytest.raises(DataError, match="None of the 2 candidates"):
        model.recommend(histories=[["x"]], candidates=["zzz", ["t"]])


def test_a_beginner_reaches_what_is_easy_behind_what_is_popular():
    hard, easy = [f"hard{n}" for n in range(400)], [f"easy{n}" for n in range(20)]
    rows = [(f"u{n % 50}", item) for n, item in enumerate(hard * 3)] + [("u0", item) for item in easy] + [("u1", "easy0")]
    log = pd.DataFrame(rows, columns=["u", "i"])
    table = catalogue(pd.DataFrame({"id": hard + easy, "level": [5] * 400 + [1] * 20}), "id", difficulty="level")
    model = RecommenderModel(Popularity().fit(log, user="u", item="i"), table)
    for diversity in (0.0, 0.5):
        steps = model.path(histories=[[]], k=5, reach=0.25, diversity=diversity)[0]["steps"]
        assert len(steps) == 5 and all(step["item"].startswith("easy") for step in steps)

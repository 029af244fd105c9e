"""The evaluation of a recommender on logs whose truth is known: better, worse and not proven are said when they are so."""

import json

import numpy as np
import pandas as pd
import pytest

from bmcore.data.catalogue import catalogue
from bmcore.data.interactions import read_interactions
from bmcore.data.split_log import split_log
from bmcore.errors import Cancelled, DataError
from bmcore.evaluate.recommendation import evaluate
from bmcore.evaluate.recommendation_lists import resampled_means
from bmcore.evaluate.recommendation_verdict import Side, judge
from bmcore.evaluate.verdict import Difference
from bmcore.recommend.auto import AutoRecommender
from bmcore.recommend.contract import Recommender
from bmcore.recommend.itemknn import ItemKNN
from bmcore.recommend.popularity import Popularity

GROUPS, PER_GROUP = 4, 30


class Oracle(Recommender):
    """Knows that items go in groups of 30."""

    shift = 0

    def __init__(self) -> None:
        pass

    def _learn(self, X, report):
        self._places = X.shape[1]

    def _scores(self, H):
        groups = np.array([int(one) // PER_GROUP for one in self.item_ids_[: self._places]])
        member = np.eye(GROUPS)[groups]  # (items, groups)
        taste = np.roll((H > 0) @ member, self.shift, axis=1)
        return np.ascontiguousarray(taste @ member.T, dtype=np.float32)


class Liar(Oracle):
    """Recommends what others like."""

    shift = 1


def planted(n_users=200, loyal=0.9, seed=0, dated=False, each=12):
    """Everybody has a group; 90 % of what they choose is of it, without regard to popularity."""
    draw = np.random.default_rng(seed)
    rows = []
    for user in range(n_users):
        own = draw.random(each) < loyal
        group = np.where(own, user % GROUPS, draw.integers(0, GROUPS, each))
        items = group * PER_GROUP + draw.integers(0, PER_GROUP, each)
        rows += [(f"p{user}", int(one), float(draw.integers(10**9, 2 * 10**9))) for one in items]
    frame = pd.DataFrame(rows, columns=["u", "i", "t"])
    return read_interactions(frame, user="u", item="i", time="t" if dated else None)


def parts(log, **options):
    split = split_log(log, **options)
    return split.train, split.test


def test_a_recommender_that_knows_the_truth_is_better():
    train, test = parts(planted(loyal=1.0))
    result = evaluate(Oracle().fit(train), train, test, seed=1)
    popular, knn = result["baselines"]
    assert (popular["name"], knn["name"]) == ("Popularity", "ItemKNN")
    assert result["model"]["ndcg_10"]["value"] > 2 * popular["ndcg_10"]["value"]
    for score in (result["model"]["ndcg_10"], result["model"]["recall_20"], popular["map_10"]):
        assert 0 <= score["low"] < score["value"] < score["high"] <= 1
    assert result["model"]["popularity_bias_10"]["value"] < popular["popularity_bias_10"]["value"]
    assert result["model"]["coverage_10"]["value"] > popular["coverage_10"]["value"]
    assert result["model"]["novelty_10"]["value"] > popular["novelty_10"]["value"]
    assert result["verdict"]["kind"] in ("better", "not_proven") and result["n_test_users"] == 200


def test_a_recommender_that_lies_is_worse_and_a_copy_is_not_proven():
    train, test = parts(planted())
    lying = evaluate(Liar().fit(train), train, test)
    assert lying["verdict"]["kind"] == "worse" and lying["difference"]["high"] < 0
    copy = evaluate(type("Copy", (Popularity,), {})().fit(train), train, test)
    ours, popular = copy["model"], copy["baselines"][0]
    assert ours["ndcg_10"] == popular["ndcg_10"] and ours["recall_20"] == popular["recall_20"]
    assert copy["verdict"]["kind"] != "better"


def test_a_baseline_is_no_baseline_for_itself():
    train, test = parts(planted())
    knn, popular = (evaluate(one.fit(train), train, test) for one in (ItemKNN(), Popularity()))
    assert [one["name"] for one in knn["baselines"]] == ["Popularity"] and knn["verdict"]["kind"] == "better"
    assert [one["name"] for one in popular["baselines"]] == ["ItemKNN"] and popular["verdict"]["kind"] == "worse"
    assert knn["difference"]["value"] == pytest.approx(-popular["difference"]["value"])


def test_the_numbers_are_those_of_full_ranking_by_score():
    train, test = parts(planted(60))
    model = ItemKNN().fit(train)
    result = evaluate(model, train, test)
    scores = model.scores(model.history_)
    scores[train.users, train.items] = -np.inf
    values = []
    for user in range(train.n_users):
        chosen = set(test.items[test.users == user].tolist())
        best = np.lexsort((-model.popularity_, -scores[user]))[:10]
        gain = sum(1 / np.log2(rank + 2) for rank, one in enumerate(best.tolist()) if one in chosen)
        values.append(gain / sum(1 / np.log2(rank + 2) for rank in range(min(10, len(chosen)))))
    assert result["model"]["ndcg_10"]["value"] == pytest.approx(np.mean(values), abs=1e-3)  # ties of score and popularity


def test_the_result_is_json_and_has_what_pages_draw():
    log = planted(dated=True)
    train, test = parts(log)
    table = catalogue(pd.DataFrame({"item": range(120), "name": [f"Thing {one}" for one in range(120)]}), "item", "name")
    result = json.loads(json.dumps(evaluate(Oracle().fit(train), train, test, items=table), allow_nan=False))
    for key in ("task", "metric", "n_users", "n_items", "n_interactions", "density", "n_test_users", "n_test", "new_items_in_test",
                "new_users_in_test", "split", "model", "baselines", "difference", "verdict", "by_history", "cold", "examples", "popular",
                "why", "choice", "seconds"):
        assert key in result
    assert result["split"]["kind"] == "time" and result["split"]["at"] > "2020" and result["split"]["test"] == pytest.approx(0.2, abs=0.01)
    assert result["n_interactions"] == len(log) and sum(one["n"] for one in result["by_history"]) == result["n_test_users"]
    assert len(result["examples"]) == 10 and len(result["popular"]) == 20 and result["cold"] is None
    one = result["examples"][0]
    assert len(one["recommended"]) == 10 and one["history"][0].startswith("Thing ") and one["held_out"]
    held_out = set(one["held_out"])
    assert all(shown["hit"] == (shown["title"] in held_out) for shown in one["recommended"]) or len(held_out) >= 20
    assert {"item", "title", "n", "share"} == set(result["popular"][0]) and result["popular"][0]["title"].startswith("Thing ")


def test_same_seed_same_result():
    train, test = parts(planted(80))
    one, two = (evaluate(Oracle().fit(train), train, test, seed=4) for _ in range(2))
    for result in (one, two):
        del result["seconds"]
        for side in (result["model"], *result["baselines"]):
            del side["seconds"]
    assert one == two


def test_leaks_are_refused():
    log = planted(60)
    train, test = parts(log)
    with pytest.raises(DataError, match="was told"):
        evaluate(Oracle().fit(log), train, test)
    with pytest.raises(DataError, match="in the test and in the training part"):
        evaluate(Oracle().fit(train), train, log)


def test_a_leak_is_refused_however_the_ids_were_read():
    table = pd.DataFrame({"user": np.repeat(range(20), 6), "item": np.tile(range(12), 10)})
    split = split_log(read_interactions(table, user="user", item="item"))
    with pytest.raises(DataError, match="was told 20 entries"):
        evaluate(Popularity().fit(table.astype(str).assign(user=table.user.map("{} ".format))), split.train, split.test)


def test_a_training_part_that_counts_the_future_is_refused():
    log = read_interactions(pd.DataFrame({
        "u": list("aabbcca"), "i": list("xyxyxzx"), "t": pd.to_datetime([f"2024-01-0{day}" for day in (1, 2, 3, 4, 5, 8, 9)])
    }), user="u", item="i", time="t")
    split = split_log(log)
    before, after = log.part(log.first < split.at), log.part(log.first >= split.at)
    with pytest.raises(DataError, match="1 entries of the training part count events from after 2024-01-08"):
        evaluate(Popularity().fit(before), before, after)
    assert evaluate(Popularity().fit(split.train), split.train, split.test)["split"] == {
        "kind": "time", "at": "2024-01-08T00:00:00", "test": pytest.approx(1 / 6)}


def test_what_is_bought_again_later_does_not_make_a_recommender_better():
    """Everybody's later wish has nothing to do with the past; it only shows in what they then buy again."""
    draw, rows, per = np.random.default_rng(0), [], 12
    for user in range(200):
        rows += [(user, group * per, int(draw.integers(0, 200))) for group in range(8)]
        rows += [(user, int(group * per + draw.integers(1, per)), int(draw.integers(0, 200))) for group in draw.choice(8, 3, replace=False)]
        wish, day = int(draw.integers(0, 8)) * per, int(draw.integers(210, 300))
        rows += [(user, int(wish + one), day) for one in draw.choice(np.arange(1, per), 3, replace=False)]
        rows += [(user, wish, day + one) for one in range(20)]
    frame = pd.DataFrame(rows, columns=["u", "i", "day"])
    frame["t"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame.day, unit="D")
    train, test = parts(read_interactions(frame, user="u", item="i", time="t"), test=0.21)
    assert evaluate(ItemKNN().fit(train), train, test)["verdict"]["kind"] != "better"


def test_few_people_prove_nothing():
    train, test = parts(planted(40, loyal=1.0))
    result = evaluate(Oracle().fit(train), train, test)
    assert result["verdict"]["kind"] == "not_proven"
    assert result["verdict"]["message"]["values"]["n"] == 40 and "only {n:,} people" in result["verdict"]["message"]["template"]


def test_nobody_to_ask():
    log = planted(20)
    with pytest.raises(DataError, match="Nobody in the test"):
        evaluate(Oracle().fit(log.part(log.users < 10)), log.part(log.users < 10), log.part(log.users >= 10))


def test_new_users_are_counted_and_not_scored():
    log = planted(100)
    train, test = parts(log)
    train = train.part(train.users >= 10)
    result = evaluate(Oracle().fit(train), train, test)
    assert result["new_users_in_test"] == 10 and result["n_test_users"] == 90


def test_it_reports_and_can_be_stopped():
    train, test = parts(planted(60))
    seen = []
    model = Oracle().fit(train)
    evaluate(model, train, test, report=lambda step, total, **more: seen.append((step, total, more["phase"])))
    steps = [one[0] for one in seen]
    assert steps == sorted(steps) and seen[-1][0] == seen[-1][1] and {one[2] for one in seen} == {"evaluate"}

    def stop(*_, **__):
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        evaluate(model, train, test, report=stop)


def test_identifiers_are_no_descriptions():
    table = catalogue(pd.DataFrame({"item": range(120)}), "item")
    train, test = parts(planted(60))
    assert evaluate(ItemKNN().fit(train, items=table), train, test, items=table)["cold"] is None


def test_what_was_chosen_automatically_is_named_with_its_reason():
    train, test = parts(planted(60))
    result = evaluate(AutoRecommender().fit(train), train, test)
    assert result["model"]["name"] == result["choice"] == "ItemKNN" and [one["name"] for one in result["baselines"]] == ["Popularity"]
    assert "few" in result["why"]["values"] and evaluate(Oracle().fit(train), train, test)["choice"] is None


def test_a_slow_recommender_is_not_fitted_again():
    table = catalogue(pd.DataFrame({"item": range(120), "words": ["w"] * 120}), "item", "words", ["words"])
    train, test = parts(planted(60))
    model = ItemKNN().fit(train, items=table)
    model.seconds_ = 61.0
    result = evaluate(model, train, test, items=table)
    assert result["cold"] is None and "61 s" in result["notes"][0]["template"].format(**result["notes"][0]["values"])


def test_intervals_hold_the_truth_about_95_percent_of_the_time():
    draw, inside, rounds = np.random.default_rng(0), 0, 150
    for seed in range(rounds):
        values = draw.beta(0.4, 2.0, 120)  # most people near 0, as with NDCG
        low, high = np.quantile(resampled_means(values[:, None], seed), [0.025, 0.975])
        inside += low <= 0.4 / 2.4 <= high
    assert 0.90 < inside / rounds < 0.985


@pytest.mark.parametrize("value,low,high,n,kind,words", [
    (0.05, 0.02, 0.08, 500, "better", "between 0.020 and 0.080"),
    (-0.05, -0.08, -0.02, 500, "worse", "Use the simple one"),
    (0.02, -0.02, 0.06, 1000, "not_proven", "about 4,000 people in the test"),
    (-0.01, -0.04, 0.02, 1000, "not_proven", "cheaper and not behind"),
    (0.0001, -0.04, 0.04, 1000, "not_proven", "hardly tell them apart"),
    (0.2, 0.1, 0.3, 49, "not_proven", "only 49 people"),
])
def test_verdicts(value, low, high, n, kind, words):
    found, message = judge(Side(0.3 + value, 2.5), Side(0.3, 2.0), "ItemKNN", Difference(value, low, high), n)
    assert found == kind and words in str(message) and "Of 10 items" in str(message).replace("of 10", "Of 10")


def test_another_setting_of_a_baseline_is_compared_with_it():
    train, test = parts(planted(80))
    names = [[one["name"] for one in evaluate(model.fit(train), train, test)["baselines"]]
             for model in (ItemKNN(), ItemKNN(similarity="cosine", neighbours=1))]
    assert names == [["Popularity"], ["Popularity", "ItemKNN"]]
